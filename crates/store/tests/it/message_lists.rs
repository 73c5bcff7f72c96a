//! Messages by what is asked about them.

use outlink_model::MessageId;
use outlink_model::message::{Message, Outcome};
use outlink_store::{MessageFilter, Page, Store};

use crate::bench::{Bench, on_both};
use crate::samples::{
    at, channel, created, handler, id, mail_server, message, page, project, taken,
};

on_both!(
    messages_are_found_by_everything_that_is_asked,
    signs_that_search_for_anything_are_searched_for,
    a_filtered_list_goes_on_where_it_ended,
    the_messages_of_an_issue_and_those_in_quarantine_are_known,
);

async fn found(store: &Store, filter: MessageFilter) -> Vec<MessageId> {
    let listed = store.messages(&filter, &Page::default()).await.unwrap();
    listed.items.iter().map(|message| message.id).collect()
}

fn any() -> MessageFilter {
    MessageFilter::default()
}

/// An issue of SUP by message 1; messages 2 to 5 of two servers, and of handlers for two projects.
async fn some(store: &Store) {
    channel(store).await;
    store.create_mail_server(&mail_server(2)).await.unwrap();
    store.create_project(&project(2, "OPS")).await.unwrap();
    let ops = outlink_model::handler::Handler { project_id: id(2), ..handler(2) };
    store.create_handler(&ops).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    intake.commit().await.unwrap();
    let mut of_second = message(2);
    of_second.place.mail_server_id = id(2);
    let of_second = Message {
        handler_id: Some(id(2)),
        outcome: Outcome::Quarantined,
        received_at: at(20),
        from: "Bob Übel <Bob@Example.net>".into(),
        sender: "bob@example.net".into(),
        ..of_second
    };
    taken(store, &of_second, 2).await;
    let commented = Message {
        outcome: Outcome::Commented,
        handler_id: Some(id(2)),
        issue_id: Some(id(1)),
        received_at: at(30),
        subject: "Re: Printer".into(),
        ..message(3)
    };
    taken(store, &commented, 3).await;
    let unhandled = Message {
        outcome: Outcome::Unhandled,
        handler_id: None,
        received_at: at(40),
        ..message(4)
    };
    taken(store, &unhandled, 4).await;
    // Its handler was deleted.
    taken(store, &Message { handler_id: Some(id(77)), received_at: at(50), ..message(5) }, 5).await;
}

async fn messages_are_found_by_everything_that_is_asked(Bench { store, .. }: Bench) {
    some(&store).await;
    let ids = |of: &[u128]| of.iter().map(|n| id(*n)).collect::<Vec<MessageId>>();
    let text = |text: &str| MessageFilter { text: Some(text.into()), ..any() };
    let sender = |text: &str| MessageFilter { sender: Some(text.into()), ..any() };
    for (filter, expected) in [
        (any(), &[5, 4, 3, 2, 1][..]),
        (MessageFilter { mail_server: Some(id(2)), ..any() }, &[2]),
        (MessageFilter { handler: Some(id(2)), ..any() }, &[3, 2]),
        (MessageFilter { handler: Some(id(77)), ..any() }, &[5]),
        (MessageFilter { outcome: Some(Outcome::Created), ..any() }, &[1]),
        (MessageFilter { outcome: Some(Outcome::Commented), ..any() }, &[3]),
        (MessageFilter { outcome: Some(Outcome::Quarantined), ..any() }, &[2]),
        (MessageFilter { outcome: Some(Outcome::Unhandled), ..any() }, &[4]),
        (MessageFilter { outcome: Some(Outcome::Forwarded), ..any() }, &[]),
        (MessageFilter { project: Some(id(1)), ..any() }, &[3, 1]),
        (MessageFilter { project: Some(id(2)), ..any() }, &[3, 2]),
        (MessageFilter { project: Some(id(3)), ..any() }, &[]),
        (sender("BOB@example.net"), &[2]),
        (sender("example.net"), &[]),
        (text("printer"), &[3]),
        (text("bob Ü"), &[2]),
        (text("SUBJECT"), &[5, 4, 2, 1]),
        (text(""), &[5, 4, 3, 2, 1]),
        (MessageFilter { since: Some(at(30)), ..any() }, &[5, 4, 3]),
        (MessageFilter { until: Some(at(30)), ..any() }, &[2, 1]),
        (MessageFilter { since: Some(at(20)), until: Some(at(40)), ..any() }, &[3, 2]),
    ] {
        let asked = format!("{filter:?}");
        assert_eq!(found(&store, filter).await, ids(expected), "{asked}");
    }
    let all_at_once = MessageFilter {
        mail_server: Some(id(2)),
        handler: Some(id(2)),
        outcome: Some(Outcome::Quarantined),
        project: Some(id(2)),
        sender: Some("bob@example.net".into()),
        text: Some("subject 2".into()),
        since: Some(at(20)),
        until: Some(at(21)),
    };
    assert_eq!(found(&store, all_at_once).await, [id(2)]);
}

async fn signs_that_search_for_anything_are_searched_for(Bench { store, .. }: Bench) {
    channel(&store).await;
    for (n, subject) in
        [(1, "100% sure"), (2, "100 per cent"), (3, "a_b \\ 'c'"), (4, "axb"), (5, "\"x\"")]
    {
        taken(&store, &Message { subject: subject.into(), ..message(n) }, n).await;
    }
    for (text, expected) in [("0%", 1), ("a_b", 3), ("\\", 3), ("'c'", 3), ("\"", 5)] {
        let asked = MessageFilter { text: Some(text.into()), ..any() };
        assert_eq!(found(&store, asked).await, [id(expected)], "{text}");
    }
}

async fn a_filtered_list_goes_on_where_it_ended(Bench { store, .. }: Bench) {
    channel(&store).await;
    for n in 1..=6 {
        let outcome = if n % 2 == 0 { Outcome::Quarantined } else { Outcome::Rejected };
        taken(&store, &Message { outcome, ..message(n) }, n).await;
    }
    let asked = MessageFilter { outcome: Some(Outcome::Quarantined), ..any() };
    let first = store.messages(&asked, &page(2, None)).await.unwrap();
    let second = store.messages(&asked, &page(2, first.next.as_deref())).await.unwrap();
    let ids: Vec<MessageId> =
        first.items.iter().chain(&second.items).map(|message| message.id).collect();
    assert_eq!(ids, [id(6), id(4), id(2)]);
    assert_eq!(second.next, None);
}

async fn the_messages_of_an_issue_and_those_in_quarantine_are_known(Bench { store, .. }: Bench) {
    some(&store).await;
    let report = Message {
        issue_id: Some(id(1)),
        outcome: Outcome::Rejected,
        received_at: at(90),
        ..message(9)
    };
    taken(&store, &report, 9).await;
    let of_issue = store.messages_of_issue(id(1), 100).await.unwrap();
    assert!(of_issue.iter().all(|message| message.issue_id == Some(id(1))), "{of_issue:?}");
    let last = of_issue.last().map(|message| (message.id, message.outcome));
    assert_eq!(last, Some((id(9), Outcome::Rejected)));
    assert_eq!(store.messages_of_issue(id(1), 1).await.unwrap().len(), 1);
    assert!(store.messages_of_issue(id(99), 100).await.unwrap().is_empty());
    let wanted = MessageFilter { outcome: Some(Outcome::Quarantined), ..any() };
    let quarantined = found(&store, wanted).await.len() as u64;
    assert!(quarantined > 0);
    assert_eq!(store.quarantined(100).await.unwrap(), quarantined);
    assert_eq!(store.quarantined(0).await.unwrap(), 0);
}

use outlink_model::MessageId;
use outlink_model::message::{Message, Outcome, Place};
use outlink_store::{Listed, MessageFilter, Page, Store, Untold};

use crate::bench::{Bench, on_both};
use crate::samples::{channel, created, id, mail_server, message, page, shown, taken};

on_both!(
    a_message_comes_back_as_it_was_written,
    messages_are_listed_newest_first,
    what_the_server_has_not_been_told_is_remembered,
    the_longest_message_id_fits,
    an_issue_is_found_by_the_likeliest_message_id,
    the_message_that_came_to_the_same_server_counts_first,
);

async fn a_message_comes_back_as_it_was_written(Bench { store, .. }: Bench) {
    channel(&store).await;
    taken(&store, &message(1), 1).await;
    assert_eq!(shown(&store.message(id(1)).await.unwrap().unwrap()), shown(&message(1)));
    let bare = Message {
        message_id: None,
        sha256: None,
        reason: None,
        outcome: Outcome::Quarantined,
        flagged: true,
        ..message(2)
    };
    taken(&store, &bare, 2).await;
    assert_eq!(shown(&store.message(id(2)).await.unwrap().unwrap()), shown(&bare));
    let top = Place { uid_validity: u32::MAX, uid: u32::MAX, ..message(3).place };
    taken(&store, &Message { place: top.clone(), ..message(3) }, 3).await;
    assert_eq!(store.message(id(3)).await.unwrap().unwrap().place, top);
}

async fn messages_are_listed_newest_first(Bench { store, .. }: Bench) {
    channel(&store).await;
    store.create_mail_server(&mail_server(2)).await.unwrap();
    for n in 1..=4 {
        let mut message = message(n);
        message.place.mail_server_id = id(if n == 3 { 2 } else { 1 });
        taken(&store, &message, n).await;
    }
    let ids = |listed: &Listed<Message>| {
        listed.items.iter().map(|message| message.id).collect::<Vec<MessageId>>()
    };
    let all = MessageFilter::default();
    let first = store.messages(&all, &page(3, None)).await.unwrap();
    assert_eq!(ids(&first), [id(4), id(3), id(2)]);
    let second = store.messages(&all, &page(3, first.next.as_deref())).await.unwrap();
    assert_eq!((ids(&second), second.next), (vec![id(1)], None));
    let of_second = MessageFilter { mail_server: Some(id(2)), ..all };
    let listed = store.messages(&of_second, &Page::default()).await.unwrap();
    assert_eq!(ids(&listed), [id(3)]);
}

async fn what_the_server_has_not_been_told_is_remembered(Bench { store, .. }: Bench) {
    let (server, _) = channel(&store).await;
    for n in [3, 1, 2] {
        taken(&store, &message(n), n).await;
    }
    taken(&store, &Message { outcome: Outcome::Unhandled, ..message(4) }, 4).await;
    let elsewhere = Place { uid_validity: 6, ..message(5).place };
    taken(&store, &Message { place: elsewhere, ..message(5) }, 5).await;

    let left = async |store: &Store| {
        let untold = store.unflagged(server, "INBOX", 5).await.unwrap();
        untold.into_iter().map(|message| message.uid).collect::<Vec<_>>()
    };
    assert_eq!(left(&store).await, [1, 2, 3], "and never an unhandled one");
    store.mark_flagged(server, "INBOX", 5, &[1, 3, 77]).await.unwrap();
    store.mark_flagged(server, "INBOX", 5, &[]).await.unwrap();
    assert_eq!(left(&store).await, [2]);
    assert!(store.message(id(3)).await.unwrap().unwrap().flagged);
    let elsewhere = Untold { uid: 5, uidl: None, delete: false };
    assert_eq!(store.unflagged(server, "INBOX", 6).await.unwrap(), [elsewhere]);
}

/// An index of PostgreSQL holds no more than 2704 octets, after it has tried to compress them.
async fn the_longest_message_id_fits(Bench { store, .. }: Bench) {
    channel(&store).await;
    let mut seed = 1_u32;
    let octets = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'!' + (seed >> 24) as u8 % 90)
    });
    let longest = Message { message_id: Some(octets.take(998).collect()), ..message(1) };
    taken(&store, &longest, 1).await;
    assert_eq!(shown(&store.message(id(1)).await.unwrap().unwrap()), shown(&longest));
}

async fn an_issue_is_found_by_the_likeliest_message_id(Bench { store, .. }: Bench) {
    let (server, _) = channel(&store).await;
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    created(&mut intake, 2).await;
    intake.commit().await.unwrap();
    taken(&store, &message(3), 3).await;

    let mut intake = store.intake().await.unwrap();
    let mut find = async |ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        intake.issue_by_message_ids(server, &ids).await.unwrap()
    };
    assert_eq!(find(&[]).await, None);
    assert_eq!(find(&["unknown"]).await, None);
    assert_eq!(find(&["3@example.org"]).await, None, "it belongs to no issue");
    assert_eq!(find(&["2@example.org", "1@example.org"]).await, Some(id(2)));
    assert_eq!(find(&["unknown", "1@example.org", "2@example.org"]).await, Some(id(1)));
    let mut many = vec!["unknown"; 20];
    many.push("1@example.org");
    assert_eq!(find(&many).await, Some(id(1)));
    many.splice(0..0, vec!["unknown"; 64]);
    assert_eq!(find(&many).await, None, "a hostile list is not read to its end");
}

async fn the_message_that_came_to_the_same_server_counts_first(Bench { store, .. }: Bench) {
    channel(&store).await;
    store.create_mail_server(&mail_server(2)).await.unwrap();
    let mut intake = store.intake().await.unwrap();
    created(&mut intake, 1).await;
    created(&mut intake, 2).await;
    intake.commit().await.unwrap();
    for (n, server) in [(3, 1), (4, 2)] {
        let mut copy = Message {
            message_id: Some("both@example.org".into()),
            issue_id: Some(id(server)),
            outcome: Outcome::Created,
            ..message(n)
        };
        copy.place.mail_server_id = id(server);
        taken(&store, &copy, n).await;
    }
    let mut intake = store.intake().await.unwrap();
    let ids = ["both@example.org".to_owned()];
    for (server, issue) in [(1, 1), (2, 2), (3, 1)] {
        let found = intake.issue_by_message_ids(id(server), &ids).await.unwrap();
        assert_eq!(found, Some(id(issue)), "server {server}");
    }
}

//! What mail servers say when they will not serve: it is told in the right words, to whoever must act, and never costs a
//! grant.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_engine::handlers::NewHandler;
use outlink_engine::messages::MessagesWanted;
use outlink_engine::{Caller, Page};
use outlink_model::grant::{Actor, GrantState, later};
use outlink_model::handler::{HandlerSettings, HandlerType};
use outlink_model::mail_server::Take;
use outlink_model::message::Outcome;
use outlink_practice::ImapFault;
use tokio::time::{Instant, sleep};

use crate::bed::{ALICE, Bed, now};
use crate::intake::{fetch, ready};
use crate::watch::{change, eventually, inbox, taken};

/// The one grant is alive, and as it was unless it may have been renewed.
async fn grant_is_alive(bed: &Bed, renewed: bool) {
    let grants = bed.store.grants(&outlink_store::Page::default()).await.unwrap().items;
    assert_eq!(grants.len(), 1);
    assert_eq!(grants[0].state, GrantState::Active, "{:?}", grants[0]);
    assert!(renewed || grants[0].generation == 1, "no refresh is spent: {:?}", grants[0]);
}

#[tokio::test]
async fn each_trouble_has_its_words_and_leaves_the_grant_alive() {
    let cases = [
        (ImapFault::NotConnected, "gives no access to this mailbox", Actor::TenantAdministrator),
        (ImapFault::TooManyConnections, "cannot serve", Actor::Nobody),
        (ImapFault::Unavailable, "cannot serve", Actor::Nobody),
        (ImapFault::ThrottledBye(1000), "ended the session", Actor::Nobody),
        (ImapFault::Nonexistent, "no folder \"INBOX\"", Actor::LinkAdministrator),
    ];
    for (fault, words, actor) in cases {
        let bed = ready().await;
        bed.deliver("a", "One", "");
        bed.practice.faults().next_imap_sessions(1, fault);
        let problem = bed.engine.fetch_mail_server("Inbox").await.unwrap_err().problem();
        assert!(problem.message.contains(words), "{fault:?}: {problem:?}");
        let trouble = inbox(&bed).await.health.trouble.unwrap();
        assert_eq!(trouble.actor, actor, "{fault:?}: {trouble:?}");
        assert!(!trouble.hint.is_empty(), "{fault:?}");
        let said = trouble.provider_error.unwrap_or_default();
        assert!(said.len() > 5, "{fault:?}: the server's own words are told: {said:?}");
        grant_is_alive(&bed, false).await;
        assert_eq!(taken(&bed).await, 0, "{fault:?}");
        assert_eq!(fetch(&bed).await.created, 1, "{fault:?}: it heals by itself");
        assert_eq!(inbox(&bed).await.health.trouble, None);
    }
}

#[tokio::test]
async fn a_mailbox_that_was_moved_away_costs_one_refresh_and_no_grant() {
    let bed = ready().await;
    bed.practice.faults().next_imap_sessions(4, ImapFault::MovedAway);
    for _ in 0..4 {
        bed.engine.fetch_mail_server("Inbox").await.unwrap_err();
    }
    let trouble = inbox(&bed).await.health.trouble.unwrap();
    assert!(trouble.reason.contains("refused the token for this mailbox"), "{trouble:?}");
    assert_eq!(bed.practice.counters().refreshes, 1, "not one with every fetch");
    grant_is_alive(&bed, true).await;
    fetch(&bed).await;
}

#[tokio::test]
async fn whoever_is_throttled_stays_away_for_as_long_as_it_was_asked_to() {
    for fault in [ImapFault::ThrottledBye(600_000), ImapFault::Throttled(600_000)] {
        let bed = ready().await;
        bed.practice.faults().next_imap_sessions(1, fault);
        change(&bed, |server| server.poll_seconds = 2).await;
        bed.engine.start();
        let trouble = eventually("the trouble", Duration::from_secs(5), async || {
            inbox(&bed).await.health.trouble
        })
        .await;
        let next = bed.store.next_poll().await.unwrap().unwrap();
        assert!(next > later(now(), SignedDuration::from_mins(9)), "{fault:?}: {next}");
        let said = trouble.provider_error.unwrap_or_default();
        assert!(said.contains("Suggested Backoff Time"), "{fault:?}: {said}");
        sleep(Duration::from_secs(3)).await;
        assert!(bed.practice.counters().imap_logins <= 1, "{fault:?}: nobody goes there");
        grant_is_alive(&bed, false).await;
        // Whoever asks for a fetch by hand gets it.
        fetch(&bed).await;
    }
}

#[tokio::test]
async fn a_session_that_expires_in_the_middle_of_a_fetch_is_no_failure_and_loses_nothing() {
    const MANY: usize = 900;
    let bed = ready().await;
    for n in 0..MANY {
        bed.deliver(&format!("m{n}"), &format!("Matter {n}"), "");
    }
    bed.practice.faults().next_imap_sessions(1, ImapFault::EndsWithToken);
    change(&bed, |server| server.poll_seconds = 2).await;
    bed.engine.start();
    eventually("a first batch", Duration::from_secs(10), async || {
        (taken(&bed).await > 0).then_some(())
    })
    .await;
    bed.practice.advance(Duration::from_secs(2 * 3600));
    eventually("all of them", Duration::from_secs(30), async || {
        (taken(&bed).await == MANY).then_some(())
    })
    .await;
    let events = bed.engine.events(Page { limit: 1000, after: None }, None).await.unwrap().items;
    assert!(events.iter().all(|event| event.kind != "mail_server.failing"), "{events:?}");
    assert_eq!(bed.practice.counters().refreshes, 1);
    grant_is_alive(&bed, true).await;
}

#[tokio::test]
async fn a_message_at_which_the_server_fails_for_ever_is_passed_over_in_the_end() {
    let bed = ready().await;
    for n in 0..5 {
        bed.deliver(&format!("m{n}"), &format!("Matter {n}"), "");
    }
    bed.practice.faults().next_imap_sessions(usize::MAX, ImapFault::ServerBug(3));
    let mut failures = 0;
    while bed.engine.fetch_mail_server("Inbox").await.is_err() {
        failures += 1;
        assert!(failures < 10, "{:?}", inbox(&bed).await.health);
    }
    let messages = bed.engine.messages(MessagesWanted::default(), Page::default()).await.unwrap();
    let odd: Vec<_> = messages
        .items
        .iter()
        .map(|view| &view.message)
        .filter(|message| message.outcome != Outcome::Created)
        .collect();
    assert_eq!((messages.items.len(), odd.len()), (5, 1));
    assert_eq!((odd[0].outcome, odd[0].place.uid), (Outcome::Quarantined, 3));
    assert!(odd[0].reason.as_deref().is_some_and(|reason| !reason.is_empty()));
    assert_eq!(inbox(&bed).await.health.trouble, None);
    grant_is_alive(&bed, false).await;
}

#[tokio::test]
async fn one_mailbox_of_twenty_that_hangs_holds_nobody() {
    const MAILBOXES: usize = 20;
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, SignedDuration::from_hours(1)).await;
    bed.engine.create_project("SUP", "Support", &Caller::System).await.unwrap();
    for n in 0..MAILBOXES {
        let address = format!("box{n}@example.org");
        bed.practice.add_mailbox(&address, &[ALICE]);
        let server = bed.mail_server(&format!("Box {n}"), &grant, Take::All).await;
        let moved = outlink_model::mail_server::MailServer {
            mailbox: address,
            updated_at: later(server.updated_at, SignedDuration::from_micros(1)),
            ..server.clone()
        };
        bed.store.update_mail_server(&moved, server.updated_at).await.unwrap();
        bed.store.set_server_health(server.id, &server.health, now()).await.unwrap();
        let handler = NewHandler {
            outgoing: None,
            name: format!("Mail of {n}"),
            mail_server: server.id.to_string(),
            project: "SUP".into(),
            kind: HandlerType::CreateOrComment,
            settings: HandlerSettings::default(),
            enabled: true,
        };
        bed.engine.create_handler(handler, &Caller::System).await.unwrap();
    }
    let hangs = "box7@example.org";
    bed.practice.faults().next_imap_sign_ins(hangs, usize::MAX, ImapFault::HangAfterLogin);
    for n in 0..MAILBOXES {
        let raw =
            format!("Message-ID: <{n}@x>\r\nFrom: a@x\r\nSubject: No. {n}\r\n\r\nText {n}\r\n");
        assert!(bed.practice.deliver(&format!("box{n}@example.org"), raw));
    }
    let began = Instant::now();
    bed.engine.start();
    eventually("the mail of nineteen", Duration::from_secs(10), async || {
        (taken(&bed).await == MAILBOXES - 1).then_some(())
    })
    .await;
    // Nobody waited for the time limit of the one that hangs.
    assert!(began.elapsed() < Duration::from_secs(10));
    let hung = eventually("the one that hangs to be told", Duration::from_secs(20), async || {
        bed.engine.mail_server("Box 7").await.unwrap().health.trouble
    })
    .await;
    assert!(hung.reason.contains("did not answer"), "{hung:?}");
    for n in [0, 6, 8, 19] {
        let address = format!("box{n}@example.org");
        let raw =
            format!("Message-ID: <{n}b@x>\r\nFrom: a@x\r\nSubject: B {n}\r\n\r\nAgain {n}\r\n");
        assert!(bed.practice.deliver(&address, raw));
    }
    eventually("four more", Duration::from_secs(2), async || {
        (taken(&bed).await == MAILBOXES + 3).then_some(())
    })
    .await;
    grant_is_alive(&bed, false).await;
    bed.practice.faults().heal_mailbox(hangs);
    bed.engine.fetch_mail_server("Box 7").await.unwrap();
    assert_eq!(taken(&bed).await, MAILBOXES + 4, "nothing is lost");
}

//! A mail server that was deleted: its messages go on naming it, and nothing else finds it.

use outlink_engine::intake::TrialOf;
use outlink_engine::mail_servers::{AuthorizeMailServer, MailServerEdit};
use outlink_engine::messages::{MessagesWanted, Raw};
use outlink_engine::{Caller, Error, Page};
use outlink_model::message::Outcome;
use outlink_model::problem::ProblemKind;

use crate::intake::{fetch, ready};

#[track_caller]
fn not_found<T: std::fmt::Debug>(result: Result<T, Error>) {
    let problem = result.unwrap_err().problem();
    assert_eq!(problem.kind, ProblemKind::NotFound, "{problem}");
}

#[tokio::test]
async fn it_is_found_by_nothing_but_the_messages_that_came_from_it() {
    let bed = ready().await;
    bed.deliver("a", "The printer burns", "");
    bed.deliver("b", "Away", "Auto-Submitted: auto-replied\r\n");
    assert_eq!(fetch(&bed).await.fetched, 2);
    let id = bed.engine.mail_server("Inbox").await.unwrap().id.to_string();
    bed.engine.delete_mail_server("Inbox", true, &Caller::System).await.unwrap();
    let logins = bed.practice.counters().imap_logins;

    let engine = &bed.engine;
    let by = &Caller::System;
    for named in [id.clone(), "Inbox".to_owned(), format!("Inbox (deleted {id})")] {
        not_found(engine.mail_server(&named).await);
        not_found(engine.channel(&named).await);
        not_found(engine.test_mail_server(&named).await);
        not_found(engine.test_mail_server_edit(&named, MailServerEdit::default()).await);
        not_found(engine.try_mail_server(&named, TrialOf::Newest(5)).await);
        not_found(engine.fetch_mail_server(&named).await);
        not_found(engine.edit_mail_server(&named, MailServerEdit::default(), by).await);
        not_found(engine.pause_mail_server(&named, false, by).await);
        let ask = AuthorizeMailServer { link: Some("Work".into()), ..Default::default() };
        not_found(engine.authorize_mail_server(&named, ask, by).await);
        not_found(engine.order_handlers(&named, &[], by).await);
        not_found(engine.connections(Some(&named), false, Page::default()).await);
        not_found(engine.delete_mail_server(&named, true, by).await);
    }
    assert_eq!(bed.practice.counters().imap_logins, logins, "nobody goes there");

    let of_it = MessagesWanted { mail_server: Some(id), ..MessagesWanted::default() };
    let messages = engine.messages(of_it, Page::default()).await.unwrap().items;
    assert_eq!(messages.len(), 2);
    for view in &messages {
        assert_eq!(
            (view.mail_server.as_str(), view.mail_server_deleted),
            ("Inbox (deleted)", true)
        );
        assert_eq!(view.raw, Raw::Kept);
        assert!(!view.may_replay());
    }
    // Without its handlers it could become nothing, and would lose the reason why.
    let rejected = messages.iter().find(|view| view.message.outcome == Outcome::Rejected).unwrap();
    let named = rejected.message.id.to_string();
    let refused = engine.replay_message(&named, by).await.unwrap_err().problem();
    assert_eq!(refused.code, "mail_server_deleted");
    assert_eq!(engine.message(&named).await.unwrap().message.reason, rejected.message.reason);
    assert!(engine.raw_message(&named).await.is_ok());

    let log = engine.connections(None, false, Page::default()).await.unwrap().items;
    assert!(log.iter().all(|view| view.mail_server == "Inbox (deleted)"), "{log:?}");
}

//! Channels: what two windows do at once, what a set-up that fails leaves behind, and what switching on changes.

use jiff::SignedDuration;
use outlink_engine::channels::{ChannelProject, ChannelPurpose};
use outlink_engine::handlers::HandlerEdit;
use outlink_engine::mail_servers::{MailServerDraft, NewMailServer};
use outlink_engine::{Caller, Error, Page};
use outlink_model::Secret;
use outlink_model::handler::HandlerType;
use outlink_model::mail_server::Take;

use crate::bed::{ALICE, Bed};
use crate::handlers::another;

fn purpose(key: &str, issue_type: &str) -> ChannelPurpose {
    ChannelPurpose {
        project: ChannelProject::New { key: key.into(), name: "Support".into() },
        kind: HandlerType::CreateOrComment,
        issue_type: Some(issue_type.into()),
    }
}

fn new_server(bed: &Bed) -> NewMailServer {
    let draft = MailServerDraft {
        host: Some("localhost".into()),
        port: Some(bed.practice.imap.port()),
        mailbox: Some(ALICE.into()),
        password: Some(Secret::new("hunter2-secret")),
        ..MailServerDraft::default()
    };
    draft.into()
}

/// A mail server that nothing says anything of.
async fn bare() -> Bed {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, SignedDuration::from_hours(1)).await;
    bed.mail_server("Inbox", &grant, Take::All).await;
    bed
}

/// How many projects, mail servers and handlers there are.
async fn there_are(bed: &Bed) -> (usize, usize, usize) {
    let all = Page::default;
    (
        bed.engine.projects(all()).await.unwrap().items.len(),
        bed.engine.mail_servers(all()).await.unwrap().items.len(),
        bed.engine.handlers(all()).await.unwrap().items.len(),
    )
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.unwrap_err().problem().code
}

#[tokio::test]
async fn two_windows_that_set_up_one_channel_make_one_handler_and_one_project() {
    let bed = bare().await;
    let handle = |purpose| bed.engine.handle_channel("Inbox", purpose, &Caller::System);
    let (one, other) = tokio::join!(handle(purpose("SUP", "Task")), handle(purpose("SUP", "Task")));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.id, other.id, "both are told of the one that was made");
    let late = handle(purpose(" sup ", "Task")).await.unwrap();
    assert_eq!(late.id, one.id);
    let standing = ChannelProject::Standing("SUP".into());
    let standing = ChannelPurpose { project: standing, ..purpose("", "Task") };
    assert_eq!(handle(standing).await.unwrap().id, one.id);
    assert_eq!(there_are(&bed).await, (1, 1, 1));
    // Whoever wants something else is told of it, and nothing is made.
    assert_eq!(code(handle(purpose("SUP", "Incident")).await), "channel_handled");
    assert_eq!(code(handle(purpose("OPS", "Task")).await), "channel_handled");
    assert_eq!(there_are(&bed).await, (1, 1, 1));
    let events = bed.engine.events(Page::default(), None).await.unwrap().items;
    let told = |kind: &str| events.iter().filter(|event| event.kind == kind).count();
    assert_eq!((told("project.created"), told("handler.created")), (1, 1));
}

#[tokio::test]
async fn a_set_up_that_fails_leaves_nothing_behind() {
    let bed = Bed::new().await;
    let create = |purpose| bed.engine.create_channel(new_server(&bed), purpose, &Caller::System);
    let refused = create(purpose("SUP", &"x".repeat(70))).await.unwrap_err().problem();
    assert_eq!(refused.field, Some("issue_type"));
    // This one is found wrong only when the handler is made.
    let marker = HandlerType::CommentBeforeMarker;
    let marker = ChannelPurpose { kind: marker, ..purpose("SUP", "Task") };
    assert_eq!(code(create(marker).await), "split_missing");
    assert_eq!(there_are(&bed).await, (0, 0, 0));
    let made = create(purpose("SUP", "Task")).await.unwrap();
    assert_eq!((made.saved.server.name.as_str(), made.handler.enabled), (ALICE, false));
    assert_eq!(there_are(&bed).await, (1, 1, 1));
    // The other window, which has the same form.
    let again = create(purpose("OPS", "Task")).await.unwrap_err().problem();
    assert_eq!((again.code, again.field), ("name_taken", Some("mailbox")));
    assert_eq!(there_are(&bed).await, (1, 1, 1));
}

#[tokio::test]
async fn switching_on_sets_the_first_handler_to_work_and_no_other() {
    let bed = bare().await;
    assert_eq!(code(bed.engine.switch_channel_on("Inbox", &Caller::System).await), "no_handler");
    bed.engine.handle_channel("Inbox", purpose("SUP", "Task"), &Caller::System).await.unwrap();
    let second = another("Second", Default::default());
    bed.engine.create_handler(second, &Caller::System).await.unwrap();
    let off = || HandlerEdit { enabled: Some(false), ..HandlerEdit::default() };
    bed.engine.edit_handler("Second", off(), &Caller::System).await.unwrap();
    let at_work = async || {
        let channel = bed.engine.channel("Inbox").await.unwrap();
        let on = channel.handlers.iter().filter(|each| each.handler.enabled);
        on.map(|each| each.handler.name.clone()).collect::<Vec<_>>()
    };
    assert!(at_work().await.is_empty());
    let on = || bed.engine.switch_channel_on("Inbox", &Caller::System);
    let (one, other) = tokio::join!(on(), on());
    assert!(one.is_ok() && other.is_ok(), "{one:?}, {other:?}");
    assert_eq!(at_work().await, ["SUP: Inbox"]);
    on().await.unwrap();
    assert_eq!(at_work().await, ["SUP: Inbox"], "the other one was switched off on purpose");
}

//! Changing a mail server: how it signs in, and how often it is asked.

use jiff::SignedDuration;
use outlink_engine::links::LinkDraft;
use outlink_engine::mail_servers::MailServerEdit;
use outlink_engine::{Caller, Page};
use outlink_model::Secret;
use outlink_model::grant::{Actor, Trouble};
use outlink_model::mail_server::{MailServer, SignIn, Take};
use outlink_model::provider::ProviderKind;
use outlink_model::step::StepStatus;

use crate::bed::{Bed, now};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn to_grant(named: &str) -> MailServerEdit {
    MailServerEdit { grant: Some(named.to_owned()), ..MailServerEdit::default() }
}

/// Takes the grant off the server, as deleting the grant does.
async fn detached(bed: &Bed, server: &MailServer) -> MailServer {
    let SignIn::Grant(grant) = server.sign_in else { panic!("{:?}", server.sign_in) };
    let trouble = Trouble {
        actor: Actor::LinkAdministrator,
        reason: "Its grant was deleted.".into(),
        hint: "Attach another.".into(),
        provider_error: None,
    };
    let event = outlink_model::event::Event {
        id: outlink_model::EventId(uuid::Uuid::from_u128(1)),
        at: now(),
        class: outlink_model::event::EventClass::Audit,
        kind: "grant.deleted".into(),
        subject: "grant".into(),
        state: None,
        actor: Actor::Nobody,
        message: String::new(),
        hint: String::new(),
    };
    bed.store.delete_grant(grant, now(), &trouble, &event).await.unwrap();
    bed.engine.mail_server(&server.name).await.unwrap()
}

#[tokio::test]
async fn another_grant_is_attached_in_the_place_of_a_deleted_one() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let first = bed.grant(&link, HOUR).await;
    let server = bed.mail_server("Inbox", &first, Take::All).await;
    let server = detached(&bed, &server).await;
    assert!(matches!(server.sign_in, SignIn::Missing) && server.paused);
    let steps = bed.engine.test_mail_server("Inbox").await.unwrap();
    let token = steps.iter().find(|step| step.id == "token").unwrap();
    assert_eq!(token.status, StepStatus::Failed);
    assert!(token.message.contains("deleted") && token.hint.contains("Attach"), "{token:?}");
    assert_eq!(steps.iter().find(|step| step.id == "folder").unwrap().status, StepStatus::Skipped);

    let second = bed.grant(&link, HOUR).await;
    let edited = bed
        .engine
        .edit_mail_server("Inbox", to_grant(&second.id.to_string()), &Caller::System)
        .await
        .unwrap();
    assert!(matches!(edited.sign_in, SignIn::Grant(id) if id == second.id));
    assert!(edited.paused, "whoever paused it resumes it");
    assert_eq!(edited.health.trouble, None);
    let resume = MailServerEdit { paused: Some(false), ..MailServerEdit::default() };
    bed.engine.edit_mail_server("Inbox", resume, &Caller::System).await.unwrap();
    let found = bed.engine.mail_server("Inbox").await.unwrap();
    assert!(!found.paused && found.health.trouble.is_none());
    let steps = bed.engine.test_mail_server("Inbox").await.unwrap();
    assert!(steps.iter().all(|step| step.status != StepStatus::Failed), "{steps:?}");
}

#[tokio::test]
async fn tokens_go_to_hosts_of_the_provider_only_also_after_an_edit() {
    let bed = Bed::new().await;
    let work = bed.link("Work").await;
    let grant = bed.grant(&work, HOUR).await;
    bed.mail_server("Inbox", &grant, Take::All).await;
    let google = bed.preset_link("G", ProviderKind::Google, LinkDraft::default());
    let google = bed.engine.create_link(google, &Caller::System).await.unwrap().link;
    let other = bed.grant(&google, HOUR).await;
    let refused = bed
        .engine
        .edit_mail_server("Inbox", to_grant(&other.id.to_string()), &Caller::System)
        .await;
    assert_eq!(refused.unwrap_err().problem().code, "host_not_of_provider");
    let found = bed.engine.mail_server("Inbox").await.unwrap();
    assert!(matches!(found.sign_in, SignIn::Grant(id) if id == grant.id), "nothing was changed");

    // Attaching a grant of a custom link says that its tokens may go there.
    let custom = bed.link("Custom").await;
    assert!(!custom.token_hosts.contains(&"localhost".to_owned()));
    let third = bed.grant(&custom, HOUR).await;
    bed.engine
        .edit_mail_server("Inbox", to_grant(&third.id.to_string()), &Caller::System)
        .await
        .unwrap();
    let custom = bed.engine.link("Custom").await.unwrap();
    assert!(custom.token_hosts.contains(&"localhost".to_owned()));
}

#[tokio::test]
async fn what_is_not_given_stays() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    let before = bed.mail_server("Inbox", &grant, Take::All).await;
    let edit = |edit: MailServerEdit| bed.engine.edit_mail_server("Inbox", edit, &Caller::System);
    let none = edit(MailServerEdit::default()).await.unwrap();
    assert_eq!(format!("{none:?}"), format!("{before:?}"));
    let seconds = MailServerEdit { poll_seconds: Some(300), ..MailServerEdit::default() };
    let slower = edit(seconds).await.unwrap();
    assert_eq!(slower.poll_seconds, 300);
    assert!(matches!(slower.sign_in, SignIn::Grant(id) if id == grant.id));
    for (wrong, field) in [
        (MailServerEdit { poll_seconds: Some(1), ..MailServerEdit::default() }, "poll_seconds"),
        (to_grant("nobody@example.org"), "grant"),
        (
            MailServerEdit { password: Some(Secret::new("p")), ..to_grant(&grant.id.to_string()) },
            "password",
        ),
    ] {
        assert_eq!(edit(wrong).await.unwrap_err().problem().field, Some(field));
    }
    let password = Secret::new("correct horse");
    let with_password =
        edit(MailServerEdit { password: Some(password.clone()), ..MailServerEdit::default() });
    assert!(matches!(with_password.await.unwrap().sign_in, SignIn::Password(_)));
    let events = bed.engine.events(Page::default(), None).await.unwrap().items;
    assert!(!format!("{events:?}").contains(password.expose()));
    let edits = events.iter().filter(|event| event.kind == "mail_server.edited").count();
    assert_eq!(edits, 2, "what changes nothing is no event");
}

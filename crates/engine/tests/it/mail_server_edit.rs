//! Changing a mail server: how it signs in, and how often it is asked.

use jiff::SignedDuration;
use outlink_engine::links::{LinkDraft, LinkEdit};
use outlink_engine::mail_servers::{MailServerDraft, MailServerEdit};
use outlink_engine::messages::MessagesWanted;
use outlink_engine::{Caller, Page};
use outlink_model::Secret;
use outlink_model::grant::{Actor, Trouble};
use outlink_model::mail_server::{After, MailServer, Protocol, Security, SignIn, Take};
use outlink_model::provider::ProviderKind;
use outlink_model::step::StepStatus;

use crate::bed::{Bed, now};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn to_grant(named: &str) -> MailServerEdit {
    MailServerDraft { grant: Some(named.to_owned()), ..MailServerDraft::default() }.into()
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
    let steps = bed.engine.test_mail_server("Inbox").await.unwrap().steps;
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
    assert!(!edited.paused, "it is fetched from again");
    assert_eq!(edited.health.trouble, None);
    let found = bed.engine.mail_server("Inbox").await.unwrap();
    assert!(!found.paused && found.health.trouble.is_none());
    let steps = bed.engine.test_mail_server("Inbox").await.unwrap().steps;
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
    let seconds = |seconds| MailServerDraft { poll_seconds: Some(seconds), ..Default::default() };
    let slower = edit(seconds(300).into()).await.unwrap();
    assert_eq!(slower.poll_seconds, 300);
    assert!(matches!(slower.sign_in, SignIn::Grant(id) if id == grant.id));
    for (wrong, field) in [
        (seconds(1).into(), "poll_seconds"),
        (to_grant("nobody@example.org"), "grant"),
        (
            MailServerDraft {
                password: Some(Secret::new("p")),
                ..to_grant(&grant.id.to_string()).draft
            }
            .into(),
            "password",
        ),
    ] {
        assert_eq!(edit(wrong).await.unwrap_err().problem().field, Some(field));
    }
    let password = Secret::new("correct horse");
    let with_password =
        edit(MailServerDraft { password: Some(password.clone()), ..Default::default() }.into());
    assert!(matches!(with_password.await.unwrap().sign_in, SignIn::Password(_)));
    let events = bed.engine.events(Page::default(), None).await.unwrap().items;
    assert!(!format!("{events:?}").contains(password.expose()));
    let edits = events.iter().filter(|event| event.kind == "mail_server.edited").count();
    assert_eq!(edits, 2, "what changes nothing is no event");
}

#[tokio::test]
async fn a_moved_endpoint_asks_for_the_sign_in_again() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    let before = bed.mail_server("Inbox", &grant, Take::All).await;
    let edit = |edit: MailServerEdit| bed.engine.edit_mail_server("Inbox", edit, &Caller::System);
    let moves = [
        MailServerDraft { host: Some("imap.evil.example".into()), ..Default::default() },
        MailServerDraft { port: Some(1), ..Default::default() },
        MailServerDraft { security: Some(Security::StartTls), ..Default::default() },
        MailServerDraft { provider: Some(ProviderKind::Google), ..Default::default() },
    ];
    for moved in &moves {
        let problem = edit(moved.clone().into()).await.unwrap_err().problem();
        assert_eq!((problem.code, problem.field), ("sign_in_needed", Some("grant")), "{moved:?}");
    }
    let found = bed.engine.mail_server("Inbox").await.unwrap();
    assert_eq!((&found.host, found.port), (&before.host, before.port), "nothing was changed");
    let custom = bed.engine.link("Work").await.unwrap();
    assert!(!custom.token_hosts.contains(&"imap.evil.example".to_owned()));

    let again = MailServerDraft { grant: Some(grant.id.to_string()), ..moves[0].clone() };
    assert_eq!(edit(again.into()).await.unwrap().host, "imap.evil.example");

    // The same with a password.
    let password = Some(Secret::new("correct horse"));
    let by_password = MailServerDraft { password: password.clone(), ..Default::default() };
    edit(by_password.into()).await.unwrap();
    let back = MailServerDraft { host: Some("localhost".into()), ..Default::default() };
    let problem = edit(back.clone().into()).await.unwrap_err().problem();
    assert_eq!((problem.code, problem.field), ("sign_in_needed", Some("password")));
    let back = edit(MailServerDraft { password, ..back }.into()).await.unwrap();
    assert_eq!(back.host, "localhost");
}

#[tokio::test]
async fn a_moved_server_that_names_a_link_uses_nothing_old_until_somebody_has_consented() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    bed.mail_server("Inbox", &grant, Take::All).await;
    let edit = |edit: MailServerEdit| bed.engine.edit_mail_server("Inbox", edit, &Caller::System);
    let moved = |host: &str, link: &str| MailServerEdit {
        draft: MailServerDraft { host: Some(host.into()), ..Default::default() },
        link: Some(link.into()),
        ..MailServerEdit::default()
    };
    // Whoever names the link of its grant attaches that grant, as if it had been named itself.
    let server = edit(moved("127.0.0.1", "Work")).await.unwrap();
    assert!(matches!(server.sign_in, SignIn::Grant(id) if id == grant.id));
    assert!(bed.engine.link("Work").await.unwrap().token_hosts.contains(&"127.0.0.1".into()));

    // That of another link, or a password, was for the old address alone.
    bed.link("Other").await;
    let server = edit(moved("localhost", "Other")).await.unwrap();
    assert!(matches!(server.sign_in, SignIn::Missing), "{server:?}");
    assert!(server.health.trouble.unwrap().reason.contains("Other"));
    let password = |text: &str| MailServerDraft {
        password: Some(Secret::new(text)),
        host: Some("127.0.0.1".into()),
        ..MailServerDraft::default()
    };
    edit(password("correct horse").into()).await.unwrap();
    let stays = MailServerEdit { link: Some("Other".into()), ..MailServerEdit::default() };
    let server = edit(stays).await.unwrap();
    assert!(matches!(server.sign_in, SignIn::Password(_)), "nothing has moved");
    let tried = bed.engine.test_mail_server_edit("Inbox", moved("localhost", "Other")).await;
    let steps = tried.unwrap().steps;
    let token = steps.iter().find(|step| step.id == "token").unwrap();
    assert_eq!(token.message, "Not tried, since nobody has consented yet.");
    let server = edit(moved("localhost", "Other")).await.unwrap();
    assert!(matches!(server.sign_in, SignIn::Missing), "{server:?}");

    // Two ways at once are one too many; and what cannot be asked for moves nothing.
    let both = MailServerEdit { draft: password("x"), ..moved("127.0.0.1", "Work") };
    let problem = edit(both).await.unwrap_err().problem();
    assert_eq!((problem.code, problem.field), ("sign_in_twice", Some("link")));
    let off = LinkEdit {
        draft: LinkDraft { enabled: Some(false), ..LinkDraft::default() },
        ..LinkEdit::default()
    };
    bed.engine.edit_link("Other", off, &Caller::System).await.unwrap();
    for (link, code) in [("Other", "link_disabled"), ("None", "not_found")] {
        let problem = edit(moved("127.0.0.1", link)).await.unwrap_err().problem();
        assert_eq!((problem.code, problem.field), (code, Some("link")));
    }
    assert_eq!(bed.engine.mail_server("Inbox").await.unwrap().host, "localhost");
}

#[tokio::test]
async fn every_field_can_change_and_of_two_edits_that_read_the_same_only_one_is_made() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    let before = bed.mail_server("Inbox", &grant, Take::All).await;
    let since: outlink_model::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let draft = MailServerDraft {
        name: Some("Mail".into()),
        description: Some("For support".into()),
        mailbox: Some("support@example.org".into()),
        folders: Some(vec!["inbox".into(), "Sales".into()]),
        after: Some(After::Move("Done".into())),
        take: Some(Take::Since(since)),
        poll_seconds: Some(90),
        idle: Some(false),
        time_limit_seconds: Some(5),
        authserv_id: Some("mx.example.org".into()),
        ..Default::default()
    };
    let edit = MailServerEdit { draft, seen: Some(before.updated_at), ..MailServerEdit::default() };
    let edited = bed.engine.edit_mail_server("Inbox", edit.clone(), &Caller::System).await.unwrap();
    let found = bed.engine.mail_server("Mail").await.unwrap();
    assert_eq!(format!("{edited:?}"), format!("{found:?}"));
    assert_eq!(found.folders, ["INBOX", "Sales"]);
    assert_eq!((found.after, found.take), (After::Move("Done".into()), Take::Since(since)));
    assert_eq!((found.poll_seconds, found.idle, found.time_limit_seconds), (90, false, 5));
    assert_eq!(found.authserv_id.as_deref(), Some("mx.example.org"));
    assert_eq!(
        (found.mailbox.as_str(), found.description.as_str()),
        ("support@example.org", "For support")
    );

    let late = bed.engine.edit_mail_server("Mail", edit, &Caller::System).await;
    assert_eq!(late.unwrap_err().problem().code, "changed_meanwhile");
    let cleared = MailServerDraft {
        authserv_id: Some(String::new()),
        description: Some(String::new()),
        folders: Some(Vec::new()),
        ..Default::default()
    };
    let cleared =
        bed.engine.edit_mail_server("Mail", cleared.into(), &Caller::System).await.unwrap();
    assert_eq!((cleared.authserv_id, cleared.folders), (None, vec!["INBOX".to_owned()]));
}

#[tokio::test]
async fn a_mailbox_that_was_read_is_not_changed_for_another_by_accident() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    bed.inbox(&grant).await;
    bed.deliver("one", "One", "");
    bed.engine.fetch_mail_server("Inbox").await.unwrap();
    let bob = MailServerDraft { mailbox: Some("bob@example.org".into()), ..Default::default() };
    let edit = |edit: MailServerEdit| bed.engine.edit_mail_server("Inbox", edit, &Caller::System);
    let problem = edit(bob.clone().into()).await.unwrap_err().problem();
    assert_eq!((problem.code, problem.field), ("mailbox_is_read", Some("mailbox")));
    let renamed = MailServerEdit { draft: bob, mailbox_renamed: true, ..MailServerEdit::default() };
    assert_eq!(edit(renamed).await.unwrap().mailbox, "bob@example.org");
}

#[tokio::test]
async fn the_protocol_is_changed_only_as_long_as_nothing_was_read() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    bed.inbox(&grant).await;
    let edit = |protocol| {
        let draft = MailServerDraft { protocol: Some(protocol), ..Default::default() };
        bed.engine.edit_mail_server("Inbox", draft.into(), &Caller::System)
    };
    assert_eq!(edit(Protocol::Pop3).await.unwrap().protocol, Protocol::Pop3);
    assert_eq!(edit(Protocol::Imap).await.unwrap().protocol, Protocol::Imap);
    bed.deliver("one", "One", "");
    bed.engine.fetch_mail_server("Inbox").await.unwrap();
    let problem = edit(Protocol::Pop3).await.unwrap_err().problem();
    assert_eq!((problem.code, problem.field), ("protocol_fixed", Some("protocol")));
    let server = bed.engine.mail_server("Inbox").await.unwrap();
    assert_eq!(server.protocol, Protocol::Imap);
    let test = MailServerDraft { name: Some("test".into()), ..Default::default() };
    let refused = bed.engine.edit_mail_server("Inbox", test.into(), &Caller::System).await;
    assert_eq!(refused.unwrap_err().problem().code, "name_reserved");
}

#[tokio::test]
async fn a_mail_server_is_deleted_with_its_handlers_only_when_told_so_and_its_mail_stays() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, HOUR).await;
    let server = bed.inbox(&grant).await;
    bed.deliver("one", "One", "");
    bed.engine.fetch_mail_server("Inbox").await.unwrap();
    let delete = |handlers| bed.engine.delete_mail_server("Inbox", handlers, &Caller::System);
    let problem = delete(false).await.unwrap_err().problem();
    assert_eq!(problem.code, "has_handlers");
    assert!(problem.message.contains("Support mail"), "{}", problem.message);
    assert_eq!(delete(true).await.unwrap().handlers, ["Support mail"]);
    assert_eq!(delete(true).await.unwrap_err().problem().code, "not_found");
    assert!(bed.engine.handlers(Page::default()).await.unwrap().items.is_empty());
    assert!(bed.engine.mail_servers(Page::default()).await.unwrap().items.is_empty());
    let ledger = bed.engine.messages(MessagesWanted::default(), Page::default()).await.unwrap();
    assert_eq!(ledger.items.len(), 1);
    let log = bed.engine.connections(None, false, Page::default()).await.unwrap().items;
    assert_eq!((log.len(), log[0].connection.messages), (1, 1));
    assert!(log[0].mail_server.contains("deleted"), "{:?}", log[0]);
    let id = server.id.to_string();
    let faster = MailServerDraft { poll_seconds: Some(5), ..Default::default() };
    let by_id = bed.engine.edit_mail_server(&id, faster.into(), &Caller::System).await;
    assert_eq!(by_id.unwrap_err().problem().code, "not_found");
}

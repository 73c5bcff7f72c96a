//! Adding a mail server: its fields, and trying it before it is saved.

use jiff::SignedDuration;
use outlink_engine::mail_servers::{MailServerDraft, NewMailServer};
use outlink_engine::{Caller, Page};
use outlink_model::Secret;
use outlink_model::grant::later;
use outlink_model::mail_server::{After, Direction, Protocol, Security, Take};
use outlink_model::provider::{Cloud, ProviderKind};
use outlink_model::step::StepStatus;

use crate::bed::{ALICE, Bed, now};

fn with_password() -> MailServerDraft {
    MailServerDraft {
        name: Some("Inbox".into()),
        host: Some("mail.example.org".into()),
        mailbox: Some(ALICE.into()),
        password: Some(Secret::new("correct horse")),
        ..Default::default()
    }
}

#[tokio::test]
async fn what_is_left_out_is_the_usual_and_a_provider_fills_in_where_it_is() {
    let bed = Bed::new().await;
    let create =
        |draft: MailServerDraft| bed.engine.create_mail_server(draft.into(), &Caller::System);
    let usual = create(with_password()).await.unwrap().server;
    assert_eq!((usual.protocol, usual.security, usual.port), (Protocol::Imap, Security::Tls, 993));
    assert_eq!((usual.folders, usual.after), (vec!["INBOX".to_owned()], After::Keep));
    assert_eq!((usual.take, usual.poll_seconds, usual.idle), (Take::New, 60, true));
    assert_eq!((usual.time_limit_seconds, usual.authserv_id), (60, None));

    let pop3 = MailServerDraft {
        name: Some("Drop".into()),
        protocol: Some(Protocol::Pop3),
        security: Some(Security::StartTls),
        ..with_password()
    };
    assert_eq!(create(pop3).await.unwrap().server.port, 110);

    let microsoft = MailServerDraft {
        name: Some("China".into()),
        provider: Some(ProviderKind::Microsoft),
        cloud: Some(Cloud::China),
        host: None,
        ..with_password()
    };
    let server = create(microsoft).await.unwrap().server;
    assert_eq!((server.host.as_str(), server.port), ("partner.outlook.cn", 993));
}

#[tokio::test]
async fn what_cannot_work_is_refused_at_its_field() {
    let bed = Bed::new().await;
    let ok = with_password;
    let move_to = |folder: &str| Some(After::Move(folder.to_owned()));
    let pop3 = || MailServerDraft { protocol: Some(Protocol::Pop3), ..ok() };
    let cases = [
        (MailServerDraft { name: None, ..ok() }, "name", "missing"),
        (MailServerDraft { name: Some(" test ".into()), ..ok() }, "name", "name_reserved"),
        (
            MailServerDraft { description: Some("x".repeat(1001)), ..ok() },
            "description",
            "description_unusable",
        ),
        (
            MailServerDraft { direction: Some(Direction::Outgoing), ..ok() },
            "direction",
            "direction_of_protocol",
        ),
        (
            MailServerDraft { security: Some(Security::None), ..ok() },
            "security",
            "unencrypted_not_allowed",
        ),
        (
            MailServerDraft { host: Some("imap.example.org:993".into()), ..ok() },
            "host",
            "host_unusable",
        ),
        (MailServerDraft { host: None, ..ok() }, "host", "missing"),
        (MailServerDraft { port: Some(0), ..ok() }, "port", "port_unusable"),
        (MailServerDraft { mailbox: Some("a\nb".into()), ..ok() }, "mailbox", "mailbox_unusable"),
        (MailServerDraft { password: None, ..ok() }, "grant", "sign_in_missing"),
        (
            MailServerDraft { folders: Some(vec!["A".into(), "A".into()]), ..ok() },
            "folders",
            "folder_twice",
        ),
        (
            MailServerDraft { folders: Some(vec!["INBOX".into(), "inbox".into()]), ..ok() },
            "folders",
            "folder_twice",
        ),
        (
            MailServerDraft { folders: Some((0..21).map(|n| n.to_string()).collect()), ..ok() },
            "folders",
            "folders_too_many",
        ),
        (
            MailServerDraft { folders: Some(vec!["Sales".into()]), ..pop3() },
            "folders",
            "folders_need_imap",
        ),
        (MailServerDraft { after: move_to("Done"), ..pop3() }, "after", "move_needs_imap"),
        (MailServerDraft { after: move_to(" "), ..ok() }, "move_to", "missing"),
        (MailServerDraft { after: move_to("inbox"), ..ok() }, "move_to", "move_to_is_fetched"),
        (
            MailServerDraft {
                take: Some(Take::Since(later(now(), SignedDuration::from_hours(1)))),
                ..ok()
            },
            "since",
            "since_in_future",
        ),
        (
            MailServerDraft { poll_seconds: Some(86_401), ..ok() },
            "poll_seconds",
            "poll_seconds_unusable",
        ),
        (
            MailServerDraft { time_limit_seconds: Some(61), ..ok() },
            "time_limit_seconds",
            "time_limit_unusable",
        ),
        (
            MailServerDraft { time_limit_seconds: Some(0), ..ok() },
            "time_limit_seconds",
            "time_limit_unusable",
        ),
        (
            MailServerDraft { authserv_id: Some("two words".into()), ..ok() },
            "authserv_id",
            "authserv_id_unusable",
        ),
        (
            MailServerDraft { provider: Some(ProviderKind::Github), ..ok() },
            "provider",
            "provider_without_mail",
        ),
        (MailServerDraft { cloud: Some(Cloud::Dod), ..ok() }, "cloud", "field_unused"),
    ];
    for (draft, field, code) in cases {
        let shown = format!("{draft:?}");
        let new = NewMailServer::from(draft);
        let tried = bed.engine.test_new_mail_server(NewMailServer {
            draft: MailServerDraft { name: None, ..new.draft.clone() },
            ..NewMailServer::default()
        });
        if field != "name" {
            assert_eq!(tried.await.unwrap_err().problem().code, code, "{shown}");
        }
        let problem =
            bed.engine.create_mail_server(new, &Caller::System).await.unwrap_err().problem();
        assert_eq!((problem.field, problem.code), (Some(field), code), "{shown}");
    }
    assert!(bed.engine.mail_servers(Page::default()).await.unwrap().items.is_empty());
    let topmost = MailServerDraft { authserv_id: Some("*".into()), ..ok() };
    let server =
        bed.engine.create_mail_server(topmost.into(), &Caller::System).await.unwrap().server;
    assert_eq!(server.authserv_id.as_deref(), Some("*"));
}

#[tokio::test]
async fn a_mail_server_is_tried_before_it_is_saved_and_nothing_is_written() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.grant(&link, SignedDuration::from_hours(1)).await;
    let draft = MailServerDraft {
        host: Some("localhost".into()),
        port: Some(bed.practice.imap.port()),
        mailbox: Some(ALICE.into()),
        grant: Some(grant.id.to_string()),
        ..Default::default()
    };
    let report = bed.engine.test_new_mail_server(draft.clone().into()).await.unwrap();
    let ids: Vec<_> = report.steps.iter().map(|step| step.id).collect();
    let expected = [
        "resolve",
        "connect",
        "tls",
        "greeting",
        "scopes",
        "identity",
        "token",
        "sign_in",
        "capabilities",
        "folder",
        "handler",
    ];
    assert_eq!(ids, expected);
    for step in &report.steps {
        let wanted = if step.id == "handler" { StepStatus::Skipped } else { StepStatus::Ok };
        assert_eq!(step.status, wanted, "{step:?}");
    }
    let message = |id: &str| {
        report.steps.iter().find(|step| step.id == id).map(|step| step.message.clone()).unwrap()
    };
    assert!(message("scopes").contains("mail.imap"), "{}", message("scopes"));
    assert!(message("identity").contains("own"), "{}", message("identity"));
    assert!(message("capabilities").contains("IDLE"), "{}", message("capabilities"));
    assert!(bed.engine.mail_servers(Page::default()).await.unwrap().items.is_empty());
    let custom = bed.engine.link("Work").await.unwrap();
    assert!(custom.token_hosts.is_empty(), "{:?}", custom.token_hosts);

    let shared = MailServerDraft { mailbox: Some("team@example.org".into()), ..draft };
    let report = bed.engine.test_new_mail_server(shared.into()).await.unwrap();
    let identity = report.steps.iter().find(|step| step.id == "identity").unwrap();
    assert_eq!(identity.status, StepStatus::Ok, "a shared mailbox is nothing wrong");
    assert!(identity.message.contains(ALICE) && identity.message.contains("team@"), "{identity:?}");
}

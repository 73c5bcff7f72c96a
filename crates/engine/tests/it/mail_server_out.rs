//! Mail servers that mail is sent through, as an administrator sets them up.

use jiff::SignedDuration;
use outlink_engine::handlers::HandlerEdit;
use outlink_engine::intake::TrialOf;
use outlink_engine::mail_servers::{MailServerDraft, MailServerEdit, NewMailServer};
use outlink_engine::{Caller, Page};
use outlink_model::Secret;
use outlink_model::mail_server::{After, Direction, Protocol, Security, Take};
use outlink_model::provider::ProviderKind;
use outlink_model::step::StepStatus;

use crate::bed::{ALICE, Bed};
use crate::deliveries::out;
use crate::handlers::{another, texts};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn with_password() -> MailServerDraft {
    MailServerDraft {
        name: Some("Out".into()),
        protocol: Some(Protocol::Smtp),
        host: Some("smtp.example.org".into()),
        mailbox: Some(ALICE.into()),
        password: Some(Secret::new("correct horse")),
        ..MailServerDraft::default()
    }
}

#[tokio::test]
async fn the_direction_follows_the_protocol_and_a_provider_fills_in_where_it_is() {
    let bed = Bed::new().await;
    let create =
        |draft: MailServerDraft| bed.engine.create_mail_server(draft.into(), &Caller::System);
    let usual = create(with_password()).await.unwrap().server;
    assert_eq!(usual.direction, Direction::Outgoing);
    assert_eq!((usual.security, usual.port), (Security::Tls, 465));
    for (name, security, port, direction) in [
        ("By command", Security::StartTls, 587, None),
        ("Named", Security::Tls, 465, Some(Direction::Outgoing)),
    ] {
        let (name, security) = (Some(name.to_owned()), Some(security));
        let draft = MailServerDraft { name, security, direction, ..with_password() };
        assert_eq!(create(draft).await.unwrap().server.port, port);
    }
    let microsoft = MailServerDraft {
        name: Some("Microsoft".into()),
        provider: Some(ProviderKind::Microsoft),
        host: None,
        ..with_password()
    };
    let server = create(microsoft).await.unwrap().server;
    assert_eq!((server.host.as_str(), server.port), ("smtp.office365.com", 587));
    assert_eq!(server.security, Security::StartTls);
}

#[tokio::test]
async fn what_means_nothing_there_is_refused_at_its_field() {
    let bed = Bed::new().await;
    let ok = with_password;
    let cases = [
        (MailServerDraft { folders: texts(&["Sales"]), ..ok() }, "folders", "field_of_incoming"),
        (MailServerDraft { after: Some(After::Delete), ..ok() }, "after", "field_of_incoming"),
        (MailServerDraft { take: Some(Take::All), ..ok() }, "take", "field_of_incoming"),
        (MailServerDraft { poll_seconds: Some(30), ..ok() }, "poll_seconds", "field_of_incoming"),
        (MailServerDraft { idle: Some(false), ..ok() }, "idle", "field_of_incoming"),
        (
            MailServerDraft { authserv_id: Some("mx.example.org".into()), ..ok() },
            "authserv_id",
            "field_of_incoming",
        ),
        (
            MailServerDraft { direction: Some(Direction::Incoming), ..ok() },
            "direction",
            "direction_of_protocol",
        ),
        (MailServerDraft { mailbox: Some("alice".into()), ..ok() }, "mailbox", "mailbox_unusable"),
        (
            MailServerDraft { mailbox: Some("al..ice@example.org".into()), ..ok() },
            "mailbox",
            "mailbox_unusable",
        ),
        (
            MailServerDraft { mailbox: Some("a@b.example> SIZE=1".into()), ..ok() },
            "mailbox",
            "mailbox_unusable",
        ),
        (
            MailServerDraft { security: Some(Security::None), ..ok() },
            "security",
            "unencrypted_not_allowed",
        ),
    ];
    for (draft, field, code) in cases {
        let shown = format!("{draft:?}");
        let made = bed.engine.create_mail_server(draft.into(), &Caller::System).await;
        let problem = made.unwrap_err().problem();
        assert_eq!((problem.field, problem.code), (Some(field), code), "{shown}");
        assert!(!problem.hint.is_empty(), "{shown}");
    }
    assert!(bed.engine.mail_servers(Page::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn an_edit_cannot_turn_it_round_and_a_moved_endpoint_locks_its_secrets() {
    let bed = Bed::new().await;
    let made = bed.engine.create_mail_server(with_password().into(), &Caller::System).await;
    let server = made.unwrap().server;
    let edit = async |draft: MailServerDraft| {
        let edited = bed.engine.edit_mail_server("Out", draft.into(), &Caller::System).await;
        edited.map_err(|error| error.problem().code)
    };
    let imap = MailServerDraft { protocol: Some(Protocol::Imap), ..Default::default() };
    assert_eq!(edit(imap).await.unwrap_err(), "direction_fixed");
    let incoming = MailServerDraft { direction: Some(Direction::Incoming), ..Default::default() };
    assert_eq!(edit(incoming).await.unwrap_err(), "direction_of_protocol");
    let moved =
        MailServerDraft { host: Some("smtp.elsewhere.example".into()), ..Default::default() };
    assert_eq!(edit(moved.clone()).await.unwrap_err(), "sign_in_needed");
    let starttls = MailServerDraft { security: Some(Security::StartTls), ..Default::default() };
    assert_eq!(edit(starttls).await.unwrap_err(), "sign_in_needed");
    let (seen, now) = (server.updated_at, bed.engine.mail_server("Out").await.unwrap().updated_at);
    assert_eq!(seen, now, "nothing was changed");
    let anew = MailServerDraft { password: Some(Secret::new("battery staple")), ..moved };
    assert_eq!(edit(anew).await.unwrap().host, "smtp.elsewhere.example");
    let other = MailServerDraft { mailbox: Some("desk@example.org".into()), ..Default::default() };
    assert_eq!(edit(other).await.unwrap().mailbox, "desk@example.org", "nothing is read there");
}

#[tokio::test]
async fn tokens_of_a_preset_go_to_no_server_of_somebody_elses() {
    let bed = Bed::new().await;
    let draft = outlink_engine::links::LinkDraft::default();
    let google = bed.preset_link("Google", ProviderKind::Google, draft);
    let link = bed.engine.create_link(google, &Caller::System).await.unwrap().link;
    assert!(link.token_hosts.contains(&"smtp.gmail.com".to_owned()), "{:?}", link.token_hosts);
    let grant = bed.sending_grant(&link, HOUR).await;
    let made = bed.engine.create_mail_server(out(&bed, &grant).into(), &Caller::System).await;
    assert_eq!(made.unwrap_err().problem().code, "host_not_of_provider");
}

#[tokio::test]
async fn a_test_says_when_what_was_granted_is_for_reading_alone() {
    let bed = Bed::new().await;
    let draft = outlink_engine::links::LinkDraft::default();
    let microsoft = bed.preset_link("Microsoft", ProviderKind::Microsoft, draft);
    let link = bed.engine.create_link(microsoft, &Caller::System).await.unwrap().link;
    for (right, wanted) in
        [("IMAP.AccessAsUser.All", StepStatus::Failed), ("SMTP.Send", StepStatus::Ok)]
    {
        let scope = format!("https://outlook.office.com/{right}");
        let grant = bed.grant_of(&link, HOUR, true, &["offline_access", &scope]).await;
        let draft = MailServerDraft {
            provider: Some(ProviderKind::Microsoft),
            host: None,
            port: None,
            ..out(&bed, &grant)
        };
        let report = bed.engine.test_new_mail_server(draft.into()).await.unwrap();
        let step = report.steps.iter().find(|step| step.id == "scopes").unwrap();
        assert_eq!(step.status, wanted, "{step:?}");
        let lacks = step.message.contains("None of this is for SMTP.");
        assert_eq!(lacks, wanted == StepStatus::Failed, "{step:?}");
    }
}

#[tokio::test]
async fn it_is_tried_as_far_as_mail_could_be_handed_in_and_nothing_is_sent() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.sending_grant(&link, HOUR).await;
    let report = bed.engine.test_new_mail_server(out(&bed, &grant).into()).await.unwrap();
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
    ];
    assert_eq!(ids, expected);
    for step in &report.steps {
        assert_eq!(step.status, StepStatus::Ok, "{step:?}");
    }
    let capabilities = &report.steps.last().unwrap().message;
    assert!(
        capabilities.contains("8BITMIME") && capabilities.contains("26214400"),
        "{capabilities}"
    );
    assert!(bed.practice.outgoing().is_empty() && report.newest.is_empty());

    // A token for IMAP alone is refused there.
    let reads = bed.grant(&link, HOUR).await;
    let report = bed.engine.test_new_mail_server(out(&bed, &reads).into()).await.unwrap();
    let failed = report.steps.iter().find(|step| step.status == StepStatus::Failed).unwrap();
    assert_eq!(failed.id, "sign_in", "{failed:?}");

    let until_consent = NewMailServer {
        draft: MailServerDraft { grant: None, ..out(&bed, &grant) },
        link: Some("Work".into()),
    };
    let report = bed.engine.test_new_mail_server(until_consent.clone()).await.unwrap();
    let skipped: Vec<_> =
        report.steps.iter().filter(|step| step.status == StepStatus::Skipped).collect();
    assert!(
        skipped.iter().all(|step| step.message.contains("consented")
            || step.id == "scopes"
            || step.id == "identity"),
        "{skipped:?}"
    );
    assert!(report.steps.iter().all(|step| !["folder", "handler"].contains(&step.id)));
    let saved = bed.engine.create_mail_server(until_consent, &Caller::System).await.unwrap();
    let trouble = saved.server.health.trouble.unwrap();
    assert!(trouble.reason.contains("no mail is sent"), "{trouble:?}");
}

#[tokio::test]
async fn nothing_is_fetched_from_it_and_nothing_handled() {
    let bed = Bed::new().await;
    let link = bed.link("Work").await;
    let grant = bed.sending_grant(&link, HOUR).await;
    let inbox = bed.inbox(&grant).await;
    let new = out(&bed, &grant).into();
    bed.engine.create_mail_server(new, &Caller::System).await.unwrap();
    let fetched = bed.engine.fetch_mail_server("Out").await;
    assert_eq!(fetched.unwrap_err().problem().code, "mail_server_outgoing");
    for of in [TrialOf::Newest(3), TrialOf::Mail(b"Subject: a\r\n\r\nb".to_vec())] {
        let tried = bed.engine.try_mail_server("Out", of).await;
        assert_eq!(tried.unwrap_err().problem().code, "mail_server_outgoing");
    }
    let mut handler = another("Other", Default::default());
    handler.mail_server = "Out".into();
    let made = bed.engine.create_handler(handler, &Caller::System).await;
    assert_eq!(made.unwrap_err().problem().code, "mail_server_outgoing");
    let through_inbox =
        HandlerEdit { outgoing: Some(inbox.id.to_string()), ..HandlerEdit::default() };
    let edited = bed.engine.edit_handler("Support mail", through_inbox, &Caller::System).await;
    let problem = edited.unwrap_err().problem();
    assert_eq!((problem.field, problem.code), (Some("outgoing"), "outgoing_incoming"));
    let renamed = MailServerEdit::from(MailServerDraft {
        name: Some("Sender".into()),
        time_limit_seconds: Some(20),
        ..MailServerDraft::default()
    });
    let server = bed.engine.edit_mail_server("Out", renamed, &Caller::System).await.unwrap();
    assert_eq!((server.name.as_str(), server.time_limit_seconds), ("Sender", 20));
}

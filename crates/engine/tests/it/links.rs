//! Registering links and mail servers: every refusal names its field and leaves nothing behind.

use jiff::SignedDuration;
use outlink_engine::links::NewLink;
use outlink_engine::mail_servers::NewMailServer;
use outlink_engine::{Caller, Page};
use outlink_model::Secret;
use outlink_model::mail_server::{Direction, Protocol, Security, Take};
use outlink_model::provider::ProviderKind;

use crate::bed::{ALICE, Bed};

#[tokio::test]
async fn a_wrong_link_is_refused_at_its_field() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    type Change = fn(&mut NewLink);
    let cases: [(&str, &str, Change); 9] = [
        ("name", "name_taken", |link| link.name = "Work".into()),
        ("name", "missing", |link| link.name = "  ".into()),
        ("client_id", "missing", |link| link.client_id = String::new()),
        ("client_secret", "missing", |link| {
            link.client_secret = None;
            link.client_auth = Some(outlink_model::link::ClientAuth::Basic);
        }),
        ("token_endpoint", "", |link| {
            link.token_endpoint = Some("http://idp.example.org/t".into())
        }),
        ("token_endpoint", "", |link| {
            link.token_endpoint = Some("https://u:p@idp.example.org/t".into())
        }),
        ("token_endpoint", "", |link| link.token_endpoint = None),
        ("authorization_endpoint", "", |link| {
            link.authorization_endpoint = Some("https://idp.example.org/a#part".into());
        }),
        ("scope", "scope_unusable", |link| link.scope = Some("mail.imap \"quoted\"".into())),
    ];
    for (field, code, change) in cases {
        let mut new = bed.new_link("Other");
        change(&mut new);
        let problem = bed.engine.create_link(new, &Caller::System).await.unwrap_err().problem();
        assert_eq!(problem.field, Some(field), "{problem:?}");
        assert!(code.is_empty() || problem.code == code, "{problem:?}");
        assert!(!problem.hint.is_empty());
    }
    assert_eq!(bed.engine.links(Page::default()).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn presets_come_filled_in() {
    let bed = Bed::new().await;
    let preset = |name: &str, provider| NewLink {
        name: name.into(),
        provider,
        client_secret: Some(Secret::new("s")),
        authorization_endpoint: None,
        token_endpoint: None,
        issuer: None,
        scope: None,
        ..bed.new_link(name)
    };
    let google = preset("G", ProviderKind::Google);
    let google = bed.engine.create_link(google, &Caller::System).await.unwrap();
    assert_eq!(google.token_endpoint, "https://oauth2.googleapis.com/token");
    assert!(google.scope.contains("https://mail.google.com/"));
    let params = &google.authorization_params;
    assert!(params.contains(&("access_type".into(), "offline".into())), "{params:?}");
    let microsoft = preset("M", ProviderKind::Microsoft);
    let microsoft = bed.engine.create_link(microsoft, &Caller::System).await.unwrap();
    assert!(microsoft.scope.contains("offline_access"));
    let redirect = |link| bed.engine.redirect_url_of(link).unwrap();
    assert_ne!(redirect(&google), redirect(&microsoft), "an address for each pair of endpoints");
    let shown = bed.engine.redirect_url(Some(ProviderKind::Google), None, None).unwrap();
    assert_eq!(shown, redirect(&google), "known before the link stands");
}

#[tokio::test]
async fn tokens_of_a_preset_go_to_its_own_hosts_only() {
    let bed = Bed::new().await;
    let google = NewLink {
        provider: ProviderKind::Google,
        authorization_endpoint: None,
        token_endpoint: None,
        issuer: None,
        scope: None,
        ..bed.new_link("G")
    };
    let google = bed.engine.create_link(google, &Caller::System).await.unwrap();
    let grant = bed.grant(&google, SignedDuration::from_hours(1)).await;
    let server = NewMailServer {
        name: "Inbox".into(),
        direction: Direction::Incoming,
        protocol: Protocol::Imap,
        security: Security::Tls,
        host: "imap.evil.example".into(),
        port: 993,
        mailbox: ALICE.into(),
        grant: Some(grant.id.to_string()),
        password: None,
        folder: None,
        take: Take::All,
        poll_seconds: None,
    };
    let refused = bed.engine.create_mail_server(server, &Caller::System).await;
    let problem = refused.unwrap_err().problem();
    assert_eq!((problem.field, problem.code), (Some("host"), "host_not_of_provider"));
    assert!(problem.hint.contains("imap.gmail.com"), "{}", problem.hint);
}

//! Registering links and mail servers: every refusal names its field and leaves nothing behind.

use jiff::SignedDuration;
use outlink_engine::links::{LinkDraft, NewLink, NewSecret};
use outlink_engine::mail_servers::MailServerDraft;
use outlink_engine::{Caller, Page};
use outlink_model::Secret;
use outlink_model::link::{ClientAuth, GrantType};
use outlink_model::mail_server::Take;
use outlink_model::provider::ProviderKind;
use outlink_oauth::Choice;

use crate::bed::{ALICE, Bed};

type Change = fn(&mut NewLink);

async fn refused(bed: &Bed, new: NewLink) -> outlink_model::problem::Problem {
    let problem = bed.engine.create_link(new, &Caller::System).await.unwrap_err().problem();
    assert!(!problem.hint.is_empty(), "{problem:?}");
    problem
}

#[tokio::test]
async fn a_wrong_link_is_refused_at_its_field() {
    let bed = Bed::new().await;
    bed.link("Work").await;
    let cases: [(&str, &str, Change); 19] = [
        ("name", "name_taken", |new| new.draft.name = Some("Work".into())),
        ("name", "missing", |new| new.draft.name = Some("  ".into())),
        ("name", "missing", |new| new.draft.name = None),
        ("client_id", "missing", |new| new.draft.client_id = Some(String::new())),
        ("client_id", "client_id_unusable", |new| new.draft.client_id = Some("a\nb".into())),
        ("client_secret", "missing", |new| {
            new.draft.secret = None;
            new.draft.client_auth = Some(ClientAuth::Basic);
        }),
        ("client_auth", "secret_unused", |new| new.draft.client_auth = Some(ClientAuth::None)),
        ("client_secret", "secret_unusable", |new| {
            new.draft.secret = Some(NewSecret::new(Secret::new("one\ntwo")));
        }),
        ("client_secret", "secret_unusable", |new| {
            new.draft.client_auth = Some(ClientAuth::Post);
            new.draft.secret =
                Some(NewSecret::new(Secret::new("-----BEGIN PRIVATE KEY-----\nMII")));
        }),
        ("token_endpoint", "endpoint_not_https", |new| {
            new.draft.token_endpoint = Some("http://idp.example.org/t".into());
        }),
        ("token_endpoint", "endpoint_userinfo", |new| {
            new.draft.token_endpoint = Some("https://u:p@idp.example.org/t".into());
        }),
        ("token_endpoint", "endpoint_missing", |new| new.draft.token_endpoint = None),
        ("authorization_endpoint", "endpoint_missing", |new| {
            new.draft.authorization_endpoint = Some("  ".into());
        }),
        ("authorization_endpoint", "endpoint_fragment", |new| {
            new.draft.authorization_endpoint = Some("https://idp.example.org/a#part".into());
        }),
        ("authorization_endpoint", "parameter_reserved", |new| {
            new.draft.authorization_endpoint = Some("https://idp.example.org/a?client_id=x".into());
        }),
        ("token_endpoint", "parameter_reserved", |new| {
            new.draft.token_endpoint = Some("https://idp.example.org/t?Grant_Type=x".into());
        }),
        ("revocation_endpoint", "endpoint_invalid", |new| {
            new.draft.revocation_endpoint = Some("idp.example.org/revoke".into());
        }),
        ("scope", "scope_unusable", |new| new.draft.scope = Some("mail.imap \"quoted\"".into())),
        ("token_params", "parameter_reserved", |new| {
            new.draft.token_params = Some(vec![("client_secret".into(), "x".into())]);
        }),
    ];
    for (field, code, change) in cases {
        let mut new = bed.new_link("Other");
        change(&mut new);
        let problem = refused(&bed, new).await;
        assert_eq!((problem.field, problem.code), (Some(field), code), "{problem:?}");
    }
    assert_eq!(bed.engine.links(Page::default()).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn fields_are_demanded_and_kept_for_the_grant_types_that_use_them() {
    let bed = Bed::new().await;
    let of = |grant_type| {
        let mut new = bed.new_link("Other");
        new.choice.grant_type = grant_type;
        new.draft.device_authorization_endpoint =
            Some(bed.practice.device_authorization_endpoint.clone());
        new.draft.userinfo_endpoint = Some(bed.practice.userinfo_endpoint.clone());
        new.draft.authorization_params = Some(vec![("audience".into(), "mail".into())]);
        new.draft.scope = Some("mail.imap".into());
        new
    };
    let cases: [(&str, &str, GrantType, Change); 5] = [
        ("device_authorization_endpoint", "endpoint_missing", GrantType::DeviceCode, |new| {
            new.draft.device_authorization_endpoint = None;
        }),
        ("client_auth", "client_auth_unusable", GrantType::ClientCredentials, |new| {
            new.draft.client_auth = Some(ClientAuth::None);
        }),
        ("client_secret", "missing", GrantType::ClientCredentials, |new| new.draft.secret = None),
        ("client_secret", "missing", GrantType::JwtBearer, |new| new.draft.secret = None),
        ("client_auth", "client_auth_unusable", GrantType::JwtBearer, |new| {
            new.draft.client_auth = Some(ClientAuth::Basic);
        }),
    ];
    for (field, code, grant_type, change) in cases {
        let mut new = of(grant_type);
        change(&mut new);
        let problem = refused(&bed, new).await;
        assert_eq!((problem.field, problem.code), (Some(field), code), "{problem:?}");
    }
    let made = bed.engine.create_link(of(GrantType::ClientCredentials), &Caller::System).await;
    let made = made.unwrap();
    let link = &made.link;
    assert!(link.authorization_endpoint.is_none() && link.userinfo_endpoint.is_none());
    assert!(link.device_authorization_endpoint.is_none() && link.authorization_params.is_empty());
    assert!(bed.engine.redirect_url_of(link).is_none(), "no browser comes back");
    let left_out = made.warnings.iter().filter(|text| text.contains("left out")).count();
    assert_eq!(left_out, 3, "{:?}", made.warnings);
    let mut device = of(GrantType::DeviceCode);
    device.draft.name = Some("TV".into());
    device.draft.secret = None;
    let device = bed.engine.create_link(device, &Caller::System).await.unwrap().link;
    assert_eq!(device.client_auth, ClientAuth::None, "a public client");
    assert!(
        device.device_authorization_endpoint.is_some() && device.authorization_endpoint.is_none()
    );
    assert_eq!(device.authorization_params.len(), 1);
}

#[tokio::test]
async fn presets_come_filled_in_and_every_value_can_be_edited() {
    let bed = Bed::new().await;
    let preset = |name: &str, provider, draft| bed.preset_link(name, provider, draft);
    let google = preset("G", ProviderKind::Google, LinkDraft::default());
    let google = bed.engine.create_link(google, &Caller::System).await.unwrap().link;
    assert_eq!(google.token_endpoint, "https://oauth2.googleapis.com/token");
    assert!(google.scope.contains("https://mail.google.com/"));
    let offline = ("access_type".to_owned(), "offline".to_owned());
    let params = &google.authorization_params;
    assert!(params.contains(&offline), "{params:?}");
    assert!(google.revocation_endpoint.is_some());
    let microsoft = preset("M", ProviderKind::Microsoft, LinkDraft::default());
    let microsoft = bed.engine.create_link(microsoft, &Caller::System).await.unwrap().link;
    assert!(microsoft.scope.contains("offline_access"));
    let redirect = |link| bed.engine.redirect_url_of(link).unwrap();
    assert_ne!(redirect(&google), redirect(&microsoft), "an address for each pair of endpoints");
    let shown = bed.engine.redirect_url(ProviderKind::Google, &Choice::default(), None, None);
    let shown = shown.unwrap();
    assert_eq!(shown.url, redirect(&google), "known before the link stands");
    let draft = LinkDraft {
        authorization_params: Some(vec![
            ("prompt".into(), String::new()),
            ("hd".into(), "example.org".into()),
        ]),
        ..LinkDraft::default()
    };
    let own = preset("G2", ProviderKind::Google, draft);
    let own = bed.engine.create_link(own, &Caller::System).await.unwrap().link;
    let mut params = own.authorization_params;
    params.sort();
    assert_eq!(params, [offline, ("hd".into(), "example.org".into())]);
}

#[tokio::test]
async fn a_redirect_url_is_told_before_any_link_stands() {
    let bed = Bed::new().await;
    let custom = |authorization, token| {
        let choice = Choice::default();
        bed.engine.redirect_url(ProviderKind::Custom, &choice, authorization, token)
    };
    let problem = custom(Some("https://as.example/a"), None).unwrap_err().problem();
    assert_eq!((problem.field, problem.code), (Some("token_endpoint"), "endpoint_missing"));
    let told = custom(Some("https://as.example/a"), Some("https://as.example/t")).unwrap();
    assert!(told.url.starts_with("http://localhost:8080/oauth2/callback/"), "{}", told.url);
    let choice = Choice { grant_type: GrantType::ClientCredentials, ..Choice::default() };
    let none = bed.engine.redirect_url(ProviderKind::Custom, &choice, None, None);
    assert_eq!(none.unwrap_err().problem().code, "no_redirect_url");
}

#[tokio::test]
async fn scopes_that_cannot_work_are_refused_at_save() {
    let bed = Bed::new().await;
    let microsoft = |tenant: Option<&str>, grant_type, scope: &str| {
        let scope = Some(scope.to_owned());
        let mut new = bed.preset_link(
            "M",
            ProviderKind::Microsoft,
            LinkDraft { scope, ..LinkDraft::default() },
        );
        new.choice.tenant = tenant.map(str::to_owned);
        new.choice.grant_type = grant_type;
        new
    };
    let imap = "https://outlook.office.com/IMAP.AccessAsUser.All";
    let mixed = format!("offline_access {imap} https://graph.microsoft.com/Mail.Read");
    let new = microsoft(None, GrantType::AuthorizationCode, &mixed);
    assert_eq!(refused(&bed, new).await.field, Some("scope"));
    let own = Some("contoso.example");
    let new = microsoft(
        own,
        GrantType::ClientCredentials,
        "https://outlook.office365.com/IMAP.AccessAsApp",
    );
    assert_eq!(refused(&bed, new).await.field, Some("scope"), ".default is missing");
    let new = microsoft(
        Some("common"),
        GrantType::ClientCredentials,
        "https://outlook.office365.com/.default",
    );
    refused(&bed, new).await;
    let new =
        microsoft(own, GrantType::ClientCredentials, "https://outlook.office365.com/.default");
    bed.engine.create_link(new, &Caller::System).await.unwrap();
}

#[tokio::test]
async fn tokens_of_a_preset_go_to_its_own_hosts_only() {
    let bed = Bed::new().await;
    let google = bed.preset_link("G", ProviderKind::Google, LinkDraft::default());
    let google = bed.engine.create_link(google, &Caller::System).await.unwrap().link;
    let grant = bed.grant(&google, SignedDuration::from_hours(1)).await;
    let server = MailServerDraft {
        name: Some("Inbox".into()),
        host: Some("imap.evil.example".into()),
        port: Some(993),
        mailbox: Some(ALICE.into()),
        grant: Some(grant.id.to_string()),
        take: Some(Take::All),
        ..MailServerDraft::default()
    };
    let refused = bed.engine.create_mail_server(server.into(), &Caller::System).await;
    let problem = refused.unwrap_err().problem();
    assert_eq!((problem.field, problem.code), (Some("host"), "host_not_of_provider"));
    assert!(problem.hint.contains("token_hosts"), "there is a way: {problem:?}");
    assert!(problem.hint.contains("imap.gmail.com"), "{}", problem.hint);
}

#[tokio::test]
async fn a_link_has_the_hosts_of_every_protocol_and_those_that_are_added() {
    let bed = Bed::new().await;
    for (provider, expected) in [
        (ProviderKind::Yandex, vec!["imap.yandex.com", "smtp.yandex.com"]),
        (ProviderKind::Custom, vec![]),
    ] {
        let mut new = bed.new_link(provider.as_str());
        new.provider = provider;
        new.draft.token_hosts = Some(vec!["Mail.Example.org".into(), "imap.yandex.com".into()]);
        let link = bed.engine.create_link(new, &Caller::System).await.unwrap().link;
        for host in expected.into_iter().chain(["mail.example.org", "imap.yandex.com"]) {
            let count = link.token_hosts.iter().filter(|known| *known == host).count();
            assert_eq!(count, 1, "{host}: {:?}", link.token_hosts);
        }
    }
}

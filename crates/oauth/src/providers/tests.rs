use outlink_model::provider::Cloud;

use super::*;
use crate::authorize::check_authorization_params;
use crate::endpoint::check_endpoint;
use crate::scope_rules::check_scopes;

use GrantType::{AuthorizationCode, ClientCredentials, DeviceCode, JwtBearer};
use MailService::{Imap, Pop3, Smtp};

const TENANT: &str = "contoso.onmicrosoft.com";

fn choice(grant_type: GrantType, protocols: &[MailService]) -> Choice {
    Choice { grant_type, protocols: protocols.to_vec(), ..Choice::default() }
}

fn microsoft(
    cloud: Option<Cloud>,
    tenant: Option<&str>,
    choice: Choice,
) -> Result<Filled, &'static str> {
    let choice = Choice { cloud, tenant: tenant.map(str::to_owned), ..choice };
    fill(ProviderKind::Microsoft, &choice).map_err(|problem| problem.code)
}

#[test]
fn every_kind_has_its_row() {
    assert_eq!(PRESETS.len(), ProviderKind::ALL.len());
    for kind in ProviderKind::ALL {
        let preset = preset(kind);
        assert_eq!(preset.kind, kind);
        assert!(!preset.display_name.is_empty() && preset.text.ends_with('.'), "{kind}");
        assert!(!preset.grant_types.is_empty(), "{kind}");
    }
    let first = PRESETS.iter().take_while(|preset| !preset.more).count();
    assert!(
        PRESETS[first..].iter().all(|preset| preset.more),
        "what is behind \"more\" comes last"
    );
}

/// A choice that each kind takes.
fn usual(kind: ProviderKind, grant_type: GrantType) -> Choice {
    let preset = preset(kind);
    Choice {
        tenant: preset.asks_tenant.then(|| TENANT.to_owned()),
        instance: preset.asks_instance.then(|| "https://git.example.com".to_owned()),
        grant_type,
        ..Choice::default()
    }
}

#[test]
fn whatever_is_filled_in_would_pass_as_an_administrators_entry() {
    for kind in ProviderKind::ALL {
        for grant_type in preset(kind).grant_types {
            let filled = fill(kind, &usual(kind, *grant_type)).expect("filled in");
            let endpoints = [
                &filled.authorization_endpoint,
                &filled.token_endpoint,
                &filled.issuer,
                &filled.revocation_endpoint,
                &filled.device_authorization_endpoint,
                &filled.userinfo_endpoint,
                &filled.introspection_endpoint,
                &filled.documentation,
            ];
            for text in endpoints.into_iter().flatten() {
                check_endpoint("endpoint", text, |_| false).expect("a good address");
            }
            check_authorization_params(&filled.authorization_params).expect("good parameters");
            if kind == ProviderKind::Custom {
                continue;
            }
            let token = filled.token_endpoint.as_deref().expect("a token endpoint");
            let warnings =
                check_scopes(kind, *grant_type, token, &filled.scope).expect("good scopes");
            assert_eq!(warnings, [""; 0], "{kind} {grant_type}");
            assert_eq!(
                filled.authorization_endpoint.is_some(),
                grant_type.has_redirect(),
                "{kind}"
            );
            assert_eq!(
                filled.device_authorization_endpoint.is_some(),
                *grant_type == DeviceCode,
                "{kind} {grant_type}"
            );
            assert!(filled.steps.len() > 1 && filled.documentation.is_some(), "{kind}");
            let said = filled.steps.iter().chain(&filled.notes);
            for text in said {
                assert!(text.ends_with('.') && !text.contains("  "), "{kind}: {text}");
            }
        }
    }
}

#[test]
fn the_usual_choice_gives_the_row_itself() {
    for kind in ProviderKind::ALL {
        if kind == ProviderKind::Forgejo {
            continue;
        }
        let (preset, filled) = (preset(kind), fill(kind, &Choice::default()).expect("filled in"));
        assert_eq!(
            filled.authorization_endpoint.as_deref(),
            preset.authorization_endpoint,
            "{kind}"
        );
        assert_eq!(filled.token_endpoint.as_deref(), preset.token_endpoint, "{kind}");
        assert_eq!(
            (filled.scope.as_str(), filled.client_auth),
            (preset.scope, preset.client_auth),
            "{kind}"
        );
    }
}

#[test]
fn what_is_not_offered_is_refused_with_a_reason() {
    let table = [
        (ProviderKind::Google, choice(DeviceCode, &[Imap]), "grant_type_not_offered"),
        (ProviderKind::Google, choice(ClientCredentials, &[Imap]), "grant_type_not_offered"),
        (ProviderKind::Microsoft, choice(JwtBearer, &[Imap]), "grant_type_not_offered"),
        (ProviderKind::Yahoo, choice(DeviceCode, &[Imap]), "grant_type_not_offered"),
        (ProviderKind::Google, choice(AuthorizationCode, &[]), "protocols_missing"),
        (ProviderKind::Yandex, choice(AuthorizationCode, &[Pop3]), "protocol_not_offered"),
        (ProviderKind::Forgejo, Choice::default(), "instance_missing"),
        (
            ProviderKind::Gitlab,
            Choice { instance: Some("https://g.example?x=1".into()), ..Choice::default() },
            "instance_invalid",
        ),
        (
            ProviderKind::Google,
            Choice { cloud: Some(Cloud::GccHigh), ..Choice::default() },
            "choice_without_effect",
        ),
        (
            ProviderKind::Google,
            Choice { tenant: Some("common".into()), ..Choice::default() },
            "choice_without_effect",
        ),
        (
            ProviderKind::Bitbucket,
            Choice { instance: Some("https://b.example".into()), ..Choice::default() },
            "choice_without_effect",
        ),
    ];
    for (kind, choice, code) in table {
        let problem = fill(kind, &choice).expect_err("refused");
        assert_eq!(problem.code, code, "{kind} {choice:?}");
        assert!(
            problem.field.is_some()
                && problem.message.ends_with('.')
                && problem.hint.ends_with('.')
        );
    }
}

#[test]
fn microsofts_clouds_have_their_own_addresses() {
    let all = [Imap, Pop3, Smtp];
    let table = [
        (None, "login.microsoftonline.com", "outlook.office.com", "outlook.office365.com"),
        (
            Some(Cloud::Worldwide),
            "login.microsoftonline.com",
            "outlook.office.com",
            "outlook.office365.com",
        ),
        (
            Some(Cloud::Gcc),
            "login.microsoftonline.com",
            "outlook.office365.com",
            "outlook.office365.com",
        ),
        (
            Some(Cloud::GccHigh),
            "login.microsoftonline.us",
            "outlook.office365.us",
            "outlook.office365.us",
        ),
        (
            Some(Cloud::Dod),
            "login.microsoftonline.us",
            "outlook.office365.us",
            "outlook-dod.office365.us",
        ),
        (
            Some(Cloud::China),
            "login.partner.microsoftonline.cn",
            "partner.outlook.cn",
            "partner.outlook.cn",
        ),
    ];
    for (cloud, login, resource, imap) in table {
        let filled = microsoft(cloud, None, choice(AuthorizationCode, &all)).expect("filled in");
        let endpoint = |name: &str| Some(format!("https://{login}/common/oauth2/v2.0/{name}"));
        assert_eq!(filled.authorization_endpoint, endpoint("authorize"));
        assert_eq!(filled.token_endpoint, endpoint("token"));
        let scope = format!(
            "offline_access openid email profile https://{resource}/IMAP.AccessAsUser.All \
             https://{resource}/POP.AccessAsUser.All https://{resource}/SMTP.Send"
        );
        assert_eq!(filled.scope, scope);
        assert!(
            filled.mail_hosts.iter().any(|host| host.service == Imap && host.host == imap),
            "{cloud:?}"
        );
        let unverified = filled.notes.iter().any(|note| note.contains("unverified"));
        assert_eq!(unverified, matches!(cloud, Some(Cloud::Dod | Cloud::China)), "{cloud:?}");
    }
}

#[test]
fn application_permissions_need_a_tenant_and_exchange() {
    for tenant in [None, Some("common"), Some("organizations"), Some("consumers")] {
        let refused = microsoft(None, tenant, choice(ClientCredentials, &[Imap]));
        assert_eq!(refused.expect_err("refused"), "tenant_needed", "{tenant:?}");
    }
    let filled =
        microsoft(None, Some(TENANT), choice(ClientCredentials, &[Imap, Smtp])).expect("filled in");
    assert_eq!(filled.scope, "https://outlook.office365.com/.default");
    assert_eq!(filled.authorization_endpoint, None);
    let commands = filled.commands.join("\n");
    for part in [
        "New-ServicePrincipal -AppId <APPLICATION-ID> -ObjectId <ENTERPRISE-APPLICATION-OBJECT-ID>",
        "Add-MailboxPermission -Identity <MAILBOX>",
        "Add-RecipientPermission -Identity <MAILBOX>",
        "Set-CASMailbox -Identity <MAILBOX> -ImapEnabled $true -SmtpClientAuthenticationDisabled $false",
    ] {
        assert!(commands.contains(part), "{part} in {commands}");
    }
    let reading = microsoft(Some(Cloud::GccHigh), Some(TENANT), choice(ClientCredentials, &[Pop3]))
        .expect("filled in");
    let step = |filled: &Filled, words: &str| filled.steps.iter().any(|step| step.contains(words));
    for host in ["ps.outlook.com", "outlook.office365.com"] {
        let address = format!(
            "https://login.microsoftonline.com/{TENANT}/v2.0/adminconsent?client_id=<APPLICATION-ID>\
             &redirect_uri=<REDIRECT-URI>&scope=https://{host}/.default"
        );
        assert!(step(&filled, &address), "{address} in {:?}", filled.steps);
    }
    assert!(step(&filled, "those that name a mailbox once for each mailbox"));
    assert!(
        step(&reading, "https://login.microsoftonline.us/") && !step(&reading, "ps.outlook.com")
    );
    assert!(reading.notes.iter().any(|note| note.contains("unverified")));
    assert_eq!(reading.scope, "https://outlook.office365.us/.default");
    let commands = reading.commands.join("\n");
    assert!(
        commands.contains("O365USGovGCCHigh") && !commands.contains("RecipientPermission"),
        "{commands}"
    );
    let delegated = microsoft(None, None, choice(AuthorizationCode, &[Imap])).expect("filled in");
    assert!(delegated.commands.is_empty());
}

#[test]
fn tenants_are_checked() {
    let code = |cloud, tenant| {
        microsoft(cloud, Some(tenant), choice(AuthorizationCode, &[Imap]))
            .map(|filled| filled.token_endpoint)
    };
    assert_eq!(code(None, "contoso/x"), Err("tenant_invalid"));
    assert_eq!(code(Some(Cloud::China), "consumers"), Err("tenant_not_in_cloud"));
    assert!(code(Some(Cloud::Gcc), "consumers").is_ok());
    let sends = |tenant| {
        let filled = microsoft(None, Some(tenant), choice(AuthorizationCode, &[Imap, Smtp]));
        let hosts = filled.expect("filled in").mail_hosts.into_iter();
        hosts.filter(|host| host.service == Smtp).map(|host| host.host).collect::<Vec<_>>()
    };
    assert_eq!(sends("consumers"), ["smtp-mail.outlook.com", "smtp.office365.com"]);
    assert_eq!(sends("common"), ["smtp.office365.com", "smtp-mail.outlook.com"]);
    let expected = "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token";
    assert_eq!(code(None, " Contoso.com "), Ok(Some(expected.to_owned())));
}

#[test]
fn devices_are_public_clients_at_microsoft() {
    let filled = microsoft(None, None, choice(DeviceCode, &[Imap])).expect("filled in");
    assert_eq!(filled.client_auth, ClientAuth::None);
    assert_eq!(
        filled.device_authorization_endpoint.as_deref(),
        Some("https://login.microsoftonline.com/common/oauth2/v2.0/devicecode")
    );
}

#[test]
fn a_service_account_needs_no_consent() {
    let filled = fill(ProviderKind::Google, &choice(JwtBearer, &[Imap])).expect("filled in");
    assert_eq!(filled.scope, "https://mail.google.com/");
    assert_eq!(filled.token_endpoint.as_deref(), Some("https://oauth2.googleapis.com/token"));
    assert!(filled.authorization_params.is_empty() && filled.revocation_endpoint.is_none());
    assert_eq!(filled.client_auth, ClientAuth::None);
    assert!(filled.steps.iter().any(|step| step.contains("Domain-wide delegation")));
    assert!(filled.notes.iter().any(|note| note.contains("gmail.imap_admin")));
}

#[test]
fn mail_hosts_fit_the_protocols() {
    let hosts = |protocols: &[MailService]| {
        let filled =
            fill(ProviderKind::Google, &choice(AuthorizationCode, protocols)).expect("filled in");
        filled.mail_hosts.iter().map(|host| host.host).collect::<Vec<_>>()
    };
    assert_eq!(hosts(&[Imap]), ["imap.gmail.com"]);
    assert_eq!(hosts(&[Pop3, Smtp]), ["pop.gmail.com", "smtp.gmail.com", "smtp.gmail.com"]);
    let fastmail =
        fill(ProviderKind::Fastmail, &choice(AuthorizationCode, &[Imap, Smtp])).expect("filled in");
    assert_eq!(
        fastmail.scope,
        "https://www.fastmail.com/dev/protocol-imap https://www.fastmail.com/dev/protocol-smtp"
    );
    let yahoo =
        fill(ProviderKind::Yahoo, &choice(AuthorizationCode, &[Imap, Smtp])).expect("filled in");
    assert_eq!(yahoo.scope, "mail-w", "one scope is for all");
    for forge in
        [ProviderKind::Github, ProviderKind::Gitlab, ProviderKind::Bitbucket, ProviderKind::Forgejo]
    {
        assert!(preset(forge).mail_hosts.is_empty(), "{forge}");
    }
}

#[test]
fn an_instance_of_ones_own_has_its_own_endpoints() {
    let at = |kind, instance: &str| {
        fill(kind, &Choice { instance: Some(instance.to_owned()), ..Choice::default() })
            .expect("filled in")
    };
    let gitlab = at(ProviderKind::Gitlab, "https://code.example.com/gitlab/");
    assert_eq!(
        gitlab.token_endpoint.as_deref(),
        Some("https://code.example.com/gitlab/oauth/token")
    );
    assert_eq!(gitlab.issuer.as_deref(), Some("https://code.example.com/gitlab"));
    let github = at(ProviderKind::Github, "https://ghe.example.com");
    assert_eq!(
        github.token_endpoint.as_deref(),
        Some("https://ghe.example.com/login/oauth/access_token")
    );
    let forgejo = at(ProviderKind::Forgejo, "https://codeberg.org");
    assert_eq!(
        forgejo.authorization_endpoint.as_deref(),
        Some("https://codeberg.org/login/oauth/authorize")
    );
}

#[test]
fn who_consented_can_be_asked_where_a_provider_tells() {
    let asked = |kind, instance: Option<&str>| {
        let choice = Choice { instance: instance.map(str::to_owned), ..Choice::default() };
        fill(kind, &choice).expect("filled in").userinfo_endpoint
    };
    let own = Some("https://git.example.com/");
    let table = [
        (ProviderKind::Github, None, "https://api.github.com/user"),
        (ProviderKind::Github, own, "https://git.example.com/api/v3/user"),
        (ProviderKind::Gitlab, None, "https://gitlab.com/oauth/userinfo"),
        (ProviderKind::Gitlab, own, "https://git.example.com/oauth/userinfo"),
        (ProviderKind::Bitbucket, None, "https://api.bitbucket.org/2.0/user"),
        (ProviderKind::Forgejo, own, "https://git.example.com/login/oauth/userinfo"),
        (ProviderKind::Yandex, None, "https://login.yandex.ru/info"),
    ];
    for (kind, instance, expected) in table {
        assert_eq!(asked(kind, instance).as_deref(), Some(expected), "{kind}");
    }
}

#[test]
fn microsofts_scopes_are_of_one_resource() {
    assert!(preset(ProviderKind::Microsoft).scope.split(' ').any(|scope| scope == "profile"));
    let resources = preset(ProviderKind::Microsoft).scope.split(' ');
    let resources: Vec<_> = resources.filter(|scope| scope.contains("://")).collect();
    assert_eq!(resources, ["https://outlook.office.com/IMAP.AccessAsUser.All"]);
}

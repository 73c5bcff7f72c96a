use super::*;

use GrantType::{AuthorizationCode, ClientCredentials, DeviceCode, JwtBearer};
use ProviderKind::{Custom, Google, Microsoft};

const COMMON: &str = "https://login.microsoftonline.com/common/oauth2/v2.0/token";
const TENANT: &str = "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token";
const US: &str = "https://login.microsoftonline.us/common/oauth2/v2.0/token";
const ELSEWHERE: &str = "https://as.example/token";
const IMAP: &str = "https://outlook.office.com/IMAP.AccessAsUser.All";

/// The code of the refusal and its field, or the number of warnings.
fn outcome(
    kind: ProviderKind,
    grant_type: GrantType,
    endpoint: &str,
    scope: &str,
) -> Result<usize, (&'static str, Option<&'static str>)> {
    check_scopes(kind, grant_type, endpoint, scope)
        .map(|warnings| warnings.len())
        .map_err(|problem| (problem.code, problem.field))
}

#[test]
fn what_cannot_work_is_refused() {
    let refused = |code| Err((code, Some("scope")));
    let imap = format!("offline_access {IMAP}");
    let table: [(ProviderKind, GrantType, &str, &str, Result<usize, _>); 25] = [
        (Microsoft, AuthorizationCode, COMMON, &imap, Ok(0)),
        (Microsoft, AuthorizationCode, COMMON, &format!("Offline_Access OpenID {IMAP}"), Ok(0)),
        (
            Microsoft,
            AuthorizationCode,
            COMMON,
            &format!("{imap} https://graph.microsoft.com/Mail.Read"),
            refused("scope_resources_mixed"),
        ),
        (
            Microsoft,
            AuthorizationCode,
            COMMON,
            &format!("{imap} User.Read"),
            refused("scope_resources_mixed"),
        ),
        (
            Custom,
            AuthorizationCode,
            TENANT,
            &format!("{imap} User.Read"),
            refused("scope_resources_mixed"),
        ),
        (
            Microsoft,
            AuthorizationCode,
            ELSEWHERE,
            &format!("{imap} User.Read"),
            refused("scope_resources_mixed"),
        ),
        (
            Microsoft,
            AuthorizationCode,
            COMMON,
            &format!("{imap} api://x/read"),
            refused("scope_resources_mixed"),
        ),
        (
            Microsoft,
            AuthorizationCode,
            COMMON,
            &format!("{imap} https://outlook.office365.us/SMTP.Send"),
            refused("scope_clouds_mixed"),
        ),
        (
            Microsoft,
            AuthorizationCode,
            COMMON,
            &format!("{imap} https://partner.outlook.cn/SMTP.Send"),
            refused("scope_clouds_mixed"),
        ),
        (
            Microsoft,
            AuthorizationCode,
            COMMON,
            "offline_access https://graph.microsoft.com/IMAP.AccessAsUser.All",
            refused("scope_resource_wrong"),
        ),
        (
            Microsoft,
            DeviceCode,
            COMMON,
            "offline_access SMTP.Send",
            refused("scope_resource_wrong"),
        ),
        (
            Microsoft,
            AuthorizationCode,
            COMMON,
            "offline_access https://graph.microsoft.com/Mail.Read",
            Ok(0),
        ),
        (
            Microsoft,
            AuthorizationCode,
            COMMON,
            &format!("{imap} https://outlook.office.com/.default"),
            refused("scope_default_mixed"),
        ),
        (Microsoft, AuthorizationCode, COMMON, " ", refused("scope_missing")),
        (Microsoft, ClientCredentials, TENANT, "https://outlook.office365.com/.default", Ok(0)),
        (Microsoft, ClientCredentials, TENANT, IMAP, refused("scope_default_missing")),
        (
            Microsoft,
            ClientCredentials,
            TENANT,
            "offline_access https://outlook.office365.com/.default",
            refused("scope_default_missing"),
        ),
        (
            Microsoft,
            ClientCredentials,
            TENANT,
            "https://outlook.office365.com/.default https://graph.microsoft.com/.default",
            refused("scope_resources_mixed"),
        ),
        (
            Microsoft,
            ClientCredentials,
            COMMON,
            "https://outlook.office365.com/.default",
            Err(("tenant_needed", Some("token_endpoint"))),
        ),
        (
            Custom,
            ClientCredentials,
            "https://login.microsoftonline.us/organizations/oauth2/v2.0/token",
            "https://outlook.office365.us/.default",
            Err(("tenant_needed", Some("token_endpoint"))),
        ),
        (Google, AuthorizationCode, ELSEWHERE, "https://mail.google.com/", Ok(0)),
        (
            Google,
            DeviceCode,
            ELSEWHERE,
            "https://mail.google.com/",
            Err(("grant_type_not_offered", Some("grant_type"))),
        ),
        (
            Google,
            ClientCredentials,
            ELSEWHERE,
            "https://mail.google.com/",
            Err(("grant_type_not_offered", Some("grant_type"))),
        ),
        (Google, JwtBearer, ELSEWHERE, "", refused("scope_missing")),
        (Custom, ClientCredentials, ELSEWHERE, "User.Read whatever", Ok(0)),
    ];
    for (kind, grant_type, endpoint, scope, expected) in table {
        assert_eq!(
            outcome(kind, grant_type, endpoint, scope),
            expected,
            "{kind} {grant_type} {endpoint} {scope}"
        );
    }
}

#[test]
fn what_is_odd_is_warned_of() {
    let warned = |kind, endpoint, scope: &str| {
        check_scopes(kind, AuthorizationCode, endpoint, scope).expect("no refusal").join(" ")
    };
    let both = format!("offline_access {IMAP} https://outlook.office365.com/SMTP.Send");
    assert!(warned(Microsoft, COMMON, &both).contains("two names of one resource"));
    assert!(warned(Microsoft, COMMON, IMAP).contains("offline_access"));
    assert!(warned(Microsoft, US, &format!("offline_access {IMAP}")).contains("another cloud"));
    let us = "offline_access https://outlook.office365.us/IMAP.AccessAsUser.All";
    assert_eq!(warned(Microsoft, US, us), "");
    assert!(warned(Microsoft, COMMON, us).contains("another cloud"));
    let dod = "offline_access https://dod-outlook.office365.us/IMAP.AccessAsUser.All";
    assert_eq!(warned(Custom, US, dod), "");
    assert!(warned(Google, ELSEWHERE, "https://mail.google.com openid").contains("slash"));
}

#[test]
fn every_refusal_says_what_to_do() {
    for scope in ["", "SMTP.Send", &format!("{IMAP} User.Read")] {
        let problem =
            check_scopes(Microsoft, AuthorizationCode, COMMON, scope).expect_err("refused");
        assert!(problem.message.ends_with('.') && problem.hint.ends_with('.'), "{problem}");
        assert!(!problem.message.contains("  ") && !problem.hint.contains("  "), "{problem}");
    }
}

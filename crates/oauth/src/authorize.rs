//! The authorization request: the address that the browser is sent to (RFC 6749 §4.1.1, with PKCE).

use outlink_model::link::Link;
use outlink_model::problem::{Problem, ProblemKind};
use url::Url;

use crate::providers::preset;
use crate::reserved::{Place, check_params};
use crate::scopes::joined;

/// What one authorization request is made of. `state`, `challenge` and `nonce` are made anew for each.
#[derive(Clone, Copy, Debug)]
pub struct Authorize<'a> {
    /// The link that a consent is asked for.
    pub link: &'a Link,
    /// Where the provider sends the browser back to.
    pub redirect_url: &'a str,
    /// Binds the answer to this request (RFC 6749 §10.12).
    pub state: &'a str,
    /// The S256 challenge (RFC 7636 §4.2). Not sent where the link says so.
    pub challenge: Option<&'a str>,
    /// Binds the id_token to this request, where one is expected (OpenID Connect Core §3.1.2.1).
    pub nonce: Option<&'a str>,
    /// Who is expected to consent: an address. Goes before a `login_hint` of the link.
    pub login_hint: Option<&'a str>,
}

/// Checks the additional parameters of a link: none may be empty, and none may be one that is set here.
pub fn check_authorization_params(params: &[(String, String)]) -> Result<(), Problem> {
    check_params("authorization_params", Place::Consent, params)
}

/// The address to send the browser to. A query that the endpoint already has is kept (RFC 6749 §3.1), and no parameter
/// is sent twice unless the administrator wrote it twice.
///
/// `prompt=consent` is added where `offline_access` is asked for and no `prompt` is set: OpenID Connect Core §11 has
/// providers ignore the scope otherwise, and the grant would end within the hour. Never at
/// Microsoft.
pub fn authorization_url(request: &Authorize<'_>) -> Result<String, Problem> {
    let link = request.link;
    let endpoint = link.authorization_endpoint.as_deref().ok_or_else(|| {
        Problem::new(
            ProblemKind::Invalid,
            "no_authorization_endpoint",
            format!("The link {:?} has no authorization endpoint.", link.name),
            "Enter the address that the provider sends people's browsers to.",
        )
    })?;
    let mut url = Url::parse(endpoint.trim()).map_err(|_| {
        Problem::invalid(
            "authorization_endpoint",
            "endpoint_invalid",
            format!("The authorization endpoint of the link {:?} is not a web address.", link.name),
            "Edit the link and enter the address that the provider documents.",
        )
    })?;
    check_authorization_params(&link.authorization_params)?;
    let kept: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let scope = joined(link);
    let ours = parameters(request, &scope, &kept);
    for (name, value) in &ours {
        let same = |known: &str| known.eq_ignore_ascii_case(name);
        if kept.iter().any(|(known, given)| same(known) && given != value) {
            return Err(Problem::invalid(
                "authorization_endpoint",
                "parameter_reserved",
                format!(
                    "The query of the authorization endpoint sets {name}, which is set for every request."
                ),
                format!("Remove {name} from the endpoint's query."),
            ));
        }
    }
    let said = |name: &str| kept.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let added = ours.iter().filter(|(name, _)| !said(name));
    url.query_pairs_mut().extend_pairs(added);
    Ok(url.into())
}

/// Whether people consent at Microsoft, by the preset or by a custom link to its sign-in hosts. There `prompt=consent`
/// asks for consent even where an administrator has given it for all, and whoever may not consent is turned away.
fn is_microsoft(link: &Link) -> bool {
    let host = link.authorization_endpoint.as_deref().and_then(|text| Url::parse(text.trim()).ok());
    let host = host.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    preset(link.provider).never_prompt_consent || MICROSOFT_HOSTS.iter().any(|known| host == *known)
}

/// Where Microsoft's clouds sign people in.
const MICROSOFT_HOSTS: [&str; 4] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.live.com",
];

/// Every parameter but those that stand in the endpoint's query (`kept`).
fn parameters<'a>(
    request: &Authorize<'a>,
    scope: &'a str,
    kept: &[(String, String)],
) -> Vec<(&'a str, &'a str)> {
    let link = request.link;
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", link.client_id.as_str()),
        ("redirect_uri", request.redirect_url),
        ("state", request.state),
    ];
    if let Some(challenge) = request.challenge.filter(|_| link.pkce) {
        pairs.extend([("code_challenge", challenge), ("code_challenge_method", "S256")]);
    }
    if !scope.is_empty() {
        pairs.push(("scope", scope));
    }
    pairs.extend(request.nonce.map(|nonce| ("nonce", nonce)));
    pairs.extend(request.login_hint.map(|hint| ("login_hint", hint)));
    let set_by_link = link.authorization_params.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    // A query that already says the same wins over the link, and the hint of this request over both.
    let said = |name: &str| {
        (name.eq_ignore_ascii_case("login_hint") && request.login_hint.is_some())
            || kept.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    let set_by_link = set_by_link.filter(|(name, _)| !said(name));
    pairs.extend(set_by_link);
    let is_prompt = |name: &str| name.eq_ignore_ascii_case("prompt");
    let offline = link.scope.split_whitespace().any(|scope| scope == "offline_access");
    let prompted =
        pairs.iter().map(|(k, _)| *k).chain(kept.iter().map(|(k, _)| k.as_str())).any(is_prompt);
    if offline && !prompted && !is_microsoft(link) {
        pairs.push(("prompt", "consent"));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::tests::link;
    use outlink_model::link::ScopeSeparator;
    use outlink_model::provider::ProviderKind;

    fn request(link: &Link) -> Authorize<'_> {
        Authorize {
            link,
            redirect_url: "https://outlink.example/oauth2/callback/ref",
            state: "state-1",
            challenge: Some("challenge-1"),
            nonce: Some("nonce-1"),
            login_hint: None,
        }
    }

    fn query(link: &Link) -> Vec<(String, String)> {
        let url = authorization_url(&request(link)).expect("an address");
        Url::parse(&url).expect("it parses").query_pairs().into_owned().collect()
    }

    fn values<'a>(query: &'a [(String, String)], name: &str) -> Vec<&'a str> {
        query.iter().filter(|(k, _)| k == name).map(|(_, v)| v.as_str()).collect()
    }

    #[test]
    fn everything_is_said_once() {
        let mut link = link();
        link.scope = "openid mail.read".into();
        link.authorization_params = vec![("access_type".into(), "offline".into())];
        assert_eq!(
            authorization_url(&request(&link)).expect("an address"),
            "https://as.example/authorize?response_type=code&client_id=client-1\
             &redirect_uri=https%3A%2F%2Foutlink.example%2Foauth2%2Fcallback%2Fref&state=state-1\
             &code_challenge=challenge-1&code_challenge_method=S256&scope=openid+mail.read\
             &nonce=nonce-1&access_type=offline"
        );
    }

    #[test]
    fn a_link_may_leave_the_challenge_out_and_join_scopes_in_its_way() {
        let mut link = link();
        link.scope = "mail.read mail.send".into();
        link.scope_separator = ScopeSeparator::Comma;
        link.pkce = false;
        let query = query(&link);
        assert_eq!(values(&query, "scope"), ["mail.read,mail.send"]);
        assert!(!query.iter().any(|(name, _)| name.starts_with("code_challenge")), "{query:?}");
        link.pkce = true;
        let without = Authorize { challenge: None, ..request(&link) };
        let url = authorization_url(&without).expect("an address");
        assert!(!url.contains("code_challenge"), "{url}");
        link.scope_separator = ScopeSeparator::Plus;
        let url = authorization_url(&request(&link)).expect("an address");
        assert!(url.contains("scope=mail.read%2Bmail.send&"), "{url}");
    }

    #[test]
    fn a_query_of_the_endpoint_is_kept() {
        let mut link = link();
        link.authorization_endpoint =
            Some("https://as.example/authorize?policy=b2c%20x&response_type=code".into());
        let query = query(&link);
        assert_eq!(values(&query, "policy"), ["b2c x"]);
        assert_eq!(values(&query, "response_type"), ["code"], "not repeated");
    }

    #[test]
    fn a_query_that_contradicts_is_refused() {
        let mut link = link();
        link.authorization_endpoint = Some("https://as.example/authorize?client_id=other".into());
        let problem = authorization_url(&request(&link)).expect_err("refused");
        assert_eq!(
            (problem.code, problem.field),
            ("parameter_reserved", Some("authorization_endpoint"))
        );
        link.authorization_endpoint = Some("https://as.example/authorize?CLIENT_ID=other".into());
        assert!(authorization_url(&request(&link)).is_err(), "in whatever letters");
    }

    #[test]
    fn prompt_consent_comes_with_offline_access() {
        let custom = ProviderKind::Custom;
        let table = [
            (custom, "offline_access imap", None, vec!["consent"]),
            (custom, "imap", None, vec![]),
            (custom, "offline_access_not", None, vec![]),
            (custom, "offline_access", Some("select_account"), vec!["select_account"]),
            (ProviderKind::Google, "offline_access", None, vec!["consent"]),
            (ProviderKind::Microsoft, "offline_access", None, vec![]),
            (ProviderKind::Microsoft, "offline_access", Some("login"), vec!["login"]),
        ];
        for (provider, scope, set, expected) in table {
            let mut link = link();
            link.provider = provider;
            link.scope = scope.into();
            link.authorization_params =
                set.map(|v| ("prompt".to_owned(), v.to_owned())).into_iter().collect();
            assert_eq!(values(&query(&link), "prompt"), expected, "{provider} {scope} {set:?}");
        }
        let mut by_hand = link();
        by_hand.scope = "offline_access".into();
        by_hand.authorization_endpoint =
            Some("https://login.microsoftonline.com/common/oauth2/v2.0/authorize".into());
        assert!(values(&query(&by_hand), "prompt").is_empty(), "a custom link to Microsoft");
        let mut in_query = link();
        in_query.scope = "offline_access".into();
        in_query.authorization_endpoint = Some("https://as.example/authorize?prompt=login".into());
        assert_eq!(values(&query(&in_query), "prompt"), ["login"]);
    }

    #[test]
    fn the_hint_of_the_request_goes_before_the_links() {
        let mut link = link();
        link.authorization_params = vec![("login_hint".into(), "link@example.org".into())];
        assert_eq!(values(&query(&link), "login_hint"), ["link@example.org"]);
        let mut request = request(&link);
        request.login_hint = Some("alice@example.org");
        let url = authorization_url(&request).expect("an address");
        assert!(
            url.contains("login_hint=alice%40example.org") && !url.contains("link%40"),
            "{url}"
        );
    }

    #[test]
    fn reserved_parameters_are_refused() {
        for name in ["client_id", "Redirect_URI", "grant_type", "client_assertion", "state"] {
            let problem = check_authorization_params(&[(name.to_owned(), "x".to_owned())])
                .expect_err("refused");
            assert_eq!(problem.code, "parameter_reserved", "{name}");
        }
        let problem =
            check_authorization_params(&[("a b".into(), "x".into())]).expect_err("refused");
        assert_eq!(problem.code, "parameter_invalid");
        let twice = [("resource".into(), "a".into()), ("resource".into(), "b".into())];
        assert_eq!(check_authorization_params(&twice), Ok(()), "RFC 8707 allows a list");
    }
}

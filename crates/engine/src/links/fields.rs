//! The one way in which a link comes to have its fields: what was entered is laid over what is there (the preset's, the
//! discovered, or the link as it stands), and the whole is checked. Pure.

use outlink_model::link::{ClientAuth, GrantType, Link, ScopeSeparator};
use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;
use outlink_model::{ClientSecretId, Timestamp};
use outlink_oauth as oauth;

use super::secrets::{self, is_pem};
use super::{LinkDraft, SecretEnd, given, name, required};
use crate::mail_servers;

/// More hosts than this are nobody's.
const MOST_HOSTS: usize = 50;

/// What is laid over a link.
pub(super) struct Entered {
    pub(super) draft: LinkDraft,
    /// See [`LinkEdit::add_secret`](super::LinkEdit::add_secret).
    pub(super) add_secret: bool,
    /// See [`LinkEdit::secret_end`](super::LinkEdit::secret_end).
    pub(super) secret_end: Option<SecretEnd>,
    /// See [`LinkEdit::delete_secret`](super::LinkEdit::delete_secret).
    pub(super) delete_secret: bool,
    /// Whether the link is new, so that nothing of it has been checked before.
    pub(super) creating: bool,
    /// For a new secret.
    pub(super) secret_id: ClientSecretId,
    pub(super) now: Timestamp,
}

/// A link that may be saved.
pub(super) struct Laid {
    pub(super) link: Link,
    /// What was done to what was entered. Warnings about the link as a whole are [`warnings_of`].
    pub(super) warnings: Vec<String>,
}

/// Lays what was entered over `before`. Fields are demanded and kept only for the grant types that use them.
///
/// What stands already is not held against an edit that does not touch it: a rule that has become stricter since must
/// not keep anybody from switching a link off.
pub(super) fn lay_over(
    before: &Link,
    entered: &Entered,
    http_allowed: &dyn Fn(&str) -> bool,
) -> Result<Laid, Problem> {
    let Entered { draft, creating, now, .. } = entered;
    let mut warnings = Vec::new();
    let mut link = before.clone();
    put(&mut link.name, draft.name.as_deref());
    link.name = name("name", &link.name)?;
    // Its address is that of something else.
    if matches!(link.name.as_str(), "discover" | "redirect-url" | "." | "..") {
        return Err(Problem::invalid(
            "name",
            "name_unusable",
            format!(
                "No link can be called {:?}, since it could not be looked up by that name.",
                link.name
            ),
            "Choose another name.",
        ));
    }
    put(&mut link.description, draft.description.as_deref());
    put(&mut link.client_id, draft.client_id.as_deref());
    link.client_id = required("client_id", "The client ID", &link.client_id)?;
    check_client_id(&link.client_id)?;
    link.enabled = draft.enabled.unwrap_or(link.enabled);
    link.scope_separator = draft.scope_separator.unwrap_or(link.scope_separator);
    link.pkce = draft.pkce.unwrap_or(link.pkce);
    lay_endpoints(&mut link, before, draft, *creating, http_allowed, &mut warnings)?;
    lay_requires_iss(&mut link, before, draft, &mut warnings)?;
    lay_params(&mut link, draft, *creating)?;
    lay_hosts(&mut link, draft, *creating)?;
    lay_scope(&mut link, before, draft, *creating)?;
    link.client_auth = client_auth(before, draft, *creating)?;
    link.signing_alg = draft.signing_alg.over(link.signing_alg);
    secrets::lay(&mut link, before, entered, &mut warnings)?;
    if !secrets::signs(&link) {
        link.signing_alg = None;
    }
    link.updated_at = *now;
    Ok(Laid { link, warnings })
}

/// What an administrator should know about a link as it stands.
pub(super) fn warnings_of(link: &Link, redirect_url: Option<&str>) -> Vec<String> {
    let checked =
        oauth::check_scopes(link.provider, link.grant_type, &link.token_endpoint, &link.scope);
    let mut warnings = checked.unwrap_or_else(|problem| vec![problem.to_string()]);
    if let Some(url) = redirect_url {
        warnings.extend(oauth::redirect_warnings(link.provider, url));
    }
    warnings
}

fn put(kept: &mut String, entered: Option<&str>) {
    if let Some(text) = entered {
        text.trim().clone_into(kept);
    }
}

/// The id goes into forms, headers and addresses (RFC 6749 §A.1: printable ASCII).
pub(super) fn check_client_id(id: &str) -> Result<(), Problem> {
    if id.len() <= 512 && id.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Ok(());
    }
    Err(Problem::invalid(
        "client_id",
        "client_id_unusable",
        "The client ID is too long, or holds a character that is not printable ASCII.",
        "Copy it from the provider's page, without anything around it.",
    ))
}

/// Whether links of a grant type have this field at all.
fn is_used(field: &str, grant_type: GrantType) -> bool {
    match field {
        "authorization_endpoint" => grant_type.has_redirect(),
        "device_authorization_endpoint" => grant_type == GrantType::DeviceCode,
        // Nobody consents, so nobody is asked who did.
        "userinfo_endpoint" | "introspection_endpoint" | "authorization_params" => {
            grant_type.has_consent()
        }
        _ => true,
    }
}

/// Whether a link of a grant type cannot be without it.
fn is_demanded(field: &str, grant_type: GrantType) -> bool {
    match field {
        "authorization_endpoint" => grant_type.has_redirect(),
        "device_authorization_endpoint" => grant_type == GrantType::DeviceCode,
        field => field == "token_endpoint",
    }
}

fn lay_endpoints(
    link: &mut Link,
    before: &Link,
    draft: &LinkDraft,
    creating: bool,
    http_allowed: &dyn Fn(&str) -> bool,
    warnings: &mut Vec<String>,
) -> Result<(), Problem> {
    let grant_type = link.grant_type;
    let mut lay = |field: &'static str, entered: &Option<String>, stands: Option<&str>| {
        let entered = entered.as_deref().map(str::trim);
        if !is_used(field, grant_type) {
            if entered.is_some_and(|text| !text.is_empty()) {
                warnings.push(format!(
                    "The grant type {grant_type} has no use for the {}, so it was left out.",
                    words(field)
                ));
            }
            return Ok(None);
        }
        let text = entered.or(stands).filter(|text| !text.is_empty());
        let Some(text) = text else {
            return if is_demanded(field, grant_type) { Err(missing(field)) } else { Ok(None) };
        };
        if creating || Some(text) != stands {
            oauth::check_endpoint(field, text, http_allowed)?;
            oauth::check_endpoint_query(field, text)?;
        }
        Ok(Some(text.to_owned()))
    };
    link.authorization_endpoint = lay(
        "authorization_endpoint",
        &draft.authorization_endpoint,
        before.authorization_endpoint.as_deref(),
    )?;
    let token = lay("token_endpoint", &draft.token_endpoint, Some(&before.token_endpoint))?;
    link.token_endpoint = token.ok_or_else(|| missing("token_endpoint"))?;
    link.revocation_endpoint = lay(
        "revocation_endpoint",
        &draft.revocation_endpoint,
        before.revocation_endpoint.as_deref(),
    )?;
    link.device_authorization_endpoint = lay(
        "device_authorization_endpoint",
        &draft.device_authorization_endpoint,
        before.device_authorization_endpoint.as_deref(),
    )?;
    link.issuer = lay("issuer", &draft.issuer, before.issuer.as_deref())?;
    link.userinfo_endpoint =
        lay("userinfo_endpoint", &draft.userinfo_endpoint, before.userinfo_endpoint.as_deref())?;
    link.introspection_endpoint = lay(
        "introspection_endpoint",
        &draft.introspection_endpoint,
        before.introspection_endpoint.as_deref(),
    )?;
    Ok(())
}

/// Whether a callback must name the issuer. An administrator who enters one by hand has seen that the provider sends it;
/// of the presets nobody promises that, and of discovered servers they say so themselves.
fn lay_requires_iss(
    link: &mut Link,
    before: &Link,
    draft: &LinkDraft,
    warnings: &mut Vec<String>,
) -> Result<(), Problem> {
    if link.issuer.is_none() || !link.grant_type.has_redirect() {
        link.requires_iss = false;
        if draft.requires_iss != Some(true) {
            return Ok(());
        }
        if !link.grant_type.has_redirect() {
            warnings.push(format!(
                "The grant type {} has no callback that could name its issuer, so that is not required.",
                link.grant_type
            ));
            return Ok(());
        }
        return Err(Problem::invalid(
            "requires_iss",
            "issuer_missing",
            "Callbacks were to name their issuer, but no issuer was entered to compare it with.",
            "Enter the issuer, or leave requires_iss out.",
        ));
    }
    let by_hand = link.issuer != before.issuer && link.provider == ProviderKind::Custom;
    link.requires_iss = draft.requires_iss.unwrap_or(before.requires_iss || by_hand);
    Ok(())
}

/// Hosts that tokens may be shown to: a new link has the preset's besides what was entered.
fn lay_hosts(link: &mut Link, draft: &LinkDraft, creating: bool) -> Result<(), Problem> {
    let Some(entered) = &draft.token_hosts else { return Ok(()) };
    let mut hosts = if creating { link.token_hosts.clone() } else { Vec::new() };
    for text in entered {
        let host = mail_servers::host("token_hosts", text)?;
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    if hosts.len() > MOST_HOSTS {
        return Err(Problem::invalid(
            "token_hosts",
            "too_many_hosts",
            format!("{} hosts are more than a provider has.", hosts.len()),
            format!("Name at most {MOST_HOSTS}: the mail hosts that tokens of this link are for."),
        ));
    }
    link.token_hosts = hosts;
    Ok(())
}

/// An endpoint as people call it.
pub(super) fn words(field: &str) -> String {
    field.replace('_', " ")
}

fn missing(field: &'static str) -> Problem {
    Problem::invalid(
        field,
        "endpoint_missing",
        format!("The {} is missing.", words(field)),
        "The provider's documentation names it; it begins with https://.",
    )
}

fn lay_params(link: &mut Link, draft: &LinkDraft, creating: bool) -> Result<(), Problem> {
    let lay = |stands: &mut Vec<(String, String)>, entered: &[(String, String)]| {
        if creating {
            stands.retain(|(name, _)| !entered.iter().any(|(own, _)| own == name));
            stands.extend(entered.iter().filter(|(_, value)| !value.is_empty()).cloned());
        } else {
            *stands = entered.to_vec();
        }
    };
    if let Some(entered) = &draft.authorization_params {
        oauth::check_authorization_params(entered)?;
        lay(&mut link.authorization_params, entered);
    }
    if !is_used("authorization_params", link.grant_type) {
        link.authorization_params.clear();
    }
    if let Some(entered) = &draft.token_params {
        oauth::check_token_params(entered)?;
        lay(&mut link.token_params, entered);
    }
    Ok(())
}

fn lay_scope(
    link: &mut Link,
    before: &Link,
    draft: &LinkDraft,
    creating: bool,
) -> Result<(), Problem> {
    if let Some(entered) = &draft.scope {
        link.scope = scope(entered, link.scope_separator)?;
    }
    if link.scope.is_empty() && link.grant_type == GrantType::JwtBearer {
        return Err(Problem::invalid(
            "scope",
            "missing",
            "The scope is missing: an assertion says what it asks for.",
            "Enter the scopes that the service account was given, such as https://mail.google.com/.",
        ));
    }
    let touched = link.scope != before.scope || link.token_endpoint != before.token_endpoint;
    if creating || touched {
        let (provider, token) = (link.provider, &link.token_endpoint);
        oauth::check_scopes(provider, link.grant_type, token, &link.scope)?;
    }
    Ok(())
}

/// Scopes as one line: RFC 6749 §3.3 separates them by single spaces. Each is kept once.
fn scope(text: &str, separator: ScopeSeparator) -> Result<String, Problem> {
    let parts = text.split(|c: char| match separator {
        ScopeSeparator::Space => c.is_whitespace(),
        // What is sent with commas is often entered with commas too.
        ScopeSeparator::Comma => c.is_whitespace() || c == ',',
        ScopeSeparator::Plus => c.is_whitespace() || c == '+',
    });
    let mut tokens: Vec<&str> = Vec::new();
    for token in parts.filter(|part| !part.is_empty()) {
        if !token.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
            return Err(Problem::invalid(
                "scope",
                "scope_unusable",
                format!("The scope {token:?} holds a character that no scope may hold."),
                "Separate scopes by spaces, and copy each as the provider's documentation prints it.",
            ));
        }
        if !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    Ok(tokens.join(" "))
}

/// How the client authenticates: as entered, else as it did, else as what was entered to prove it with suggests.
fn client_auth(before: &Link, draft: &LinkDraft, creating: bool) -> Result<ClientAuth, Problem> {
    let grant_type = before.grant_type;
    let unusable = |message: &str, hint: &str| {
        Err(Problem::invalid("client_auth", "client_auth_unusable", message, hint))
    };
    match (grant_type, draft.client_auth) {
        (GrantType::JwtBearer, None | Some(ClientAuth::None)) => Ok(ClientAuth::None),
        (GrantType::JwtBearer, Some(_)) => unusable(
            "With the grant type jwt_bearer the signed assertion proves everything, so no client authentication is used.",
            "Leave the client authentication out.",
        ),
        (GrantType::ClientCredentials, Some(ClientAuth::None)) => unusable(
            "With the grant type client_credentials the client must prove itself.",
            "Choose client_secret_basic, client_secret_post or private_key_jwt, and enter the secret.",
        ),
        (_, Some(entered)) => Ok(entered),
        (_, None) if !creating => Ok(before.client_auth),
        (_, None) => {
            let secret = draft.secret.as_ref().map(|new| &new.value);
            let secret = secret.filter(|value| given(Some(value.expose())).is_some());
            Ok(match (secret, before.client_auth) {
                (Some(value), _) if is_pem(value) => ClientAuth::PrivateKeyJwt,
                (Some(_), ClientAuth::None) => ClientAuth::Basic,
                (None, _) if grant_type.has_consent() => ClientAuth::None,
                (None, ClientAuth::None) => ClientAuth::Basic,
                (_, usual) => usual,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_become_one_line() {
        use ScopeSeparator::{Comma, Plus, Space};
        let table = [
            ("a  b\n c a", Space, Ok("a b c")),
            ("a,b c", Comma, Ok("a b c")),
            ("a,b", Space, Ok("a,b")),
            ("a+b", Plus, Ok("a b")),
            (" ", Space, Ok("")),
            ("a \"b\"", Space, Err("scope_unusable")),
            ("a\\b", Space, Err("scope_unusable")),
            ("ä", Space, Err("scope_unusable")),
        ];
        for (text, separator, expected) in table {
            let made = scope(text, separator);
            let made = made.as_deref().map_err(|problem| problem.code);
            assert_eq!(made, expected, "{text:?}");
        }
    }
}

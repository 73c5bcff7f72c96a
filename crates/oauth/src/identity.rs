//! Who consented: read from the id_token, or from the answer of the userinfo endpoint (OpenID Connect Core).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use outlink_model::grant::Identity;
use outlink_model::link::Link;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::provider::ProviderKind;
use outlink_model::{Secret, Timestamp};
use serde_json::{Map, Value};

use crate::providers::{cloud_of, is_tenant_id, tenant_issuer};
use crate::request::{Method, Request};

/// How many seconds the provider's clock may be ahead of or behind ours.
const SKEW: f64 = 120.0;

/// Longest address that is kept (RFC 5321 §4.5.3.1: 64 + 1 + 255).
const LONGEST_ADDRESS: usize = 320;

/// Reads who consented from an id_token that came straight from the token endpoint over TLS. Its signature is not
/// checked: OpenID Connect Core §3.1.3.7, item 6, has TLS stand in for it on that way, and on no other.
///
/// Checked are issuer (where the link names one, and at Microsoft always), audience, end and nonce (where one was sent).
pub fn identity_from_id_token(
    token: &Secret,
    link: &Link,
    nonce: Option<&str>,
    now: Timestamp,
) -> Result<Identity, Problem> {
    let claims = claims(token).ok_or_else(|| {
        refused(
            "id_token_unreadable",
            "The id_token of the provider cannot be read.",
            "Turn the encryption of id_tokens off for this client at the provider, or remove openid from the link's scopes.",
        )
    })?;
    let issuer = name(&claims, "iss");
    if let Some(expected) = link.issuer.as_deref()
        && !issuer.is_some_and(|given| same_issuer(expected, given, text(&claims, "tid")))
    {
        return Err(refused(
            "id_token_issuer",
            format!(
                "The id_token was issued by {:?}, but the link's issuer is {expected:?}.",
                issuer.unwrap_or_default()
            ),
            "Enter the provider's issuer in the link, letter by letter.",
        ));
    }
    if !is_of_tenant(&claims, link, issuer) {
        return Err(refused(
            "id_token_issuer",
            format!(
                "The id_token was issued by {:?}, which is not Microsoft's issuer for the tenant of the account and the \
                 link's token endpoint.",
                issuer.unwrap_or_default()
            ),
            "Check the tenant and the cloud in the link's token endpoint, and sign in with an account of that tenant.",
        ));
    }
    if !is_for(&claims, &link.client_id) {
        return Err(refused(
            "id_token_audience",
            "The id_token was made for another client.",
            "Check the link's client id, and begin the consent again.",
        ));
    }
    let ends = number(&claims, "exp").unwrap_or(f64::NEG_INFINITY);
    if ends + SKEW < now.as_second() as f64 {
        return Err(refused(
            "id_token_expired",
            "The id_token has ended already.",
            "Check this server's clock, and begin the consent again.",
        ));
    }
    if nonce.is_some_and(|sent| text(&claims, "nonce") != Some(sent)) {
        return Err(refused(
            "id_token_nonce",
            "The id_token belongs to another consent.",
            "Begin the consent again from its start page. If it comes back, somebody may be tampering with it.",
        ));
    }
    let subject = subject(&claims, link).ok_or_else(|| {
        refused(
            "id_token_subject",
            "The id_token does not say who consented.",
            "Report it to whoever runs the provider.",
        )
    })?;
    let email = address(&claims, "email").or_else(|| address(&claims, "preferred_username"));
    Ok(Identity { issuer: issuer.map(str::to_owned), subject: Some(subject), email })
}

/// Asks the userinfo endpoint who consented (OpenID Connect Core §5.3.1); `None` where the link has none.
pub fn userinfo_request(link: &Link, access: &Secret) -> Option<Request> {
    let url = link.userinfo_endpoint.as_deref()?.trim().to_owned();
    // Yandex documents a scheme of its own for its API.
    let scheme = if link.provider == ProviderKind::Yandex { "OAuth" } else { "Bearer" };
    let bearer = Secret::new(format!("{scheme} {}", access.expose()));
    let headers = vec![("Accept", Secret::new("application/json")), ("Authorization", bearer)];
    Some(Request { method: Method::Get, url, headers, body: None })
}

/// Reads the userinfo endpoint's answer. Whoever has an id_token too must compare the subjects and drop this answer
/// where they differ (OpenID Connect Core §5.3.2).
pub fn identity_from_userinfo(body: &[u8]) -> Result<Identity, Problem> {
    let claims: Map<String, Value> = serde_json::from_slice(body).map_err(|_| {
        refused(
            "userinfo_unreadable",
            "The userinfo endpoint's answer is not a JSON object.",
            "Check the link's userinfo endpoint, and that the provider does not sign or encrypt its answers.",
        )
    })?;
    let subject =
        ["sub", "id", "account_id", "uuid"].into_iter().find_map(|name| name_of(&claims, name));
    let email = ["email", "preferred_username", "default_email"]
        .into_iter()
        .find_map(|name| address(&claims, name));
    let identity = Identity { issuer: None, subject, email };
    if identity.subject.is_none() && identity.email.is_none() {
        return Err(refused(
            "userinfo_empty",
            "The userinfo endpoint's answer does not say who consented.",
            "Add openid and email to the link's scopes and begin the consent again.",
        ));
    }
    Ok(identity)
}

fn refused(code: &'static str, message: impl Into<String>, hint: &str) -> Problem {
    Problem::new(ProblemKind::Remote, code, message, hint)
}

/// The claims of a signed token: the middle one of three parts (RFC 7515 §7.1).
fn claims(token: &Secret) -> Option<Map<String, Value>> {
    let mut parts = token.expose().split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    // Five parts are an encrypted token (RFC 7516 §7.1).
    if parts.next().is_some() {
        return None;
    }
    let octets = BASE64_URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&octets).ok()
}

/// A lasting name: a text, or the number that APIs older than OpenID Connect have in its place (GitHub's and Yandex'
/// `id`).
fn name_of(claims: &Map<String, Value>, name: &str) -> Option<String> {
    let number = || claims.get(name).and_then(Value::as_u64).map(|number| number.to_string());
    self::name(claims, name).map(str::to_owned).or_else(number)
}

/// A claim that names somebody: a text without control characters, which no database and no page would take.
pub(crate) fn name<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    text(claims, name).filter(|text| !text.contains(char::is_control))
}

/// A claim that is a text, and not an empty one.
pub(crate) fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn number(claims: &Map<String, Value>, name: &str) -> Option<f64> {
    claims.get(name).and_then(Value::as_f64)
}

/// Byte for byte, with two exceptions that providers document: Entra's issuer for several tenants is a template, and
/// Google's id_tokens may name the host alone.
fn same_issuer(expected: &str, given: &str, tenant: Option<&str>) -> bool {
    expected == given
        || tenant.is_some_and(|tenant| expected.replace("{tenantid}", tenant) == given)
        || (expected == "https://accounts.google.com" && given == "accounts.google.com")
}

/// Whether an id_token from Microsoft's token endpoint names the issuer that it must: that of the cloud and of the
/// account's tenant, which must be the endpoint's own where the endpoint names one by its id. Of other endpoints nothing
/// is known.
fn is_of_tenant(claims: &Map<String, Value>, link: &Link, issuer: Option<&str>) -> bool {
    let Some((_, named)) = cloud_of(&link.token_endpoint) else { return true };
    text(claims, "tid").filter(|tenant| is_tenant_id(tenant)).is_some_and(|tenant| {
        issuer == tenant_issuer(&link.token_endpoint, tenant).as_deref()
            && (!is_tenant_id(&named) || named.eq_ignore_ascii_case(tenant))
    })
}

/// OpenID Connect Core §3.1.3.7, items 3 to 5.
fn is_for(claims: &Map<String, Value>, client_id: &str) -> bool {
    let listed = match claims.get("aud") {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(many)) => many.iter().any(|one| one.as_str() == Some(client_id)),
        _ => false,
    };
    listed && text(claims, "azp").is_none_or(|party| party == client_id)
}

/// The lasting name of the person. Entra's `sub` differs from client to client, so a new registration would make
/// strangers of everybody; tenant and object id stay the same.
fn subject(claims: &Map<String, Value>, link: &Link) -> Option<String> {
    // Who calls itself Entra may not be: what counts is whose endpoint handed the token out.
    let is_entra = cloud_of(&link.token_endpoint).is_some();
    match (name(claims, "tid"), name(claims, "oid")) {
        (Some(tenant), Some(object)) if is_entra => Some(format!("{tenant}.{object}")),
        _ => name(claims, "sub").map(str::to_owned),
    }
}

/// A claim that can be shown as an address: it has an @ and nothing that would not print.
pub(crate) fn address(claims: &Map<String, Value>, name: &str) -> Option<String> {
    let value = text(claims, name)?.trim();
    let shows = value.len() <= LONGEST_ADDRESS
        && value.contains('@')
        && !value.contains(|c: char| c.is_control() || c.is_whitespace());
    shows.then(|| value.to_owned())
}

#[cfg(test)]
mod tests;

//! Signing in with a token, by SASL XOAUTH2 and OAUTHBEARER (RFC 7628), or with a password, as the server sees it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outlink_model::Secret;
use serde_json::json;

use crate::grants::Denied;
use crate::provider::client::same;
use crate::state::Shared;

/// A mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mechanism {
    XOAuth2,
    OAuthBearer,
}

/// What a client said about itself.
#[derive(Debug, PartialEq, Eq)]
struct Credentials {
    mailbox: String,
    token: String,
}

impl Mechanism {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "XOAUTH2" => Some(Self::XOAuth2),
            "OAUTHBEARER" => Some(Self::OAuthBearer),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::XOAuth2 => "XOAUTH2",
            Self::OAuthBearer => "OAUTHBEARER",
        }
    }

    /// Whether this is what a client says after an error challenge: one octet 1 in base64 for OAUTHBEARER (RFC 7628
    /// §3.2.3); an empty line for XOAUTH2, where some clients send the same octet.
    pub(crate) fn acknowledges(self, line: &[u8]) -> bool {
        line == b"AQ==" || (self == Self::XOAuth2 && line.is_empty())
    }
}

/// Checks a client's response, which is still in base64. The mailbox that it may open, or the error challenge in
/// base64.
pub(crate) fn check(
    shared: &Shared,
    mechanism: Mechanism,
    response: &[u8],
    scope: &str,
) -> Result<String, String> {
    let outcome = decide(shared, mechanism, response, scope);
    if outcome.is_err() {
        shared.lock().counters.failed_logins += 1;
    }
    outcome.map_err(|denied| STANDARD.encode(challenge(shared, mechanism, denied, scope)))
}

/// The mailbox and the token that a client's response names, right or wrong.
pub(crate) fn claimed(mechanism: Mechanism, response: &[u8]) -> Option<(String, Secret)> {
    let Credentials { mailbox, token } = read(mechanism, response)?;
    Some((mailbox, Secret::new(token)))
}

/// The name that a client's response for PLAIN has, right or wrong.
pub(crate) fn plain_name(response: &[u8]) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(response).ok()?).ok()?;
    text.split('\0').nth(1).map(str::to_owned)
}

/// PLAIN (RFC 4616), still in base64: authorization identity, NUL, name, NUL, password. The mailbox that it opens.
pub(crate) fn plain(shared: &Shared, response: &[u8]) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(response).ok()?).ok()?;
    let mut parts = text.splitn(3, '\0');
    let (identity, name, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let own = identity.is_empty() || identity.eq_ignore_ascii_case(name);
    own.then(|| password(shared, name, secret))?
}

/// The mailbox that a name and a password open.
pub(crate) fn password(shared: &Shared, name: &str, password: &str) -> Option<String> {
    let user = shared.user(name)?;
    let right = same(password, user.password.expose());
    if !right {
        shared.lock().counters.failed_logins += 1;
    }
    right.then(|| user.address.clone())
}

fn decide(
    shared: &Shared,
    mechanism: Mechanism,
    response: &[u8],
    scope: &str,
) -> Result<String, Option<Denied>> {
    let Credentials { mailbox, token } = read(mechanism, response).ok_or(None)?;
    let world = shared.lock();
    let (user, _) = world.grants.open(world.now(), &token, scope).map_err(Some)?;
    let may = match user {
        Some(user) => world.mail.may_open(&mailbox, &user.address),
        // The client's own token opens every mailbox, as an application permission does.
        None => world.mail.exists(&mailbox),
    };
    if may { Ok(mailbox) } else { Err(Some(Denied::Invalid)) }
}

fn read(mechanism: Mechanism, response: &[u8]) -> Option<Credentials> {
    let text = String::from_utf8(STANDARD.decode(response).ok()?).ok()?;
    match mechanism {
        Mechanism::XOAuth2 => xoauth2(&text),
        Mechanism::OAuthBearer => oauthbearer(&text),
    }
}

/// `user=` name ^A `auth=Bearer ` token ^A ^A.
fn xoauth2(text: &str) -> Option<Credentials> {
    let (mailbox, token) =
        text.strip_prefix("user=")?.strip_suffix("\u{1}\u{1}")?.split_once("\u{1}auth=Bearer ")?;
    credentials(mailbox, token)
}

/// `n,a=` name `,` ^A key=value ^A … ^A (RFC 7628 §3.1).
fn oauthbearer(text: &str) -> Option<Credentials> {
    let (header, pairs) = text.split_once('\u{1}')?;
    let pairs = pairs.strip_suffix("\u{1}\u{1}")?;
    // Without channel binding: `n` does not have it, `y` thinks that we do not (RFC 5801 §4).
    let name = header.strip_prefix("n,").or_else(|| header.strip_prefix("y,"))?;
    let name = name.strip_prefix("a=")?.strip_suffix(',')?;
    let mut token = None;
    for pair in pairs.split('\u{1}') {
        let (key, value) = pair.split_once('=')?;
        match key {
            "auth" => {
                let (scheme, value) = value.split_once(' ')?;
                let bearer = scheme.eq_ignore_ascii_case("Bearer") && token.is_none();
                token = bearer.then(|| value.trim_start_matches(' '));
                token?;
            }
            "port" if value.parse::<u16>().is_err() => return None,
            _ if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                return None;
            }
            _ => {}
        }
    }
    credentials(&unescape(name)?, token?)
}

fn credentials(mailbox: &str, token: &str) -> Option<Credentials> {
    let plain = |text: &str| !text.is_empty() && !text.bytes().any(|byte| byte.is_ascii_control());
    // RFC 6750 §2.1: what a bearer token may consist of.
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    (plain(mailbox) && !token.is_empty() && token.bytes().all(allowed))
        .then(|| Credentials { mailbox: mailbox.to_owned(), token: token.to_owned() })
}

/// Undoes `=2C` and `=3D`, and refuses any other `=` (RFC 5801 §4).
fn unescape(name: &str) -> Option<String> {
    let mut parts = name.split('=');
    let mut plain = parts.next()?.to_owned();
    for part in parts {
        let (sign, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return None,
        };
        plain.push(sign);
        plain.push_str(rest);
    }
    (!name.contains(',')).then_some(plain)
}

/// The challenge that explains a refusal. The two mechanisms differ in their words.
fn challenge(shared: &Shared, mechanism: Mechanism, why: Option<Denied>, scope: &str) -> String {
    let status = match (mechanism, why) {
        (Mechanism::XOAuth2, None) => "400",
        (Mechanism::XOAuth2, Some(Denied::Invalid)) => "401",
        (Mechanism::XOAuth2, Some(Denied::Scope)) => "403",
        (Mechanism::OAuthBearer, None) => "invalid_request",
        (Mechanism::OAuthBearer, Some(Denied::Invalid)) => "invalid_token",
        (Mechanism::OAuthBearer, Some(Denied::Scope)) => "insufficient_scope",
    };
    let value = match mechanism {
        Mechanism::XOAuth2 => json!({ "status": status, "schemes": "bearer", "scope": scope }),
        Mechanism::OAuthBearer => {
            let issuer = &shared.fixed().origin;
            let configuration = format!("{issuer}/.well-known/openid-configuration");
            json!({ "status": status, "scope": scope, "openid-configuration": configuration })
        }
    };
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(read: Option<Credentials>) -> Option<(String, String)> {
        read.map(|one| (one.mailbox, one.token))
    }

    #[test]
    fn published_vectors_are_read() {
        // The example of the XOAUTH2 description, and RFC 7628 §4.1's.
        let sent = "dXNlcj11c2VyQGV4YW1wbGUuY29tAWF1dGg9QmVhcmVyIHRvawEB";
        let text = String::from_utf8(STANDARD.decode(sent).unwrap()).unwrap();
        assert_eq!(parts(xoauth2(&text)), Some(("user@example.com".into(), "tok".into())));
        let text = "n,a=user@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}\
            auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\u{1}\u{1}";
        let token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==".to_owned();
        assert_eq!(parts(oauthbearer(text)), Some(("user@example.com".into(), token)));
    }

    #[test]
    fn malformed_responses_are_refused() {
        for text in [
            "",
            "user=a\u{1}auth=Bearer t\u{1}",
            "user=a auth=Bearer t\u{1}\u{1}",
            "user=a\u{1}auth=Bearer t t\u{1}\u{1}",
        ] {
            assert_eq!(xoauth2(text), None, "{text:?}");
        }
        for text in [
            "n,,\u{1}auth=Bearer t\u{1}\u{1}",
            "p=x,a=u,\u{1}auth=Bearer t\u{1}\u{1}",
            "n,a=u,\u{1}auth=Bearer t\u{1}",
            "n,a=u,\u{1}auth=Basic t\u{1}\u{1}",
            "n,a=u=2,\u{1}auth=Bearer t\u{1}\u{1}",
            "n,a=u,\u{1}auth=Bearer t\u{1}\u{1}x",
            "n,a=u,\u{1}port=x\u{1}auth=Bearer t\u{1}\u{1}",
        ] {
            assert_eq!(oauthbearer(text), None, "{text:?}");
        }
        let escaped = "n,a=a=2Cb=3Dc,\u{1}auth=Bearer t\u{1}\u{1}";
        assert_eq!(oauthbearer(escaped).unwrap().mailbox, "a,b=c");
    }
}

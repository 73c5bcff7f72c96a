//! Tokens that we sign: proof that we are the client (RFC 7523 §2.2), and grants in a person's name (RFC 7523 §2.1).

use jsonwebtoken::{Algorithm, Header, encode};
use outlink_model::grant::{Actor, Failure, FailureClass, Trouble};
use outlink_model::link::{ClientSecret, Link, SigningAlg};
use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;
use outlink_model::{Secret, Timestamp};
use serde_json::{Value, json};
use url::Url;

use crate::keys::{SigningKey, thumbprint};
use crate::scopes::joined;

/// `client_assertion_type` (RFC 7523 §2.2).
pub(crate) const CLIENT_ASSERTION_TYPE: &str =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long a client assertion lives, in seconds. No provider takes ten minutes amiss, and some take no more than five.
const CLIENT_LIFETIME: i64 = 300;

/// How far in the past an assertion begins, in seconds: the provider's clock may be behind ours.
const SKEW: i64 = 30;

/// How long a JWT bearer lives, in seconds: the most that Google takes.
const BEARER_LIFETIME: i64 = 3600;

/// Time and randomness for what is signed.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// Now.
    pub now: Timestamp,
    /// A random text, made anew for each request: a provider takes an assertion once (`jti`, RFC 7519 §4.1.7).
    pub jti: String,
}

/// Proves to a provider that we are the client of `link`. The audience is the token endpoint, for the other endpoints
/// too: OpenID Connect Core §9 has it so, and it is what every provider knows.
pub(crate) fn client_assertion(link: &Link, fresh: &Fresh) -> Result<Secret, Failure> {
    let begins = fresh.now.as_second() - SKEW;
    let claims = json!({
        "iss": link.client_id,
        "sub": link.client_id,
        "aud": link.token_endpoint.trim(),
        "jti": fresh.jti,
        "iat": begins,
        "nbf": begins,
        "exp": begins + CLIENT_LIFETIME,
    });
    sign(link, &claims)
}

/// Asks for a token in the name of `subject`, or of the client itself where it is `None`.
pub(crate) fn bearer_assertion(
    link: &Link,
    fresh: &Fresh,
    subject: Option<&str>,
) -> Result<Secret, Failure> {
    let begins = fresh.now.as_second() - SKEW;
    let mut claims = json!({
        "iss": link.client_id,
        "aud": link.token_endpoint.trim(),
        // Another one than that of a client assertion in the same request.
        "jti": format!("{}-grant", fresh.jti),
        "iat": begins,
        "exp": begins + BEARER_LIFETIME,
    });
    if !link.scope.is_empty() {
        claims["scope"] = Value::String(joined(link));
    }
    // RFC 7523 §3 demands a subject. At Google one means an account to act for, and a service account that acts for
    // itself names none.
    if let Some(subject) = subject.or((!is_google(link)).then_some(link.client_id.as_str())) {
        claims["sub"] = subject.into();
    }
    sign(link, &claims)
}

/// Whether tokens come from Google, by the preset or by a custom link to its hosts.
fn is_google(link: &Link) -> bool {
    let url = Url::parse(link.token_endpoint.trim()).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    link.provider == ProviderKind::Google
        || host == "accounts.google.com"
        || host.ends_with(".googleapis.com")
}

fn sign(link: &Link, claims: &Value) -> Result<Secret, Failure> {
    let key = link.client_secrets.first().ok_or_else(|| {
        cannot_sign(
            "The link has no private key, so nothing can be signed.",
            "Enter the private key whose public half or certificate the provider knows.",
        )
    })?;
    let token = signed(key, link.signing_alg, claims)
        .map_err(|problem| cannot_sign(&problem.message, &problem.hint))?;
    token.ok_or_else(|| {
        cannot_sign(
            "The link's private key does not sign.",
            "Enter the private key again, or make a new one and tell the provider its public half.",
        )
    })
}

fn signed(
    key: &ClientSecret,
    alg: Option<SigningAlg>,
    claims: &Value,
) -> Result<Option<Secret>, Problem> {
    let signing = SigningKey::read("private_key", &key.value)?;
    let mut header = Header::new(match signing.alg("signing_alg", alg)? {
        SigningAlg::Rs256 => Algorithm::RS256,
        SigningAlg::Ps256 => Algorithm::PS256,
        SigningAlg::Es256 => Algorithm::ES256,
    });
    header.kid.clone_from(&key.key_id);
    if let Some(certificate) = &key.certificate {
        header.x5t_s256 = Some(thumbprint("certificate", certificate)?);
    }
    Ok(encode(&header, claims, &signing.encoding).ok().map(Secret::new))
}

/// A fault of the link that is noticed before anything is sent.
pub(crate) fn cannot_sign(reason: &str, hint: &str) -> Failure {
    let trouble = Trouble {
        actor: Actor::LinkAdministrator,
        reason: reason.to_owned(),
        hint: hint.to_owned(),
        provider_error: None,
    };
    Failure::new(FailureClass::Link, trouble)
}

#[cfg(test)]
pub(crate) mod tests;

//! The token endpoint: what to ask it, and what its answer says (RFC 6749 §4.1.3 to §6).

pub(crate) mod fields;

use std::fmt;

use jiff::SignedDuration;
use outlink_model::grant::Failure;
use outlink_model::link::{ClientAuth, Link};
use outlink_model::provider::ProviderKind;
use outlink_model::{Secret, Timestamp};

use crate::assertion::{Fresh, bearer_assertion};
use crate::client_auth::{open_request, token_request, with_token_params};
use crate::pkce::Verifier;
use crate::refusal::{self, Asked};
use crate::request::{Request, Response};
use crate::scopes::{joined, read_scopes};
use fields::Fields;

/// How long an access token is taken to live when the answer does not say. Not "for ever": a mailbox that is refused
/// once an hour is noticed late, and one that is never asked again never.
const USUAL_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// `grant_type` of a JWT bearer (RFC 7523 §2.1).
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Asks for tokens for an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5). `verifier` is that of the request which
/// the code answers, where it carried a challenge.
pub fn code_request(
    link: &Link,
    fresh: &Fresh,
    redirect_url: &str,
    code: &Secret,
    verifier: Option<&Verifier>,
) -> Result<Request, Failure> {
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code.expose()),
        ("redirect_uri", redirect_url),
    ];
    pairs.extend(verifier.map(|verifier| ("code_verifier", verifier.expose().expose())));
    token_request(link, fresh, &pairs)
}

/// Asks for a new access token (RFC 6749 §6). No scope is sent: the answer is then for all that was granted.
pub fn refresh_request(link: &Link, fresh: &Fresh, refresh: &Secret) -> Result<Request, Failure> {
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", refresh.expose())];
    token_request(link, fresh, &pairs)
}

/// Asks for an access token of the client itself (RFC 6749 §4.4.2).
pub fn client_credentials_request(link: &Link, fresh: &Fresh) -> Result<Request, Failure> {
    let scope = joined(link);
    let mut pairs = vec![("grant_type", "client_credentials")];
    if !scope.is_empty() {
        pairs.push(("scope", &scope));
    }
    token_request(link, fresh, &pairs)
}

/// Asks for an access token by an assertion that we sign (RFC 7523 §2.1): in the name of `subject`, or of the client
/// itself where it is `None`.
///
/// The assertion stands in for client authentication (RFC 7521 §4.1). Only where the link says `private_key_jwt` is the
/// client authenticated besides; a secret is never sent, since the link's secret is the key that signs.
pub fn jwt_bearer_request(
    link: &Link,
    fresh: &Fresh,
    subject: Option<&str>,
) -> Result<Request, Failure> {
    let assertion = bearer_assertion(link, fresh, subject)?;
    let pairs = [("grant_type", JWT_BEARER), ("assertion", assertion.expose())];
    match link.client_auth {
        ClientAuth::PrivateKeyJwt => token_request(link, fresh, &pairs),
        ClientAuth::Basic | ClientAuth::BasicRaw | ClientAuth::Post | ClientAuth::None => {
            Ok(open_request(&link.token_endpoint, &with_token_params(link, &pairs)))
        }
    }
}

/// The tokens that an answer holds.
#[derive(Clone)]
pub struct TokenAnswer {
    /// The access token. Printable ASCII, without spaces.
    pub access: Secret,
    /// How long it lives from now; an hour where the answer does not say. At most a year.
    pub expires_in: SignedDuration,
    /// Whether the answer said so.
    pub lifetime_told: bool,
    /// The refresh token, where there is one. Without one, the refresh token at hand stays good.
    pub refresh: Option<Secret>,
    /// How long the refresh token lives, where the answer says so.
    pub refresh_expires_in: Option<SignedDuration>,
    /// What was granted; `None` means as requested (RFC 6749 §5.1).
    pub scopes: Option<Vec<String>>,
    /// Who consented (OpenID Connect Core §3.1.3.3).
    pub id_token: Option<Secret>,
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer")
            .field("expires_in", &self.expires_in)
            .field("refresh", &self.refresh)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// Reads the answer to [`refresh_request`], [`client_credentials_request`] and [`jwt_bearer_request`].
///
/// Lenient, since an answer that is thrown away may have cost the refresh token: any 2xx with an access token is one,
/// whatever its media type. Everything else is sorted by what follows from it. `now` is for dates in `Retry-After`.
pub fn parse_token_response(
    provider: ProviderKind,
    response: &Response,
    now: Timestamp,
) -> Result<TokenAnswer, Failure> {
    parse(provider, Asked::Token, response, now)
}

/// Reads the answer to [`code_request`]. The same as [`parse_token_response`], but a refused code is told apart from an
/// ended consent.
pub fn parse_code_response(
    provider: ProviderKind,
    response: &Response,
    now: Timestamp,
) -> Result<TokenAnswer, Failure> {
    parse(provider, Asked::Code, response, now)
}

/// Reads an answer of the token endpoint to what was `asked`.
pub(crate) fn parse(
    provider: ProviderKind,
    asked: Asked,
    response: &Response,
    now: Timestamp,
) -> Result<TokenAnswer, Failure> {
    let mut fields = Fields::read(&response.body);
    let Some(fields) = fields.as_mut().filter(|_| (200..300).contains(&response.status)) else {
        return Err(refusal::classify(provider, asked, response, fields.as_ref(), now));
    };
    // The first thing that is taken: even where the rest of a success cannot be used, the refresh token may be the only
    // one that still works.
    let refresh = fields.take_secret("refresh_token");
    let mut refused = match fields.take_secret("access_token") {
        Some(access) => match check(provider, &access, fields) {
            Ok(()) => return Ok(accept(access, refresh, fields)),
            Err(failure) => failure,
        },
        None => refusal::classify(provider, asked, response, Some(fields), now),
    };
    refused.held.rotated = refresh;
    Err(refused)
}

/// Whether an access token is one that can be shown to a mail server.
fn check(provider: ProviderKind, access: &Secret, fields: &Fields) -> Result<(), Failure> {
    // RFC 6749 §7.1: a token whose type is not understood must not be used. Where none is named, every known server
    // means a bearer token.
    if let Some(token_type) = fields.text("token_type")
        && !token_type.trim().eq_ignore_ascii_case("bearer")
    {
        return Err(refusal::odd_token_type(provider, token_type));
    }
    // RFC 6749 §A.12. A control character in a token could end the SASL message or the header that carries it.
    if !access.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refusal::unsafe_token(provider));
    }
    Ok(())
}

fn accept(access: Secret, refresh: Option<Secret>, fields: &mut Fields) -> TokenAnswer {
    let expires_in = fields.lifetime("expires_in");
    TokenAnswer {
        access,
        expires_in: expires_in.unwrap_or(USUAL_LIFETIME),
        lifetime_told: expires_in.is_some(),
        refresh,
        // The first is Google's name, the second Keycloak's.
        refresh_expires_in: fields
            .lifetime("refresh_token_expires_in")
            .or_else(|| fields.lifetime("refresh_expires_in")),
        scopes: fields.value("scope").and_then(read_scopes),
        id_token: fields.take_secret("id_token"),
    }
}

#[cfg(test)]
pub(crate) mod tests;

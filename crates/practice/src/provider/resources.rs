//! What else programs call: userinfo, revocation, the signing keys and the provider's metadata.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{SCOPES, client, token};
use crate::grants::{Denied, Refusal};
use crate::id_token::profile;
use crate::state::Shared;

/// `GET /userinfo` (OpenID Connect Core 1.0 §5.3), for access tokens with the scope `openid`.
pub(crate) async fn userinfo(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = value.and_then(|value| value.split_once(' '));
    let Some((_, token)) = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
    else {
        // No error code for those who did not try (RFC 6750 §3.1).
        return challenge(StatusCode::UNAUTHORIZED, "Bearer realm=\"practice\"");
    };
    let mut world = shared.lock();
    let claims = match world.grants.open(world.now(), token, "openid") {
        Ok((Some(user), scopes)) => {
            let mut claims = json!({ "sub": user.subject });
            for (name, value) in profile(user, scopes) {
                claims[name] = value;
            }
            claims
        }
        Ok((None, _)) | Err(Denied::Invalid) => {
            let text = "Bearer realm=\"practice\", error=\"invalid_token\"";
            return challenge(StatusCode::UNAUTHORIZED, text);
        }
        Err(Denied::Scope) => {
            let text = "Bearer realm=\"practice\", error=\"insufficient_scope\", scope=\"openid\"";
            return challenge(StatusCode::FORBIDDEN, text);
        }
    };
    world.counters.userinfo += 1;
    ([(header::CACHE_CONTROL, "no-store")], Json(claims)).into_response()
}

fn challenge(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::WWW_AUTHENTICATE, HeaderValue::from_static(text))]).into_response()
}

/// `POST /revoke` (RFC 7009 §2). A token that nobody knows is no error.
pub(crate) async fn revoke(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match try_revoke(&shared, &headers, &body) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refusal) => token::refuse(refusal.error, refusal.description),
    }
}

fn try_revoke(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let form = token::read(headers, body)?;
    client::authenticate(&shared.fixed().client, headers, &form)?;
    let missing = || Refusal::new("invalid_request", "The parameter token is missing.");
    let token = form.get("token").ok_or_else(missing)?;
    let mut world = shared.lock();
    world.grants.revoke(token);
    world.counters.revocations += 1;
    Ok(())
}

/// `GET /jwks` (RFC 7517 §5).
pub(crate) async fn key_set(State(shared): State<Shared>) -> Json<Value> {
    Json(shared.fixed().mint.key_set())
}

/// The metadata (RFC 8414 §2, OpenID Connect Discovery 1.0 §3).
pub(crate) async fn metadata(State(shared): State<Shared>) -> Json<Value> {
    let fixed = shared.fixed();
    let issuer = &fixed.mint.issuer;
    let ways = ["client_secret_basic", "client_secret_post"];
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{}/authorize", fixed.pages_origin),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "jwks_uri": format!("{issuer}/jwks"),
        "scopes_supported": SCOPES.map(|(name, _)| name),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": ways,
        "revocation_endpoint_auth_methods_supported": ways,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": true,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "email", "email_verified", "name"],
    }))
}

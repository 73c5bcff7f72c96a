//! What else programs call: userinfo, introspection, revocation, the signing keys and the provider's metadata.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use url::Url;

use super::{SCOPES, answers, client, token};
use crate::grants::{Answer, Denied, Refusal};
use crate::id_token::profile;
use crate::settings::{Registration, Settings};
use crate::state::{Fixed, Shared};

/// `GET /userinfo` (OpenID Connect Core 1.0 §5.3), for access tokens with the scope `openid`.
pub(crate) async fn userinfo(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let Some(token) = answers::bearer(&headers) else {
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

/// `POST /introspect` (RFC 7662 §2).
pub(crate) async fn introspect(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answers::given(try_introspect(&shared, &headers, &body))
}

fn try_introspect(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Result<Answer, Refusal> {
    let form = answers::form(headers, body)?;
    let mut world = shared.lock();
    let client = client::authenticate(&mut world, shared.fixed(), headers, &form)?;
    let token = token::required(&form, "token")?;
    world.counters.introspections += 1;
    let mut answer = Map::new();
    // Tokens of others are none of this client's business (RFC 7662 §4).
    let facts = world.grants.facts(world.now(), token).filter(|facts| facts.client == client.id);
    answer.insert("active".into(), facts.is_some().into());
    let Some(facts) = facts else { return Ok(answer) };
    answer.insert("scope".into(), world.settings.joined(facts.scopes).into());
    answer.insert("client_id".into(), facts.client.into());
    answer.insert("iss".into(), world.settings.issuer.clone().into());
    if facts.is_access {
        answer.insert("token_type".into(), "Bearer".into());
    }
    if let Some(user) = facts.user {
        answer.insert("sub".into(), user.subject.clone().into());
        answer.insert("username".into(), user.address.clone().into());
    }
    if let Some(end) = facts.expires_at {
        answer.insert("exp".into(), end.as_second().into());
    }
    Ok(answer)
}

/// `POST /revoke` (RFC 7009 §2, or as Google does it). In the standard, a token that nobody knows is no error.
pub(crate) async fn revoke(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match try_revoke(&shared, &headers, &body) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refusal) => answers::refused(&refusal),
    }
}

fn try_revoke(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let form = answers::form(headers, body)?;
    let mut world = shared.lock();
    if world.settings.google_revocation {
        let (now, token) = (world.now(), token::required(&form, "token")?);
        if !world.grants.revoke_person(now, token) {
            return Err(Refusal::new("invalid_token", "Token expired or revoked"));
        }
    } else {
        let client = client::authenticate(&mut world, shared.fixed(), headers, &form)?;
        world.grants.revoke(&client.id, token::required(&form, "token")?);
    }
    world.counters.revocations += 1;
    Ok(())
}

/// `GET /jwks` (RFC 7517 §5).
pub(crate) async fn key_set(State(shared): State<Shared>) -> Json<Value> {
    Json(shared.fixed().mint.key_set())
}

/// Every other address: the metadata, wherever it is to be found, or nothing.
pub(crate) async fn metadata(State(shared): State<Shared>, uri: Uri) -> Response {
    let world = shared.lock();
    if is_metadata(uri.path(), &world.settings) {
        Json(describe(shared.fixed(), &world.settings)).into_response()
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

/// Whether this is an address of the metadata. RFC 8414 §3.1 puts the well-known part before the issuer's path, OpenID
/// Connect Discovery §4 behind it.
fn is_metadata(path: &str, settings: &Settings) -> bool {
    let issuer = Url::parse(&settings.issuer).ok();
    let below = issuer.as_ref().map_or("", |url| url.path().trim_end_matches('/'));
    let oauth = format!("/.well-known/oauth-authorization-server{below}");
    let openid = format!("{below}/.well-known/openid-configuration");
    (settings.oauth_metadata && path == oauth) || (settings.openid_metadata && path == openid)
}

/// The metadata (RFC 8414 §2, OpenID Connect Discovery 1.0 §3).
fn describe(fixed: &Fixed, settings: &Settings) -> Value {
    let (origin, pages) = (&fixed.origin, &fixed.pages_origin);
    let ways = &settings.client_auths;
    let algorithms = ["RS256", "PS256", "ES256"];
    let mut metadata = json!({
        "issuer": settings.metadata_issuer.as_ref().unwrap_or(&settings.issuer),
        "authorization_endpoint": format!("{pages}/authorize"),
        "token_endpoint": format!("{origin}/token"),
        "userinfo_endpoint": format!("{origin}/userinfo"),
        "revocation_endpoint": format!("{origin}/revoke"),
        "introspection_endpoint": format!("{origin}/introspect"),
        "jwks_uri": format!("{origin}/jwks"),
        "scopes_supported": SCOPES.map(|(name, _)| name),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": settings.grant_types,
        "token_endpoint_auth_methods_supported": ways,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": ways,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": ways,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": true,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "email", "email_verified", "name"],
    });
    if settings.serves(crate::settings::DEVICE_CODE) {
        metadata["device_authorization_endpoint"] = format!("{origin}/device_authorization").into();
    }
    if !matches!(settings.registration, Registration::Off) {
        metadata["registration_endpoint"] = format!("{origin}/register").into();
    }
    metadata
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlink_model::Secret;

    #[test]
    fn metadata_lies_where_the_issuer_says() {
        let issuer = |issuer: &str| {
            let secret = Secret::new("s");
            Settings::new(std::time::Duration::ZERO, &secret, issuer.to_owned())
        };
        let (plain, deep) = (issuer("https://localhost:1"), issuer("https://localhost:1/a/b"));
        for (path, settings, there) in [
            ("/.well-known/oauth-authorization-server", &plain, true),
            ("/.well-known/openid-configuration", &plain, true),
            ("/.well-known/openid-configuration/", &plain, false),
            ("/", &plain, false),
            ("/.well-known/oauth-authorization-server/a/b", &deep, true),
            ("/a/b/.well-known/openid-configuration", &deep, true),
            ("/.well-known/oauth-authorization-server", &deep, false),
            ("/a/b/.well-known/oauth-authorization-server", &deep, false),
        ] {
            assert_eq!(is_metadata(path, settings), there, "{path}");
        }
        let mut half = plain;
        half.oauth_metadata = false;
        assert!(!is_metadata("/.well-known/oauth-authorization-server", &half));
        assert!(is_metadata("/.well-known/openid-configuration", &half));
    }
}

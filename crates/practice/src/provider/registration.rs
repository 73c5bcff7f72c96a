//! Clients that make themselves known (RFC 7591).

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use url::Url;

use super::{answers, client};
use crate::client::Registered;
use crate::grants::Refusal;
use crate::random;
use crate::settings::{ClientSecret, Registration, Settings};
use crate::state::Shared;

/// Past this many, nobody else is taken in.
const CLIENTS: usize = 1024;

/// `POST /register` (RFC 7591 §3).
pub(crate) async fn register(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut world = shared.lock();
    match &world.settings.registration {
        Registration::Off => return StatusCode::NOT_FOUND.into_response(),
        Registration::Open => {}
        Registration::Token(token) => {
            let shown = answers::bearer(&headers).unwrap_or_default();
            if !client::same(shown, token.expose()) {
                let text = "Bearer realm=\"practice\", error=\"invalid_token\"";
                let value = HeaderValue::from_static(text);
                let challenge = [(header::WWW_AUTHENTICATE, value)];
                return (StatusCode::UNAUTHORIZED, challenge).into_response();
            }
        }
    }
    let now = world.now();
    let checked = if world.registered.len() >= CLIENTS {
        Err(Refusal::new("invalid_client_metadata", "No more clients can register here."))
    } else {
        read(&headers, &body).and_then(|asked| check(&asked, &world.settings, now))
    };
    let (registered, mut answer) = match checked {
        Ok(checked) => checked,
        Err(refusal) => return answers::refused(&refusal),
    };
    let id = random::token("client_");
    answer.insert("client_id".into(), id.clone().into());
    answer.insert("client_id_issued_at".into(), now.as_second().into());
    world.registered.insert(id, registered);
    world.counters.registrations += 1;
    drop(world);
    answers::json_answer(StatusCode::CREATED, Value::Object(answer))
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let bad = || Refusal::new("invalid_client_metadata", "The body must be a JSON object.");
    if !answers::is(headers, "application/json") {
        return Err(bad());
    }
    serde_json::from_slice(body).map_err(|_| bad())
}

/// The client that is asked for, and the answer without its id: what was asked, as far as it is granted (§3.2.1).
fn check(
    asked: &Map<String, Value>,
    settings: &Settings,
    now: Timestamp,
) -> Result<(Registered, Map<String, Value>), Refusal> {
    let bad = |words| Refusal::new("invalid_client_metadata", words);
    let texts = |name: &str, missing: &[&str]| match asked.get(name) {
        None => Some(missing.iter().map(|text| (*text).to_owned()).collect()),
        Some(value) => {
            let list = value.as_array()?.iter();
            list.map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        }
    };
    let grant_types = texts("grant_types", &["authorization_code"]);
    let grant_types = grant_types.ok_or_else(|| bad("The grant_types must be a list of texts."))?;
    if grant_types.iter().any(|grant_type| !settings.serves(grant_type)) {
        return Err(bad("One of the grant_types is not served here."));
    }
    let absolute =
        |url: &String| Url::parse(url).is_ok_and(|url| url.has_host() && url.fragment().is_none());
    let redirects = texts("redirect_uris", &[]).filter(|urls| urls.iter().all(absolute));
    let needed = grant_types.iter().any(|grant_type| grant_type == "authorization_code");
    let redirects = redirects.filter(|urls| !needed || !urls.is_empty()).ok_or_else(|| {
        let words = "The redirect_uris must be a list of absolute URLs, and codes need one.";
        Refusal::new("invalid_redirect_uri", words)
    })?;
    let text = |name: &str| asked.get(name).and_then(Value::as_str);
    let auth = text("token_endpoint_auth_method").unwrap_or("client_secret_basic");
    if !["client_secret_basic", "client_secret_post", "none"].contains(&auth) {
        return Err(bad("The token_endpoint_auth_method is not one that can be registered."));
    }
    let lifetime = settings.registered_secret_ttl;
    let lifetime = lifetime.map(|time| SignedDuration::from_secs(time.as_secs().cast_signed()));
    let ends_at = lifetime.map(|time| now.saturating_add(time).unwrap_or(Timestamp::MAX));
    let secret = (auth != "none")
        .then(|| ClientSecret { ends_at, ..ClientSecret::new(random::token("secret_")) });

    let mut answer = asked.clone();
    answer.insert("redirect_uris".into(), redirects.clone().into());
    answer.insert("grant_types".into(), grant_types.into());
    answer.insert("token_endpoint_auth_method".into(), auth.into());
    if let Some(secret) = &secret {
        answer.insert("client_secret".into(), secret.secret.expose().into());
        // Zero means that it does not end (§3.2.1).
        let end = ends_at.map_or(0, |end| end.as_second());
        answer.insert("client_secret_expires_at".into(), end.into());
    }
    let registered = Registered {
        name: text("client_name").map(str::to_owned),
        auth: auth.to_owned(),
        secret,
        redirects: BTreeSet::from_iter(redirects),
    };
    Ok((registered, answer))
}

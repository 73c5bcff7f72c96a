//! Consent by a code that is typed in elsewhere (RFC 8628): the device's endpoint, and the page for whoever holds it.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::SignedDuration;
use serde_json::Map;

use super::authorize::Asked;
use super::form::Form;
use super::{SCOPES, answers, client, html, pages};
use crate::grants::{Answer, Refusal};
use crate::settings::DEVICE_CODE;
use crate::state::Shared;

/// `POST /device_authorization` (RFC 8628 §3.1).
pub(crate) async fn begin(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answers::given(try_begin(&shared, &headers, &body))
}

fn try_begin(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Result<Answer, Refusal> {
    let form = answers::form(headers, body)?;
    let mut world = shared.lock();
    let client = client::identify(&mut world, shared.fixed(), headers, &form)?.id;
    if !world.settings.serves(DEVICE_CODE) {
        let words = "Device codes are not served here.";
        return Err(Refusal::new("unauthorized_client", words));
    }
    let scopes = world.settings.scopes(form.get("scope").unwrap_or_default());
    let known = |scope: &String| SCOPES.iter().any(|(name, _)| name == scope);
    if scopes.is_empty() || !scopes.iter().all(known) {
        let words = "The scope is missing, or names something unknown.";
        return Err(Refusal::new("invalid_scope", words));
    }
    let (lifetime, interval) = (world.settings.device_ttl, world.settings.device_interval);
    let whole = |time: std::time::Duration| time.as_secs();
    let span = |seconds: u64| SignedDuration::from_secs(seconds.cast_signed());
    let now = world.now();
    let (ends, pause) = (span(whole(lifetime)), span(whole(interval)));
    let (code, user_code) = world.devices.begin(now, &client, scopes, ends, pause);
    let page = format!("{}/device", shared.fixed().pages_origin);
    let mut answer = Map::new();
    answer.insert("device_code".into(), code.into());
    answer.insert("verification_uri".into(), page.clone().into());
    answer
        .insert("verification_uri_complete".into(), format!("{page}?user_code={user_code}").into());
    answer.insert("user_code".into(), user_code.into());
    answer.insert("expires_in".into(), whole(lifetime).into());
    answer.insert("interval".into(), whole(interval).into());
    Ok(answer)
}

/// `GET /device`, perhaps with `user_code`: the form for the code.
pub(crate) async fn code_form(RawQuery(query): RawQuery) -> Response {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let typed = form.ok().and_then(|form| form.get("user_code").map(str::to_owned));
    pages::show(StatusCode::OK, html::device(&typed.unwrap_or_default(), None))
}

/// `POST /device` with `user_code`: on to the sign-in or the consent.
pub(crate) async fn enter(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::read(&body);
    let typed = form.ok().and_then(|form| form.get("user_code").map(str::to_owned));
    let typed = typed.unwrap_or_default();
    let mut world = shared.lock();
    let now = world.now();
    let waiting = world.devices.waiting(now, &typed).cloned();
    let found = waiting.and_then(|device| {
        let client = world.client(shared.fixed(), &device.client)?;
        Some(Asked::by_device(&client, device.scopes, &typed))
    });
    let Some(asked) = found else {
        let wrong = "No device is waiting with this code. Look at it once more, or start again on the device.";
        return pages::show(StatusCode::NOT_FOUND, html::device(&typed, Some(wrong)));
    };
    let cookie = pages::cookie(&headers);
    let (session, request) = world.browsers.ask(now, cookie.as_deref(), asked);
    let signed_in = world.browsers.user(now, Some(&session), &request).is_some();
    let page = if signed_in { "consent" } else { "login" };
    pages::with_cookie(pages::go(&format!("/{page}?request={request}")), &session)
}

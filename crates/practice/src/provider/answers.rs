//! What programs send and get: forms in, JSON out.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::form::Form;
use crate::grants::{Answer, Refusal};
use crate::{clock, random};

/// The form of a request, if it says that it is one (RFC 6749 §4.1.3).
pub(crate) fn form(headers: &HeaderMap, body: &[u8]) -> Result<Form, Refusal> {
    let bad = |description| Refusal::new("invalid_request", description);
    if !is(headers, "application/x-www-form-urlencoded") {
        return Err(bad("The body must be application/x-www-form-urlencoded."));
    }
    Form::read(body).map_err(bad)
}

/// Whether the body is said to be this.
pub(crate) fn is(headers: &HeaderMap, media_type: &str) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(media_type)
}

/// The token of `Authorization: Bearer` (RFC 6750 §2.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = value?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}

/// An answer or a refusal.
pub(crate) fn given(answer: Result<Answer, Refusal>) -> Response {
    match answer {
        Ok(answer) => json_answer(StatusCode::OK, Value::Object(answer)),
        Err(refusal) => refused(&refusal),
    }
}

/// A refusal as RFC 6749 §5.2 has it, or as Entra has it.
pub(crate) fn refused(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut body = json!({ "error": refusal.error, "error_description": refusal.description });
    if let Some(number) = refusal.number {
        entra(&mut body, number, &refusal.description, clock::now());
    }
    let mut response = json_answer(status, body);
    if status == StatusCode::UNAUTHORIZED && refusal.error == "invalid_client" {
        let challenge = HeaderValue::from_static("Basic realm=\"practice\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// What Entra adds to an error, in the body and behind the words.
fn entra(body: &mut Value, number: u32, words: &str, now: Timestamp) {
    let at = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let (trace, correlation) = (random::trace(), random::trace());
    let words = format!("{words} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}",);
    body["error_description"] = words.into();
    body["error_codes"] = json!([number]);
    body["timestamp"] = at.into();
    body["trace_id"] = trace.into();
    body["correlation_id"] = correlation.into();
    body["error_uri"] = format!("https://login.microsoftonline.com/error?code={number}").into();
}

/// JSON that nobody keeps.
pub(crate) fn json_answer(status: StatusCode, body: Value) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];
    (status, no_store, axum::Json(body)).into_response()
}

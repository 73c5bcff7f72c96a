//! The token endpoint (RFC 6749 §3.2), with its faults.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::client;
use super::cut::Cut;
use super::form::Form;
use crate::faults::TokenFault;
use crate::grants::{Answer, Refreshed, Refusal};
use crate::state::{Fixed, Shared, World};

const MAINTENANCE: &str = "<!doctype html><title>Back soon</title><h1>We will be right back</h1>\
    <p>Our hamsters are being replaced by larger hamsters.</p>";

/// `POST /token`.
pub(crate) async fn token(
    State(shared): State<Shared>,
    Extension(cut): Extension<Cut>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = shared.fixed().faults.take_token();
    shared.lock().counters.token_requests += 1;
    match fault {
        None => shape(serve(&shared, &headers, &body)),
        Some(TokenFault::Stall(time)) => {
            tokio::time::sleep(time).await;
            shape(serve(&shared, &headers, &body))
        }
        Some(TokenFault::Delay(time)) => {
            let answer = serve(&shared, &headers, &body);
            tokio::time::sleep(time).await;
            shape(answer)
        }
        Some(TokenFault::LoseAnswer) => {
            let answer = serve(&shared, &headers, &body);
            cut.cut();
            shape(answer)
        }
        Some(TokenFault::Edit(edit)) => shape(serve(&shared, &headers, &body).map(|mut answer| {
            edit(&mut answer);
            answer
        })),
        Some(TokenFault::Status { status, retry_after }) => {
            let mut response = code(status).into_response();
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            response
        }
        Some(TokenFault::Html) => axum::response::Html(MAINTENANCE).into_response(),
        Some(TokenFault::Body { status, content_type, body }) => {
            let mut response = (code(status), body).into_response();
            if let Ok(value) = HeaderValue::from_str(&content_type) {
                response.headers_mut().insert(header::CONTENT_TYPE, value);
            }
            response
        }
        Some(TokenFault::Refuse { error, description }) => refuse(&error, &description),
    }
}

/// Carries a request out, and counts how it went.
fn serve(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Result<Answer, Refusal> {
    let mut world = shared.lock();
    let now = world.now();
    let answer = decide(&mut world, shared.fixed(), headers, body, now);
    world.counters.refusals += u64::from(answer.is_err());
    answer
}

fn decide(
    world: &mut World,
    fixed: &Fixed,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let form = read(headers, body)?;
    client::authenticate(&fixed.client, headers, &form)?;
    let (settings, mint) = (&world.settings, &fixed.mint);
    let required = |name| {
        let missing =
            || Refusal::new("invalid_request", "A parameter of this grant type is missing.");
        form.get(name).ok_or_else(missing)
    };
    match required("grant_type")? {
        "authorization_code" => {
            let code = required("code")?;
            let (uri, verifier) = (required("redirect_uri")?, required("code_verifier")?);
            let answer = world.grants.exchange(now, settings, mint, code, uri, verifier)?;
            world.counters.code_exchanges += 1;
            Ok(answer)
        }
        "refresh_token" => {
            let (token, scope) = (required("refresh_token")?, form.get("scope"));
            match world.grants.refresh(now, settings, mint, token, scope)? {
                Refreshed::Anew(answer) => {
                    world.counters.refreshes += 1;
                    Ok(answer)
                }
                Refreshed::Again(answer) => {
                    world.counters.repeated_refreshes += 1;
                    Ok(answer)
                }
                Refreshed::Reused => {
                    world.counters.reuses += 1;
                    let text = "The refresh token was used before; the grant is revoked.";
                    Err(Refusal::new("invalid_grant", text))
                }
            }
        }
        "client_credentials" => {
            let scopes: Vec<String> =
                form.get("scope").unwrap_or("mail.imap").split(' ').map(str::to_owned).collect();
            if !scopes.iter().all(|scope| ["mail.imap", "mail.smtp"].contains(&scope.as_str())) {
                let text = "An application on its own may only ask for mail.imap and mail.smtp.";
                return Err(Refusal::new("invalid_scope", text));
            }
            world.counters.client_credentials += 1;
            Ok(world.grants.grant(now, settings, mint, None, &scopes))
        }
        _ => Err(Refusal::new("unsupported_grant_type", "The grant_type is not served here.")),
    }
}

/// The form of a request, if it says that it is one (RFC 6749 §4.1.3).
pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Form, Refusal> {
    let bad = |description| Refusal::new("invalid_request", description);
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(bad("The body must be application/x-www-form-urlencoded."));
    }
    Form::read(body).map_err(bad)
}

fn shape(answer: Result<Answer, Refusal>) -> Response {
    match answer {
        Ok(answer) => json_answer(StatusCode::OK, Value::Object(answer)),
        Err(refusal) => refuse(refusal.error, refusal.description),
    }
}

/// A refusal as RFC 6749 §5.2 has it.
pub(crate) fn refuse(error: &str, description: &str) -> Response {
    let body = json!({ "error": error, "error_description": description });
    if error != "invalid_client" {
        return json_answer(StatusCode::BAD_REQUEST, body);
    }
    let mut response = json_answer(StatusCode::UNAUTHORIZED, body);
    let challenge = HeaderValue::from_static("Basic realm=\"practice\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

fn json_answer(status: StatusCode, body: Value) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];
    (status, no_store, axum::Json(body)).into_response()
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

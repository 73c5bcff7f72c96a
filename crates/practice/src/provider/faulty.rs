//! What every request of a program passes: it is counted, kept, and goes wrong if that was ordered.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::BODY_CAP;
use super::answers;
use super::cut::Cut;
use crate::faults::{Endpoint, TokenFault};
use crate::received::Received;
use crate::state::Shared;

const MAINTENANCE: &str = "<!doctype html><title>Back soon</title><h1>We will be right back</h1>\
    <p>Our hamsters are being replaced by larger hamsters.</p>";

/// Around all endpoints for programs.
pub(crate) async fn pass(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let Some(endpoint) = Endpoint::at(request.uri().path()) else {
        return next.run(request).await;
    };
    let fault = shared.fixed().faults.take_answer(endpoint);
    let cut = request.extensions().get::<Cut>().cloned();
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, BODY_CAP).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    {
        let mut world = shared.lock();
        world.counters.count(endpoint);
        world.keep(endpoint, Received::new(&parts, &bytes));
    }
    let request = Request::from_parts(parts, Body::from(bytes));
    match fault {
        None => next.run(request).await,
        Some(TokenFault::Stall(time)) => {
            tokio::time::sleep(time).await;
            next.run(request).await
        }
        Some(TokenFault::Delay(time)) => {
            let answer = next.run(request).await;
            tokio::time::sleep(time).await;
            answer
        }
        Some(TokenFault::LoseAnswer) => {
            let answer = next.run(request).await;
            if let Some(cut) = cut {
                cut.cut();
            }
            answer
        }
        Some(TokenFault::Edit(edit)) => edited(next.run(request).await, edit).await,
        Some(TokenFault::Status { status, retry_after }) => {
            let mut response = code(status).into_response();
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            response
        }
        Some(TokenFault::Html) => Html(MAINTENANCE).into_response(),
        Some(TokenFault::Body { status, content_type, body }) => {
            let mut response = (code(status), body).into_response();
            if let Ok(value) = HeaderValue::from_str(&content_type) {
                response.headers_mut().insert(header::CONTENT_TYPE, value);
            }
            response
        }
        Some(TokenFault::Refuse { error, description }) => refusal(&error, &description),
    }
}

/// A refusal with words of somebody else's.
fn refusal(error: &str, description: &str) -> Response {
    let body = json!({ "error": error, "error_description": description });
    if error != "invalid_client" {
        return answers::json_answer(StatusCode::BAD_REQUEST, body);
    }
    let mut response = answers::json_answer(StatusCode::UNAUTHORIZED, body);
    let challenge = HeaderValue::from_static("Basic realm=\"practice\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// A good answer with changes; a refusal stays as it is.
async fn edited(response: Response, edit: fn(&mut Map<String, Value>)) -> Response {
    if !response.status().is_success() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, BODY_CAP).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Ok(mut answer) = serde_json::from_slice::<Map<String, Value>>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    edit(&mut answer);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(Value::Object(answer).to_string()))
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

//! What stands around every request: no other site acts for a browser, no panic gets out, no client can cut a call that
//! changes something in half by hanging up, and errors outside of the API become pages.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::{Method, StatusCode};
use tracing::Instrument;

use crate::app::App;
use crate::cookie::Cookie;
use crate::error::ApiError;
use crate::{csrf, headers, page};

/// The one middleware.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path();
    let in_api = path.starts_with("/api/");
    // A provider that answers by POST is another site; it is told so in words that fit, and nothing is done.
    let by_provider = path.starts_with("/oauth2/callback/");
    let acts = !method.is_safe() || by_provider;
    // The pattern, not the path: paths and queries hold one-time tokens, and those stay out of logs.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let refused = csrf::must_refuse(&method, path, request.headers(), app.origin()) && !by_provider;
    let session = Cookie::Session.read(app.is_https(), request.headers());
    let mut response = match refused {
        true => cross_site().into_response(),
        false => run(request, next, acts, &method, route.as_deref().unwrap_or("none")).await,
    };
    let status_page = match response.extensions_mut().remove::<ApiError>() {
        Some(error) if !in_api => {
            let user = user_of(&app, &error, session).await;
            Some(page::error_page(&app, &error, user.as_deref(), response.headers()))
        }
        _ => None,
    };
    let mut response = status_page.unwrap_or(response);
    headers::put_on(&mut response, app.is_https());
    response
}

/// Runs the handler; one that acts, as a task of its own. A client that hangs up would otherwise drop it half way,
/// between a provider's answer and its commit. One that only looks is given up then. A panic ends that handler alone.
#[expect(
    clippy::disallowed_methods,
    reason = "it is awaited right here; what must outlive a stop runs under the engine's own tracker"
)]
async fn run(request: Request, next: Next, acts: bool, method: &Method, route: &str) -> Response {
    let began = Instant::now();
    let span = tracing::info_span!("request", %method, route);
    let handler = next.run(request).instrument(span);
    let response = match acts {
        true => tokio::spawn(handler).await.map_err(|error| error.to_string()),
        false => AssertUnwindSafe(handler).catch_unwind().await.map_err(|_| "a panic".to_owned()),
    };
    let response = response.unwrap_or_else(|why| {
        ApiError::broken(format!("a handler ended early: {why}")).into_response()
    });
    let ms = began.elapsed().as_millis();
    tracing::debug!(%method, route, status = response.status().as_u16(), ms, "answered");
    response
}

/// Whose navigation an error page keeps. Nobody's where the database may be what is wrong, nor on a consent page.
async fn user_of(app: &App, error: &ApiError, session: Option<String>) -> Option<String> {
    if error.status.is_server_error() || !page::leads_home(error) {
        return None;
    }
    let user = app.engine().session(&session?).await.ok()??;
    Some(user.name)
}

fn cross_site() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "Another site tried to act with your session; it was refused.",
        "If it was you, open the page here and press its button again.",
    )
}

//! Signing in and out. There is no sign-up: the first administrator is made on the machine itself.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use outlink_model::Secret;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::client_ip::ClientIp;
use crate::cookie::Cookie;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::form::Fields;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/sign-in", get(form).post(sign_in))
        .route("/sign-in/{token}", get(one_time).post(use_one_time))
        .route("/sign-out", post(sign_out))
}

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
struct NextQuery {
    next: Option<String>,
}

/// The sign-in form.
#[derive(Debug, Serialize)]
pub(crate) struct SignInPage {
    pub(crate) next: String,
    pub(crate) name: String,
    pub(crate) problem: Option<String>,
}

async fn form(
    State(app): State<App>,
    Query(query): Query<NextQuery>,
) -> Result<Response, ApiError> {
    if !app.engine().has_users().await? {
        return app.pages().public("first_run.html", ());
    }
    let next = local(query.next.as_deref().unwrap_or("/")).to_owned();
    app.pages().public("sign_in.html", SignInPage { next, name: String::new(), problem: None })
}

async fn sign_in(
    State(app): State<App>,
    ClientIp(from): ClientIp,
    fields: Fields,
) -> Result<Response, ApiError> {
    let name = fields.text("name").trim().to_owned();
    let password = Secret::new(fields.text("password"));
    let next = local(&fields.text("next")).to_owned();
    match app.engine().sign_in(&name, password, from).await {
        Ok(session) => opened(&app, &session, &next),
        Err(error) => {
            let error = ApiError::from(error);
            if error.status.is_server_error() {
                return Err(error);
            }
            let problem = Some(format!("{} {}", error.detail, error.hint));
            let page = SignInPage { next, name, problem };
            let mut response = app.pages().public("sign_in.html", page)?;
            *response.status_mut() = error.status;
            Ok(response)
        }
    }
}

/// Looks, and changes nothing: mail scanners and link previews follow every address that they see.
async fn one_time(State(app): State<App>) -> Result<Response, ApiError> {
    app.pages().public("sign_in_token.html", ())
}

async fn use_one_time(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let session = app.engine().use_sign_in(&token).await?;
    opened(&app, &session, "/")
}

async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Result<Response, ApiError> {
    if let Some(cookie) = Cookie::Session.read(app.is_https(), &headers) {
        app.engine().sign_out(&cookie).await?;
    }
    let cleared = Cookie::Session.clear(app.is_https());
    let mut response = Redirect::to("/sign-in").into_response();
    if let Some(cookie) = cleared {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

fn opened(app: &App, session: &Secret, next: &str) -> Result<Response, ApiError> {
    let cookie = Cookie::Session.set(app.is_https(), session, None);
    let cookie = cookie.ok_or_else(|| ApiError::broken("a session does not fit into a header"))?;
    let mut response = Redirect::to(next).into_response();
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(SET_COOKIE, cookie);
    Ok(response)
}

/// A path of ours, or the overview: nobody is sent to another site by an address that looks like ours.
fn local(next: &str) -> &str {
    let mut start = next.chars();
    let is_path = start.next() == Some('/') && !matches!(start.next(), Some('/' | '\\'));
    // Browsers drop tabs and line ends from addresses, so `/\t/evil.example` would be `//evil.example`.
    match is_path && next.bytes().all(|b| b.is_ascii_graphic()) {
        true => next,
        false => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stays_here_after_signing_in() {
        assert_eq!(local("/issues?project=SUP"), "/issues?project=SUP");
        for next in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil", "x"]
        {
            assert_eq!(local(next), "/", "{next:?}");
        }
    }
}

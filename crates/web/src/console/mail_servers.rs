//! Mail servers: how each fares, and trying it out.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::mail_servers::{MailServerDraft, MailServerEdit};
use outlink_model::mail_server::{MailServer, Protocol};
use serde::Serialize;

use super::mail_server_form::{self, Found, SECRETS};
use super::report::Failure;
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{ListQuery, Path, Query};
use crate::form::{Fields, Form};
use crate::page::Rows;
use crate::words::{Badge, When, server_badge};

pub(crate) mod authorize;
pub(crate) mod delete;
pub(crate) mod log;
pub(crate) mod state;
pub(crate) mod view;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/mail-servers", get(list).post(mail_server_form::create))
        .route("/mail-servers/{id}", get(show))
        .route("/mail-servers/{id}/sign-in", post(sign_in))
        .route("/mail-servers/{id}/authorize", post(authorize))
        .route("/mail-servers/{id}/test", post(test))
        .route("/mail-servers/{id}/fetch", post(fetch))
        .route("/mail-servers/{id}/pause", post(pause))
        .route("/mail-servers/{id}/resume", post(resume))
        .merge(delete::routes())
        .merge(log::routes())
}

/// One mail server in the list.
#[derive(Debug, Serialize)]
pub(crate) struct MailServerRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) mailbox: String,
    pub(crate) host: String,
    /// Which way mail goes, and how.
    pub(crate) way: &'static str,
    pub(crate) badge: Badge,
    pub(crate) reason: Option<String>,
    pub(crate) ok_at: Option<When>,
}

impl From<MailServer> for MailServerRow {
    fn from(server: MailServer) -> Self {
        Self {
            href: format!("/mail-servers/{}", server.id),
            badge: server_badge(&server),
            name: server.name,
            mailbox: server.mailbox,
            host: server.host,
            way: match server.protocol {
                Protocol::Imap => "Fetched by IMAP",
                Protocol::Pop3 => "Fetched by POP3",
                Protocol::Smtp => "Sent by SMTP",
            },
            reason: server.health.trouble.map(|trouble| trouble.reason),
            ok_at: server.health.ok_at.map(When::from),
        }
    }
}

/// What has just happened, to be told on the page.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) notice: Option<String>,
    pub(crate) failure: Option<Failure>,
    pub(crate) found: Found,
    /// The form for another way to sign in, as it was refused.
    pub(crate) form: Option<Form>,
}

/// The form for another way to sign in.
pub(crate) fn sign_in_form() -> Form {
    Form::new(&[("grant", ""), ("link", ""), ("login_hint", "")])
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let limit = query.limit;
    let listed = app.engine().mail_servers(query.page()?).await?;
    let page: Rows<MailServerRow> = Rows::of("/mail-servers", limit, listed);
    app.pages().show(&signed, "mail_servers", "mail_servers.html", page)
}

async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    view::show(&app, &signed, &id, News::default()).await
}

async fn test(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let report = app.engine().test_mail_server(&id).await?;
    let found = Found::of(&app, report).await?;
    view::show(&app, &signed, &id, News { found, ..News::default() }).await
}

async fn fetch(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let news = fetched(&app, &id).await;
    view::show(&app, &signed, &id, news).await
}

/// Fetches now, and says what came of it.
pub(crate) async fn fetched(app: &App, id: &str) -> News {
    match app.engine().fetch_mail_server(id).await {
        Ok(done) => News {
            notice: Some(format!(
                "{} fetched: {} became issues, {} comments, {} rejected, {} quarantined, {} taken by no handler.",
                done.fetched,
                done.created,
                done.commented,
                done.rejected,
                done.quarantined,
                done.unhandled
            )),
            ..News::default()
        },
        Err(error) => {
            News { failure: Some(Failure::from(ApiError::from(error))), ..News::default() }
        }
    }
}

async fn pause(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let server = app.engine().pause_mail_server(&id, true, &signed.caller()).await?;
    Ok(Redirect::to(&href(&server)).into_response())
}

async fn resume(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let server = app.engine().pause_mail_server(&id, false, &signed.caller()).await?;
    Ok(Redirect::to(&href(&server)).into_response())
}

/// Attaches another grant or password. Whoever was without a sign-in is resumed with it.
async fn sign_in(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let draft = MailServerDraft {
        grant: fields.optional("grant"),
        password: fields.secret("password"),
        ..MailServerDraft::default()
    };
    let paused = fields.optional("resume").map(|_| false);
    let edit = MailServerEdit { draft, paused, ..MailServerEdit::default() };
    match app.engine().edit_mail_server(&id, edit, &signed.caller()).await {
        Ok(server) => Ok(Redirect::to(&href(&server)).into_response()),
        Err(error) => {
            let form = sign_in_form().typed(&fields).refused(error.into(), SECRETS)?;
            view::show(&app, &signed, &id, News { form: Some(form), ..News::default() }).await
        }
    }
}

/// Asks for a consent whose grant the server is to sign in with.
async fn authorize(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    match authorize::ask(&app, &signed, &id, &fields).await {
        Ok((saved, authorized)) => {
            let back = href(&saved);
            authorize::show(&app, &signed, &saved, authorized, back)
        }
        Err(error) => {
            let form = sign_in_form().typed(&fields).refused(error, SECRETS)?;
            view::show(&app, &signed, &id, News { form: Some(form), ..News::default() }).await
        }
    }
}

/// The page of a mail server.
pub(crate) fn href(server: &MailServer) -> String {
    format!("/mail-servers/{}", server.id)
}

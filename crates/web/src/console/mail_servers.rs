//! Mail servers: how each fares, and trying it out.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::mail_servers::MailServerEdit;
use outlink_model::mail_server::{MailServer, SignIn, Take};
use serde::Serialize;

use super::mail_server_form::grant_choices;
use super::report::{Failure, Report};
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{ListQuery, Path, Query};
use crate::form::{self, Choice, Fields, Form, number};
use crate::names;
use crate::page::Rows;
use crate::words::{Badge, TroubleView, When, grant_badge, server_badge, take_words};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/mail-servers", get(list).post(super::mail_server_form::create))
        .route("/mail-servers/{id}", get(show))
        .route("/mail-servers/{id}/edit", post(edit))
        .route("/mail-servers/{id}/test", post(test))
        .route("/mail-servers/{id}/fetch", post(fetch))
        .route("/mail-servers/{id}/pause", post(pause))
        .route("/mail-servers/{id}/resume", post(resume))
}

/// One mail server in the list.
#[derive(Debug, Serialize)]
pub(crate) struct MailServerRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) mailbox: String,
    pub(crate) host: String,
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
            reason: server.health.trouble.map(|trouble| trouble.reason),
            ok_at: server.health.ok_at.map(When::from),
        }
    }
}

/// One mail server.
#[derive(Debug, Serialize)]
pub(crate) struct MailServerPage {
    pub(crate) notice: Option<String>,
    pub(crate) failure: Option<Failure>,
    pub(crate) report: Option<Report>,
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) badge: Badge,
    pub(crate) trouble: Option<TroubleView>,
    pub(crate) has_handler: bool,
    pub(crate) paused: bool,
    pub(crate) mailbox: String,
    pub(crate) host: String,
    pub(crate) grant: Option<GrantRef>,
    /// Whether there is nothing to sign in with.
    pub(crate) missing: bool,
    /// The form for another way to sign in, and how often is looked.
    pub(crate) form: Form,
    pub(crate) grants: Vec<Choice>,
    pub(crate) folder: String,
    pub(crate) take: &'static str,
    pub(crate) poll_seconds: u32,
    pub(crate) ok_at: Option<When>,
    pub(crate) created_at: When,
}

/// The grant that it signs in with.
#[derive(Debug, Serialize)]
pub(crate) struct GrantRef {
    pub(crate) href: String,
    pub(crate) identity: String,
    pub(crate) badge: Badge,
}

/// What has just happened, to be told on the page.
#[derive(Debug, Default)]
struct News {
    notice: Option<String>,
    failure: Option<Failure>,
    report: Option<Report>,
    form: Option<Form>,
}

pub(crate) fn edit_form(poll_seconds: u32) -> Form {
    Form::new(&[("grant", ""), ("poll_seconds", &poll_seconds.to_string())])
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
    render(&app, &signed, &id, News::default()).await
}

async fn test(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let steps = app.engine().test_mail_server(&id).await?;
    let news = News { report: Some(Report::new(steps)), ..News::default() };
    render(&app, &signed, &id, news).await
}

async fn fetch(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let news = match app.engine().fetch_mail_server(&id).await {
        Ok(done) => News {
            notice: Some(format!(
                "{} fetched: {} became issues, {} comments, {} rejected, {} quarantined.",
                done.fetched, done.created, done.commented, done.rejected, done.quarantined
            )),
            ..News::default()
        },
        Err(error) => {
            News { failure: Some(Failure::from(ApiError::from(error))), ..News::default() }
        }
    };
    render(&app, &signed, &id, news).await
}

async fn pause(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    app.engine().pause_mail_server(&id, true, &signed.caller()).await?;
    Ok(Redirect::to(&format!("/mail-servers/{}", crate::page::encode(&id))).into_response())
}

async fn resume(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    app.engine().pause_mail_server(&id, false, &signed.caller()).await?;
    Ok(Redirect::to(&format!("/mail-servers/{}", crate::page::encode(&id))).into_response())
}

/// Attaches another grant or password, and says how often is looked. Whoever was without a sign-in is resumed with it.
async fn edit(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let server = app.engine().mail_server(&id).await?;
    let edited = async {
        let seconds = fields.optional("poll_seconds");
        let edit = MailServerEdit {
            grant: fields.optional("grant"),
            password: fields.secret("password"),
            poll_seconds: seconds.map(|text| number("poll_seconds", &text)).transpose()?,
            paused: fields.optional("resume").map(|_| false),
        };
        Ok::<_, ApiError>(app.engine().edit_mail_server(&id, edit, &signed.caller()).await?)
    };
    match edited.await {
        Ok(server) => Ok(Redirect::to(&format!("/mail-servers/{}", server.id)).into_response()),
        Err(error) => {
            let form =
                edit_form(server.poll_seconds).typed(&fields).refused(error, &["password"])?;
            render(&app, &signed, &id, News { form: Some(form), ..News::default() }).await
        }
    }
}

async fn render(app: &App, signed: &Signed, id: &str, news: News) -> Result<Response, ApiError> {
    let server = app.engine().mail_server(id).await?;
    let grant = names::grant_of_server(app.engine(), &server).await?;
    let has_handler = names::has_handler(app.engine(), &server).await?;
    let form = news.form.unwrap_or_else(|| edit_form(server.poll_seconds));
    let status = form::status(&form);
    let page = MailServerPage {
        notice: news.notice,
        failure: news.failure,
        report: news.report,
        id: server.id.to_string(),
        href: format!("/mail-servers/{}", server.id),
        badge: server_badge(&server),
        trouble: server.health.trouble.as_ref().map(TroubleView::from),
        has_handler,
        paused: server.paused,
        mailbox: server.mailbox,
        host: format!("{}, port {}, {}", server.host, server.port, server.security),
        grant: grant.map(|(grant, identity)| GrantRef {
            href: format!("/grants/{}", grant.id),
            identity,
            badge: grant_badge(grant.state.name()),
        }),
        missing: matches!(server.sign_in, SignIn::Missing),
        form,
        grants: grant_choices(app, "as it is").await?,
        folder: server.folder,
        take: words(server.take),
        poll_seconds: server.poll_seconds,
        ok_at: server.health.ok_at.map(When::from),
        created_at: server.created_at.into(),
        name: server.name,
    };
    app.pages().show_with(status, signed, "mail_servers", "mail_server.html", page)
}

fn words(take: Take) -> &'static str {
    match take {
        Take::New => "only what arrives after it was added",
        Take::All => take_words(take),
    }
}

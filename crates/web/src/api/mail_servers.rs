//! `/mail-servers`: where mail comes from.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use outlink_engine::Engine;
use outlink_engine::mail_servers::NewMailServer;
use outlink_model::Secret;
use outlink_model::mail_server::{
    Direction, MailServer, Protocol, Security, ServerHealth, SignIn, Take,
};
use outlink_model::step::{Step, StepStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::TroubleBody;
use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::{Json, List, ListQuery, Path, Query, secret};
use crate::names;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(show))
        .routes(routes!(test))
        .routes(routes!(fetch))
        .routes(routes!(pause))
        .routes(routes!(resume))
}

/// Adds a mail server.
#[utoipa::path(
    post, path = "/mail-servers", tag = "mail-servers",
    request_body = NewMailServerBody,
    responses((status = 201, body = MailServerBody)),
)]
async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<NewMailServerBody>,
) -> Result<(StatusCode, Json<MailServerBody>), ApiError> {
    let server = app.engine().create_mail_server(body.read()?, &caller).await?;
    Ok((StatusCode::CREATED, Json(shape(app.engine(), server).await?)))
}

/// Every mail server.
#[utoipa::path(
    get, path = "/mail-servers", tag = "mail-servers",
    params(ListQuery),
    responses((status = 200, body = List<MailServerBody>)),
)]
async fn list(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<ListQuery>,
) -> Result<Json<List<MailServerBody>>, ApiError> {
    let listed = app.engine().mail_servers(query.page()?).await?;
    let mut items = Vec::with_capacity(listed.items.len());
    for server in listed.items {
        items.push(shape(app.engine(), server).await?);
    }
    Ok(Json(List { items, next: listed.next }))
}

/// One mail server.
#[utoipa::path(
    get, path = "/mail-servers/{id}", tag = "mail-servers",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 200, body = MailServerBody)),
)]
async fn show(
    State(app): State<App>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Json<MailServerBody>, ApiError> {
    let server = app.engine().mail_server(&id).await?;
    Ok(Json(shape(app.engine(), server).await?))
}

/// Tries it step by step, and changes nothing. What does not work stands in the report; the status is 200 either way.
#[utoipa::path(
    post, path = "/mail-servers/{id}/test", tag = "mail-servers",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 200, body = ReportBody)),
)]
async fn test(
    State(app): State<App>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<Json<ReportBody>, ApiError> {
    let steps = app.engine().test_mail_server(&id).await?;
    Ok(Json(ReportBody {
        ok: steps.iter().all(|step| step.status != StepStatus::Failed),
        steps: steps.into_iter().map(StepBody::from).collect(),
    }))
}

/// Fetches now, and answers when it is done.
#[utoipa::path(
    post, path = "/mail-servers/{id}/fetch", tag = "mail-servers",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 200, body = FetchedBody)),
)]
async fn fetch(
    State(app): State<App>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<Json<FetchedBody>, ApiError> {
    let fetched = app.engine().fetch_mail_server(&id).await?;
    Ok(Json(FetchedBody {
        fetched: fetched.fetched,
        created: fetched.created,
        commented: fetched.commented,
        rejected: fetched.rejected,
        quarantined: fetched.quarantined,
    }))
}

/// Stops polling.
#[utoipa::path(
    post, path = "/mail-servers/{id}/pause", tag = "mail-servers",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 200, body = MailServerBody)),
)]
async fn pause(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<Json<MailServerBody>, ApiError> {
    let server = app.engine().pause_mail_server(&id, true, &caller).await?;
    Ok(Json(shape(app.engine(), server).await?))
}

/// Resumes polling.
#[utoipa::path(
    post, path = "/mail-servers/{id}/resume", tag = "mail-servers",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 200, body = MailServerBody)),
)]
async fn resume(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<Json<MailServerBody>, ApiError> {
    let server = app.engine().pause_mail_server(&id, false, &caller).await?;
    Ok(Json(shape(app.engine(), server).await?))
}

/// What a new mail server is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMailServer)]
struct NewMailServerBody {
    /// Unique, chosen by you.
    name: String,
    /// `incoming`, also where left out.
    direction: Option<String>,
    /// `imap`, also where left out.
    protocol: Option<String>,
    /// `tls`, also where left out.
    security: Option<String>,
    host: String,
    /// 993 where left out.
    port: Option<u16>,
    /// The account's address: whose mail it is.
    mailbox: String,
    /// Id or e-mail address of the grant to sign in with.
    grant: Option<String>,
    /// The password to sign in with, where there is no grant. Kept sealed and never shown again.
    #[serde(default, deserialize_with = "secret")]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Secret>,
    /// `INBOX` where left out.
    folder: Option<String>,
    /// `new` (where left out): only mail that arrives from now on. `all`: everything that is there.
    take: Option<String>,
    /// Seconds between two polls; 60 where left out.
    poll_seconds: Option<u32>,
}

impl NewMailServerBody {
    fn read(self) -> Result<NewMailServer, ApiError> {
        let direction = optional_choice("direction", self.direction.as_deref())?;
        let protocol = optional_choice("protocol", self.protocol.as_deref())?;
        let security = optional_choice("security", self.security.as_deref())?;
        let take = optional_choice("take", self.take.as_deref())?;
        Ok(NewMailServer {
            name: self.name,
            direction: direction.unwrap_or(Direction::Incoming),
            protocol: protocol.unwrap_or(Protocol::Imap),
            security: security.unwrap_or(Security::Tls),
            host: self.host,
            port: self.port.unwrap_or(993),
            mailbox: self.mailbox,
            grant: self.grant,
            password: self.password,
            folder: self.folder,
            take: take.unwrap_or(Take::New),
            poll_seconds: self.poll_seconds,
        })
    }
}

/// A mail server. Its password is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailServer)]
struct MailServerBody {
    id: String,
    name: String,
    direction: &'static str,
    protocol: &'static str,
    security: &'static str,
    host: String,
    port: u16,
    mailbox: String,
    /// `grant` or `password`.
    sign_in: &'static str,
    /// Whose grant it signs in with.
    grant: Option<String>,
    grant_id: Option<String>,
    folder: String,
    take: &'static str,
    poll_seconds: u32,
    paused: bool,
    health: ServerHealthBody,
    created_at: Timestamp,
}

/// How a mail server has fared.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailServerHealth)]
struct ServerHealthBody {
    /// `unknown` (not fetched yet), `ok` or `failing`.
    state: &'static str,
    /// When everything last worked.
    ok_at: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    failures: u32,
    #[serde(flatten)]
    trouble: TroubleBody,
}

impl From<ServerHealth> for ServerHealthBody {
    fn from(health: ServerHealth) -> Self {
        let state = match (&health.trouble, health.ok_at) {
            (Some(_), _) => "failing",
            (None, Some(_)) => "ok",
            (None, None) => "unknown",
        };
        Self {
            state,
            ok_at: health.ok_at,
            failing_since: health.failing_since,
            failures: health.failures,
            trouble: health.trouble.as_ref().into(),
        }
    }
}

async fn shape(engine: &Engine, server: MailServer) -> Result<MailServerBody, ApiError> {
    let grant = names::grant_of_server(engine, &server).await?;
    let (sign_in, grant_id) = match &server.sign_in {
        SignIn::Grant(id) => ("grant", Some(id.to_string())),
        SignIn::Password(_) => ("password", None),
    };
    Ok(MailServerBody {
        id: server.id.to_string(),
        name: server.name,
        direction: server.direction.as_str(),
        protocol: server.protocol.as_str(),
        security: server.security.as_str(),
        host: server.host,
        port: server.port,
        mailbox: server.mailbox,
        sign_in,
        grant: grant.map(|(_, name)| name),
        grant_id,
        folder: server.folder,
        take: server.take.as_str(),
        poll_seconds: server.poll_seconds,
        paused: server.paused,
        health: server.health.into(),
        created_at: server.created_at,
    })
}

/// What a test found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Report)]
struct ReportBody {
    /// Whether no step failed.
    ok: bool,
    steps: Vec<StepBody>,
}

/// One step of a test.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Step)]
struct StepBody {
    /// Stable, for programs.
    id: &'static str,
    /// `ok`, `failed` or `skipped`.
    status: &'static str,
    message: String,
    hint: String,
    /// Milliseconds.
    ms: u64,
}

impl From<Step> for StepBody {
    fn from(step: Step) -> Self {
        Self {
            id: step.id,
            status: step.status.as_str(),
            message: step.message,
            hint: step.hint,
            ms: step.ms,
        }
    }
}

/// What was fetched, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fetched)]
struct FetchedBody {
    fetched: u64,
    created: u64,
    commented: u64,
    rejected: u64,
    quarantined: u64,
}

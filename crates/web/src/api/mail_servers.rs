//! `/mail-servers`: where mail comes from.

use axum::extract::State;
use http::StatusCode;
use outlink_engine::mail_servers::{MailServerEdit, NewMailServer};
use outlink_model::Secret;
use outlink_model::mail_server::{Direction, Protocol, Security, Take};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::report::ReportBody;
use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::{Json, List, ListQuery, Path, Query, secret};

mod shown;

use shown::{MailServerBody, shape};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(show, edit))
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

/// Changes how and how often a mail server is fetched from; what is left out stays.
#[utoipa::path(
    patch, path = "/mail-servers/{id}", tag = "mail-servers",
    params(("id" = String, Path, description = "Its id or name")),
    request_body = MailServerEditBody,
    responses((status = 200, body = MailServerBody)),
)]
async fn edit(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Json(body): Json<MailServerEditBody>,
) -> Result<Json<MailServerBody>, ApiError> {
    let edit = MailServerEdit {
        grant: body.grant,
        password: body.password,
        poll_seconds: body.poll_seconds,
        paused: body.paused,
    };
    let server = app.engine().edit_mail_server(&id, edit, &caller).await?;
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
    Ok(Json(app.engine().test_mail_server(&id).await?.into()))
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

/// What changes about a mail server.
// No `Debug`: it holds a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MailServerEdit)]
struct MailServerEditBody {
    /// Id or e-mail address of the grant to sign in with from now on.
    grant: Option<String>,
    /// The password to sign in with from now on. Kept sealed and never shown again.
    #[serde(default, deserialize_with = "secret")]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Secret>,
    /// Seconds between two polls.
    poll_seconds: Option<u32>,
    /// Whether polling is stopped.
    paused: Option<bool>,
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

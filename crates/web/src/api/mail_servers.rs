//! `/mail-servers`: where mail comes from, and where it goes out.

use axum::extract::State;
use http::StatusCode;
use outlink_engine::mail_servers::{AuthorizeMailServer, SavedMailServer};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::error::ApiError;
use crate::extract::{Json, List, ListQuery, Path, Query};

mod connections;
mod entered;
mod shown;
mod trial;

use entered::{AuthorizeMailServerBody, MailServerEditBody, NewMailServerBody};
use shown::{MailServerBody, SavedMailServerBody, shape};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(show, edit, delete))
        .routes(routes!(authorize))
        .routes(routes!(fetch))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .merge(trial::routes())
        .merge(connections::routes())
}

/// Adds a mail server. With `link` in the place of `grant` and `password`, a consent is asked for: the answer's
/// `authorization` says how it is given.
#[utoipa::path(
    post, path = "/mail-servers", tag = "mail-servers",
    request_body = NewMailServerBody,
    responses((status = 201, body = SavedMailServerBody)),
)]
async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<NewMailServerBody>,
) -> Result<(StatusCode, Json<SavedMailServerBody>), ApiError> {
    let saved = app.engine().create_mail_server(body.read()?, &caller).await?;
    let body = SavedMailServerBody::new(app.engine(), saved).await?;
    Ok((StatusCode::CREATED, Json(body)))
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

/// Changes a mail server; what is left out stays. Where host, port or security move, the password or the grant must be
/// given again, or a link be named: then a consent is asked for, and the answer's `authorization` says how it is given.
#[utoipa::path(
    patch, path = "/mail-servers/{id}", tag = "mail-servers",
    params(("id" = String, Path, description = "Its id or name")),
    request_body = MailServerEditBody,
    responses((status = 200, body = SavedMailServerBody)),
)]
async fn edit(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Json(body): Json<MailServerEditBody>,
) -> Result<Json<SavedMailServerBody>, ApiError> {
    let before = app.engine().mail_server(&id).await?;
    let edit = body.read(&before)?;
    let link = edit.link.clone().filter(|named| !named.is_empty());
    let server = app.engine().edit_mail_server(&id, edit, &caller).await?;
    let saved = match link {
        Some(_) => {
            let ask = AuthorizeMailServer { link, ..AuthorizeMailServer::default() };
            app.engine().authorize_mail_server(&server.id.to_string(), ask, &caller).await?
        }
        None => SavedMailServer { server, authorized: None },
    };
    Ok(Json(SavedMailServerBody::new(app.engine(), saved).await?))
}

/// Deletes a mail server. Its messages stay in the ledger; what waits to be sent through it is given up.
#[utoipa::path(
    delete, path = "/mail-servers/{id}", tag = "mail-servers",
    params(("id" = String, Path, description = "Its id or name"), DeleteMailServerQuery),
    responses((status = 200, body = DeletedMailServerBody)),
)]
async fn delete(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Query(query): Query<DeleteMailServerQuery>,
) -> Result<Json<DeletedMailServerBody>, ApiError> {
    let deleted = app.engine().delete_mail_server(&id, query.handlers, &caller).await?;
    Ok(Json(DeletedMailServerBody { handlers: deleted.handlers, senders: deleted.senders }))
}

/// Asks for the grant that it is to sign in with: under a link, or, without one, the same grant anew. The grant is
/// attached as soon as the consent is given.
#[utoipa::path(
    post, path = "/mail-servers/{id}/authorize", tag = "mail-servers",
    params(("id" = String, Path, description = "Its id or name")),
    request_body = AuthorizeMailServerBody,
    responses((status = 201, body = SavedMailServerBody)),
)]
async fn authorize(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Json(body): Json<AuthorizeMailServerBody>,
) -> Result<(StatusCode, Json<SavedMailServerBody>), ApiError> {
    let saved = app.engine().authorize_mail_server(&id, body.read(), &caller).await?;
    let body = SavedMailServerBody::new(app.engine(), saved).await?;
    Ok((StatusCode::CREATED, Json(body)))
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
        unhandled: fetched.unhandled,
    }))
}

/// Stops fetching or sending.
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

/// Resumes fetching or sending.
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

/// How a mail server is to be deleted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeleteMailServerQuery {
    /// Whether the handlers that take its mail are deleted with it, and those that send through it go on without. While it
    /// has some, it is not deleted without this.
    #[serde(default)]
    #[param(required = false)]
    handlers: bool,
}

/// What went with a mail server.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailServerDeleted)]
struct DeletedMailServerBody {
    /// Names of the handlers that were deleted with it.
    handlers: Vec<String>,
    /// Names of the handlers that sent through it, and send nothing any more.
    senders: Vec<String>,
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
    /// Those that no handler took: they are left on the mail server as they are.
    unhandled: u64,
}

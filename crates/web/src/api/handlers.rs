//! `/handlers`: what turns messages into issues and comments.

use axum::extract::State;
use http::StatusCode;
use outlink_engine::Engine;
use outlink_model::handler::Handler;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::error::ApiError;
use crate::extract::{Json, List, ListQuery, Path, Query};

mod entered;
mod shown;

use entered::{HandlerEditBody, NewHandlerBody};
use shown::{HandlerBody, shape};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(order))
        .routes(routes!(show, edit, delete))
}

/// Makes a handler, the last of its mail server, and sets it to work.
#[utoipa::path(
    post, path = "/handlers", tag = "handlers",
    request_body = NewHandlerBody,
    responses((status = 201, body = HandlerBody)),
)]
async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<NewHandlerBody>,
) -> Result<(StatusCode, Json<HandlerBody>), ApiError> {
    let handler = app.engine().create_handler(body.read()?, &caller).await?;
    Ok((StatusCode::CREATED, Json(shape(app.engine(), handler).await?)))
}

/// Every handler, the oldest first; their `position` says in which order those of a mail server are asked.
#[utoipa::path(
    get, path = "/handlers", tag = "handlers",
    params(ListQuery),
    responses((status = 200, body = List<HandlerBody>)),
)]
async fn list(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<ListQuery>,
) -> Result<Json<List<HandlerBody>>, ApiError> {
    let listed = app.engine().handlers(query.page()?).await?;
    let items = shapes(app.engine(), listed.items).await?;
    Ok(Json(List { items, next: listed.next }))
}

/// One handler.
#[utoipa::path(
    get, path = "/handlers/{id}", tag = "handlers",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 200, body = HandlerBody)),
)]
async fn show(
    State(app): State<App>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Json<HandlerBody>, ApiError> {
    let handler = app.engine().handler(&id).await?;
    Ok(Json(shape(app.engine(), handler).await?))
}

/// Changes a handler; what is left out stays. Messages that have become something stay what they are.
#[utoipa::path(
    patch, path = "/handlers/{id}", tag = "handlers",
    params(("id" = String, Path, description = "Its id or name")),
    request_body = HandlerEditBody,
    responses((status = 200, body = HandlerBody)),
)]
async fn edit(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Json(body): Json<HandlerEditBody>,
) -> Result<Json<HandlerBody>, ApiError> {
    let handler = app.engine().edit_handler(&id, body.read()?, &caller).await?;
    Ok(Json(shape(app.engine(), handler).await?))
}

/// Deletes a handler. What it made stays.
#[utoipa::path(
    delete, path = "/handlers/{id}", tag = "handlers",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 204, description = "It is gone.")),
)]
async fn delete(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.engine().delete_handler(&id, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts the handlers of a mail server into the order in which they are asked, and answers with them in it.
#[utoipa::path(
    post, path = "/handlers/order", tag = "handlers",
    request_body = OrderBody,
    responses((status = 200, body = List<HandlerBody>)),
)]
async fn order(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<OrderBody>,
) -> Result<Json<List<HandlerBody>>, ApiError> {
    let handlers = app.engine().order_handlers(&body.mail_server, &body.handlers, &caller).await?;
    Ok(Json(List { items: shapes(app.engine(), handlers).await?, next: None }))
}

/// An order of handlers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HandlerOrder)]
struct OrderBody {
    /// Id or name of the mail server.
    mail_server: String,
    /// Ids or names of all its handlers, each once; the first is asked first.
    handlers: Vec<String>,
}

async fn shapes(engine: &Engine, handlers: Vec<Handler>) -> Result<Vec<HandlerBody>, ApiError> {
    let mut items = Vec::with_capacity(handlers.len());
    for handler in handlers {
        items.push(shape(engine, handler).await?);
    }
    Ok(items)
}

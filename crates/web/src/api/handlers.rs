//! `/handlers`: what turns messages into issues and comments.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use outlink_engine::Engine;
use outlink_engine::handlers::NewHandler;
use outlink_model::handler::{Handler, HandlerType};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::{Json, List, ListQuery, Path, Query};
use crate::names;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(show))
}

/// Makes a handler and sets it to work.
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

/// Every handler.
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
    let mut items = Vec::with_capacity(listed.items.len());
    for handler in listed.items {
        items.push(shape(app.engine(), handler).await?);
    }
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

/// What a new handler is made of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewHandler)]
struct NewHandlerBody {
    /// Unique, chosen by you.
    name: String,
    /// Id or name of the mail server whose messages it takes.
    mail_server: String,
    /// Id or key of the project that issues go to.
    project: String,
    /// `create_or_comment`, also where left out.
    r#type: Option<String>,
}

impl NewHandlerBody {
    fn read(self) -> Result<NewHandler, ApiError> {
        let kind = optional_choice("type", self.r#type.as_deref())?;
        Ok(NewHandler {
            name: self.name,
            mail_server: self.mail_server,
            project: self.project,
            kind: kind.unwrap_or(HandlerType::CreateOrComment),
        })
    }
}

/// A handler.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Handler)]
struct HandlerBody {
    id: String,
    name: String,
    /// The mail server's name.
    mail_server: String,
    mail_server_id: String,
    /// The project's key.
    project: String,
    project_id: String,
    r#type: &'static str,
    enabled: bool,
    created_at: Timestamp,
}

async fn shape(engine: &Engine, handler: Handler) -> Result<HandlerBody, ApiError> {
    let (mail_server, project) = names::of_handler(engine, &handler).await?;
    Ok(HandlerBody {
        id: handler.id.to_string(),
        name: handler.name,
        mail_server,
        mail_server_id: handler.mail_server_id.to_string(),
        project,
        project_id: handler.project_id.to_string(),
        r#type: handler.kind.as_str(),
        enabled: handler.enabled,
        created_at: handler.created_at,
    })
}

//! `/attachments`: the bytes of files that came with mail.

use axum::extract::State;
use axum::response::Response;
use outlink_model::AttachmentId;
use outlink_model::problem::Problem;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::File;
use crate::app::App;
use crate::auth::Reader;
use crate::download::download;
use crate::error::ApiError;
use crate::extract::Path;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}

/// A file, to be saved. What it claims to be is ignored: it comes from a stranger.
#[utoipa::path(
    get, path = "/attachments/{id}", tag = "attachments",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = File, content_type = "application/octet-stream")),
)]
async fn show(
    State(app): State<App>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    attachment(&app, &id).await
}

/// The answer, here and in the console.
pub(crate) async fn attachment(app: &App, id: &str) -> Result<Response, ApiError> {
    let id: AttachmentId = id.parse().map_err(|_| Problem::not_found("attachment", id))?;
    let (attachment, bytes) = app.engine().attachment(id).await?;
    Ok(download(&attachment.name, "application/octet-stream", bytes))
}

//! `/projects`: where issues live.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use outlink_model::tracker::Project;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::error::ApiError;
use crate::extract::{Json, List, ListQuery, Path, Query};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(show))
}

/// Makes a project.
#[utoipa::path(
    post, path = "/projects", tag = "projects",
    request_body = NewProjectBody,
    responses((status = 201, body = ProjectBody)),
)]
async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<NewProjectBody>,
) -> Result<(StatusCode, Json<ProjectBody>), ApiError> {
    let project = app.engine().create_project(&body.key, &body.name, &caller).await?;
    Ok((StatusCode::CREATED, Json(project.into())))
}

/// Every project.
#[utoipa::path(
    get, path = "/projects", tag = "projects",
    params(ListQuery),
    responses((status = 200, body = List<ProjectBody>)),
)]
async fn list(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<ListQuery>,
) -> Result<Json<List<ProjectBody>>, ApiError> {
    let listed = app.engine().projects(query.page()?).await?;
    Ok(Json(List::of(listed)))
}

/// One project.
#[utoipa::path(
    get, path = "/projects/{id}", tag = "projects",
    params(("id" = String, Path, description = "Its id or key")),
    responses((status = 200, body = ProjectBody)),
)]
async fn show(
    State(app): State<App>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Json<ProjectBody>, ApiError> {
    Ok(Json(app.engine().project(&id).await?.into()))
}

/// What a new project is made of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProject)]
struct NewProjectBody {
    /// What issue keys begin with: `SUP` makes `SUP-1`.
    key: String,
    name: String,
}

/// A project.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Project)]
struct ProjectBody {
    id: String,
    key: String,
    name: String,
    created_at: Timestamp,
}

impl From<Project> for ProjectBody {
    fn from(project: Project) -> Self {
        Self {
            id: project.id.to_string(),
            key: project.key,
            name: project.name,
            created_at: project.created_at,
        }
    }
}

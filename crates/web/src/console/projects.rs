//! Projects: where issues live.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use outlink_model::tracker::Project;
use serde::Serialize;

use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{ListQuery, Query};
use crate::form::{self, Fields, Form};
use crate::page::Rows;
use crate::words::When;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/projects", get(list).post(create)).route("/projects/new", get(new))
}

/// One project.
#[derive(Debug, Serialize)]
pub(crate) struct ProjectRow {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) created_at: When,
}

impl From<Project> for ProjectRow {
    fn from(project: Project) -> Self {
        Self { key: project.key, name: project.name, created_at: project.created_at.into() }
    }
}

/// The form for a new project.
#[derive(Debug, Serialize)]
pub(crate) struct ProjectNewPage {
    pub(crate) form: Form,
}

pub(crate) fn blank() -> Form {
    Form::new(&[("key", ""), ("name", "")])
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let limit = query.limit;
    let listed = app.engine().projects(query.page()?).await?;
    let page: Rows<ProjectRow> = Rows::of("/projects", limit, listed);
    app.pages().show(&signed, "projects", "projects.html", page)
}

async fn new(State(app): State<App>, signed: Signed) -> Result<Response, ApiError> {
    show(&app, &signed, blank())
}

async fn create(
    State(app): State<App>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, ApiError> {
    let (key, name) = (fields.text("key"), fields.text("name"));
    match app.engine().create_project(&key, &name, &signed.caller()).await {
        Ok(_) => Ok(Redirect::to("/projects").into_response()),
        Err(error) => show(&app, &signed, blank().typed(&fields).refused(error.into(), &[])?),
    }
}

fn show(app: &App, signed: &Signed, form: Form) -> Result<Response, ApiError> {
    let status = form::status(&form);
    let page = ProjectNewPage { form };
    app.pages().show_with(status, signed, "projects", "project_new.html", page)
}

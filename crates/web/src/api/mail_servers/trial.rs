//! Trying a mail server, saved or not: step by step, and what would become of the newest mail.

use axum::extract::State;
use outlink_engine::Engine;
use outlink_engine::mail_servers::MailServerReport;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::entered::{MailServerEditBody, NewMailServerBody};
use crate::api::report::ReportBody;
use crate::api::trials::{self, TrialBody};
use crate::app::App;
use crate::auth::Admin;
use crate::error::ApiError;
use crate::extract::{Json, Path};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(unsaved)).routes(routes!(saved))
}

/// Tries a mail server before it is saved. Nothing is written. What does not work stands in the report; the status is 200
/// either way, unless a field is wrong.
#[utoipa::path(
    post, path = "/mail-servers/test", tag = "mail-servers",
    request_body = NewMailServerBody,
    responses((status = 200, body = MailServerReportBody)),
)]
async fn unsaved(
    State(app): State<App>,
    _: Admin,
    Json(body): Json<NewMailServerBody>,
) -> Result<Json<MailServerReportBody>, ApiError> {
    let report = app.engine().test_new_mail_server(body.read()?).await?;
    Ok(Json(shape(app.engine(), report).await?))
}

/// Tries a mail server step by step, and changes nothing. With fields of an edit in the body, it is tried as it would be
/// after that edit. What does not work stands in the report; the status is 200 either way, unless a field is wrong.
#[utoipa::path(
    post, path = "/mail-servers/{id}/test", tag = "mail-servers",
    params(("id" = String, Path, description = "Its id or name")),
    request_body = MailServerEditBody,
    responses((status = 200, body = MailServerReportBody)),
)]
async fn saved(
    State(app): State<App>,
    _: Admin,
    Path(id): Path<String>,
    Json(body): Json<MailServerEditBody>,
) -> Result<Json<MailServerReportBody>, ApiError> {
    let before = app.engine().mail_server(&id).await?;
    let report = app.engine().test_mail_server_edit(&id, body.read(&before)?).await?;
    Ok(Json(shape(app.engine(), report).await?))
}

/// What a test of a mail server found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailServerReport)]
struct MailServerReportBody {
    #[serde(flatten)]
    report: ReportBody,
    /// What would become of the newest messages, if it had its handlers now. Nothing of it happens.
    newest: Vec<TrialBody>,
}

async fn shape(
    engine: &Engine,
    report: MailServerReport,
) -> Result<MailServerReportBody, ApiError> {
    Ok(MailServerReportBody {
        report: report.steps.into(),
        newest: trials::bodies(engine, report.newest).await?,
    })
}

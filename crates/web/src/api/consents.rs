//! `/consents`: how a consent that was asked for stands.

use axum::extract::State;
use outlink_engine::consents::ConsentStatus;
use outlink_engine::grants::grant_name;
use outlink_model::ConsentId;
use outlink_model::grant::Grant;
use outlink_model::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::links::DeviceBody;
use crate::app::App;
use crate::auth::Reader;
use crate::error::ApiError;
use crate::extract::{Json, Path};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}

/// How a consent stands.
#[utoipa::path(
    get, path = "/consents/{id}", tag = "consents",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = ConsentBody)),
)]
async fn show(
    State(app): State<App>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Json<ConsentBody>, ApiError> {
    let parsed: ConsentId = id.parse().map_err(|_| Problem::not_found("consent", &id))?;
    let body = match app.engine().consent_status(parsed).await? {
        ConsentStatus::Waiting(device) => ConsentBody {
            state: "waiting",
            device: device.map(DeviceBody::from),
            grant: None,
            reason: None,
        },
        ConsentStatus::Done(grant) => {
            let grant = Some((*grant).into());
            ConsentBody { state: "done", device: None, grant, reason: None }
        }
        ConsentStatus::Failed(reason) => {
            ConsentBody { state: "failed", device: None, grant: None, reason: Some(reason) }
        }
    };
    Ok(Json(body))
}

/// A consent.
#[derive(Serialize, ToSchema)]
#[schema(as = Consent)]
struct ConsentBody {
    /// `waiting`, `done` or `failed`.
    state: &'static str,
    /// What is to be typed at the provider, while that is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<DeviceBody>,
    /// What came of it.
    grant: Option<ConsentGrantBody>,
    /// Why it failed.
    reason: Option<String>,
}

/// The grant that came of a consent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentGrant)]
struct ConsentGrantBody {
    id: String,
    identity: String,
    state: &'static str,
    scopes: Vec<String>,
}

impl From<Grant> for ConsentGrantBody {
    fn from(grant: Grant) -> Self {
        Self {
            identity: grant_name(&grant),
            id: grant.id.to_string(),
            state: grant.state.name().as_str(),
            scopes: grant.scopes,
        }
    }
}

//! `/grants`: consents that stand under links.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use outlink_engine::grants::{GrantView, grant_name};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::TroubleBody;
use super::links::OfferBody;
use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::error::ApiError;
use crate::extract::{Json, List, ListQuery, Path, Query};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(refresh))
        .routes(routes!(authorize))
}

/// Every grant.
#[utoipa::path(
    get, path = "/grants", tag = "grants",
    params(ListQuery),
    responses((status = 200, body = List<GrantBody>)),
)]
async fn list(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<ListQuery>,
) -> Result<Json<List<GrantBody>>, ApiError> {
    let listed = app.engine().grants(query.page()?).await?;
    let items = listed.items.into_iter().map(GrantBody::from).collect();
    Ok(Json(List { items, next: listed.next }))
}

/// One grant.
#[utoipa::path(
    get, path = "/grants/{id}", tag = "grants",
    params(("id" = String, Path, description = "Its id, or its e-mail address where only one grant has it")),
    responses((status = 200, body = GrantBody)),
)]
async fn show(
    State(app): State<App>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Json<GrantBody>, ApiError> {
    Ok(Json(app.engine().grant_view(&id).await?.into()))
}

/// Asks the provider for fresh tokens now.
#[utoipa::path(
    post, path = "/grants/{id}/refresh", tag = "grants",
    params(("id" = String, Path, description = "Its id or e-mail address")),
    responses((status = 200, body = GrantBody)),
)]
async fn refresh(
    State(app): State<App>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<Json<GrantBody>, ApiError> {
    let grant = app.engine().refresh_grant(&id).await?;
    Ok(Json(app.engine().view_grant(grant).await?.into()))
}

/// Makes a one-time address by which the same person consents anew, for the same grant.
#[utoipa::path(
    post, path = "/grants/{id}/authorize", tag = "grants",
    params(("id" = String, Path, description = "Its id or e-mail address")),
    responses((status = 201, body = OfferBody)),
)]
async fn authorize(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<OfferBody>), ApiError> {
    let offer = app.engine().authorize_grant(&id, &caller).await?;
    Ok((StatusCode::CREATED, Json(offer.into())))
}

/// A grant. Its tokens are never shown here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Grant)]
pub(super) struct GrantBody {
    id: String,
    /// The link's name.
    link: String,
    link_id: String,
    /// The e-mail address, else the provider's name for the person.
    identity: String,
    /// `active`, `degraded`, `needs_consent`, `blocked` or `revoked`.
    state: &'static str,
    /// Since when it is in this state.
    since: Timestamp,
    #[serde(flatten)]
    trouble: TroubleBody,
    /// What was granted.
    scopes: Vec<String>,
    /// What was asked for and not granted.
    missing_scopes: Vec<String>,
    /// When the access token ends.
    expires_at: Timestamp,
    /// Whether it is renewed by itself.
    renewable: bool,
    next_refresh_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl From<GrantView> for GrantBody {
    fn from(view: GrantView) -> Self {
        let trouble = view.trouble();
        let grant = view.grant;
        Self {
            identity: grant_name(&grant),
            id: grant.id.to_string(),
            link: view.link_name,
            link_id: grant.link_id.to_string(),
            state: grant.state.name().as_str(),
            since: grant.since,
            trouble: trouble.as_ref().into(),
            scopes: grant.scopes,
            missing_scopes: view.missing_scopes,
            expires_at: grant.expires_at,
            renewable: grant.renewable,
            next_refresh_at: grant.next_refresh_at,
            created_at: grant.created_at,
        }
    }
}

//! `/grants`: consents that stand under links.

use axum::extract::State;
use http::StatusCode;
use outlink_engine::grants::{DeleteGrant, NewGrant};
use outlink_model::Secret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::links::{OfferBody, hours};
use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::{Json, List, Path, Query, page, secret};

mod shown;

use shown::{AtProviderBody, GrantBody};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(show, delete))
        .routes(routes!(refresh))
        .routes(routes!(authorize))
        .routes(routes!(revoke))
        .routes(routes!(restore))
}

/// Makes a grant that nobody consents to here: of a refresh token that exists already, or under a link that asks for
/// tokens on its own. The provider is asked for its tokens at once.
#[utoipa::path(
    post, path = "/grants", tag = "grants",
    request_body = NewGrantBody,
    responses((status = 201, body = GrantBody)),
)]
async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<NewGrantBody>,
) -> Result<(StatusCode, Json<GrantBody>), ApiError> {
    let new = NewGrant { refresh_token: body.refresh_token, subject: body.subject };
    let view = app.engine().create_grant(&body.link, new, &caller).await?;
    Ok((StatusCode::CREATED, Json(view.into())))
}

/// The grants, in the order in which they were made: every one, or those under one link, in one state, or both.
#[utoipa::path(
    get, path = "/grants", tag = "grants",
    params(GrantsQuery),
    responses((status = 200, body = List<GrantBody>)),
)]
async fn list(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<GrantsQuery>,
) -> Result<Json<List<GrantBody>>, ApiError> {
    let state = optional_choice("state", query.state.as_deref())?;
    let link = query.link.as_deref().filter(|link| !link.is_empty());
    let page = page(query.limit, query.after)?;
    let listed = app.engine().grants_where(link, state, page).await?;
    Ok(Json(List::of(listed)))
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

/// Makes a one-time address (or, for a link of the grant type `device_code`, a code) by which the same person consents
/// anew, for the same grant.
#[utoipa::path(
    post, path = "/grants/{id}/authorize", tag = "grants",
    params(("id" = String, Path, description = "Its id or e-mail address")),
    request_body = AuthorizeGrantBody,
    responses((status = 201, body = OfferBody)),
)]
async fn authorize(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Json(body): Json<AuthorizeGrantBody>,
) -> Result<(StatusCode, Json<OfferBody>), ApiError> {
    let lasts = hours(body.expires_in_hours);
    let offer = app.engine().authorize_grant(&id, lasts, &caller).await?;
    Ok((StatusCode::CREATED, Json(offer.into())))
}

/// Gives a grant back: at the provider where that can be done, and here in any case. Where the provider cannot be told,
/// it is refused and nothing changes.
#[utoipa::path(
    post, path = "/grants/{id}/revoke", tag = "grants",
    params(("id" = String, Path, description = "Its id or e-mail address")),
    responses((status = 200, body = RevokedBody)),
)]
async fn revoke(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<Json<RevokedBody>, ApiError> {
    let revoked = app.engine().revoke_grant(&id, &caller).await?;
    Ok(Json(RevokedBody { grant: revoked.view.into(), at_provider: revoked.at_provider.into() }))
}

/// Puts back the tokens that stood before the last consent, where the provider still honours them.
#[utoipa::path(
    post, path = "/grants/{id}/restore", tag = "grants",
    params(("id" = String, Path, description = "Its id or e-mail address")),
    responses((status = 200, body = GrantBody)),
)]
async fn restore(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<Json<GrantBody>, ApiError> {
    Ok(Json(app.engine().restore_grant(&id, &caller).await?.into()))
}

/// Deletes a grant with its tokens. Where mail servers use it, it is refused and they are named, unless they are to be
/// detached. What was received with it stays.
#[utoipa::path(
    delete, path = "/grants/{id}", tag = "grants",
    params(("id" = String, Path, description = "Its id or e-mail address"), DeleteGrantQuery),
    responses((status = 200, body = DeletedGrantBody)),
)]
async fn delete(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Query(query): Query<DeleteGrantQuery>,
) -> Result<Json<DeletedGrantBody>, ApiError> {
    let how = DeleteGrant { revoke: query.revoke, detach: query.detach };
    let deleted = app.engine().delete_grant(&id, how, &caller).await?;
    Ok(Json(DeletedGrantBody {
        mail_servers: deleted.mail_servers,
        at_provider: deleted.at_provider.map(AtProviderBody::from),
    }))
}

/// Which grants are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GrantsQuery {
    /// `active`, `degraded`, `needs_consent`, `blocked` or `revoked`; every one where left out.
    state: Option<String>,
    /// Id or name of a link: those under it alone.
    link: Option<String>,
    /// How many items at most, 1 to 1000; 50 where left out.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// What a grant is made of that nobody consents to here.
// No `Debug`: it holds a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewGrant)]
struct NewGrantBody {
    /// Id or name of the link that it stands under.
    link: String,
    /// A refresh token that the provider has given to this client before. Needed where people consent. Kept sealed and
    /// never shown again.
    #[serde(default, deserialize_with = "secret")]
    #[schema(value_type = Option<String>, format = Password)]
    refresh_token: Option<Secret>,
    /// The mailbox whose tokens are asked for; for the grant type `jwt_bearer`.
    subject: Option<String>,
}

/// How the same person is asked anew.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AuthorizeGrant)]
struct AuthorizeGrantBody {
    /// How long the address works, 1 to 720; 72 where left out. The end of a code is the provider's to say.
    expires_in_hours: Option<u32>,
}

/// How a grant is to be deleted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeleteGrantQuery {
    /// Whether its tokens are given back at the provider first.
    #[serde(default)]
    #[param(required = false)]
    revoke: bool,
    /// Whether the mail servers that use it are paused and left without a grant.
    #[serde(default)]
    #[param(required = false)]
    detach: bool,
}

/// A grant that was given back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GrantRevoked)]
struct RevokedBody {
    #[serde(flatten)]
    grant: GrantBody,
    at_provider: AtProviderBody,
}

/// What went with a grant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GrantDeleted)]
struct DeletedGrantBody {
    /// Names of the mail servers that are paused now.
    mail_servers: Vec<String>,
    /// What became of it at the provider, where that was asked for.
    at_provider: Option<AtProviderBody>,
}

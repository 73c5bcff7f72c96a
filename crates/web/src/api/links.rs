//! `/links`: registrations at providers.

use axum::extract::State;
use http::StatusCode;
use jiff::SignedDuration;
use outlink_engine::consents::AskConsent;
use outlink_engine::links::DeleteLink;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::report::ReportBody;
use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::error::ApiError;
use crate::extract::{Json, List, ListQuery, Path, Query};

mod discovery;
mod entered;
mod offer;
mod params;
mod shown;

use entered::{LinkEditBody, NewLinkBody};
pub(super) use offer::{DeviceBody, OfferBody};
use shown::{LinkBody, SavedLinkBody};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .merge(discovery::routes())
        .routes(routes!(show, edit, delete))
        .routes(routes!(test))
        .routes(routes!(authorize))
}

/// Registers a link.
#[utoipa::path(
    post, path = "/links", tag = "links",
    request_body = NewLinkBody,
    responses((status = 201, body = SavedLinkBody)),
)]
async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<NewLinkBody>,
) -> Result<(StatusCode, Json<SavedLinkBody>), ApiError> {
    let saved = app.engine().create_link(body.read()?, &caller).await?;
    let body = SavedLinkBody::new(app.engine(), saved.link, saved.warnings);
    Ok((StatusCode::CREATED, Json(body)))
}

/// Every link.
#[utoipa::path(
    get, path = "/links", tag = "links",
    params(ListQuery),
    responses((status = 200, body = List<LinkBody>)),
)]
async fn list(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<ListQuery>,
) -> Result<Json<List<LinkBody>>, ApiError> {
    let listed = app.engine().links(query.page()?).await?;
    let items = listed.items.into_iter().map(|link| LinkBody::new(app.engine(), link)).collect();
    Ok(Json(List { items, next: listed.next }))
}

/// One link, with what should be known about it.
#[utoipa::path(
    get, path = "/links/{id}", tag = "links",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 200, body = SavedLinkBody)),
)]
async fn show(
    State(app): State<App>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Json<SavedLinkBody>, ApiError> {
    let link = app.engine().link(&id).await?;
    let warnings = app.engine().link_warnings(&link);
    Ok(Json(SavedLinkBody::new(app.engine(), link, warnings)))
}

/// Changes a link; what is left out stays. Whatever was refused before is tried anew at once. With `updated_at` it is
/// refused (409, `changed_meanwhile`) where somebody has changed the link since.
#[utoipa::path(
    patch, path = "/links/{id}", tag = "links",
    params(("id" = String, Path, description = "Its id or name")),
    request_body = LinkEditBody,
    responses((status = 200, body = SavedLinkBody)),
)]
async fn edit(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Json(body): Json<LinkEditBody>,
) -> Result<Json<SavedLinkBody>, ApiError> {
    let saved = app.engine().edit_link(&id, body.read()?, &caller).await?;
    Ok(Json(SavedLinkBody::new(app.engine(), saved.link, saved.warnings)))
}

/// Deletes a link, where told to with its grants. Without being told, one that has grants is refused, and the refusal
/// names them. What was received with them stays. The answer comes when it is done: with many grants to give back at the
/// provider, that takes minutes.
#[utoipa::path(
    delete, path = "/links/{id}", tag = "links",
    params(("id" = String, Path, description = "Its id or name"), DeleteLinkQuery),
    responses((status = 200, body = DeletedLinkBody)),
)]
async fn delete(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Query(query): Query<DeleteLinkQuery>,
) -> Result<Json<DeletedLinkBody>, ApiError> {
    let how = DeleteLink { with_grants: query.with_grants, revoke: query.revoke };
    let deleted = app.engine().delete_link(&id, how, &caller).await?;
    Ok(Json(DeletedLinkBody {
        grants: deleted.grants,
        mail_servers: deleted.mail_servers,
        not_revoked: deleted.not_revoked,
        warnings: deleted.warnings,
    }))
}

/// Tries it step by step, and changes nothing. What does not work stands in the report; the status is 200 either way.
#[utoipa::path(
    post, path = "/links/{id}/test", tag = "links",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 200, body = ReportBody)),
)]
async fn test(
    State(app): State<App>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<Json<ReportBody>, ApiError> {
    Ok(Json(app.engine().test_link(&id).await?.steps.into()))
}

/// Asks for a consent, for a new grant: makes a one-time address, or a code that is typed at the provider where the
/// link has the grant type `device_code`.
#[utoipa::path(
    post, path = "/links/{id}/authorize", tag = "links",
    params(("id" = String, Path, description = "Its id or name")),
    request_body = AuthorizeBody,
    responses((status = 201, body = OfferBody)),
)]
async fn authorize(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
    Json(body): Json<AuthorizeBody>,
) -> Result<(StatusCode, Json<OfferBody>), ApiError> {
    let ask = AskConsent { login_hint: body.login_hint, expires_in: hours(body.expires_in_hours) };
    let offer = app.engine().authorize_link(&id, ask, &caller).await?;
    Ok((StatusCode::CREATED, Json(offer.into())))
}

/// How long a consent may take.
pub(super) fn hours(hours: Option<u32>) -> Option<SignedDuration> {
    hours.map(|hours| SignedDuration::from_hours(hours.into()))
}

/// Who is asked to consent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Authorize)]
struct AuthorizeBody {
    /// The address of the expected mailbox; suggests the account at the provider.
    login_hint: Option<String>,
    /// How long the address works, 1 to 720; 72 where left out. The end of a code is the provider's to say.
    expires_in_hours: Option<u32>,
}

/// How a link is to be deleted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeleteLinkQuery {
    /// Whether its grants are deleted with it; the mail servers that use them are paused.
    #[serde(default)]
    #[param(required = false)]
    with_grants: bool,
    /// Whether the tokens of these grants are given back at the provider first.
    #[serde(default)]
    #[param(required = false)]
    revoke: bool,
}

/// What went with a link.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinkDeleted)]
struct DeletedLinkBody {
    /// How many grants were deleted with it.
    grants: usize,
    /// Names of the mail servers that have lost their grant, and are paused now.
    mail_servers: Vec<String>,
    /// What could not be given back at the provider, a sentence for each grant.
    not_revoked: Vec<String>,
    /// What else has probably ended with that: grants of other links.
    warnings: Vec<String>,
}

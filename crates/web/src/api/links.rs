//! `/links`: registrations at providers.

use std::collections::BTreeMap;

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use outlink_engine::Engine;
use outlink_engine::consents::Offer;
use outlink_engine::links::NewLink;
use outlink_model::Secret;
use outlink_model::link::{Link, LinkHealth};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::TroubleBody;
use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::choice::{choice, optional_choice};
use crate::error::ApiError;
use crate::extract::{Json, List, ListQuery, Path, Query, secret};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(redirect_url))
        .routes(routes!(show))
        .routes(routes!(authorize))
}

/// Registers a link.
#[utoipa::path(
    post, path = "/links", tag = "links",
    request_body = NewLinkBody,
    responses((status = 201, body = LinkBody)),
)]
async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<NewLinkBody>,
) -> Result<(StatusCode, Json<LinkBody>), ApiError> {
    let link = app.engine().create_link(body.read()?, &caller).await?;
    Ok((StatusCode::CREATED, Json(LinkBody::new(app.engine(), link))))
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

/// One link.
#[utoipa::path(
    get, path = "/links/{id}", tag = "links",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 200, body = LinkBody)),
)]
async fn show(
    State(app): State<App>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Json<LinkBody>, ApiError> {
    let link = app.engine().link(&id).await?;
    Ok(Json(LinkBody::new(app.engine(), link)))
}

/// The redirect URL to register at a provider, before any link stands.
#[utoipa::path(
    get, path = "/links/redirect-url", tag = "links",
    params(RedirectUrlQuery),
    responses((status = 200, body = RedirectUrlBody)),
)]
async fn redirect_url(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<RedirectUrlQuery>,
) -> Result<Json<RedirectUrlBody>, ApiError> {
    let provider = optional_choice("provider", query.provider.as_deref())?;
    let redirect_url = app.engine().redirect_url(
        provider,
        query.authorization_endpoint.as_deref(),
        query.token_endpoint.as_deref(),
    )?;
    Ok(Json(RedirectUrlBody { redirect_url }))
}

/// Makes a one-time address by which somebody consents, for a new grant.
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
    let offer = app.engine().authorize_link(&id, body.login_hint, &caller).await?;
    Ok((StatusCode::CREATED, Json(offer.into())))
}

/// What a new link is made of. What is left out comes from the provider's preset.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewLink)]
struct NewLinkBody {
    /// Unique, chosen by you.
    name: String,
    #[serde(default)]
    description: String,
    /// `google`, `microsoft` or `custom`.
    provider: String,
    /// `authorization_code`, also where left out.
    grant_type: Option<String>,
    client_id: String,
    /// Kept sealed and never shown again. None for a public client.
    #[serde(default, deserialize_with = "secret")]
    #[schema(value_type = Option<String>, format = Password)]
    client_secret: Option<Secret>,
    /// `client_secret_basic`, `client_secret_post`, `client_secret_basic_raw` or `none`.
    client_auth: Option<String>,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    /// Compared with the provider's answers (RFC 9207).
    issuer: Option<String>,
    userinfo_endpoint: Option<String>,
    /// Separated by spaces.
    scope: Option<String>,
    /// Parameters besides the usual ones in the authorization request.
    #[serde(default)]
    authorization_params: BTreeMap<String, String>,
}

impl NewLinkBody {
    fn read(self) -> Result<NewLink, ApiError> {
        Ok(NewLink {
            provider: choice("provider", &self.provider)?,
            grant_type: optional_choice("grant_type", self.grant_type.as_deref())?,
            client_auth: optional_choice("client_auth", self.client_auth.as_deref())?,
            name: self.name,
            description: self.description,
            client_id: self.client_id,
            client_secret: self.client_secret,
            authorization_endpoint: self.authorization_endpoint,
            token_endpoint: self.token_endpoint,
            issuer: self.issuer,
            userinfo_endpoint: self.userinfo_endpoint,
            scope: self.scope,
            authorization_params: self.authorization_params.into_iter().collect(),
        })
    }
}

/// A link. Its client secret is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Link)]
struct LinkBody {
    id: String,
    name: String,
    description: String,
    provider: &'static str,
    grant_type: &'static str,
    client_id: String,
    client_auth: &'static str,
    /// Whether a client secret is kept.
    has_client_secret: bool,
    authorization_endpoint: Option<String>,
    token_endpoint: String,
    issuer: Option<String>,
    userinfo_endpoint: Option<String>,
    scope: String,
    authorization_params: BTreeMap<String, String>,
    /// Hosts that tokens of this link may be shown to.
    token_hosts: Vec<String>,
    /// To be registered at the provider; `null` where the grant type has no redirect.
    redirect_url: Option<String>,
    health: LinkHealthBody,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Whether the provider accepts the link itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinkHealth)]
struct LinkHealthBody {
    /// `healthy` or `marked`.
    state: &'static str,
    #[serde(flatten)]
    trouble: TroubleBody,
    /// Probes that failed in a row.
    failures: u32,
    /// When it is probed next.
    probe_at: Option<Timestamp>,
}

impl From<&LinkHealth> for LinkHealthBody {
    fn from(health: &LinkHealth) -> Self {
        match health {
            LinkHealth::Healthy => {
                Self { state: "healthy", trouble: None.into(), failures: 0, probe_at: None }
            }
            LinkHealth::Marked { trouble, failures, probe_at } => Self {
                state: "marked",
                trouble: Some(trouble).into(),
                failures: *failures,
                probe_at: Some(*probe_at),
            },
        }
    }
}

impl LinkBody {
    fn new(engine: &Engine, link: Link) -> Self {
        Self {
            redirect_url: engine.redirect_url_of(&link),
            id: link.id.to_string(),
            name: link.name,
            description: link.description,
            provider: link.provider.as_str(),
            grant_type: link.grant_type.as_str(),
            client_id: link.client_id,
            client_auth: link.client_auth.as_str(),
            has_client_secret: link.client_secret.is_some(),
            authorization_endpoint: link.authorization_endpoint,
            token_endpoint: link.token_endpoint,
            issuer: link.issuer,
            userinfo_endpoint: link.userinfo_endpoint,
            scope: link.scope,
            authorization_params: link.authorization_params.into_iter().collect(),
            token_hosts: link.token_hosts,
            health: (&link.health).into(),
            created_at: link.created_at,
            updated_at: link.updated_at,
        }
    }
}

/// Which redirect URL is wanted: that of a provider, or of a pair of endpoints.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RedirectUrlQuery {
    /// `google`, `microsoft` or `custom`.
    provider: Option<String>,
    /// Needed for `custom`.
    authorization_endpoint: Option<String>,
    /// Needed for `custom`.
    token_endpoint: Option<String>,
}

/// A redirect URL.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RedirectUrl)]
struct RedirectUrlBody {
    redirect_url: String,
}

/// Who is asked to consent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Authorize)]
struct AuthorizeBody {
    /// The address of the expected mailbox; suggests the account at the provider.
    login_hint: Option<String>,
}

/// A one-time address for whoever shall consent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Offer)]
pub(super) struct OfferBody {
    /// Open it in a browser. It is shown here and never again.
    url: String,
    /// Ask `/consents/{id}` with it how it went.
    consent: String,
    expires_at: Timestamp,
}

impl From<Offer> for OfferBody {
    fn from(offer: Offer) -> Self {
        Self {
            // One of the two answers made for a secret: an own one-time address, shown once.
            url: offer.url.expose().to_owned(),
            consent: offer.consent.to_string(),
            expires_at: offer.expires_at,
        }
    }
}

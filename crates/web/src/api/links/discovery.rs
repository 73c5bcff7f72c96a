//! What can be known before a link stands: where its provider's endpoints are, and which redirect URL it will have.

use axum::extract::State;
use outlink_engine::links::Discovered;
use outlink_model::provider::ProviderKind;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::choice::{ChoiceWords, optional_choice, words};
use crate::error::ApiError;
use crate::extract::{Json, Query};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(redirect_url)).routes(routes!(discover))
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
    let chosen = ChoiceWords {
        cloud: query.cloud.as_deref(),
        tenant: query.tenant.as_deref(),
        protocols: words(query.protocol.as_deref()),
        grant_type: query.grant_type.as_deref(),
        instance: query.instance.as_deref(),
    };
    let found = app.engine().redirect_url(
        provider.unwrap_or(ProviderKind::Custom),
        &chosen.read()?,
        query.authorization_endpoint.as_deref(),
        query.token_endpoint.as_deref(),
    )?;
    Ok(Json(RedirectUrlBody { redirect_url: found.url, warnings: found.warnings }))
}

/// What the authorization server of an issuer says of itself (RFC 8414, OpenID Connect Discovery). Keeps nothing.
#[utoipa::path(
    post, path = "/links/discover", tag = "links",
    request_body = DiscoverBody,
    responses((status = 200, body = MetadataBody)),
)]
async fn discover(
    State(app): State<App>,
    // It has us ask an address of the caller's choice, so looking is not enough.
    _: Admin,
    Json(body): Json<DiscoverBody>,
) -> Result<Json<MetadataBody>, ApiError> {
    Ok(Json(app.engine().discover(&body.issuer).await?.into()))
}

/// Which redirect URL is wanted: that of a provider, or of a pair of endpoints.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RedirectUrlQuery {
    /// `google`, `microsoft`, `custom` (where left out) or another of `/providers`.
    provider: Option<String>,
    /// Microsoft's cloud.
    cloud: Option<String>,
    /// Microsoft's tenant.
    tenant: Option<String>,
    /// `imap`, `pop3` and `smtp`, separated by commas.
    protocol: Option<String>,
    /// `authorization_code` where left out; others have no redirect URL.
    grant_type: Option<String>,
    /// The address of a self-hosted instance.
    instance: Option<String>,
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
    /// What the provider is known to refuse about it.
    warnings: Vec<String>,
}

/// Who is asked about itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Discover)]
struct DiscoverBody {
    /// As the provider documents it, letter by letter.
    issuer: String,
}

/// What an authorization server says of itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Metadata)]
struct MetadataBody {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: String,
    revocation_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    /// Where a client can register itself (RFC 7591).
    registration_endpoint: Option<String>,
    /// The scopes that it names; it may know more.
    scopes_supported: Vec<String>,
    /// How clients may authenticate, as far as it can be done here.
    client_auths: Vec<&'static str>,
    /// The ways of getting tokens, as far as they are known here.
    grant_types: Vec<&'static str>,
    /// How assertions may be signed, as far as it can be done here.
    signing_algs: Vec<&'static str>,
    /// Whether it takes code challenges (RFC 7636); `null` where it does not say.
    pkce: Option<bool>,
    /// Whether its answers name their issuer (RFC 9207).
    sends_issuer: bool,
    /// What was left out, since it is not taken.
    warnings: Vec<String>,
}

impl From<Discovered> for MetadataBody {
    fn from(Discovered { metadata, warnings }: Discovered) -> Self {
        Self {
            issuer: metadata.issuer,
            authorization_endpoint: metadata.authorization_endpoint,
            token_endpoint: metadata.token_endpoint,
            revocation_endpoint: metadata.revocation_endpoint,
            introspection_endpoint: metadata.introspection_endpoint,
            userinfo_endpoint: metadata.userinfo_endpoint,
            device_authorization_endpoint: metadata.device_authorization_endpoint,
            registration_endpoint: metadata.registration_endpoint,
            scopes_supported: metadata.scopes_supported,
            client_auths: metadata.client_auths.iter().map(|auth| auth.as_str()).collect(),
            grant_types: metadata.grant_types.iter().map(|kind| kind.as_str()).collect(),
            signing_algs: metadata.signing_algs.iter().map(|alg| alg.as_str()).collect(),
            pkce: metadata.pkce_s256,
            sends_issuer: metadata.sends_issuer,
            warnings,
        }
    }
}

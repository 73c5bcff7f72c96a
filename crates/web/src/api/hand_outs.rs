//! Handing access tokens to other programs, and the record of it.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, PRAGMA};
use jiff::{SignedDuration, Timestamp};
use outlink_engine::hand_outs::{HandOutView, HandedOut, MIN_TTL};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::{HandOut, Reader};
use crate::client_ip::ClientIp;
use crate::error::ApiError;
use crate::extract::{Json, List, Path, Query, page};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(token)).routes(routes!(list))
}

/// An access token of the grant, fresh enough to be used. It takes an API token with the scope `grant_token` that names
/// the grant; no other token is given one, and no session. Each hand-out is recorded.
#[utoipa::path(
    get, path = "/grants/{id}/token", tag = "grants",
    params(("id" = String, Path, description = "Its id or e-mail address"), TokenQuery),
    responses((status = 200, body = HandedOutBody)),
)]
async fn token(
    State(app): State<App>,
    HandOut(token): HandOut,
    ClientIp(address): ClientIp,
    Path(id): Path<String>,
    Query(query): Query<TokenQuery>,
) -> Result<Response, ApiError> {
    let min_ttl =
        query.min_ttl.map_or(MIN_TTL, |seconds| SignedDuration::from_secs(seconds.into()));
    let handed = app.engine().hand_out(&id, min_ttl, &token, Some(address)).await?;
    // As RFC 6749 §5.1 asks of whoever answers with a token.
    let headers = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];
    Ok((headers, Json(HandedOutBody::from(handed))).into_response())
}

/// Who was handed access tokens, and how often, minute by minute; the newest first.
#[utoipa::path(
    get, path = "/hand-outs", tag = "hand-outs",
    params(HandOutsQuery),
    responses((status = 200, body = List<HandOutBody>)),
)]
async fn list(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<HandOutsQuery>,
) -> Result<Json<List<HandOutBody>>, ApiError> {
    let page = page(query.limit, query.after)?;
    let listed = app.engine().hand_outs(query.grant.as_deref(), page).await?;
    Ok(Json(List::of(listed)))
}

/// Which access token is good enough.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TokenQuery {
    /// Seconds that it shall live at least, 0 to 3000; 60 where left out. Where the provider gives out none that lives
    /// so long, the one that there is is handed out.
    min_ttl: Option<u32>,
}

/// Which hand-outs are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HandOutsQuery {
    /// Id or e-mail address of a grant; all grants where left out.
    grant: Option<String>,
    /// How many items at most, 1 to 1000; 50 where left out.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// An access token. Its refresh token stays here.
// No `Debug`: it holds the token.
#[derive(Serialize, ToSchema)]
#[schema(as = HandedOut)]
struct HandedOutBody {
    access_token: String,
    /// Always `Bearer` (RFC 6750).
    token_type: &'static str,
    expires_at: Timestamp,
    /// What was granted.
    scopes: Vec<String>,
}

impl From<HandedOut> for HandedOutBody {
    fn from(handed: HandedOut) -> Self {
        Self {
            // One of the answers made for a secret: what the caller's own API token names.
            access_token: handed.access_token.expose().to_owned(),
            token_type: "Bearer",
            expires_at: handed.expires_at,
            scopes: handed.scopes,
        }
    }
}

/// How often one API token was handed access tokens of one grant within one minute.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HandOut)]
struct HandOutBody {
    /// What people call the grant; `null` once it is deleted.
    grant: Option<String>,
    grant_id: String,
    /// The API token's name; `null` once it is deleted.
    token: Option<String>,
    token_id: String,
    /// The minute, by its beginning.
    minute: Timestamp,
    /// How often.
    count: u64,
    first_at: Timestamp,
    last_at: Timestamp,
    /// The addresses that asked, each once; at most 16.
    addresses: Vec<String>,
}

impl From<HandOutView> for HandOutBody {
    fn from(view: HandOutView) -> Self {
        let hand_out = view.hand_out;
        Self {
            grant: view.grant_name,
            grant_id: hand_out.grant_id.to_string(),
            token: view.token_name,
            token_id: hand_out.token_id.to_string(),
            minute: hand_out.minute,
            count: hand_out.count,
            first_at: hand_out.first_at,
            last_at: hand_out.last_at,
            addresses: hand_out.addresses,
        }
    }
}

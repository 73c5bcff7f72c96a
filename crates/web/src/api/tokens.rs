//! `/tokens`: how programs show who they are.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use outlink_model::user::ApiToken;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::choice::choice;
use crate::error::ApiError;
use crate::extract::{Json, List, ListQuery, Path, Query};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(delete))
}

/// Makes an API token. Its text is in this answer and in no other.
#[utoipa::path(
    post, path = "/tokens", tag = "tokens",
    request_body = NewTokenBody,
    responses((status = 201, body = NewTokenAnswer)),
)]
async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<NewTokenBody>,
) -> Result<(StatusCode, Json<NewTokenAnswer>), ApiError> {
    let scopes = body.scopes.iter().map(|scope| choice("scopes", scope));
    let scopes = scopes.collect::<Result<Vec<_>, _>>()?;
    let made = app.engine().create_token(&body.name, scopes, &body.grants, &caller).await?;
    // One of the answers made for a secret: an own token, shown once.
    let token = made.text.expose().to_owned();
    Ok((StatusCode::CREATED, Json(NewTokenAnswer { of: made.of.into(), token })))
}

/// Every API token, without its text.
#[utoipa::path(
    get, path = "/tokens", tag = "tokens",
    params(ListQuery),
    responses((status = 200, body = List<TokenBody>)),
)]
async fn list(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<ListQuery>,
) -> Result<Json<List<TokenBody>>, ApiError> {
    let listed = app.engine().tokens(query.page()?).await?;
    Ok(Json(List::of(listed)))
}

/// Takes a token back: from now on it opens nothing.
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 204, description = "It is gone.")),
)]
async fn delete(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.engine().delete_token(&id, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a new token is made of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewToken)]
struct NewTokenBody {
    /// Unique, chosen by you.
    name: String,
    /// `admin` (everything but access tokens), `read` (looking only), `grant_token` (being handed the access tokens of
    /// `grants`).
    scopes: Vec<String>,
    /// Ids or e-mail addresses of the grants whose access tokens it is handed; needed by `grant_token`, and of use to
    /// no other scope.
    #[serde(default)]
    grants: Vec<String>,
}

/// An API token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
struct TokenBody {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    /// Ids of the grants whose access tokens it is handed.
    grants: Vec<String>,
    created_at: Timestamp,
}

impl From<ApiToken> for TokenBody {
    fn from(token: ApiToken) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name,
            scopes: token.scopes.into_iter().map(|scope| scope.as_str()).collect(),
            grants: token.grants.iter().map(ToString::to_string).collect(),
            created_at: token.created_at,
        }
    }
}

/// A new API token, with its text.
// No `Debug`: it holds the token.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenMade)]
struct NewTokenAnswer {
    #[serde(flatten)]
    of: TokenBody,
    /// Keep it: it is not shown again.
    token: String,
}

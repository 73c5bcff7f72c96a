//! Who asks. A handler that takes no [`Admin`], [`Reader`], [`HandOut`] or [`Signed`] is visibly public.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use http::header::AUTHORIZATION;
use http::request::Parts;
use outlink_engine::Caller;
use outlink_model::user::{ApiToken, TokenScope, User};

use crate::app::App;
use crate::cookie::Cookie;
use crate::error::ApiError;
use crate::{csrf, page};

/// May change things by the API.
#[derive(Clone, Debug)]
pub(crate) struct Admin(pub(crate) Caller);

/// May look at things by the API.
#[derive(Clone, Debug)]
pub(crate) struct Reader(Caller);

impl Reader {
    /// Whether it may change things as well, and so is shown what only administrators are.
    pub(crate) fn is_admin(&self) -> bool {
        match &self.0 {
            Caller::Token(token) => token.scopes.contains(&TokenScope::Admin),
            Caller::User(_) | Caller::System => true,
        }
    }
}

/// May be handed the access tokens of the grants that it names: an API token with that scope, and nobody else. An
/// administrator who could read them here could read every mailbox without leaving a trace at the provider.
#[derive(Clone, Debug)]
pub(crate) struct HandOut(pub(crate) ApiToken);

/// Is signed in to the console. Every user is an administrator.
#[derive(Clone, Debug)]
pub(crate) struct Signed(pub(crate) User);

impl Signed {
    /// For the record.
    pub(crate) fn caller(&self) -> Caller {
        Caller::User(self.0.clone())
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = caller(parts, app).await?;
        match &caller {
            Caller::Token(token) if !token.scopes.contains(&TokenScope::Admin) => {
                let detail = match token.scopes.contains(&TokenScope::Read) {
                    true => "This API token may look but not change.",
                    false => HANDED_ONLY,
                };
                Err(scope_missing(detail, "Use a token with the scope `admin`."))
            }
            Caller::Token(_) | Caller::User(_) | Caller::System => Ok(Self(caller)),
        }
    }
}

impl FromRequestParts<App> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match caller(parts, app).await? {
            Caller::Token(token) if !may_look(&token) => {
                Err(scope_missing(HANDED_ONLY, "Use a token with the scope `read` or `admin`."))
            }
            caller @ (Caller::Token(_) | Caller::User(_) | Caller::System) => Ok(Self(caller)),
        }
    }
}

impl FromRequestParts<App> for HandOut {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if !parts.headers.contains_key(AUTHORIZATION) {
            return Err(unauthenticated("Access tokens are handed to API tokens alone."));
        }
        match caller(parts, app).await? {
            Caller::Token(token) if token.scopes.contains(&TokenScope::HandOut) => Ok(Self(token)),
            Caller::Token(_) => Err(scope_missing(
                "This API token is handed no access tokens, whatever else it may do.",
                "Use a token with the scope `grant_token` that names the grant.",
            )),
            Caller::User(_) | Caller::System => {
                Err(unauthenticated("Access tokens are handed to API tokens alone."))
            }
        }
    }
}

impl FromRequestParts<App> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        match session(parts, app).await {
            Ok(Some(user)) => Ok(Self(user)),
            Ok(None) if parts.method.is_safe() => {
                let back = parts.uri.path_and_query().map_or("/", |path| path.as_str());
                Err(Redirect::to(&format!("/sign-in?next={}", page::encode(back))).into_response())
            }
            // Sending the browser away would throw away what was typed. Left where it is, it can send the form again.
            Ok(None) => Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                page::SESSION_OVER,
                "Your session is over, so nothing was done.",
                "Sign in in another tab, come back to this page and send the form again by reloading it.",
            )
            .into_response()),
            Err(error) => Err(error.into_response()),
        }
    }
}

/// By bearer token (RFC 6750), else by the console's session.
async fn caller(parts: &Parts, app: &App) -> Result<Caller, ApiError> {
    if !parts.headers.contains_key(AUTHORIZATION) {
        // Even looking is refused to other sites: no page of theirs has a use for our answers.
        if csrf::is_cross_site(&parts.headers, app.origin()) {
            return Err(unauthenticated("Requests from other sites need an API token."));
        }
        let user = session(parts, app).await?;
        return user.map(Caller::User).ok_or_else(|| unauthenticated("Nobody is signed in."));
    }
    let Some(text) = csrf::bearer(&parts.headers) else {
        return Err(unauthenticated("The Authorization header holds no bearer token."));
    };
    match app.engine().token(text).await? {
        Some(token) => Ok(Caller::Token(token)),
        None => Err(unauthenticated("This API token is unknown or was taken back.")),
    }
}

async fn session(parts: &Parts, app: &App) -> Result<Option<User>, ApiError> {
    match Cookie::Session.read(app.is_https(), &parts.headers) {
        Some(cookie) => Ok(app.engine().session(&cookie).await?),
        None => Ok(None),
    }
}

const HANDED_ONLY: &str =
    "This API token is handed the access tokens of its grants, and may do nothing else.";

/// Admin includes looking; being handed access tokens does not.
fn may_look(token: &ApiToken) -> bool {
    token.scopes.iter().any(|scope| matches!(scope, TokenScope::Admin | TokenScope::Read))
}

fn scope_missing(detail: &str, hint: &str) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "scope_missing", detail, hint)
}

fn unauthenticated(detail: &str) -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
        detail,
        "Send `Authorization: Bearer olk_…`; `outlink token create` makes one.",
    )
}

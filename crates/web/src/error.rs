//! The one error of this crate. It crosses the API as RFC 9457 `application/problem+json`; outside of the API it is
//! turned into a page on its way out (see [`crate::guard`]).

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use outlink_engine::Error;
use outlink_model::problem::{Problem, ProblemKind};
use serde::Serialize;

/// A refusal, with its HTTP status.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    /// One sentence: what was wrong.
    pub(crate) detail: String,
    /// One sentence: what to do; may be empty.
    pub(crate) hint: String,
    /// The field at fault, under its name in the API.
    pub(crate) field: Option<String>,
}

/// A refusal as RFC 9457 problem details.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// Always `about:blank`: what tells problems apart is `code`.
    r#type: &'static str,
    /// The HTTP status in words.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// Stable, for programs.
    code: &'a str,
    /// One sentence: what was wrong.
    detail: &'a str,
    /// One sentence: what to do.
    hint: &'a str,
    /// The field of the request that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { status, code, detail: detail.into(), hint: hint.into(), field: None }
    }

    /// Something here is broken. What it is goes to the log, not to whoever asked.
    pub(crate) fn broken(why: impl std::fmt::Display) -> Self {
        Error::Broken(why.to_string()).into()
    }

    pub(crate) fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Error")
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self {
            status: status(problem.kind),
            code: problem.code,
            detail: problem.message,
            hint: problem.hint,
            field: problem.field.map(str::to_owned),
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        // Logged here and nowhere else: this is where the engine's errors end.
        match &error {
            Error::Problem(_) => {}
            Error::Away(why) => tracing::warn!(why, "a request could not be served: no database"),
            Error::Broken(why) => tracing::error!(why, "a request could not be served"),
        }
        let told = Self::from(error.problem());
        match error {
            Error::Broken(_) => Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..told },
            Error::Problem(_) | Error::Away(_) => told,
        }
    }
}

fn status(kind: ProblemKind) -> StatusCode {
    match kind {
        ProblemKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        ProblemKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ProblemKind::Forbidden => StatusCode::FORBIDDEN,
        ProblemKind::NotFound => StatusCode::NOT_FOUND,
        ProblemKind::Conflict => StatusCode::CONFLICT,
        ProblemKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ProblemKind::Remote => StatusCode::BAD_GATEWAY,
        ProblemKind::Later => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            r#type: "about:blank",
            title: self.title(),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            hint: &self.hint,
            field: self.field.as_deref(),
        };
        let text = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"outlink\""));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// What is answered after a panic. Those of handlers are caught in [`crate::guard`]; this is for what stands around
/// them.
pub(crate) fn after_panic(_: Box<dyn std::any::Any + Send>) -> Response {
    ApiError::broken("a panic was caught").into_response()
}

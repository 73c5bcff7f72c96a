//! Is it up, can it work: for load balancers and monitoring. Public, and so telling little.

use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use outlink_engine::Error;
use tokio::sync::Mutex;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::Json;

/// How long an answer of the database is good for.
const KEPT: Duration = Duration::from_secs(1);
/// How long the database may take to answer.
const LIMIT: Duration = Duration::from_secs(2);

/// Whether the database answers, as it was found lately. Anybody may ask, and each look takes the connection that
/// writes: so one look serves everybody who asks within a second, and those who ask meanwhile wait for it.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, Result<(), ApiError>)>>);

impl Readiness {
    /// What was found lately, else what `look` finds now.
    async fn known_or(
        &self,
        look: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), ApiError> {
        let mut found = self.0.lock().await;
        if let Some((at, result)) = &*found
            && at.elapsed() < KEPT
        {
            return result.clone();
        }
        let late = |_| Err(Error::Away(format!("no answer within {} seconds", LIMIT.as_secs())));
        let result = tokio::time::timeout(LIMIT, look).await.unwrap_or_else(late);
        let result = result.map_err(ApiError::from);
        *found = Some((Instant::now(), result.clone()));
        result
    }
}

async fn ready(app: &App) -> Result<(), ApiError> {
    app.readiness().known_or(app.engine().ready()).await
}

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
}

/// The process answers.
async fn healthz() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok" }))
}

/// The database answers too. A problem either way is JSON, not a page: programs ask here.
async fn readyz(State(app): State<App>) -> Response {
    match ready(&app).await {
        Ok(()) => Json(serde_json::json!({ "status": "ready" })).into_response(),
        Err(error) => {
            let mut response = error.into_response();
            response.extensions_mut().remove::<ApiError>();
            response
        }
    }
}

/// Prometheus text.
async fn metrics(State(app): State<App>) -> Response {
    let ready = u8::from(ready(&app).await.is_ok());
    let version = app.version().replace(['\\', '"', '\n'], "_");
    let text = format!(
        "# HELP outlink_build_info The version that runs.\n\
         # TYPE outlink_build_info gauge\n\
         outlink_build_info{{version=\"{version}\"}} 1\n\
         # HELP outlink_up Whether the process answers.\n\
         # TYPE outlink_up gauge\n\
         outlink_up 1\n\
         # HELP outlink_ready Whether the database answers.\n\
         # TYPE outlink_ready gauge\n\
         outlink_ready {ready}\n"
    );
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn one_look_serves_everybody_for_a_second() {
        let readiness = Readiness::default();
        readiness.known_or(ready(Ok(()))).await.unwrap();
        let away = || ready(Err(Error::Away("gone".into())));
        readiness.known_or(away()).await.expect("nobody looked again");
        tokio::time::sleep(KEPT).await;
        let error = readiness.known_or(away()).await.unwrap_err();
        assert_eq!(error.status, StatusCode::SERVICE_UNAVAILABLE);
        readiness.known_or(ready(Ok(()))).await.expect_err("a failure is kept as well");
    }

    #[tokio::test]
    async fn a_database_that_does_not_answer_is_not_waited_for() {
        let error = Readiness::default().known_or(pending()).await.unwrap_err();
        assert_eq!(error.status, StatusCode::SERVICE_UNAVAILABLE);
    }
}

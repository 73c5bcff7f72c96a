//! Is it up, can it work: for load balancers and monitoring. Public, and so telling little.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::Json;

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
    match app.engine().ready().await {
        Ok(()) => Json(serde_json::json!({ "status": "ready" })).into_response(),
        Err(error) => {
            let mut response = ApiError::from(error).into_response();
            response.extensions_mut().remove::<ApiError>();
            response
        }
    }
}

/// Prometheus text.
async fn metrics(State(app): State<App>) -> Response {
    let ready = u8::from(app.engine().ready().await.is_ok());
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

//! What hand-outs are compared with: the same HTTP stack, and a constant answer of the same size.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;
use serde_json::json;

use crate::{Error, served};

/// Answers every `GET /` with so many octets of JSON.
pub(crate) async fn run(octets: &str) -> Result<(), Error> {
    let octets: usize = octets.parse()?;
    let empty = json!({ "access_token": "" }).to_string().len();
    let body = json!({ "access_token": "x".repeat(octets.saturating_sub(empty)) }).to_string();
    let answer = move || {
        let body = body.clone();
        async move { ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body) }
    };
    let (listener, address) = served::listen()?;
    println!("{}", json!({ "address": address.to_string() }));
    served::serve(listener, Router::new().route("/", get(answer)), None).await
}

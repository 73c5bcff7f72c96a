//! The record: who did what, and what went wrong.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use outlink_model::event::Event;
use serde::Serialize;

use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{ListQuery, Query};
use crate::page::Rows;
use crate::words::When;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/events", get(list))
}

/// One event.
#[derive(Debug, Serialize)]
pub(crate) struct EventRow {
    pub(crate) at: When,
    pub(crate) subject: String,
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl From<Event> for EventRow {
    fn from(event: Event) -> Self {
        Self {
            at: event.at.into(),
            subject: event.subject,
            kind: event.kind,
            message: event.message,
            hint: event.hint,
        }
    }
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiError> {
    let limit = query.limit;
    let listed = app.engine().events(query.page()?).await?;
    let page: Rows<EventRow> = Rows::of("/events", limit, listed);
    app.pages().show(&signed, "events", "events.html", page)
}

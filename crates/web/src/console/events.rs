//! The record: who did what, and what went wrong.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use outlink_model::event::{Event, EventClass};
use outlink_model::grant::Actor;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Signed;
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::{Query, page};
use crate::page::next_page;
use crate::words::{Badge, When, class_badge, who};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/events", get(list))
}

/// One event.
#[derive(Debug, Serialize)]
pub(crate) struct EventRow {
    pub(crate) at: When,
    pub(crate) subject: String,
    pub(crate) kind: String,
    pub(crate) badge: Badge,
    /// Who must act, where somebody must.
    pub(crate) who: Option<&'static str>,
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl From<Event> for EventRow {
    fn from(event: Event) -> Self {
        Self {
            at: event.at.into(),
            subject: event.subject,
            kind: event.kind,
            badge: class_badge(event.class),
            who: (event.class == EventClass::Health && event.actor != Actor::Nobody)
                .then(|| who(event.actor)),
            message: event.message,
            hint: event.hint,
        }
    }
}

/// The record.
#[derive(Debug, Serialize)]
pub(crate) struct EventsPage {
    /// `health`, `audit`, or empty for both.
    pub(crate) class: String,
    pub(crate) items: Vec<EventRow>,
    pub(crate) next: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventQuery {
    class: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<EventQuery>,
) -> Result<Response, ApiError> {
    let class: Option<EventClass> = optional_choice("class", query.class.as_deref())?;
    let listed = app.engine().events(page(query.limit, query.after)?, class).await?;
    let class = class.map(|class| class.as_str());
    let next = next_page("/events", &[("class", class)], query.limit, listed.next.as_deref());
    let items = listed.items.into_iter().map(EventRow::from).collect();
    let page = EventsPage { class: class.unwrap_or_default().to_owned(), items, next };
    app.pages().show(&signed, "events", "events.html", page)
}

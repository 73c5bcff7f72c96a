//! `/events`: who did what, and what went wrong.

use axum::extract::State;
use jiff::Timestamp;
use outlink_model::event::Event;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Reader;
use crate::error::ApiError;
use crate::extract::{Json, List, ListQuery, Query};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The events, newest first.
#[utoipa::path(
    get, path = "/events", tag = "events",
    params(ListQuery),
    responses((status = 200, body = List<EventBody>)),
)]
async fn list(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<ListQuery>,
) -> Result<Json<List<EventBody>>, ApiError> {
    let listed = app.engine().events(query.page()?).await?;
    let items = listed.items.into_iter().map(EventBody::from).collect();
    Ok(Json(List { items, next: listed.next }))
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
struct EventBody {
    id: String,
    at: Timestamp,
    /// What: `grant.needs_consent`, `link.created`.
    kind: String,
    /// Which thing, as people call it.
    subject: String,
    /// The state that the thing is in since then, where it has one.
    state: Option<String>,
    /// Who must act.
    actor: &'static str,
    /// One sentence.
    message: String,
    /// One sentence: what to do; may be empty.
    hint: String,
}

impl From<Event> for EventBody {
    fn from(event: Event) -> Self {
        Self {
            id: event.id.to_string(),
            at: event.at,
            kind: event.kind,
            subject: event.subject,
            state: event.state,
            actor: event.actor.as_str(),
            message: event.message,
            hint: event.hint,
        }
    }
}

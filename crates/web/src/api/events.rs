//! `/events`: who did what, and what went wrong.

use axum::extract::State;
use jiff::Timestamp;
use outlink_model::event::Event;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Reader;
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::{Json, List, Query, page};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The events, newest first.
#[utoipa::path(
    get, path = "/events", tag = "events",
    params(EventsQuery),
    responses((status = 200, body = List<EventBody>)),
)]
async fn list(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<EventsQuery>,
) -> Result<Json<List<EventBody>>, ApiError> {
    let class = optional_choice("class", query.class.as_deref())?;
    let listed = app.engine().events(page(query.limit, query.after)?, class).await?;
    Ok(Json(List::of(listed)))
}

/// Which events are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// `audit` (who did what) or `health` (what went wrong or well again); both where left out.
    class: Option<String>,
    /// How many items at most, 1 to 1000; 50 where left out.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
struct EventBody {
    id: String,
    at: Timestamp,
    /// `audit` or `health`.
    class: &'static str,
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
            class: event.class.as_str(),
            kind: event.kind,
            subject: event.subject,
            state: event.state,
            actor: event.actor.as_str(),
            message: event.message,
            hint: event.hint,
        }
    }
}

//! `/deliveries`: mail on its way out.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use outlink_engine::deliveries::{DeliveriesWanted, DeliveryView};
use outlink_model::delivery::DeliveryState;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::TroubleBody;
use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::{Json, List, Path, Query, page};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show, delete)).routes(routes!(retry))
}

/// The deliveries, newest first.
#[utoipa::path(
    get, path = "/deliveries", tag = "deliveries",
    params(DeliveriesQuery),
    responses((status = 200, body = List<DeliveryBody>)),
)]
async fn list(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<DeliveriesQuery>,
) -> Result<Json<List<DeliveryBody>>, ApiError> {
    let wanted = DeliveriesWanted {
        state: optional_choice("state", query.state.as_deref())?,
        kind: optional_choice("kind", query.kind.as_deref())?,
        mail_server: query.mail_server,
        message: query.message,
        issue: query.issue,
    };
    let listed = app.engine().deliveries(wanted, page(query.limit, query.after)?).await?;
    Ok(Json(List::of(listed)))
}

/// One delivery.
#[utoipa::path(
    get, path = "/deliveries/{id}", tag = "deliveries",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = DeliveryBody)),
)]
async fn show(
    State(app): State<App>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Json<DeliveryBody>, ApiError> {
    Ok(Json(app.engine().delivery(&id).await?.into()))
}

/// Has a delivery that waits or was given up tried now, as if it had just been written.
#[utoipa::path(
    post, path = "/deliveries/{id}/retry", tag = "deliveries",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = DeliveryBody)),
)]
async fn retry(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<Json<DeliveryBody>, ApiError> {
    Ok(Json(app.engine().retry_delivery(&id, &caller).await?.into()))
}

/// Deletes a delivery. One that waits is not sent then; one that was sent has arrived all the same.
#[utoipa::path(
    delete, path = "/deliveries/{id}", tag = "deliveries",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 204, description = "It is gone.")),
)]
async fn delete(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.engine().delete_delivery(&id, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which deliveries are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeliveriesQuery {
    /// `waiting`, `sent` or `failed`; all of them where left out.
    state: Option<String>,
    /// `forward` or `notice`.
    kind: Option<String>,
    /// Id or name of the mail server that sends them.
    mail_server: Option<String>,
    /// Id of the message that they are about.
    message: Option<String>,
    /// Id or key of the issue that they are about.
    issue: Option<String>,
    /// How many items at most, 1 to 1000; 50 where left out.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A mail on its way out, to one address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
struct DeliveryBody {
    id: String,
    /// `forward` (a message that was received, whole, sent on) or `notice` (a person is told that one was received).
    kind: &'static str,
    /// `waiting`, `sent` or `failed`.
    state: &'static str,
    /// The name of the mail server that sends it.
    mail_server: String,
    mail_server_id: String,
    /// The name of the handler in whose name it is sent; `null` where that is gone.
    handler: Option<String>,
    handler_id: Option<String>,
    /// Id of the message that it is about.
    message: Option<String>,
    /// The key of the issue that it is about.
    issue: Option<String>,
    to: String,
    subject: String,
    /// What it says.
    text: String,
    /// Its Message-ID, without angle brackets: the same at every attempt.
    mail_id: String,
    /// The Message-ID that it answers to, without angle brackets.
    in_reply_to: Option<String>,
    /// Attempts that the mail server answered about this mail; those that did not come so far count for the server.
    attempts: u32,
    /// When it is tried next, while it waits.
    next_at: Option<Timestamp>,
    /// What was wrong with the last attempt.
    #[serde(flatten)]
    trouble: TroubleBody,
    created_at: Timestamp,
    /// When it was sent or given up.
    done_at: Option<Timestamp>,
}

impl From<DeliveryView> for DeliveryBody {
    fn from(view: DeliveryView) -> Self {
        let delivery = view.delivery;
        let waits = delivery.state == DeliveryState::Waiting;
        Self {
            id: delivery.id.to_string(),
            kind: delivery.kind.as_str(),
            state: delivery.state.as_str(),
            mail_server: view.mail_server,
            mail_server_id: delivery.mail_server_id.to_string(),
            handler: view.handler,
            handler_id: delivery.handler_id.map(|id| id.to_string()),
            message: delivery.message_id.map(|id| id.to_string()),
            issue: view.issue_key,
            to: delivery.to,
            subject: delivery.subject,
            text: delivery.text,
            mail_id: delivery.mail_id,
            in_reply_to: delivery.in_reply_to,
            attempts: delivery.attempts,
            next_at: waits.then_some(delivery.next_at),
            trouble: delivery.trouble.as_ref().into(),
            created_at: delivery.created_at,
            done_at: delivery.done_at,
        }
    }
}

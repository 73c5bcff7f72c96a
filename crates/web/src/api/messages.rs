//! `/messages`: the ledger of what was received and what became of it.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use outlink_engine::messages::{MessageView, MessagesWanted};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::File;
use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::choice::optional_choice;
use crate::download::download;
use crate::error::ApiError;
use crate::extract::{Json, List, Path, Query, page, period};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(raw))
        .routes(routes!(replay))
}

/// The messages, newest first: the processing log.
#[utoipa::path(
    get, path = "/messages", tag = "messages",
    params(MessagesQuery),
    responses((status = 200, body = List<MessageBody>)),
)]
async fn list(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<MessagesQuery>,
) -> Result<Json<List<MessageBody>>, ApiError> {
    let page = page(query.limit, query.after)?;
    let (since, until) = period(query.since.as_deref(), query.until.as_deref())?;
    let wanted = MessagesWanted {
        mail_server: query.mail_server,
        handler: query.handler,
        project: query.project,
        outcome: optional_choice("outcome", query.outcome.as_deref())?,
        sender: query.sender,
        text: query.text,
        since,
        until,
    };
    let listed = app.engine().messages(wanted, page).await?;
    Ok(Json(List::of(listed)))
}

/// One message.
#[utoipa::path(
    get, path = "/messages/{id}", tag = "messages",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = MessageBody)),
)]
async fn show(
    State(app): State<App>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Json<MessageBody>, ApiError> {
    Ok(Json(app.engine().message(&id).await?.into()))
}

/// The message as it came, to be saved. Where its bytes cannot be had, the answer says why and what to do.
#[utoipa::path(
    get, path = "/messages/{id}/raw", tag = "messages",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = File, content_type = "message/rfc822")),
)]
async fn raw(
    State(app): State<App>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    raw_message(&app, &id).await
}

/// Handles a message anew that was rejected, quarantined or left unhandled, by the handlers as they are now.
#[utoipa::path(
    post, path = "/messages/{id}/replay", tag = "messages",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = MessageBody)),
)]
async fn replay(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<String>,
) -> Result<Json<MessageBody>, ApiError> {
    Ok(Json(app.engine().replay_message(&id, &caller).await?.into()))
}

/// The answer, here and in the console.
pub(crate) async fn raw_message(app: &App, id: &str) -> Result<Response, ApiError> {
    let raw = app.engine().raw_message(id).await?;
    Ok(download(&format!("{id}.eml"), "message/rfc822", raw))
}

/// Which messages are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MessagesQuery {
    /// Id or name of a mail server, or the id of one that was deleted; all of them where left out.
    mail_server: Option<String>,
    /// Id or name of the handler that took them.
    handler: Option<String>,
    /// Id or key of the project that they belong to.
    project: Option<String>,
    /// `created`, `commented`, `rejected`, `forwarded`, `quarantined` or `unhandled`.
    outcome: Option<String>,
    /// The sender's address.
    sender: Option<String>,
    /// A part of the sender or the subject.
    text: Option<String>,
    /// Those that were taken in at this time or later: a date or a time.
    since: Option<String>,
    /// Those that were taken in before this time, or until the end of this day.
    until: Option<String>,
    /// How many items at most, 1 to 1000; 50 where left out.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A message that was received, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
struct MessageBody {
    id: String,
    /// Its Message-ID, without angle brackets.
    message_id: Option<String>,
    /// The sender as written.
    from: String,
    /// The sender's address alone, in lower case; empty where there is none.
    sender: String,
    /// `pass`, `fail` or `none`: whether the sender's domain stands behind it.
    authentication: &'static str,
    subject: String,
    /// `created`, `commented`, `rejected`, `forwarded`, `quarantined` or `unhandled`.
    outcome: &'static str,
    /// The key of the issue that it made or belongs to.
    issue: Option<String>,
    /// Why, where it is not evident.
    reason: Option<String>,
    /// The name of the handler that took it; `null` where none did, or where it is gone.
    handler: Option<String>,
    /// The mail server's name; ` (deleted)` stands behind it where that was deleted.
    mail_server: String,
    /// Whether that mail server was deleted here: then there is nothing of it but this name.
    mail_server_deleted: bool,
    folder: String,
    /// By POP3 a number of ours.
    uid: u32,
    /// Whether the mail server was told: it is marked, moved or deleted there. `true` also where it is not to be told.
    flagged: bool,
    /// Octets.
    size: u64,
    /// Whether its bytes can be had: `kept`; `gone`, since bytes are not kept for ever (`retention.raw_days`); or `never`,
    /// since they were not fetched.
    raw: &'static str,
    /// When the mail server received it.
    internal_date: Timestamp,
    /// When it was taken in here.
    received_at: Timestamp,
}

impl From<MessageView> for MessageBody {
    fn from(view: MessageView) -> Self {
        let message = view.message;
        Self {
            id: message.id.to_string(),
            message_id: message.message_id,
            from: message.from,
            sender: message.sender,
            authentication: message.authentication.as_str(),
            subject: message.subject,
            outcome: message.outcome.as_str(),
            issue: view.issue_key,
            reason: message.reason,
            handler: view.handler,
            mail_server: view.mail_server,
            mail_server_deleted: view.mail_server_deleted,
            raw: view.raw.as_str(),
            folder: message.place.folder,
            uid: message.place.uid,
            flagged: message.flagged,
            size: message.size,
            internal_date: message.internal_date,
            received_at: message.received_at,
        }
    }
}

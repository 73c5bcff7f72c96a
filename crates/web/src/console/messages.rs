//! Messages: every mail that was received, and what became of it.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use outlink_engine::messages::MessageView;
use serde::{Deserialize, Serialize};

use super::issues::subject;
use crate::api::messages::raw_message;
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{Path, Query, page};
use crate::page::next_page;
use crate::words::{Badge, When, outcome_badge, size};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/messages", get(list))
        .route("/messages/{id}", get(show))
        .route("/messages/{id}/raw", get(raw))
}

/// The ledger, a page of it.
#[derive(Debug, Serialize)]
pub(crate) struct MessagesPage {
    /// The name of the one mail server that is shown, where it is one.
    pub(crate) mail_server: Option<String>,
    pub(crate) items: Vec<MessageRow>,
    pub(crate) next: Option<String>,
}

/// One message in the list.
#[derive(Debug, Serialize)]
pub(crate) struct MessageRow {
    pub(crate) href: String,
    pub(crate) from: String,
    pub(crate) subject: String,
    pub(crate) badge: Badge,
    pub(crate) issue: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) mail_server: String,
    pub(crate) received_at: When,
}

impl From<MessageView> for MessageRow {
    fn from(view: MessageView) -> Self {
        let message = view.message;
        Self {
            href: format!("/messages/{}", message.id),
            from: message.from,
            subject: subject(message.subject),
            badge: outcome_badge(message.outcome),
            issue: view.issue_key,
            reason: message.reason,
            mail_server: view.mail_server,
            received_at: message.received_at.into(),
        }
    }
}

/// One message.
#[derive(Debug, Serialize)]
pub(crate) struct MessagePage {
    pub(crate) from: String,
    pub(crate) subject: String,
    pub(crate) badge: Badge,
    pub(crate) became: &'static str,
    pub(crate) issue: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) mail_server: String,
    pub(crate) mail_server_href: String,
    pub(crate) folder: String,
    pub(crate) uid: u32,
    pub(crate) message_id: Option<String>,
    pub(crate) internal_date: When,
    pub(crate) received_at: When,
    pub(crate) size: String,
    /// Absent where the bytes were never fetched.
    pub(crate) raw_href: Option<String>,
}

impl From<MessageView> for MessagePage {
    fn from(view: MessageView) -> Self {
        let message = view.message;
        let badge = outcome_badge(message.outcome);
        Self {
            from: message.from,
            subject: subject(message.subject),
            badge,
            became: badge.text,
            issue: view.issue_key,
            reason: message.reason,
            mail_server: view.mail_server,
            mail_server_href: format!("/mail-servers/{}", message.place.mail_server_id),
            folder: message.place.folder,
            uid: message.place.uid,
            message_id: message.message_id,
            internal_date: message.internal_date.into(),
            received_at: message.received_at.into(),
            size: size(message.size),
            raw_href: message.sha256.map(|_| format!("/messages/{}/raw", message.id)),
        }
    }
}

/// Which messages are wanted.
#[derive(Debug, Deserialize)]
struct MessagesQuery {
    mail_server: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<MessagesQuery>,
) -> Result<Response, ApiError> {
    let server = query.mail_server.as_deref().filter(|named| !named.is_empty());
    let listed = app.engine().messages(server, page(query.limit, query.after)?).await?;
    let mail_server = match server {
        Some(named) => Some(app.engine().mail_server(named).await?.name),
        None => None,
    };
    let page = MessagesPage {
        next: next_page(
            "/messages",
            &[("mail_server", server)],
            query.limit,
            listed.next.as_deref(),
        ),
        mail_server,
        items: listed.items.into_iter().map(MessageRow::from).collect(),
    };
    app.pages().show(&signed, "messages", "messages.html", page)
}

async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let view = app.engine().message(&id).await?;
    app.pages().show(&signed, "messages", "message.html", MessagePage::from(view))
}

async fn raw(
    State(app): State<App>,
    _: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    raw_message(&app, &id).await
}

//! Messages: every mail that was received, and what became of it.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use outlink_engine::deliveries::DeliveriesWanted;
use outlink_engine::mail_servers::KnownMailServer;
use outlink_engine::messages::MessageView;
use outlink_model::mail_server::{After, Direction, Protocol};
use outlink_model::message::{Message, Outcome};
use serde::Serialize;

use super::deliveries::{self, DeliveryRow};
use super::filter::FilterLink;
use super::issues::subject;
use super::pickers::{self, Picker};
use super::report::Failure;
use crate::api::messages::raw_message;
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{Path, Query, page};
use crate::form::{self, Choice, Form};
use crate::page::next_page;
use crate::words::{Badge, When, authentication_badge, authentication_words, outcome_badge, size};

mod wanted;

pub(crate) use wanted::{MessagesQuery, outcomes, ways};

/// Deliveries that the page of a message shows.
const DELIVERIES: u32 = 20;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/messages", get(list))
        .route("/messages/{id}", get(show))
        .route("/messages/{id}/raw", get(raw))
        .route("/messages/{id}/replay", post(replay))
}

/// The processing log, a page of it.
#[derive(Debug, Serialize)]
pub(crate) struct MessagesPage {
    /// By what became of them.
    pub(crate) ways: Vec<FilterLink>,
    /// Whether any are left out.
    pub(crate) filtered: bool,
    /// Whether they are left out by more than what became of them.
    pub(crate) more_open: bool,
    pub(crate) form: Form,
    pub(crate) mail_servers: Picker,
    pub(crate) handlers: Picker,
    pub(crate) projects: Picker,
    pub(crate) outcomes: Vec<Choice>,
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
    /// Where the sender's domain does not stand behind it.
    pub(crate) doubt: Option<Badge>,
    pub(crate) issue: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) mail_server: String,
    pub(crate) handler: Option<String>,
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
            doubt: super::issues::doubt(message.authentication),
            issue: view.issue_key,
            reason: message.reason,
            mail_server: view.mail_server,
            handler: view.handler,
            received_at: message.received_at.into(),
        }
    }
}

/// One message.
#[derive(Debug, Serialize)]
pub(crate) struct MessagePage {
    pub(crate) notice: Option<String>,
    pub(crate) failure: Option<Failure>,
    pub(crate) href: String,
    pub(crate) from: String,
    pub(crate) subject: String,
    pub(crate) badge: Badge,
    pub(crate) authentication: Badge,
    pub(crate) authentication_words: &'static str,
    pub(crate) issue: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) handler: Option<String>,
    pub(crate) handler_href: Option<String>,
    pub(crate) mail_server: String,
    pub(crate) mail_server_href: String,
    pub(crate) folder: String,
    pub(crate) uid: u32,
    /// What the mail server was told of it.
    pub(crate) told: String,
    pub(crate) message_id: Option<String>,
    pub(crate) internal_date: When,
    pub(crate) received_at: When,
    pub(crate) size: String,
    /// Absent where its bytes cannot be had.
    pub(crate) raw_href: Option<String>,
    /// Why they cannot, and what to do.
    pub(crate) no_raw: Option<Failure>,
    /// What went out about it.
    pub(crate) deliveries: Vec<DeliveryRow>,
    /// Whether it can be handled anew.
    pub(crate) may_replay: bool,
}

impl MessagePage {
    fn new(view: MessageView, known: &KnownMailServer, deliveries: Vec<DeliveryRow>) -> Self {
        let may_replay = view.may_replay();
        let no_raw = view.why_no_raw();
        let message = view.message;
        let server = message.place.mail_server_id;
        Self {
            notice: None,
            failure: None,
            deliveries,
            href: format!("/messages/{}", message.id),
            told: told(&message, known),
            may_replay,
            raw_href: no_raw.is_none().then(|| format!("/messages/{}/raw", message.id)),
            no_raw: no_raw.map(|problem| Failure::from(ApiError::from(problem))),
            from: message.from,
            subject: subject(message.subject),
            badge: outcome_badge(message.outcome),
            authentication: authentication_badge(message.authentication),
            authentication_words: authentication_words(message.authentication),
            issue: view.issue_key,
            reason: message.reason,
            handler_href: message.handler_id.map(|id| format!("/handlers/{id}")),
            handler: view.handler,
            mail_server: view.mail_server,
            // Of one that was deleted there is no page, but there is what came from it.
            mail_server_href: match known.deleted {
                true => format!("/messages?mail_server={server}"),
                false => format!("/mail-servers/{server}"),
            },
            folder: message.place.folder,
            uid: message.place.uid,
            message_id: message.message_id,
            internal_date: message.internal_date.into(),
            received_at: message.received_at.into(),
            size: size(message.size),
        }
    }
}

/// What the mail server was told of a message.
fn told(message: &Message, known: &KnownMailServer) -> String {
    let server = &known.server;
    if matches!(message.outcome, Outcome::Quarantined | Outcome::Unhandled) {
        return "Nothing: it lies there as it came.".to_owned();
    }
    let what = match &server.after {
        _ if message.delete => "to delete it, as its handler wants".to_owned(),
        After::Delete => "to delete it".to_owned(),
        After::Move(folder) => format!("to move it to {folder}"),
        After::Keep if server.protocol == Protocol::Pop3 => "nothing: it stays there".to_owned(),
        After::Keep => "to mark it as read".to_owned(),
    };
    match message.flagged {
        true => format!("It was told {what}."),
        false if known.deleted => {
            format!("It was not told {what}: it was deleted here before that was done.")
        }
        false => format!("It is to be told {what}; that is done at the next fetch."),
    }
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<MessagesQuery>,
) -> Result<Response, ApiError> {
    let part = page(query.limit, query.after.clone())?;
    let form = wanted::form(&app, &query).await?;
    let read = wanted::wanted(&query);
    let (form, listed) = match read {
        Ok(wanted) => (form, Some(app.engine().messages(wanted, part).await?)),
        Err(error) => (form.refused(error, &[])?, None),
    };
    let (items, next) = match listed {
        Some(listed) => (listed.items, listed.next),
        None => (Vec::new(), None),
    };
    let status = form::status(&form);
    let chosen = form.value("mail_server");
    let mut mail_servers =
        pickers::mail_servers(&app, Direction::Incoming, chosen).await?.or("any");
    if !mail_servers.options.iter().any(|option| option.value == chosen) {
        // What came from one that was deleted can be looked at.
        let known = app.engine().known_mail_server(chosen).await?;
        mail_servers.options.push(form::choice(chosen, known.shown_name()));
    }
    let page = MessagesPage {
        ways: ways(&query),
        filtered: query.filters().iter().any(|(_, value)| value.is_some()),
        more_open: form.is_refused() || query.is_narrow(),
        mail_servers,
        handlers: pickers::handlers(&app, form.value("handler")).await?.or("any"),
        projects: pickers::projects(&app, form.value("project")).await?.or("any"),
        outcomes: outcomes(),
        form,
        next: next_page("/messages", &query.filters(), query.limit, next.as_deref()),
        items: items.into_iter().map(MessageRow::from).collect(),
    };
    app.pages().show_with(status, &signed, "messages", "messages.html", page)
}

async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let view = app.engine().message(&id).await?;
    let page = shown(&app, view).await?;
    app.pages().show(&signed, "messages", "message.html", page)
}

async fn shown(app: &App, view: MessageView) -> Result<MessagePage, ApiError> {
    let server = view.message.place.mail_server_id.to_string();
    let server = app.engine().known_mail_server(&server).await?;
    let about = Some(view.message.id.to_string());
    let wanted = DeliveriesWanted { message: about, ..DeliveriesWanted::default() };
    let sent = deliveries::newest(app, wanted, DELIVERIES).await?;
    Ok(MessagePage::new(view, &server, sent))
}

async fn raw(
    State(app): State<App>,
    _: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    raw_message(&app, &id).await
}

/// Has a message handled anew, and says on its page what came of it.
async fn replay(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let went = app.engine().replay_message(&id, &signed.caller()).await;
    let (notice, failure) = match went {
        Ok(view) => {
            let became = outcome_badge(view.message.outcome).text.to_lowercase();
            (Some(format!("It was handled anew. It is now: {became}.")), None)
        }
        Err(error) => (None, Some(Failure::from(ApiError::from(error)))),
    };
    let page = shown(&app, app.engine().message(&id).await?).await?;
    let page = MessagePage { notice, failure, ..page };
    app.pages().show(&signed, "messages", "message.html", page)
}

//! The page of a mail server.

use axum::response::Response;
use outlink_engine::Page;
use outlink_engine::channels::{Channel, ChannelHandler};
use outlink_engine::deliveries::DeliveriesWanted;
use outlink_engine::grants::{GrantView, grant_name};
use outlink_engine::messages::{MessageView, MessagesWanted};
use outlink_model::mail_server::{After, Direction, MailServer, SignIn, Take};
use serde::Serialize;

use super::log::{self, LogRow};
use super::state::{Standing, standing};
use super::{News, href, sign_in_form};
use crate::app::App;
use crate::auth::Signed;
use crate::console::deliveries::{self, DeliveryRow};
use crate::console::handlers::does;
use crate::console::issues::subject;
use crate::console::mail_server_form::TriedRow;
use crate::console::pickers::{self, Picker};
use crate::console::report::{Failure, Report};
use crate::error::ApiError;
use crate::form::{self, Form};
use crate::names::known;
use crate::words::{Badge, DISABLED, ENABLED, When, grant_badge, outcome_badge, take_words};

/// Stretches of the connectivity log that the page shows.
const STRETCHES: u32 = 5;
/// Messages that the page shows.
const NEWEST: u32 = 10;

/// One mail server.
#[derive(Debug, Serialize)]
pub(crate) struct MailServerPage {
    pub(crate) notice: Option<String>,
    pub(crate) failure: Option<Failure>,
    pub(crate) report: Option<Report>,
    pub(crate) tried: Vec<TriedRow>,
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) standing: Standing,
    /// What an administrator should know although mail is fetched.
    pub(crate) note: Option<String>,
    /// Whether a handler takes its mail, or sends through it.
    pub(crate) has_handler: bool,
    /// Whether mail goes out by it: it has deliveries then in the place of messages, and nothing to fetch.
    pub(crate) outgoing: bool,
    pub(crate) paused: bool,
    pub(crate) sign_in: SignInView,
    /// The form for another way to sign in.
    pub(crate) form: Form,
    pub(crate) grants: Picker,
    pub(crate) links: Picker,
    pub(crate) facts: Vec<Fact>,
    pub(crate) handlers: Vec<HandlerLine>,
    pub(crate) log: Vec<LogRow>,
    pub(crate) messages: Vec<NewestRow>,
    pub(crate) deliveries: Vec<DeliveryRow>,
    pub(crate) ok_at: Option<When>,
    pub(crate) created_at: When,
    pub(crate) updated_at: When,
}

/// How it signs in.
#[derive(Debug, Serialize)]
pub(crate) struct SignInView {
    /// The grant that it signs in with.
    pub(crate) grant: Option<GrantRef>,
    /// Whether there is nothing to sign in with.
    pub(crate) missing: bool,
    /// Whether that is since its grant was deleted.
    pub(crate) lost: bool,
}

/// The grant that it signs in with.
#[derive(Debug, Serialize)]
pub(crate) struct GrantRef {
    pub(crate) href: String,
    pub(crate) identity: String,
    pub(crate) link: String,
    pub(crate) badge: Badge,
    /// Whether somebody can consent to it anew.
    pub(crate) consents: bool,
}

/// A setting, in words.
#[derive(Debug, Serialize)]
pub(crate) struct Fact {
    pub(crate) label: &'static str,
    pub(crate) value: String,
}

/// A handler, in the order in which they are asked.
#[derive(Debug, Serialize)]
pub(crate) struct HandlerLine {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) does: &'static str,
    pub(crate) project: String,
    pub(crate) issue_type: String,
    pub(crate) badge: Badge,
}

impl From<&ChannelHandler> for HandlerLine {
    fn from(each: &ChannelHandler) -> Self {
        let handler = &each.handler;
        Self {
            href: format!("/handlers/{}", handler.id),
            name: handler.name.clone(),
            does: does(handler.kind),
            project: each.project.key.clone(),
            issue_type: handler.settings.issue_type.clone(),
            badge: if handler.enabled { ENABLED } else { DISABLED },
        }
    }
}

/// A line of the processing log.
#[derive(Debug, Serialize)]
pub(crate) struct NewestRow {
    pub(crate) href: String,
    pub(crate) from: String,
    pub(crate) subject: String,
    pub(crate) badge: Badge,
    pub(crate) issue: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) received_at: When,
}

impl From<MessageView> for NewestRow {
    fn from(view: MessageView) -> Self {
        let message = view.message;
        Self {
            href: format!("/messages/{}", message.id),
            from: message.from,
            subject: subject(message.subject),
            badge: outcome_badge(message.outcome),
            issue: view.issue_key,
            reason: message.reason,
            received_at: message.received_at.into(),
        }
    }
}

/// The newest messages of one mail server.
pub(crate) async fn newest(app: &App, id: &str, limit: u32) -> Result<Vec<NewestRow>, ApiError> {
    let wanted = MessagesWanted { mail_server: Some(id.to_owned()), ..MessagesWanted::default() };
    let listed = app.engine().messages(wanted, Page { limit, after: None }).await?;
    Ok(listed.items.into_iter().map(NewestRow::from).collect())
}

/// How a mail server signs in.
pub(crate) fn sign_in_view(server: &MailServer, grant: Option<&GrantView>) -> SignInView {
    let missing = matches!(server.sign_in, SignIn::Missing);
    SignInView {
        grant: grant.map(|view| GrantRef {
            href: format!("/grants/{}", view.grant.id),
            identity: grant_name(&view.grant),
            link: view.link_name.clone(),
            badge: grant_badge(view.grant.state.name()),
            consents: view.has_consent,
        }),
        missing,
        // A server that waits for its first consent is not paused; one that lost its grant is.
        lost: missing && server.paused,
    }
}

/// The settings, in words. What has no value is left out.
pub(crate) fn facts(server: &MailServer) -> Vec<Fact> {
    let mut facts = vec![
        Fact { label: "Mailbox", value: server.mailbox.clone() },
        Fact {
            label: "Host",
            value: format!(
                "{}, port {}, {} by {}",
                server.host,
                server.port,
                server.protocol.as_str().to_uppercase(),
                server.security.as_str().to_uppercase()
            ),
        },
    ];
    if server.direction == Direction::Outgoing {
        return facts;
    }
    facts.extend([
        Fact {
            label: if server.folders.len() == 1 { "Folder" } else { "Folders" },
            value: server.folders.join(", "),
        },
        Fact { label: "After handling", value: after_words(&server.after) },
        Fact { label: "Takes", value: taken(server.take) },
        Fact { label: "Looks", value: looks(server) },
    ]);
    if let Some(id) = &server.authserv_id {
        facts.push(Fact { label: "Trusted authserv-id", value: id.clone() });
    }
    facts
}

fn after_words(after: &After) -> String {
    match after {
        After::Keep => "a message stays, marked as read".to_owned(),
        After::Move(folder) => format!("a message is moved to {folder}"),
        After::Delete => "a message is deleted".to_owned(),
    }
}

fn taken(take: Take) -> String {
    match take {
        Take::New => "only what arrives after it was added".to_owned(),
        Take::All => take_words(take).to_owned(),
        Take::Since(at) => format!("what arrived since {}", When::from(at).text),
    }
}

fn looks(server: &MailServer) -> String {
    let every = match server.poll_seconds {
        1 => "every second".to_owned(),
        seconds => format!("every {seconds} seconds"),
    };
    match server.idle {
        true => format!("when the server tells of new mail, and {every}"),
        false => every,
    }
}

/// A mail server with what belongs to it.
struct Looked {
    server: MailServer,
    grant: Option<GrantView>,
    /// Those that take its mail, or send through it.
    handlers: Vec<ChannelHandler>,
    at_work: bool,
}

async fn look(app: &App, id: &str) -> Result<Looked, ApiError> {
    let engine = app.engine();
    let server = engine.mail_server(id).await?;
    if server.direction == Direction::Incoming {
        let channel = engine.channel(&server.id.to_string()).await?;
        let at_work = channel.is_on();
        let Channel { server, handlers, grant, .. } = channel;
        return Ok(Looked { server, grant, handlers, at_work });
    }
    let mut handlers = Vec::new();
    for handler in engine.handlers_sending_through(&server).await? {
        let project = engine.project(&handler.project_id.to_string()).await?;
        handlers.push(ChannelHandler { handler, project });
    }
    let grant = match &server.sign_in {
        SignIn::Grant(id) => known(engine.grant_view(&id.to_string()).await)?,
        SignIn::Password(_) | SignIn::Missing => None,
    };
    let at_work = !handlers.is_empty();
    Ok(Looked { server, grant, handlers, at_work })
}

pub(super) async fn show(
    app: &App,
    signed: &Signed,
    id: &str,
    news: News,
) -> Result<Response, ApiError> {
    let Looked { server, grant, handlers, at_work } = look(app, id).await?;
    let id = server.id.to_string();
    let form = news.form.unwrap_or_else(sign_in_form);
    let status = form::status(&form);
    let outgoing = server.direction == Direction::Outgoing;
    let (messages, deliveries) = match server.direction {
        Direction::Incoming => (newest(app, &id, NEWEST).await?, Vec::new()),
        Direction::Outgoing => {
            let through = Some(id.clone());
            let wanted = DeliveriesWanted { mail_server: through, ..DeliveriesWanted::default() };
            (Vec::new(), deliveries::newest(app, wanted, NEWEST).await?)
        }
    };
    let page = MailServerPage {
        notice: news.notice,
        failure: news.failure,
        report: news.found.report,
        tried: news.found.tried,
        href: href(&server),
        name: server.name.clone(),
        description: server.description.clone(),
        standing: standing(&server, grant.as_ref(), at_work, &href(&server)),
        note: server.health.note.clone(),
        has_handler: at_work,
        outgoing,
        paused: server.paused,
        sign_in: sign_in_view(&server, grant.as_ref()),
        grants: pickers::grants(app, form.value("grant")).await?.or("as it is"),
        links: pickers::links(app, form.value("link")).await?,
        form,
        facts: facts(&server),
        handlers: handlers.iter().map(HandlerLine::from).collect(),
        log: log::newest(app, &id, STRETCHES).await?,
        messages,
        deliveries,
        ok_at: server.health.ok_at.map(When::from),
        created_at: server.created_at.into(),
        updated_at: server.updated_at.into(),
        id,
    };
    app.pages().show_with(status, signed, "mail_servers", "mail_server.html", page)
}

//! Handlers: set up here, at work in the intake.

use outlink_model::HandlerId;
use outlink_model::event::Event;
use outlink_model::grant::Actor;
use outlink_model::handler::{Handler, HandlerSettings, HandlerType};
use outlink_model::mail_server::{Direction, MailServer};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::tracker::Project;

use crate::{Caller, Engine, Error, Listed, Page, clock, error, links};

pub(crate) mod check;
mod draft;
mod edit;
mod order;

pub use draft::SettingsDraft;
pub(crate) use draft::rule;
pub use edit::HandlerEdit;

/// Handlers of one mail server. Each is asked about each message.
const MOST_OF_SERVER: usize = 100;

/// What an administrator enters for a new handler.
#[derive(Debug)]
pub struct NewHandler {
    /// Unique.
    pub name: String,
    /// Id or name of an incoming mail server.
    pub mail_server: String,
    /// Id or key of the project that new issues go to.
    pub project: String,
    /// What it does.
    pub kind: HandlerType,
    /// How it does it; see [`SettingsDraft::over`].
    pub settings: HandlerSettings,
    /// Id or name of the outgoing mail server that sends what it sends; needed for a forward address and for notices.
    pub outgoing: Option<String>,
    /// Whether it is set to work at once. Otherwise it can be tried first.
    pub enabled: bool,
}

/// What stands at the place of a name in an address of the API.
const RESERVED: &str = "order";

impl Engine {
    /// Makes a handler, the last of its mail server. Once it is at work, the server is polled.
    ///
    /// # Errors
    /// A [`Problem`] at the field that is wrong, or when the name is taken.
    pub async fn create_handler(&self, new: NewHandler, by: &Caller) -> Result<Handler, Error> {
        let name = links::name("name", &new.name)?;
        links::not_reserved("name", &name, RESERVED)?;
        let server = self.server_to_handle(&new.mail_server).await?;
        let project = self.project(&new.project).await.map_err(|error| at("project", error))?;
        let others = self.store().handlers_of_server(server.id).await?;
        let outgoing = self.server_to_send(new.outgoing.as_deref().unwrap_or_default()).await?;
        let handler = Handler {
            id: clock::id(),
            name,
            mail_server_id: server.id,
            project_id: project.id,
            kind: new.kind,
            position: last(&server, &others)?,
            enabled: new.enabled,
            settings: new.settings,
            outgoing_id: outgoing.map(|server| server.id),
            created_at: self.now(),
            updated_at: self.now(),
        };
        check::handler(&handler, &server)?;
        check::sending(&handler, None)?;
        self.check_forward(&handler).await?;
        self.store()
            .create_handler(&handler)
            .await
            .map_err(|error| error::taken(error, "name", "handler", &handler.name))?;
        self.tell_new_handler(&handler, &server, &project, by).await;
        Ok(handler)
    }

    /// Tells that a handler was made, and has its mail server looked at.
    pub(crate) async fn tell_new_handler(
        &self,
        handler: &Handler,
        server: &MailServer,
        project: &Project,
        by: &Caller,
    ) {
        self.record(Event {
            kind: "handler.created".into(),
            subject: subject(handler),
            message: format!(
                "{} made the handler {}: mail of {} becomes issues of {}.",
                by.name(),
                handler.name,
                server.name,
                project.key
            ),
            ..self.event(Actor::Nobody)
        })
        .await;
        self.0.alarm.notify_waiters();
    }

    /// The handlers.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn handlers(&self, page: Page) -> Result<Listed<Handler>, Error> {
        Ok(self.store().handlers(&page).await?)
    }

    /// The handlers of a mail server, in their order. Without one that is at work nothing is fetched.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn handlers_of_mail_server(
        &self,
        server: &MailServer,
    ) -> Result<Vec<Handler>, Error> {
        Ok(self.store().handlers_of_server(server.id).await?)
    }

    /// The handlers that send through a mail server, the oldest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn handlers_sending_through(
        &self,
        server: &MailServer,
    ) -> Result<Vec<Handler>, Error> {
        Ok(self.store().handlers_sending_through(server.id).await?)
    }

    /// One handler, by id or name.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn handler(&self, named: &str) -> Result<Handler, Error> {
        let found = match named.parse::<HandlerId>() {
            Ok(id) => self.store().handler(id).await?,
            Err(_) => self.store().handler_by_name(named).await?,
        };
        found.ok_or_else(|| Problem::not_found("handler", named).into())
    }

    /// The mail server that a handler names, if there is anything to handle on it.
    async fn server_to_handle(&self, named: &str) -> Result<MailServer, Error> {
        let server = self.mail_server(named).await.map_err(|error| at("mail_server", error))?;
        if server.direction == Direction::Incoming {
            return Ok(server);
        }
        Err(Problem::invalid(
            "mail_server",
            "mail_server_outgoing",
            format!("{} sends mail; there is nothing to handle on it.", server.name),
            "Choose an incoming mail server.",
        )
        .into())
    }

    /// The mail server that a handler is to send through; nothing named is none.
    async fn server_to_send(&self, named: &str) -> Result<Option<MailServer>, Error> {
        if named.trim().is_empty() {
            return Ok(None);
        }
        let server = self.mail_server(named).await.map_err(|error| at("outgoing", error))?;
        if server.direction == Direction::Outgoing {
            return Ok(Some(server));
        }
        Err(Problem::invalid(
            "outgoing",
            "outgoing_incoming",
            format!("{} is where mail comes from; nothing is sent through it.", server.name),
            "Choose a mail server whose protocol is smtp: `outlink mail-server create --protocol smtp`.",
        )
        .into())
    }
}

/// The place behind the other handlers of a mail server.
fn last(server: &MailServer, others: &[Handler]) -> Result<u32, Problem> {
    if others.len() < MOST_OF_SERVER {
        let largest = others.iter().map(|handler| handler.position).max();
        return Ok(largest.map_or(0, |position| position.saturating_add(1)));
    }
    Err(Problem::new(
        ProblemKind::Conflict,
        "handlers_too_many",
        format!("{} has {MOST_OF_SERVER} handlers already, and takes no more.", server.name),
        "Delete one that is not needed, or let one handler catch several addresses.",
    ))
}

/// A problem of what a field names, told at that field.
fn at(field: &'static str, error: Error) -> Error {
    match error {
        Error::Problem(problem) => Problem { field: Some(field), ..problem }.into(),
        other => other,
    }
}

/// How events call a handler.
fn subject(handler: &Handler) -> String {
    format!("handler {}", handler.name)
}

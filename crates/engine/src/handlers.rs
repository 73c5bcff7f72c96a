//! Handlers: set up here, at work in the intake.

use outlink_model::HandlerId;
use outlink_model::event::Event;
use outlink_model::grant::Actor;
use outlink_model::handler::{Handler, HandlerType};
use outlink_model::mail_server::{Direction, MailServer};
use outlink_model::problem::{Problem, ProblemKind};

use crate::{Caller, Engine, Error, Listed, Page, clock, error, links};

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
}

impl Engine {
    /// Makes a handler and sets it to work: from now on its mail server is polled.
    ///
    /// # Errors
    /// A [`Problem`] at the field that is wrong, or when the name is taken.
    pub async fn create_handler(&self, new: NewHandler, by: &Caller) -> Result<Handler, Error> {
        let at = |field, error| match error {
            Error::Problem(problem) => Error::Problem(Problem { field: Some(field), ..problem }),
            other => other,
        };
        let server = self.mail_server(&new.mail_server).await.map_err(|e| at("mail_server", e))?;
        if server.direction != Direction::Incoming {
            return Err(Problem::invalid(
                "mail_server",
                "mail_server_outgoing",
                format!("{} sends mail; there is nothing to handle on it.", server.name),
                "Choose an incoming mail server.",
            )
            .into());
        }
        if let Some(other) = self.handler_of(&server).await? {
            return Err(Problem {
                field: Some("mail_server"),
                ..Problem::new(
                    ProblemKind::Conflict,
                    "mail_server_handled",
                    format!("The mail of {} is handled by {} already.", server.name, other.name),
                    "A mail server has one handler; add another mail server for another mailbox or folder.",
                )
            }
            .into());
        }
        let project = self.project(&new.project).await.map_err(|e| at("project", e))?;
        let handler = Handler {
            id: clock::id(),
            name: links::name("name", &new.name)?,
            mail_server_id: server.id,
            project_id: project.id,
            kind: new.kind,
            enabled: true,
            created_at: self.now(),
        };
        self.store()
            .create_handler(&handler)
            .await
            .map_err(|error| error::taken(error, "name", "handler", &handler.name))?;
        self.record(Event {
            kind: "handler.created".into(),
            subject: format!("handler {}", handler.name),
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
        Ok(handler)
    }

    /// The handlers.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn handlers(&self, page: Page) -> Result<Listed<Handler>, Error> {
        Ok(self.store().handlers(&page).await?)
    }

    /// The handler that takes a mail server's messages. Without one nothing is fetched.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn handler_of_mail_server(
        &self,
        server: &MailServer,
    ) -> Result<Option<Handler>, Error> {
        self.handler_of(server).await
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
}

//! Deleting a mail server. What came from it stays in the ledger, and what went through it under the deliveries.

use outlink_model::event::Event;
use outlink_model::grant::{Actor, Trouble};
use outlink_model::mail_server::MailServer;
use outlink_model::problem::{Problem, ProblemKind};

use crate::{Caller, Engine, Error};

/// What was deleted.
#[derive(Debug)]
pub struct DeletedMailServer {
    /// The mail server.
    pub server: MailServer,
    /// The names of the handlers that went with it.
    pub handlers: Vec<String>,
    /// The names of the handlers that sent through it, and send nothing any more.
    pub senders: Vec<String>,
}

impl Engine {
    /// Deletes a mail server, with its password and how far its folders were read. Its messages, and what became of
    /// them, stay; what waits to be sent through it is given up. Nothing is changed on the mail server itself.
    ///
    /// # Errors
    /// [`Problem::not_found`]; `has_handlers` where handlers take its mail, or send through it, and `with_handlers` does not
    /// say that they go with it, or go on without.
    pub async fn delete_mail_server(
        &self,
        named: &str,
        with_handlers: bool,
        by: &Caller,
    ) -> Result<DeletedMailServer, Error> {
        let server = self.mail_server(named).await?;
        let handlers = self.store().handlers_of_server(server.id).await?;
        let handlers: Vec<String> = handlers.into_iter().map(|handler| handler.name).collect();
        let senders = self.store().handlers_sending_through(server.id).await?;
        let senders: Vec<String> = senders.into_iter().map(|handler| handler.name).collect();
        if !senders.is_empty() && !with_handlers {
            return Err(Problem::new(
                ProblemKind::Conflict,
                "has_handlers",
                format!("{} sends what these handlers send: {}.", server.name, senders.join(", ")),
                "Name another outgoing mail server in them first, or say that they go on without one (`--handlers`, or \
                 `?handlers=true` in the API): what they would send is then quarantined, and nobody is told.",
            )
            .into());
        }
        if !handlers.is_empty() && !with_handlers {
            return Err(Problem::new(
                ProblemKind::Conflict,
                "has_handlers",
                format!("The mail of {} is taken by: {}.", server.name, handlers.join(", ")),
                "Delete these handlers first, or say that they go with the mail server (`--handlers`, or `?handlers=true` \
                 in the API).",
            )
            .into());
        }
        let deleted =
            self.store().delete_mail_server(server.id, self.now(), &unsent(&server)).await;
        deleted.map_err(|error| match error {
            outlink_store::Error::Missing => Problem::not_found("mail server", named).into(),
            other => Error::from(other),
        })?;
        self.drop_held(server.id);
        let mut with = match handlers.as_slice() {
            [] => String::new(),
            names => format!(" and with it: {}", names.join(", ")),
        };
        if !senders.is_empty() {
            with.push_str(&format!(
                "; without one to send through are now: {}",
                senders.join(", ")
            ));
        }
        self.record(Event {
            kind: "mail_server.deleted".into(),
            subject: format!("mail server {}", server.name),
            message: format!("{} deleted the mail server {}{with}.", by.name(), server.name),
            ..self.event(Actor::Nobody)
        })
        .await;
        Ok(DeletedMailServer { server, handlers, senders })
    }
}

/// What is wrong with mail that was to go out through a server that is being deleted.
pub(super) fn unsent(server: &MailServer) -> Trouble {
    Trouble {
        actor: Actor::LinkAdministrator,
        reason: format!("The mail server {}, which was to send it, was deleted.", server.name),
        hint: "Delete it: it goes out through no other. Give its handler another outgoing mail server for what comes."
            .into(),
        provider_error: None,
    }
}

//! Deleting a mail server. What came from it stays in the ledger.

use outlink_model::event::Event;
use outlink_model::grant::Actor;
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
}

impl Engine {
    /// Deletes a mail server, with its password and how far its folders were read. Its messages, and what became of
    /// them, stay. Nothing is changed on the mail server itself.
    ///
    /// # Errors
    /// [`Problem::not_found`]; `has_handlers` where handlers take its mail and `with_handlers` does not say that they go
    /// with it.
    pub async fn delete_mail_server(
        &self,
        named: &str,
        with_handlers: bool,
        by: &Caller,
    ) -> Result<DeletedMailServer, Error> {
        let server = self.mail_server(named).await?;
        let handlers = self.store().handlers_of_server(server.id).await?;
        let handlers: Vec<String> = handlers.into_iter().map(|handler| handler.name).collect();
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
        let deleted = self.store().delete_mail_server(server.id, self.now()).await;
        deleted.map_err(|error| match error {
            outlink_store::Error::Missing => Problem::not_found("mail server", named).into(),
            other => Error::from(other),
        })?;
        self.drop_held(server.id);
        let with = match handlers.as_slice() {
            [] => String::new(),
            names => format!(" and with it: {}", names.join(", ")),
        };
        self.record(Event {
            kind: "mail_server.deleted".into(),
            subject: format!("mail server {}", server.name),
            message: format!("{} deleted the mail server {}{with}.", by.name(), server.name),
            ..self.event(Actor::Nobody)
        })
        .await;
        Ok(DeletedMailServer { server, handlers })
    }
}

//! The order in which the handlers of a mail server are asked.

use outlink_model::event::Event;
use outlink_model::grant::Actor;
use outlink_model::handler::Handler;
use outlink_model::problem::Problem;
use outlink_store::Error as StoreError;

use super::at;
use crate::{Caller, Engine, Error};

impl Engine {
    /// Puts the handlers of a mail server into this order, and returns them in it. Each is named once, by id or name.
    ///
    /// # Errors
    /// [`Problem::not_found`] for the mail server; a [`Problem`] at `handlers` where these are not its handlers, each of
    /// them once.
    pub async fn order_handlers(
        &self,
        mail_server: &str,
        names: &[String],
        by: &Caller,
    ) -> Result<Vec<Handler>, Error> {
        let server =
            self.mail_server(mail_server).await.map_err(|error| at("mail_server", error))?;
        let there = self.store().handlers_of_server(server.id).await?;
        let named = |name: &String| {
            there.iter().find(|handler| handler.name == *name || handler.id.to_string() == *name)
        };
        let order: Option<Vec<_>> = names.iter().map(|name| Some(named(name)?.id)).collect();
        let known = || there.iter().map(|handler| handler.name.as_str()).collect::<Vec<_>>();
        let wrong = || {
            Problem::invalid(
                "handlers",
                "order_incomplete",
                format!("These are not the handlers of {}, each of them once.", server.name),
                format!("Name all of them: {}.", known().join(", ")),
            )
        };
        // The store compares the two sets as well, in case they differ by now.
        let done = self.store().order_handlers(server.id, &order.ok_or_else(wrong)?).await;
        done.map_err(|error| match error {
            StoreError::Missing => wrong().into(),
            error => Error::from(error),
        })?;
        let ordered = self.store().handlers_of_server(server.id).await?;
        let told: Vec<&str> = ordered.iter().map(|handler| handler.name.as_str()).collect();
        self.record(Event {
            kind: "handler.ordered".into(),
            subject: format!("mail server {}", server.name),
            message: format!(
                "{} put the handlers of {} in order: {}.",
                by.name(),
                server.name,
                told.join(", ")
            ),
            ..self.event(Actor::Nobody)
        })
        .await;
        Ok(ordered)
    }
}

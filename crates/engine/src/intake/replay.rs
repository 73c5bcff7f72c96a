//! Replay: a message that came to nothing is handled anew, from its raw bytes, by the handlers as they are now.

use outlink_mail::message::parse;
use outlink_model::event::Event;
use outlink_model::grant::Actor;
use outlink_model::message::{Message, Outcome};
use outlink_model::problem::{Problem, ProblemKind};

use super::become_of::become_of;
use super::facts::Arrival;
use crate::messages::{MessageView, has_become, no_raw};
use crate::{Caller, Engine, Error};

impl Engine {
    /// Handles a message anew that was rejected, quarantined or left unhandled, or that was to be sent on and was not: the
    /// delivery that was given up goes then. One that became something is left as it is, since it counts once.
    ///
    /// # Errors
    /// [`Problem::not_found`]; a [`Problem`] where it became something already, where its mail server was deleted, or where
    /// its bytes are not here.
    pub async fn replay_message(&self, named: &str, by: &Caller) -> Result<MessageView, Error> {
        let message = self.message_row(named).await?;
        if has_become(message.outcome) && !self.forward_failed(&message).await? {
            return Err(counted(&message).into());
        }
        let server = self.store().mail_server(message.place.mail_server_id).await?;
        let server = server.ok_or_else(server_deleted)?;
        let handling = self.handling(&server).await?;
        let raw = self.store().raw(message.id).await?;
        let raw = raw.ok_or_else(|| no_raw(ProblemKind::Conflict, &message))?;
        let parsed = tokio::task::spawn_blocking(move || parse(&raw))
            .await
            .map_err(|error| Error::Broken(error.to_string()))?
            .map_err(|error| unreadable(&error.to_string()))?;
        let now = self.now();
        let mut tx = self.store().intake().await?;
        // Read anew under the transaction: whoever replays it at the same time comes after.
        let message = tx.message(message.id).await?;
        let message = message.ok_or_else(|| Problem::not_found("message", named))?;
        let is_open = match message.outcome {
            // Whoever has it tried again meanwhile comes first, too.
            Outcome::Forwarded => tx.drop_failed_forward(message.id).await?,
            outcome => !has_become(outcome),
        };
        if !is_open {
            return Err(counted(&message).into());
        }
        let arrival = Arrival { server: &server, at: message.internal_date, is_replay: true };
        let blank =
            Message { issue_id: None, comment_id: None, reason: None, delete: false, ..message };
        let became = become_of(&mut tx, &handling, &arrival, &parsed, blank, now).await?;
        tx.set_outcome(&became.row).await?;
        tx.commit().await?;
        self.record(Event {
            kind: "message.replayed".into(),
            subject: format!("message {}", became.row.id),
            message: format!(
                "{} had the message of {} handled anew: {}.",
                by.name(),
                if became.row.sender.is_empty() { "nobody" } else { &became.row.sender },
                became.row.outcome
            ),
            ..self.event(Actor::Nobody)
        })
        .await;
        self.message(&became.row.id.to_string()).await
    }
}

fn counted(message: &Message) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "message_counted",
        format!("The message has become something already ({}).", message.outcome),
        match message.outcome {
            Outcome::Forwarded => format!(
                "See how far it is: outlink delivery list --message {}. Once that was given up, it can be handled anew.",
                message.id
            ),
            _ => "A message counts once. Look at the issue that it belongs to.".to_owned(),
        },
    )
}

fn server_deleted() -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "mail_server_deleted",
        "The mail server that this message came from was deleted, and its handlers with it.",
        "Forward the message to a mailbox whose mail is handled; where its bytes are kept it can be downloaded here.",
    )
}

fn unreadable(why: &str) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "message_unreadable",
        format!("Nothing can be read in this message. {why}"),
        "Download it and look at it; `outlink message parse` says what is found in it.",
    )
}

//! What follows for a mail that was not taken: it is tried again, or given up, which is told once.

use outlink_model::delivery::{Delivery, DeliveryKind, Next, after_refusal, after_silence};
use outlink_model::event::Event;
use outlink_model::grant::{Actor, Trouble};
use outlink_model::mail_server::MailServer;
use outlink_store::Ended;

use super::subject;
use crate::intake::{Failed, inner};
use crate::{Engine, clock};

/// What can help a mail that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// To have the same mail tried again.
    Retry,
    /// To make another one of the message, by the handlers as they are then: this one would always be refused.
    Replay,
    /// Nothing.
    Nothing,
}

impl Engine {
    /// Writes what follows from a refusal. `may_help` is whether the same mail may be taken once something was mended.
    pub(super) async fn refused(
        &self,
        server: &MailServer,
        delivery: &Delivery,
        trouble: &Trouble,
        is_for_good: bool,
        may_help: bool,
    ) -> Result<(), Failed> {
        let attempts = delivery.attempts.saturating_add(1);
        let counted = Delivery { attempts, ..delivery.clone() };
        let next = after_refusal(&counted, is_for_good, self.now(), clock::jitter());
        let then = if may_help { Then::Retry } else { Then::Replay };
        self.settle(server, delivery, Ended::Refused, next, trouble, then).await
    }

    /// Writes what follows where a mail was given whole, and the session ended before a word on it.
    pub(super) async fn unanswered(
        &self,
        server: &MailServer,
        delivery: &Delivery,
        trouble: &Trouble,
    ) -> Result<(), Failed> {
        let counted = Delivery {
            attempts: delivery.attempts.saturating_add(1),
            unanswered: delivery.unanswered.saturating_add(1),
            ..delivery.clone()
        };
        let next = after_silence(&counted, self.now(), clock::jitter());
        let told = match next {
            Next::At(_) => trouble.clone(),
            Next::GiveUp => unknown(&counted, trouble),
        };
        self.settle(server, delivery, Ended::Unanswered, next, &told, Then::Retry).await
    }

    /// Writes what follows for a mail that was not taken. That it is given up is told, once.
    pub(super) async fn settle(
        &self,
        server: &MailServer,
        delivery: &Delivery,
        ended: Ended,
        next: Next,
        trouble: &Trouble,
        then: Then,
    ) -> Result<(), Failed> {
        let hint = match what_then(delivery, then).filter(|_| next == Next::GiveUp) {
            Some(more) => format!("{} {more}", trouble.hint),
            None => trouble.hint.clone(),
        };
        let event = (next == Next::GiveUp).then(|| Event {
            kind: "delivery.failed".into(),
            subject: subject(delivery),
            state: Some("failed".into()),
            message: format!(
                "The mail {:?} to {} was not sent through {}, and is not tried any more. {}",
                delivery.subject,
                delivery.to,
                server.name,
                trouble.told("The server")
            ),
            hint: hint.clone(),
            ..self.health_event(trouble.actor)
        });
        // That the same mail is not worth another try, whoever looks at it later must know too.
        let hint = if then == Then::Replay { hint } else { trouble.hint.clone() };
        let trouble = &Trouble { hint, ..trouble.clone() };
        let (store, now) = (self.store(), self.now());
        let written = store.delivery_not_taken(delivery, ended, next, trouble, now, event.as_ref());
        if written.await.map_err(|error| inner(error.into()))?
            && let Some(event) = event
        {
            self.recorded(&event);
        }
        Ok(())
    }
}

/// What somebody can do then, as a sentence.
fn what_then(delivery: &Delivery, then: Then) -> Option<String> {
    match (then, delivery.kind, delivery.message_id) {
        (Then::Retry, _, _) => Some(format!("Then: outlink delivery retry {}", delivery.id)),
        (Then::Replay, DeliveryKind::Forward, Some(message)) => Some(format!(
            "The same mail would be refused again; once its handler is changed: outlink message replay {message}"
        )),
        (Then::Replay, _, _) | (Then::Nothing, _, _) => None,
    }
}

fn unknown(delivery: &Delivery, trouble: &Trouble) -> Trouble {
    Trouble {
        actor: Actor::Operator,
        reason: format!(
            "The whole mail was handed in {} times, and the server never said whether it took it: nobody knows whether \
             it arrived.",
            delivery.unanswered
        ),
        hint: format!("Look in the mailbox of {} before it is tried again.", delivery.to),
        provider_error: trouble.provider_error.clone(),
    }
}

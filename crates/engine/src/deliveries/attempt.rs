//! One attempt at one mail: what is sent, and what the server says.

use std::time::Duration;

use outlink_mail::Error as MailError;
use outlink_mail::compose::{Mail, compose};
use outlink_mail::smtp::{Sent, Session};
use outlink_model::Timestamp;
use outlink_model::delivery::{Delivery, DeliveryKind, Next};
use outlink_model::grant::{Actor, Trouble};
use outlink_model::mail_server::MailServer;
use outlink_store::Ended;

use super::settle::Then;
use crate::intake::{Failed, inner};
use crate::mail_servers::Wire;
use crate::own_ids::OwnIds;
use crate::{Engine, Error};

/// How often it is written that a mail was taken before it is sent a second time for want of that.
const WRITES: u32 = 8;

/// What stays the same over a session.
pub(super) struct Handing<'a> {
    server: &'a MailServer,
    own_ids: OwnIds,
}

impl<'a> Handing<'a> {
    pub(super) async fn new(engine: &Engine, server: &'a MailServer) -> Result<Self, Error> {
        Ok(Self { server, own_ids: engine.own_ids().await? })
    }
}

/// How an attempt went. What follows for the mail is written, unless the session ended.
pub(super) enum Attempt {
    /// The server took the mail.
    Taken,
    /// The server refused it, or it could not be offered at all. The session goes on.
    Answered,
    /// The session ended before there was an answer.
    Ended(MailError),
}

impl Engine {
    /// Offers a mail to the server once, and writes what follows.
    ///
    /// # Errors
    /// When that cannot be written, or what is to be sent not be read.
    pub(super) async fn attempt(
        &self,
        handing: &Handing<'_>,
        session: &mut Session<Wire>,
        delivery: &Delivery,
    ) -> Result<Attempt, Failed> {
        let server = handing.server;
        let mail = match self.made(handing, delivery).await.map_err(inner)? {
            Ok(mail) => mail,
            Err(trouble) => {
                let (ended, next) = (Ended::Unoffered, Next::GiveUp);
                self.settle(server, delivery, ended, next, &trouble, Then::Nothing).await?;
                return Ok(Attempt::Answered);
            }
        };
        // Each answer has its limit; this is for a server that is slow throughout.
        let time = self.0.settings.limits.mail_batch * 2;
        let sending = session.send(&server.mailbox, &delivery.to, &mail);
        match tokio::time::timeout(time, sending).await.unwrap_or_else(|_| Err(endless(time))) {
            Ok(Sent::Taken { words }) => {
                self.failpoint("after_mail_was_taken");
                self.keep_sent(delivery).await?;
                tracing::info!(server = server.name, delivery = %delivery.id, words, "a mail was sent");
                Ok(Attempt::Taken)
            }
            Ok(Sent::Refused { trouble, is_for_good, may_help }) => {
                self.refused(server, delivery, &trouble, is_for_good, may_help).await?;
                Ok(Attempt::Answered)
            }
            Err(error) => Ok(Attempt::Ended(error)),
        }
    }

    /// The mail as it goes out, or why there is none.
    async fn made(
        &self,
        handing: &Handing<'_>,
        delivery: &Delivery,
    ) -> Result<Result<Vec<u8>, Trouble>, Error> {
        // The raw mail and what is made of it are in memory at the same time, as often as mail is made at once.
        let permit = match delivery.kind {
            DeliveryKind::Forward => self.0.composing.acquire().await.ok(),
            DeliveryKind::Notice => None,
        };
        let attached = match (delivery.kind, delivery.message_id) {
            (DeliveryKind::Notice, _) => None,
            (DeliveryKind::Forward, Some(message)) => match self.store().raw(message).await? {
                Some(raw) => Some(raw),
                None => return Ok(Err(bytes_gone())),
            },
            (DeliveryKind::Forward, None) => return Ok(Err(bytes_gone())),
        };
        let (from, fingerprint) =
            (handing.server.mailbox.clone(), handing.own_ids.fingerprint().to_owned());
        let delivery = delivery.clone();
        // When it was first written, which a retry leaves as it is, unlike the time that its age counts from.
        let date = written_at(&delivery);
        // Tens of megabytes are copied here.
        let made = tokio::task::spawn_blocking(move || {
            compose(&Mail {
                from_name: "",
                from: &from,
                to: &delivery.to,
                subject: &delivery.subject,
                // The same at every attempt, as all of it is.
                date,
                mail_id: &delivery.mail_id,
                in_reply_to: delivery.in_reply_to.as_deref(),
                fingerprint: &fingerprint,
                auto_submitted: match delivery.kind {
                    DeliveryKind::Forward => "auto-generated",
                    DeliveryKind::Notice => "auto-replied",
                },
                text: &delivery.text,
                attached: attached.as_deref(),
            })
        });
        let made = made.await.map_err(|error| Error::Broken(error.to_string()))?;
        drop(permit);
        Ok(made.map_err(|why| unmakable(&why)))
    }

    /// Writes that a mail was taken. As long as that is not written it would be sent again, so it is tried a few times.
    async fn keep_sent(&self, delivery: &Delivery) -> Result<(), Failed> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.store().delivery_sent(delivery.id, self.now()).await {
                Ok(_) => return Ok(()),
                Err(error) if tries < WRITES => {
                    tracing::warn!(%error, "that a mail was sent could not be written, and is written again");
                    tokio::time::sleep(Duration::from_millis(250) * tries).await;
                }
                Err(error) => return Err(inner(error.into())),
            }
        }
    }
}

fn endless(time: Duration) -> MailError {
    MailError::TimedOut { doing: "handing in a mail", time }
}

fn ours(actor: Actor, reason: String, hint: &str) -> Trouble {
    Trouble { actor, reason, hint: hint.to_owned(), provider_error: None }
}

/// The time within its id: version 7.
fn written_at(delivery: &Delivery) -> Timestamp {
    let told = delivery.id.0.get_timestamp().map(|at| at.to_unix());
    let made =
        told.and_then(|(seconds, _)| Timestamp::from_second(i64::try_from(seconds).ok()?).ok());
    made.unwrap_or(delivery.created_at)
}

/// Why a notice is not sent any more.
pub(super) fn too_late() -> Trouble {
    ours(
        Actor::Nobody,
        "It waited for five days before it could be sent, and comes too late by now.".to_owned(),
        "Nothing is to be done: whoever wrote knows more by now than it says.",
    )
}

fn bytes_gone() -> Trouble {
    ours(
        Actor::Operator,
        "The message that was to be sent on is not kept any more.".to_owned(),
        "It may still lie on the mail server that it came to. Messages are kept for as long as retention.raw_days says.",
    )
}

fn unmakable(why: &str) -> Trouble {
    ours(
        Actor::LinkAdministrator,
        format!("No mail can be made of it: {why}"),
        "Look at the address and the subject; what it is about can be sent on by hand.",
    )
}

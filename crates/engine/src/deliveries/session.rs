//! A session in which mail is handed in, one after the other, each committed at once.
//!
//! What the server says of one mail is that mail's; everything else is the server's: it fails, is told of, and is tried
//! again later, and all mail waits. A session that ends while a mail is on its way says nothing of that mail, unless others
//! were taken before it in the same session: then it counts as if it had been refused for now, or one mail at which every
//! session ends would hold back all behind it. One that was given whole and not answered for counts its attempts in any
//! case: it may have arrived, as often as it was sent.

use std::sync::Arc;
use std::time::Duration;

use outlink_model::delivery::{Delivery, DeliveryKind, GIVEN_UP_AFTER, Next};
use outlink_model::grant::Trouble;
use outlink_model::mail_server::MailServer;
use outlink_store::{Ended, Still};

use super::attempt::{Attempt, Handing, too_late};
use super::settle::Then;
use crate::Engine;
use crate::intake::{Failed, inner, overtaken, stopping};
use crate::mail_servers::{MailSession, Report, endless};
use crate::poll::Held;

/// Mails of one session. Servers end those that go on and on.
const MOST: u32 = 50;
/// How long a mail that is on its way may go on when this server stops, or no longer holds the mail server: what is cut
/// off behind its last octet is sent twice.
const GRACE: Duration = Duration::from_secs(3);

impl Engine {
    /// Sends what is due through a server that is held; how many mails it took.
    pub(super) async fn send_due(
        &self,
        server: &MailServer,
        held: &Arc<Held>,
    ) -> Result<u64, Failed> {
        held.beat();
        let mut due = self
            .store()
            .deliveries_to_send(server.id, self.now(), MOST)
            .await
            .map_err(|error| inner(error.into()))?;
        let handing = Handing::new(self, server).await.map_err(inner)?;
        // The last session ended perhaps at the first of these, so another one comes first now.
        let count = due.len().max(1);
        due.rotate_left(usize::try_from(server.health.failures).unwrap_or_default() % count);
        let mut report = Report::default();
        let walked = tokio::select! {
            walked = self.walk(server, &mut report) => walked,
            why = held.until_lost() => return Err(why.into()),
            () = self.0.stopping.cancelled() => return Err(over()),
        };
        let session = walked.map_err(|trouble| staying_away(trouble, report.stay_away))?;
        let MailSession::Smtp(mut session) = session else {
            return Err(endless(Duration::ZERO).into());
        };
        let mut sent = 0;
        for delivery in &due {
            held.beat();
            if self.0.stopping.is_cancelled() {
                return Err(over());
            }
            if held.is_lost() {
                return Err(overtaken().into());
            }
            // Of what somebody did meanwhile on another node, this one is told by nobody else.
            let still = self.store().still_to_send(delivery, &held.holder).await;
            match still.map_err(|error| inner(error.into()))? {
                Still::Due => {}
                Still::Changed => continue,
                Still::Lost => {
                    session.quit().await;
                    return Err(overtaken().into());
                }
            }
            if delivery.kind == DeliveryKind::Notice && self.is_old(delivery) {
                let (next, why) = (Next::GiveUp, too_late());
                self.settle(server, delivery, Ended::Unoffered, next, &why, Then::Nothing).await?;
                continue;
            }
            let attempt = tokio::select! {
                attempt = self.attempt(&handing, &mut session, delivery) => attempt,
                () = self.until_left(held) => {
                    return Err(if held.is_lost() { overtaken().into() } else { over() });
                }
            };
            match attempt? {
                Attempt::Taken => sent += 1,
                Attempt::Answered => {}
                // The session ended together with its token, which is no harm where something was sent: the next one has
                // a fresh one. At the first mail it is a failure like others, or it would go round in circles.
                Attempt::Ended(error) if sent > 0 && error.wants_fresh_token() => return Ok(sent),
                Attempt::Ended(error) => {
                    let may_be_its_own = sent > 0 && error.may_be_of_one_message();
                    if session.was_given() {
                        self.unanswered(server, delivery, &error.trouble()).await?;
                    } else if may_be_its_own {
                        self.refused(server, delivery, &error.trouble(), false, true).await?;
                    }
                    if may_be_its_own {
                        return Ok(sent);
                    }
                    let retry_after = error.retry_after().or(session.stay_away());
                    let failed = staying_away(error.trouble(), retry_after);
                    if !error.is_session_over() {
                        session.quit().await;
                    }
                    return Err(failed);
                }
            }
        }
        session.quit().await;
        Ok(sent)
    }

    /// Returns a while after the session is to be left.
    async fn until_left(&self, held: &Arc<Held>) {
        tokio::select! {
            _ = held.until_lost() => {}
            () = self.0.stopping.cancelled() => {}
        }
        tokio::time::sleep(GRACE).await;
    }

    /// Gives up what has waited for too long for a server that fails.
    pub(super) async fn give_up_old(
        &self,
        server: &MailServer,
        held: &Arc<Held>,
        trouble: &Trouble,
    ) {
        let due = match self.store().deliveries_to_send(server.id, self.now(), MOST).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "mail that has waited for too long cannot be read");
                return;
            }
        };
        for delivery in due.iter().filter(|delivery| self.is_old(delivery)) {
            // Of a server that somebody else holds by now, or that was changed, nothing is known.
            if !matches!(self.store().still_to_send(delivery, &held.holder).await, Ok(Still::Due)) {
                return;
            }
            let (ended, next) = (Ended::Unoffered, Next::GiveUp);
            let settled = self.settle(server, delivery, ended, next, trouble, Then::Retry).await;
            if let Err(failed) = settled {
                tracing::warn!(reason = failed.trouble.reason, "a mail could not be given up");
                return;
            }
        }
    }

    fn is_old(&self, delivery: &Delivery) -> bool {
        self.now().duration_since(delivery.created_at) >= GIVEN_UP_AFTER
    }
}

fn over() -> Failed {
    let mut failed = Failed::from(stopping());
    failed.is_over = true;
    failed
}

fn staying_away(trouble: Trouble, retry_after: Option<Duration>) -> Failed {
    let mut failed = Failed::from(trouble);
    failed.retry_after = retry_after;
    failed
}

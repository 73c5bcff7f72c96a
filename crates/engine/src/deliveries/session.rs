//! A session in which mail is handed in, one after the other, each committed at once.
//!
//! What the server says of one mail is that mail's; everything else is the server's: it fails, is told of, and is tried
//! again later, and all mail waits. A session that ends while a mail is on its way says nothing of that mail, unless others
//! were taken before it in the same session: then it counts as if it had been refused for now, or one mail at which every
//! session ends would hold back all behind it.

use std::sync::Arc;
use std::time::Duration;

use outlink_model::delivery::{Delivery, GIVEN_UP_AFTER, Next};
use outlink_model::grant::Trouble;
use outlink_model::mail_server::MailServer;

use super::attempt::{Attempt, Handing};
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
            let attempt = tokio::select! {
                attempt = self.attempt(&handing, &mut session, delivery) => attempt,
                () = self.until_left(held) => {
                    return Err(if held.is_lost() { overtaken().into() } else { over() });
                }
            };
            match attempt? {
                Attempt::Taken => sent += 1,
                Attempt::Answered => {}
                Attempt::Ended(error) if sent > 0 && error.may_be_of_one_message() => {
                    self.refused(server, delivery, &error.trouble(), false).await?;
                    return Ok(sent);
                }
                Attempt::Ended(error) => {
                    let retry_after = error.retry_after().or(session.stay_away());
                    let mut failed = staying_away(error.trouble(), retry_after);
                    failed.is_over = error.wants_fresh_token();
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
    pub(super) async fn give_up_old(&self, server: &MailServer, trouble: &Trouble) {
        let now = self.now();
        let due = match self.store().deliveries_to_send(server.id, now, MOST).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "mail that has waited for too long cannot be read");
                return;
            }
        };
        let is_old = |one: &&Delivery| now.duration_since(one.created_at) >= GIVEN_UP_AFTER;
        for delivery in due.iter().filter(is_old) {
            if let Err(failed) = self.settle(server, delivery, Next::GiveUp, trouble).await {
                tracing::warn!(reason = failed.trouble.reason, "a mail could not be given up");
                return;
            }
        }
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

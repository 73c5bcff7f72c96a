//! Staying connected: the server tells of new mail (IDLE, RFC 2177), and is asked from time to time all the same.

use std::sync::Arc;
use std::time::Duration;

use outlink_mail::Error as MailError;
use outlink_mail::imap::Idle;
use outlink_model::mail_server::MailServer;

use super::Then;
use super::held::Held;
use crate::intake::Done;
use crate::mail_servers::MailSession;
use crate::{Engine, clock};

/// Connections through routers and firewalls are forgotten after ten minutes or more without traffic.
const REISSUE: Duration = Duration::from_secs(9 * 60);

/// How a session that waited for new mail came to its end.
pub(super) enum Watched {
    /// It is over, as sessions are after a while.
    Over,
    /// It ended together with its token: another one begins at once, with a fresh one.
    Expired,
    /// The server does not tell of new mail after all.
    NotOffered,
    /// We left: asked to, stopping, or no longer entitled.
    Left,
    /// Something went wrong, which was kept.
    Failed,
}

impl Engine {
    /// Whether a session can stay open to be told of new mail.
    pub(crate) async fn can_watch(&self, server: &MailServer, session: &mut MailSession) -> bool {
        let MailSession::Imap(imap) = session else { return false };
        server.idle && imap.capabilities().await.is_ok_and(|told| told.has("IDLE"))
    }

    /// Waits for new mail and takes it in, again and again, until the session ends or is left. The server stays held.
    pub(super) async fn watch(
        &self,
        server: &MailServer,
        held: &Arc<Held>,
        mut session: MailSession,
    ) -> Watched {
        loop {
            match self.wait_for_news(server, held, &mut session).await {
                Ok(true) => {}
                Ok(false) => {
                    session.leave().await;
                    return Watched::Left;
                }
                Err(MailError::NoIdle { .. }) => {
                    session.leave().await;
                    return Watched::NotOffered;
                }
                // Sessions end: with the token, with the server's patience, with a cable. The next one tells whether
                // anything is wrong.
                Err(error) if error.wants_fresh_token() => return Watched::Expired,
                Err(error) => {
                    tracing::debug!(server = server.name, %error, "a session has ended while waiting");
                    return Watched::Over;
                }
            }
            // So many that are told at once take their turns.
            let Ok(_turn) = self.0.fetching.clone().acquire_owned().await else {
                return Watched::Left;
            };
            // The last handler may have gone meanwhile, on another node too. Without one nothing is fetched.
            if matches!(self.has_handler(server).await, Ok(false)) {
                session.leave().await;
                return Watched::Left;
            }
            match Box::pin(self.fetch_again(server, held, session)).await {
                Ok(Done { fetched, note, session: Some(open) }) => {
                    if !self.keep_health(server, held, Ok((&fetched, note)), Then::Stay).await {
                        open.leave().await;
                        return Watched::Left;
                    }
                    session = open;
                }
                Ok(Done { session: None, .. }) => return Watched::Over,
                Err(failed) if failed.is_over => return Watched::Expired,
                Err(failed) => {
                    self.keep_health(server, held, Err(&failed), Then::Wait).await;
                    return Watched::Failed;
                }
            }
        }
    }

    /// Waits until there is news, or until it is time to look; false when the session is to be left.
    async fn wait_for_news(
        &self,
        server: &MailServer,
        held: &Arc<Held>,
        session: &mut MailSession,
    ) -> Result<bool, MailError> {
        let MailSession::Imap(imap) = session else { return Ok(false) };
        let interval = Duration::from_secs(u64::from(server.poll_seconds));
        // Of the first folder alone the server tells.
        let is_told_of_all = server.folders.len() == 1;
        let look_at =
            if is_told_of_all { interval.max(self.0.settings.limits.mail_look) } else { interval };
        let look_at = look_at.mul_f64(0.9 + clock::jitter() * 0.2);
        let mut waited = Duration::ZERO;
        loop {
            held.beat();
            let asked = async {
                tokio::select! {
                    () = held.leave.notified() => {}
                    _ = held.until_lost() => {}
                    () = self.0.stopping.cancelled() => {}
                }
            };
            let mut is_asked = false;
            let step = REISSUE.min(look_at.saturating_sub(waited));
            let idle = imap.idle(step, async {
                asked.await;
                is_asked = true;
            });
            match idle.await? {
                Idle::News => return Ok(true),
                Idle::Quiet if is_asked => return Ok(false),
                Idle::Quiet => waited += step,
            }
            if waited >= look_at {
                return Ok(true);
            }
        }
    }
}

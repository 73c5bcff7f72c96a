//! Sending in the background, each outgoing mail server as a task of its own: one session at each of them, over all nodes.

use std::sync::Arc;
use std::time::Duration;

use outlink_model::grant::later;
use outlink_model::mail_server::MailServer;
use tokio::sync::Semaphore;

use crate::intake::Fetched;
use crate::poll::{Held, LEASE, Then};
use crate::{Engine, Error};

/// Sessions under way at once.
const AT_ONCE: usize = 64;
/// How often it is looked whether something is due.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Between two connections that are opened.
const PACE: Duration = Duration::from_millis(10);

impl Engine {
    /// Sends what is due until the engine stops.
    pub(crate) async fn keep_sending(&self) {
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        while !self.0.stopping.is_cancelled() {
            if let Ok(slot) = slots.clone().try_acquire_owned() {
                match self.claim_sender().await {
                    Ok(Some((server, held))) => {
                        let engine = self.clone();
                        self.spawn(async move {
                            Box::pin(engine.send_through(&server, &held)).await;
                            drop(slot);
                        });
                        tokio::time::sleep(PACE).await;
                        continue;
                    }
                    Ok(None) => {}
                    Err(error) => tracing::error!(%error, "mail that is due cannot be read"),
                }
            }
            tokio::select! {
                () = self.0.stopping.cancelled() => return,
                () = self.0.alarm.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    async fn claim_sender(&self) -> Result<Option<(MailServer, Arc<Held>)>, Error> {
        let now = self.now();
        // Most of the time there is nothing, and to read so keeps nobody else from writing.
        if self.store().next_sending_at().await?.is_none_or(|at| at > now) {
            return Ok(None);
        }
        let holder = self.holder()?;
        let due = self.store().claim_sender(now, &holder, later(now, LEASE)).await?;
        Ok(due.map(|server| {
            let held = self.note_held(server.id, holder);
            (server, held)
        }))
    }

    /// Sends what is due through a server that is held, keeps how that went, and gives the server back.
    async fn send_through(&self, server: &MailServer, held: &Arc<Held>) {
        match self.send_due(server, held).await {
            Ok(sent) => {
                let fetched = Fetched { fetched: sent, ..Fetched::default() };
                self.keep_health(server, held, Ok((&fetched, None)), Then::Wait).await;
            }
            Err(failed) if failed.is_over => self.give_server_back(held).await,
            Err(failed) => {
                if !failed.is_ours {
                    self.give_up_old(server, held, &failed.trouble).await;
                }
                self.keep_health(server, held, Err(&failed), Then::Wait).await;
            }
        }
    }
}

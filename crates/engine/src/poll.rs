//! Polling mail servers, each as a task of its own. Keeps the invariant **One slow mailbox holds nobody else**.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, Trouble, backoff, later};
use outlink_model::mail_server::{MailServer, ServerHealth};
use tokio::sync::Semaphore;

use crate::intake::LEASE;
use crate::{Engine, Error, clock};

/// Fetches under way at once. A server that hangs holds one of these until its time limit.
const AT_ONCE: usize = 256;
/// How often it is looked whether a server is due.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

impl Engine {
    /// Fetches from every server that is due until the engine stops.
    pub(crate) async fn keep_polling(&self) {
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            if let Ok(slot) = slots.clone().try_acquire_owned() {
                match self.claim_due().await {
                    Ok(Some((server, holder))) => {
                        let engine = self.clone();
                        self.spawn(async move {
                            // How it went is kept with the server, where people see it.
                            let _ = engine.fetch_claimed(&server, &holder).await;
                            drop(slot);
                        });
                        continue;
                    }
                    Ok(None) => {}
                    Err(error) => {
                        tracing::error!(%error, "mail servers that are due cannot be read")
                    }
                }
            }
            tokio::select! {
                () = self.0.stopping.cancelled() => return,
                () = self.0.alarm.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    async fn claim_due(&self) -> Result<Option<(MailServer, String)>, Error> {
        let (now, holder) = (self.now(), self.holder()?);
        let due = self.store().claim_poll(now, &holder, later(now, LEASE)).await?;
        Ok(due.map(|server| (server, holder)))
    }

    /// Keeps how a fetch went, tells of a change, and gives the server back until its next poll.
    pub(crate) async fn keep_health(
        &self,
        server: &MailServer,
        holder: &str,
        trouble: Option<&Trouble>,
    ) {
        let now = self.now();
        let before = &server.health;
        let health = match trouble {
            None => ServerHealth { ok_at: Some(now), ..ServerHealth::default() },
            Some(trouble) => ServerHealth {
                ok_at: before.ok_at,
                trouble: Some(trouble.clone()),
                failing_since: before.failing_since.or(Some(now)),
                failures: before.failures.saturating_add(1),
            },
        };
        let interval = SignedDuration::from_secs(i64::from(server.poll_seconds));
        let wait = match health.failures {
            0 => interval,
            failures => interval.max(backoff(failures, clock::jitter())),
        };
        let next = later(now, wait);
        let kept = async {
            self.store().set_server_health(server.id, &health, next).await?;
            self.store().release_poll(server.id, holder, next).await
        };
        if let Err(error) = kept.await {
            tracing::error!(%error, server = server.name, "how a fetch went could not be kept");
        }
        self.tell_server_change(server, trouble).await;
    }

    async fn tell_server_change(&self, server: &MailServer, trouble: Option<&Trouble>) {
        let subject = format!("mail server {}", server.name);
        match (server.health.trouble.is_some(), trouble) {
            (false, Some(trouble)) => {
                self.record(Event {
                    kind: "mail_server.failing".into(),
                    subject,
                    state: Some("failing".into()),
                    message: trouble.reason.clone(),
                    hint: trouble.hint.clone(),
                    ..self.event(trouble.actor)
                })
                .await;
            }
            (true, None) => {
                self.record(Event {
                    kind: "mail_server.recovered".into(),
                    subject,
                    state: Some("connected".into()),
                    message: format!("Mail is fetched from {} again.", server.name),
                    ..self.event(Actor::Nobody)
                })
                .await;
            }
            (false, None) | (true, Some(_)) => {}
        }
    }
}

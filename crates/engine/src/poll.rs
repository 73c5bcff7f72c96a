//! Polling mail servers, each as a task of its own. Keeps the invariant **One slow mailbox holds nobody else**.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, Trouble, backoff, later};
use outlink_model::mail_server::{MailServer, ServerHealth};
use outlink_store::Error as StoreError;
use tokio::sync::Semaphore;

use crate::intake::{Failed, LEASE};
use crate::{Engine, Error, clock};

/// Fetches under way at once. A server that hangs holds one of these until its time limit.
const AT_ONCE: usize = 256;
/// How often it is looked whether a server is due.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How often the lease on a server is extended while it is fetched from: a few times before it would lapse.
const EXTEND_EVERY: Duration = Duration::from_secs(30);

impl Engine {
    /// Fetches from every server that is due until the engine stops.
    pub(crate) async fn keep_polling(&self) {
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        // What is given back at a stop is due again at once, and is for others to take.
        while !self.0.stopping.is_cancelled() {
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

    /// Keeps how a fetch went, tells of a change, and gives the server back until its next poll. Of a server that
    /// somebody else holds by now, nothing is said.
    pub(crate) async fn keep_health(
        &self,
        server: &MailServer,
        holder: &str,
        failed: Option<&Failed>,
    ) {
        let now = self.now();
        let trouble = failed.map(|failed| &failed.trouble);
        let is_ours = failed.is_some_and(|failed| failed.is_ours);
        let before = &server.health;
        let health = match trouble {
            None => ServerHealth { ok_at: Some(now), ..ServerHealth::default() },
            Some(trouble) => ServerHealth {
                ok_at: before.ok_at,
                trouble: Some(trouble.clone()),
                failing_since: before.failing_since.or(Some(now)),
                // These say how the mail server fares; what is wrong here makes none of its messages suspect.
                failures: before.failures.saturating_add(u32::from(!is_ours)),
            },
        };
        let interval = SignedDuration::from_secs(i64::from(server.poll_seconds));
        let wait = match health.failures {
            0 => interval,
            failures => interval.max(backoff(failures, clock::jitter())),
        };
        let asked = failed.and_then(|failed| failed.retry_after);
        let asked = asked.and_then(|asked| SignedDuration::try_from(asked).ok());
        let next = later(now, wait.max(asked.unwrap_or_default()));
        match self.store().finish_poll(server.id, holder, &health, next).await {
            Ok(true) => self.tell_server_change(server, trouble).await,
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, server = server.name, "how a fetch went could not be kept");
            }
        }
    }

    /// Gives a server back in the middle of a fetch, to be fetched from again at once by whoever can.
    pub(crate) async fn give_server_back(&self, server: &MailServer, holder: &str) {
        if let Err(error) = self.store().release_poll(server.id, holder, self.now()).await {
            tracing::error!(%error, server = server.name, "a mail server could not be given back");
        }
    }

    /// Keeps the lease on a server for as long as nobody else has it; returns when somebody has.
    pub(crate) async fn until_lease_is_lost(&self, server: &MailServer, holder: &str) {
        loop {
            tokio::time::sleep(EXTEND_EVERY).await;
            match self.extend(server, holder).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, server = server.name, "a lease could not be extended");
                }
            }
        }
    }

    /// Holds a server for longer; false if somebody else has it.
    pub(crate) async fn extend(
        &self,
        server: &MailServer,
        holder: &str,
    ) -> Result<bool, StoreError> {
        self.store().extend_poll(server.id, holder, later(self.now(), LEASE)).await
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
                    ..self.health_event(trouble.actor)
                })
                .await;
            }
            (true, None) => {
                self.record(Event {
                    kind: "mail_server.recovered".into(),
                    subject,
                    state: Some("connected".into()),
                    message: format!("Mail is fetched from {} again.", server.name),
                    ..self.health_event(Actor::Nobody)
                })
                .await;
            }
            (false, None) | (true, Some(_)) => {}
        }
    }
}

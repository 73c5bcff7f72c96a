//! Sending events to webhooks, and sending them again until they arrive.
//!
//! The store holds what is on its way; a node that wants to make an attempt claims it there, so that of several nodes one
//! sends. An attempt whose end nobody has told of (a crash) is made again once the claim is over: a receiver sees an
//! event at least once, and tells a repetition by its id.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, Trouble, later};
use outlink_model::webhook::Webhook;
use outlink_model::{WebhookDeliveryId, WebhookId};
use outlink_oauth as oauth;
use outlink_store::Due;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until};

use super::message;
use crate::{Engine, Error, clock};

/// The longest that one attempt takes.
const LIMIT: Duration = Duration::from_secs(10);
/// How long an attempt is claimed for: longer than it takes, with the writing after it.
const CLAIM: SignedDuration = SignedDuration::from_secs(60);
/// Attempts under way at once.
const AT_ONCE: usize = 64;
/// Attempts under way at once to one webhook: one that is slow to answer leaves the others their slots.
const AT_ONCE_EACH: usize = 4;
/// Deliveries looked at in one go.
const BATCH: u32 = 256;
/// The longest sleep: another node may have written an event.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
/// The shortest time from one look at what is due to the next: what is due may be waiting for a slot, and every attempt
/// that ends frees one.
const SHORTEST_SLEEP: Duration = Duration::from_millis(200);

/// Why an attempt failed.
pub(super) struct Failed {
    pub(super) trouble: Trouble,
    /// The receiver says that it wants no more.
    gone: bool,
}

/// Attempts under way, by webhook.
type UnderWay = Arc<Mutex<HashMap<WebhookId, usize>>>;

impl Engine {
    /// Sends what is due until the engine stops.
    pub(crate) async fn keep_delivering(&self) {
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        let under_way = UnderWay::default();
        while !self.0.stopping.is_cancelled() {
            let looked = Instant::now();
            match self.store().due_deliveries(self.now(), BATCH).await {
                Ok(due) => {
                    for due in due {
                        let Ok(slot) = slots.clone().try_acquire_owned() else { break };
                        let Some(attempt) = Attempt::begin(&under_way, &due, slot) else {
                            continue;
                        };
                        let engine = self.clone();
                        self.spawn(async move {
                            tokio::select! {
                                // Its claim lapses, and it is made again.
                                () = engine.0.stopping.cancelled() => {}
                                () = engine.deliver_claimed(&due) => {}
                            }
                            drop(attempt);
                            engine.0.deliver.notify_one();
                        });
                    }
                }
                Err(error) => tracing::error!(%error, "events that are due cannot be read"),
            }
            let pause = self.until_next_delivery().await;
            let woken = async {
                self.0.deliver.notified().await;
                sleep_until(looked + SHORTEST_SLEEP).await;
            };
            tokio::select! {
                () = self.0.stopping.cancelled() => return,
                () = woken => {}
                () = sleep(pause) => {}
            }
        }
    }

    async fn until_next_delivery(&self) -> Duration {
        let next = self.store().next_delivery_at().await.ok().flatten();
        let wait = next.map(|at| at.duration_since(self.now()));
        // What has been due for a while is negative here, and waits for a slot.
        let wait = wait.map(|wait| Duration::try_from(wait).unwrap_or(SHORTEST_SLEEP));
        wait.unwrap_or(LONGEST_SLEEP).clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
    }

    async fn deliver_claimed(&self, due: &Due) {
        let (id, name) = (due.delivery.id, &due.webhook.name);
        let until = later(self.now(), CLAIM);
        match self.store().claim_delivery(id, due.delivery.next_at, until).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::error!(%error, webhook = name, "an event could not be claimed");
                return;
            }
        }
        let kept = match self.send_event(&due.webhook, &due.event, id).await {
            Ok(()) => self.store().delivered(id, self.now()).await.map_err(Error::from),
            Err(failed) => self.keep_failure(due, &failed).await,
        };
        if let Err(error) = kept {
            tracing::error!(%error, webhook = name, "how an event was received could not be kept");
        }
    }

    /// Sends an event once.
    pub(super) async fn send_event(
        &self,
        webhook: &Webhook,
        event: &Event,
        id: WebhookDeliveryId,
    ) -> Result<(), Failed> {
        let body = message::body(event);
        let headers = message::headers(&webhook.secret, &id.to_string(), self.now(), &body);
        let headers = headers.ok_or_else(|| Failed {
            trouble: Trouble {
                actor: Actor::LinkAdministrator,
                reason: format!("The secret of the webhook {} cannot sign.", webhook.name),
                hint: "Delete the webhook and add it anew.".into(),
                provider_error: None,
            },
            gone: false,
        })?;
        let headers = headers.each_ref().map(|(name, value)| (*name, value));
        let sent = self.0.http.post_json(&webhook.url, &headers, body.as_bytes(), LIMIT).await;
        let answer = sent.map_err(|trouble| Failed { trouble, gone: false })?;
        match answer.status {
            200..=299 => Ok(()),
            status => {
                let words = String::from_utf8_lossy(&answer.body);
                let words = oauth::redact(&words, &[&webhook.secret]);
                Err(refused(webhook, status, words))
            }
        }
    }

    async fn keep_failure(&self, due: &Due, failed: &Failed) -> Result<(), Error> {
        let Due { delivery, webhook, event } = due;
        let now = self.now();
        // This attempt is the one after those that the store had counted when it was read.
        let attempts = delivery.attempts.saturating_add(1);
        let next = match failed.gone {
            true => None,
            false => message::next_attempt(attempts, now, clock::jitter()),
        };
        tracing::info!(
            webhook = webhook.name,
            kind = event.kind,
            attempts,
            next = next.map(tracing::field::display),
            "an event was not received: {}",
            failed.trouble.reason
        );
        self.store().delivery_failed(delivery.id, &failed.trouble, next).await?;
        if failed.gone {
            return self.switch_off(webhook, &failed.trouble).await;
        }
        if next.is_none() {
            self.record(Event {
                kind: "webhook.gave_up".into(),
                subject: format!("webhook {}", webhook.name),
                state: Some("failing".into()),
                message: format!(
                    "The event {} of {} was not received by the webhook {} in {attempts} attempts, and is \
                     not sent again: {}",
                    event.kind, event.subject, webhook.name, failed.trouble.reason
                ),
                hint: format!("{} Then: outlink webhook test {:?}", failed.trouble.hint, webhook.name),
                ..self.event(Actor::LinkAdministrator)
            })
            .await;
        }
        Ok(())
    }

    /// Switches a webhook off whose receiver wants no more; once, however many events were on their way.
    async fn switch_off(&self, webhook: &Webhook, trouble: &Trouble) -> Result<(), Error> {
        let Some(now) = self.store().webhook(webhook.id).await? else { return Ok(()) };
        // An administrator may have named another receiver meanwhile.
        if !now.enabled || now.url != webhook.url {
            return Ok(());
        }
        self.store().update_webhook(&Webhook { enabled: false, ..now }).await?;
        self.record(Event {
            kind: "webhook.disabled".into(),
            subject: format!("webhook {}", webhook.name),
            state: Some("disabled".into()),
            message: format!("The webhook {} was switched off: {}", webhook.name, trouble.reason),
            hint: trouble.hint.clone(),
            ..self.event(trouble.actor)
        })
        .await;
        Ok(())
    }
}

/// What is wrong with an answer that is no success.
fn refused(webhook: &Webhook, status: u16, words: String) -> Failed {
    let (reason, hint) = match status {
        410 => (
            "Its receiver answers that it is gone (410).".to_owned(),
            "If the receiver is back, switch the webhook on again; else delete it.",
        ),
        300..=399 => (
            format!("The receiver of {} answers with a redirect ({status}).", webhook.name),
            "Redirects are not followed: enter the address that it leads to.",
        ),
        400..=499 => (
            format!("The receiver of {} refuses the event ({status}).", webhook.name),
            "Check the address, and that the receiver knows this webhook's secret.",
        ),
        _ => (
            format!("The receiver of {} fails ({status}).", webhook.name),
            "It is sent again by itself; if it lasts, look at the receiver's log.",
        ),
    };
    let provider_error = Some(words).filter(|words| !words.is_empty());
    let trouble =
        Trouble { actor: Actor::LinkAdministrator, reason, hint: hint.to_owned(), provider_error };
    Failed { trouble, gone: status == 410 }
}

/// An attempt that is under way. Gives its places back however it ends.
struct Attempt {
    webhook: WebhookId,
    under_way: UnderWay,
    _slot: OwnedSemaphorePermit,
}

impl Attempt {
    /// Takes a place of this webhook; `None` if it has none left.
    fn begin(under_way: &UnderWay, due: &Due, slot: OwnedSemaphorePermit) -> Option<Self> {
        let mut all = locked(under_way);
        let count = all.entry(due.webhook.id).or_default();
        if *count >= AT_ONCE_EACH {
            return None;
        }
        *count += 1;
        Some(Self { webhook: due.webhook.id, under_way: under_way.clone(), _slot: slot })
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut all = locked(&self.under_way);
        if let Some(count) = all.get_mut(&self.webhook) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                all.remove(&self.webhook);
            }
        }
    }
}

fn locked(
    all: &Mutex<HashMap<WebhookId, usize>>,
) -> std::sync::MutexGuard<'_, HashMap<WebhookId, usize>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

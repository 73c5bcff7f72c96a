//! Webhooks: places that health events are sent to, signed.

use crate::grant::Trouble;
use crate::{EventId, Secret, Timestamp, WebhookDeliveryId, WebhookId};

/// A place that health events are sent to, by the conventions of Standard Webhooks.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Unique, chosen by the administrator.
    pub name: String,
    /// Where events are posted, as saved.
    pub url: String,
    /// Signs what is sent: `whsec_` and base64, shown once.
    pub secret: Secret,
    /// Switched off by an administrator.
    pub enabled: bool,
    /// When something last arrived there.
    pub ok_at: Option<Timestamp>,
    /// What was wrong with the last attempt.
    pub trouble: Option<Trouble>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One event on its way to one webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// Its id: the same at every attempt, so that the receiver can tell a repetition.
    pub id: WebhookDeliveryId,
    /// Where to.
    pub webhook_id: WebhookId,
    /// What.
    pub event_id: EventId,
    /// Attempts so far.
    pub attempts: u32,
    /// When the next attempt is due.
    pub next_at: Timestamp,
}

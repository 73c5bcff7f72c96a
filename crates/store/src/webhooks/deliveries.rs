//! Deliveries: one event on its way to one webhook, tried until it arrives or is given up.

use outlink_model::event::Event;
use outlink_model::grant::Trouble;
use outlink_model::webhook::{Webhook, WebhookDelivery};
use outlink_model::{Timestamp, WebhookDeliveryId};

use crate::cell::{micros, number, parse, time, time_some, trouble_cell};
use crate::db::{executing, executing_within, reading};
use crate::events::EventRow;
use crate::{Error, Store};

/// Deliveries of one webhook that are looked at in one go.
const EACH: i64 = 8;

/// Of one webhook, events go out in the order in which they happened.
const DUE: &str = "
    SELECT d.id, d.webhook_id, d.event_id, d.attempts, d.next_at,
        e.at, e.class, e.kind, e.subject, e.state, e.actor, e.message, e.hint
    FROM (
        SELECT id, webhook_id, event_id, attempts, next_at FROM webhook_deliveries
        WHERE webhook_id = $1 AND next_at <= $2
        ORDER BY next_at, event_id, id LIMIT $3
    ) AS d JOIN events e ON e.id = d.event_id
    ORDER BY d.next_at, d.event_id, d.id";

/// The attempt counts before it is made, so that one which ends the process is counted too.
const CLAIM: &str = "
    UPDATE webhook_deliveries SET next_at = $3, attempts = attempts + 1
    WHERE id = $1 AND next_at = $2";

const NEXT: &str = "
    SELECT MIN(due) FROM (
        SELECT (
            SELECT d.next_at FROM webhook_deliveries d WHERE d.webhook_id = w.id ORDER BY d.next_at LIMIT 1
        ) AS due
        FROM webhooks w WHERE w.enabled = 1
    ) AS of_webhooks";

// The webhook's row comes first in every transaction, as when it is deleted: two in the opposite order would wait for
// one another.

const WELL: &str = "
    UPDATE webhooks SET ok_at = $2, trouble = NULL
    WHERE id = (SELECT webhook_id FROM webhook_deliveries WHERE id = $1)";

const UNWELL: &str = "
    UPDATE webhooks SET trouble = $2
    WHERE id = (SELECT webhook_id FROM webhook_deliveries WHERE id = $1)";

const POSTPONE: &str = "UPDATE webhook_deliveries SET next_at = $2 WHERE id = $1";

const DELETE: &str = "DELETE FROM webhook_deliveries WHERE id = $1";

/// What is to be sent now, whole.
#[derive(Clone, Debug)]
pub struct Due {
    /// What is on its way.
    pub delivery: WebhookDelivery,
    /// Where to.
    pub webhook: Webhook,
    /// What.
    pub event: Event,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: String,
    webhook_id: String,
    event_id: String,
    attempts: i64,
    next_at: i64,
    at: i64,
    class: String,
    kind: String,
    subject: String,
    state: Option<String>,
    actor: String,
    message: String,
    hint: String,
}

impl DueRow {
    fn model(self, webhook: &Webhook) -> Result<Due, Error> {
        let delivery = WebhookDelivery {
            id: parse("webhook_deliveries.id", &self.id)?,
            webhook_id: parse("webhook_deliveries.webhook_id", &self.webhook_id)?,
            event_id: parse("webhook_deliveries.event_id", &self.event_id)?,
            attempts: number("webhook_deliveries.attempts", self.attempts)?,
            next_at: time("webhook_deliveries.next_at", self.next_at)?,
        };
        let event = EventRow {
            id: self.event_id,
            at: self.at,
            class: self.class,
            kind: self.kind,
            subject: self.subject,
            state: self.state,
            actor: self.actor,
            message: self.message,
            hint: self.hint,
        };
        Ok(Due { delivery, webhook: webhook.clone(), event: event.model()? })
    }
}

impl Store {
    /// What is due at webhooks that are switched on: of each webhook a few that have been due the longest, the first of
    /// every webhook before the second of any. One whose receiver is slow and that has a thousand of them due neither
    /// crowds out the others nor is read as a whole.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn due_deliveries(&self, now: Timestamp, limit: u32) -> Result<Vec<Due>, Error> {
        let mut all = Vec::new();
        for webhook in self.enabled_webhooks().await? {
            let rows: Vec<DueRow> = reading!(self.db, on => sqlx::query_as(DUE)
                .bind(webhook.id.to_string())
                .bind(micros(now))
                .bind(EACH)
                .fetch_all(on))?;
            for (place, row) in rows.into_iter().enumerate() {
                all.push((place, row.model(&webhook)?));
            }
        }
        let order = |(place, due): &(usize, Due)| {
            (*place, due.delivery.next_at, due.event.id, due.delivery.id)
        };
        all.sort_by_key(order);
        all.truncate(limit as usize);
        Ok(all.into_iter().map(|(_, due)| due).collect())
    }

    /// Asks to be the one who makes this attempt, and counts it. If nobody tells how it went, the next one is due at
    /// `next_at`. False if somebody else was quicker, or it is no longer on its way.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn claim_delivery(
        &self,
        id: WebhookDeliveryId,
        seen_next_at: Timestamp,
        next_at: Timestamp,
    ) -> Result<bool, Error> {
        let done = executing!(self.db, on => sqlx::query(CLAIM)
            .bind(id.to_string())
            .bind(micros(seen_next_at))
            .bind(micros(next_at))
            .execute(on))?;
        Ok(done > 0)
    }

    /// Writes that it arrived: nothing is wrong with its webhook, and it is no longer on its way.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delivered(&self, id: WebhookDeliveryId, now: Timestamp) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        executing_within!(tx, on =>
            sqlx::query(WELL).bind(id.to_string()).bind(micros(now)).execute(on))?;
        executing_within!(tx, on => sqlx::query(DELETE).bind(id.to_string()).execute(on))?;
        tx.commit().await
    }

    /// Writes that an attempt failed, and when the next one is due. Without a next one it is given up.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delivery_failed(
        &self,
        id: WebhookDeliveryId,
        trouble: &Trouble,
        next_at: Option<Timestamp>,
    ) -> Result<(), Error> {
        let trouble = trouble_cell(Some(trouble))?;
        let mut tx = self.db.begin().await?;
        executing_within!(tx, on =>
            sqlx::query(UNWELL).bind(id.to_string()).bind(&trouble).execute(on))?;
        match next_at {
            Some(next) => executing_within!(tx, on =>
                sqlx::query(POSTPONE).bind(id.to_string()).bind(micros(next)).execute(on))?,
            None => executing_within!(tx, on =>
                sqlx::query(DELETE).bind(id.to_string()).execute(on))?,
        };
        tx.commit().await
    }

    /// When the next attempt is due, perhaps in the past; `None` if nothing is on its way.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn next_delivery_at(&self) -> Result<Option<Timestamp>, Error> {
        let at: Option<i64> = reading!(self.db, on => sqlx::query_scalar(NEXT).fetch_one(on))?;
        time_some("webhook_deliveries.next_at", at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn no_question_reads_all_that_is_on_its_way() {
        for query in [DUE, NEXT] {
            let plan = plan(query).await;
            assert!(plan.contains("INDEX webhook_deliveries_due (webhook_id=?"), "{plan}");
            assert!(!plan.contains("SCAN webhook_deliveries"), "{plan}");
        }
    }
}

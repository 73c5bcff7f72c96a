//! What becomes of deliveries: sent, refused, asked for again, deleted.

use outlink_model::delivery::{Delivery, DeliveryState, Next};
use outlink_model::event::Event;
use outlink_model::grant::Trouble;
use outlink_model::{DeliveryId, Timestamp};

use crate::cell::{micros, trouble_cell};
use crate::db::{executing, executing_with_event, executing_within, found, within, won};
use crate::{Error, Store};

/// It cannot be taken back, so it counts even if the delivery was given up meanwhile.
const SENT: &str = "
    UPDATE deliveries SET state = 'sent', attempts = attempts + 1, trouble = NULL, done_at = $2
    WHERE id = $1 AND state <> 'sent'";

/// Asking for it anew puts another time there, and a refusal of what was before must not undo that.
const REFUSED: &str = "
    UPDATE deliveries SET state = $4, attempts = attempts + $8, unanswered = unanswered + $9,
        next_at = COALESCE($5, next_at), trouble = $6, done_at = $7
    WHERE id = $1 AND state = 'waiting' AND attempts = $2 AND next_at = $3";

// The server's row comes first in every transaction, as when it is deleted: two in the opposite order would wait for one
// another.

/// Hurries a server that failed. Of one that was deleted nothing is sent any more.
const HURRY: &str = "
    UPDATE mail_servers
    SET next_poll_at = CASE WHEN trouble IS NOT NULL AND next_poll_at > $2 THEN $2 ELSE next_poll_at END
    WHERE id = (SELECT mail_server_id FROM deliveries WHERE id = $1) AND deleted_at IS NULL";

const RETRY: &str = "
    UPDATE deliveries SET state = 'waiting', attempts = 0, unanswered = 0, next_at = $2, created_at = $2, done_at = NULL
    WHERE id = $1 AND state <> 'sent'";

/// Writes nothing new; takes the row's lock on PostgreSQL, so that nobody comes to hold the server meanwhile.
const LOCK_SERVER: &str = "
    UPDATE mail_servers SET deleted_at = deleted_at
    WHERE id = (SELECT mail_server_id FROM deliveries WHERE id = $1)";

const DELETE: &str = "
    DELETE FROM deliveries
    WHERE id = $1 AND NOT (state = 'waiting' AND next_at <= $2 AND EXISTS (
        SELECT 1 FROM mail_servers s WHERE s.id = deliveries.mail_server_id AND s.lease_until > $2))";

const IS_THERE: &str = "SELECT COUNT(*) FROM deliveries WHERE id = $1";

const SWEEP: &str = "
    DELETE FROM deliveries WHERE id IN (
        SELECT id FROM deliveries WHERE state <> 'waiting' AND done_at < $1 ORDER BY done_at LIMIT $2)";

/// How an attempt at a mail ended that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The mail server refused it.
    Refused,
    /// The mail server was given all of it, and said nothing.
    Unanswered,
    /// It was not offered at all, so that no attempt counts.
    Unoffered,
}

impl Store {
    /// Forgets deliveries, at most so many, that were sent or given up before this time. Returns how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sweep_deliveries(&self, before: Timestamp, at_most: u32) -> Result<u64, Error> {
        Ok(executing!(self.db, on => sqlx::query(SWEEP)
            .bind(micros(before))
            .bind(i64::from(at_most))
            .execute(on))?)
    }

    /// Writes that the mail server took it. False if there is no such delivery any more, or it counts as sent already.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delivery_sent(&self, id: DeliveryId, now: Timestamp) -> Result<bool, Error> {
        let done = executing!(self.db, on =>
            sqlx::query(SENT).bind(id.to_string()).bind(micros(now)).execute(on))?;
        Ok(done > 0)
    }

    /// Writes how an attempt ended at which the mail server did not take it, what follows, and the event if one is given.
    /// False, and nothing is written, if it is no longer as it was `seen`: somebody asked for it anew, deleted it or deleted
    /// its server.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delivery_not_taken(
        &self,
        seen: &Delivery,
        ended: Ended,
        next: Next,
        trouble: &Trouble,
        now: Timestamp,
        event: Option<&Event>,
    ) -> Result<bool, Error> {
        let trouble = trouble_cell(Some(trouble))?;
        let (state, next_at, done_at) = match next {
            Next::At(at) => (DeliveryState::Waiting, Some(micros(at)), None),
            Next::GiveUp => (DeliveryState::Failed, None, Some(micros(now))),
        };
        let done = executing_with_event!(self, event, on => sqlx::query(REFUSED)
            .bind(seen.id.to_string())
            .bind(i64::from(seen.attempts))
            .bind(micros(seen.next_at))
            .bind(state.as_str())
            .bind(next_at)
            .bind(&trouble)
            .bind(done_at)
            .bind(i64::from(ended != Ended::Unoffered))
            .bind(i64::from(ended == Ended::Unanswered))
            .execute(on));
        Ok(done > 0)
    }

    /// Makes a delivery that waits or failed due now, as if it were written now: its attempts and its age count anew. If
    /// its server fails and waits for its next try, that is due now too.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such delivery, or its server was deleted; [`Error::Stale`] if it was sent.
    pub async fn retry_delivery(
        &self,
        id: DeliveryId,
        now: Timestamp,
        event: &Event,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        found(executing_within!(tx, on =>
            sqlx::query(HURRY).bind(id.to_string()).bind(micros(now)).execute(on))?)?;
        won(executing_within!(tx, on =>
            sqlx::query(RETRY).bind(id.to_string()).bind(micros(now)).execute(on))?)?;
        self.insert_event(&mut tx, event).await?;
        tx.commit().await
    }

    /// Deletes a delivery; if it waits, it is not sent.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::InUse`] if it is due and somebody is sending through its server: it may be on its way
    /// at this very moment. That passes, at once if the server is paused.
    pub async fn delete_delivery(
        &self,
        id: DeliveryId,
        now: Timestamp,
        event: &Event,
    ) -> Result<(), Error> {
        let id = id.to_string();
        let mut tx = self.db.begin().await?;
        executing_within!(tx, on => sqlx::query(LOCK_SERVER).bind(&id).execute(on))?;
        let done = executing_within!(tx, on =>
            sqlx::query(DELETE).bind(&id).bind(micros(now)).execute(on))?;
        if done == 0 {
            let there: i64 = within!(tx, on =>
                sqlx::query_scalar(IS_THERE).bind(&id).fetch_one(on))?;
            return Err(if there == 0 { Error::Missing } else { Error::InUse });
        }
        self.insert_event(&mut tx, event).await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn a_sweep_reads_what_it_forgets_and_nothing_else() {
        let plan = plan(SWEEP).await;
        assert!(plan.contains("INDEX deliveries_done_at"), "{plan}");
    }
}

//! Deliveries: mail on its way out, one row for each mail and address.
//!
//! Whoever is at the server sends them one after the other. What was sent counts as sent whoever says so, since it cannot
//! be taken back; a refusal counts only if nobody has touched the delivery since it was read.

use outlink_model::delivery::{Delivery, DeliveryKind};
use outlink_model::{DeliveryId, MailServerId, MessageId, Timestamp};

use crate::cell::{
    micros, number, parse, parse_some, plain, plain_some, time, time_some, trouble, trouble_cell,
};
use crate::db::{Tx, executing_within, reading, within};
use crate::{Error, Intake, Store};

mod ends;
mod listed;

pub use ends::Ended;
pub use listed::DeliveryFilter;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, mail_server_id, handler_id, kind, message_id, issue_id, recipient, subject, body, mail_id,
                in_reply_to, state, attempts, unanswered, next_at, trouble, created_at, done_at
            FROM deliveries",
            $rest
        )
    };
}
use select;

const BY_ID: &str = select!(" WHERE id = $1");

/// The literal is that of the index `deliveries_waiting`, which otherwise would not serve.
const TO_SEND: &str = select!(
    " WHERE mail_server_id = $1 AND state = 'waiting' AND next_at <= $2 ORDER BY next_at, id LIMIT $3"
);

const INSERT: &str = "
    INSERT INTO deliveries (id, mail_server_id, handler_id, kind, message_id, issue_id, recipient, subject, body,
        mail_id, in_reply_to, state, attempts, unanswered, next_at, trouble, created_at, done_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";

/// A server that was deleted keeps its row while deliveries name it, and no constraint refuses another.
const IS_SERVER_THERE_SQLITE: &str =
    "SELECT 1 FROM mail_servers WHERE id = $1 AND deleted_at IS NULL";

/// Waits for a deletion that is under way. One that comes later waits for us, and finds what we wrote.
const IS_SERVER_THERE_POSTGRES: &str =
    "SELECT 1 FROM mail_servers WHERE id = $1 AND deleted_at IS NULL FOR KEY SHARE";

const BYTES_SQLITE: &str = "
    SELECT length(packed) FROM raws WHERE sha256 = (SELECT sha256 FROM messages WHERE id = $1)";

/// Keeps a sweep from them until the intake is over.
const BYTES_POSTGRES: &str = "
    SELECT CAST(length(packed) AS BIGINT) FROM raws
    WHERE sha256 = (SELECT sha256 FROM messages WHERE id = $1) FOR KEY SHARE";

/// Counting ends where enough are found.
const NOTICES: &str = "
    SELECT COUNT(*) FROM (
        SELECT 1 AS one FROM deliveries
        WHERE mail_server_id = $1 AND kind = 'notice' AND created_at > $2 LIMIT $3) AS found";

const DROP_FAILED: &str = "
    DELETE FROM deliveries WHERE message_id = $1 AND kind = 'forward' AND state = 'failed'";

/// Whether the server is still held, and whether the mail still waits as it was seen.
const STILL: &str = "
    SELECT (SELECT COUNT(*) FROM mail_servers WHERE id = $1 AND lease_holder = $2),
        (SELECT COUNT(*) FROM deliveries
            WHERE id = $3 AND state = 'waiting' AND attempts = $4 AND next_at = $5)";

/// What is to be done about a mail that was read a while ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Still {
    /// It is to be sent.
    Due,
    /// Somebody has deleted it, asked for it anew, or counted an attempt at it.
    Changed,
    /// Somebody else holds its mail server, or nobody: it was paused, changed or deleted.
    Lost,
}

#[derive(sqlx::FromRow)]
struct DeliveryRow {
    id: String,
    mail_server_id: String,
    handler_id: Option<String>,
    kind: String,
    message_id: Option<String>,
    issue_id: Option<String>,
    recipient: String,
    subject: String,
    body: String,
    mail_id: String,
    in_reply_to: Option<String>,
    state: String,
    attempts: i64,
    unanswered: i64,
    next_at: i64,
    trouble: Option<String>,
    created_at: i64,
    done_at: Option<i64>,
}

impl DeliveryRow {
    fn model(self) -> Result<Delivery, Error> {
        Ok(Delivery {
            id: parse("deliveries.id", &self.id)?,
            mail_server_id: parse("deliveries.mail_server_id", &self.mail_server_id)?,
            handler_id: parse_some("deliveries.handler_id", self.handler_id.as_deref())?,
            kind: parse("deliveries.kind", &self.kind)?,
            message_id: parse_some("deliveries.message_id", self.message_id.as_deref())?,
            issue_id: parse_some("deliveries.issue_id", self.issue_id.as_deref())?,
            to: self.recipient,
            subject: self.subject,
            text: self.body,
            mail_id: self.mail_id,
            in_reply_to: self.in_reply_to,
            state: parse("deliveries.state", &self.state)?,
            attempts: number("deliveries.attempts", self.attempts)?,
            unanswered: number("deliveries.unanswered", self.unanswered)?,
            next_at: time("deliveries.next_at", self.next_at)?,
            trouble: trouble("deliveries.trouble", self.trouble.as_deref())?,
            created_at: time("deliveries.created_at", self.created_at)?,
            done_at: time_some("deliveries.done_at", self.done_at)?,
        })
    }
}

impl Store {
    /// The delivery with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, Error> {
        let row: Option<DeliveryRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(on))?;
        row.map(DeliveryRow::model).transpose()
    }

    /// What is due through this server: what has been due longest comes first. For whoever holds the server: anybody else
    /// would send it a second time.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn deliveries_to_send(
        &self,
        server: MailServerId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, Error> {
        let rows: Vec<DeliveryRow> = reading!(self.db, on => sqlx::query_as(TO_SEND)
            .bind(server.to_string())
            .bind(micros(now))
            .bind(i64::from(limit))
            .fetch_all(on))?;
        rows.into_iter().map(DeliveryRow::model).collect()
    }

    /// Whether a mail is still to be sent by this holder of its server, as it was `seen`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn still_to_send(&self, seen: &Delivery, holder: &str) -> Result<Still, Error> {
        let (held, waits): (i64, i64) = reading!(self.db, on => sqlx::query_as(STILL)
            .bind(seen.mail_server_id.to_string())
            .bind(holder)
            .bind(seen.id.to_string())
            .bind(i64::from(seen.attempts))
            .bind(micros(seen.next_at))
            .fetch_one(on))?;
        Ok(match (held, waits) {
            (0, _) => Still::Lost,
            (_, 0) => Still::Changed,
            _ => Still::Due,
        })
    }
}

impl Intake {
    /// How many notices were written to go out through this server after this time; counting ends at `at_most`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn notices_since(
        &mut self,
        server: MailServerId,
        after: Timestamp,
        at_most: u32,
    ) -> Result<u32, Error> {
        let count: i64 = within!(*self.on().await?, on => sqlx::query_scalar(NOTICES)
            .bind(server.to_string())
            .bind(micros(after))
            .bind(i64::from(at_most))
            .fetch_one(on))?;
        number("deliveries", count)
    }

    /// Deletes the delivery by which a message was to be sent on, if it was given up. False if there is none: it waits, it
    /// was sent, or it is not kept any more.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_failed_forward(&mut self, message: MessageId) -> Result<bool, Error> {
        let done = executing_within!(*self.on().await?, on =>
            sqlx::query(DROP_FAILED).bind(message.to_string()).execute(on))?;
        Ok(done > 0)
    }

    /// Writes a delivery. Its message may be written after it, within the same transaction.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such server, or it was deleted; if there is no such issue; or if it is a forward
    /// of a message in the ledger whose raw bytes are not kept any more. If there is no such message, the commit says so.
    pub async fn put_delivery(&mut self, delivery: &Delivery) -> Result<(), Error> {
        let trouble = trouble_cell(delivery.trouble.as_ref())?;
        self.is_server_there(delivery.mail_server_id).await?;
        if delivery.kind == DeliveryKind::Forward {
            self.are_bytes_there(delivery).await?;
        }
        executing_within!(*self.on().await?, on => sqlx::query(INSERT)
            .bind(delivery.id.to_string())
            .bind(delivery.mail_server_id.to_string())
            .bind(delivery.handler_id.map(|id| id.to_string()))
            .bind(delivery.kind.as_str())
            .bind(delivery.message_id.map(|id| id.to_string()))
            .bind(delivery.issue_id.map(|id| id.to_string()))
            .bind(plain(&delivery.to))
            .bind(plain(&delivery.subject))
            .bind(plain(&delivery.text))
            .bind(plain(&delivery.mail_id))
            .bind(plain_some(delivery.in_reply_to.as_deref()))
            .bind(delivery.state.as_str())
            .bind(i64::from(delivery.attempts))
            .bind(i64::from(delivery.unanswered))
            .bind(micros(delivery.next_at))
            .bind(&trouble)
            .bind(micros(delivery.created_at))
            .bind(delivery.done_at.map(micros))
            .execute(on))?;
        Ok(())
    }

    async fn is_server_there(&mut self, server: MailServerId) -> Result<(), Error> {
        let text = match self.tx() {
            Tx::Sqlite(..) => IS_SERVER_THERE_SQLITE,
            Tx::Postgres(_) => IS_SERVER_THERE_POSTGRES,
        };
        let one: Option<i32> = within!(*self.on().await?, on =>
            sqlx::query_scalar(text).bind(server.to_string()).fetch_optional(on))?;
        one.map(drop).ok_or(Error::Missing)
    }

    /// A message that is not in the ledger yet has just brought its bytes.
    async fn are_bytes_there(&mut self, delivery: &Delivery) -> Result<(), Error> {
        let text = match self.tx() {
            Tx::Sqlite(..) => BYTES_SQLITE,
            Tx::Postgres(_) => BYTES_POSTGRES,
        };
        let length: Option<i64> = within!(*self.on().await?, on => sqlx::query_scalar(text)
            .bind(delivery.message_id.map(|id| id.to_string()))
            .fetch_optional(on))?;
        if length == Some(0) { Err(Error::Missing) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn what_is_to_be_sent_is_read_in_its_order() {
        let plan = plan(TO_SEND).await;
        assert!(
            plan.contains("INDEX deliveries_waiting (mail_server_id=? AND next_at<?"),
            "{plan}"
        );
        assert!(!plan.contains("B-TREE"), "{plan}");
    }

    #[tokio::test]
    async fn notices_are_counted_by_an_index_of_their_own() {
        let plan = plan(NOTICES).await;
        let index = "COVERING INDEX deliveries_notices (mail_server_id=? AND created_at>?";
        assert!(plan.contains(index), "{plan}");
    }

    #[tokio::test]
    async fn a_mail_is_looked_at_again_by_its_id_alone() {
        for query in [STILL, DROP_FAILED] {
            let plan = plan(query).await;
            assert!(!plan.contains("SCAN deliveries") && !plan.contains("SCAN mail"), "{plan}");
        }
    }
}

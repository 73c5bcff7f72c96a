//! Who sends through which server, and when there is something to send next.

use outlink_model::Timestamp;
use outlink_model::mail_server::MailServer;

use super::{ServerRow, columns};
use crate::cell::{micros, time_some};
use crate::db::{Db, reading, writing};
use crate::{Error, Store};

/// Servers that can be sent through: not deleted, at work, and with something to sign in with.
macro_rules! sends {
    () => {
        "s.deleted_at IS NULL AND s.paused = 0 AND s.direction = 'outgoing'
            AND (s.grant_id IS NOT NULL OR s.password IS NOT NULL)"
    };
}

/// Of the servers that something is due at, the one that has been due longest. `$lock` is the one difference between the
/// databases: on PostgreSQL two nodes that ask together must not wait for one another, and SQLite has one writer anyway.
macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "UPDATE mail_servers SET lease_holder = $2, lease_until = $3, wanted_at = NULL WHERE id = (
                SELECT s.id FROM mail_servers s
                WHERE s.next_poll_at <= $1 AND (s.lease_until IS NULL OR s.lease_until <= $1) AND ",
            sends!(),
            " AND EXISTS (
                    SELECT 1 FROM deliveries d
                    WHERE d.mail_server_id = s.id AND d.state = 'waiting' AND d.next_at <= $1)
                ORDER BY s.next_poll_at LIMIT 1 ",
            $lock,
            ") RETURNING ",
            columns!()
        )
    };
}

const CLAIM_SQLITE: &str = claim!("");

/// The weaker lock does not pass over a server because an intake is just writing a delivery that names it.
const CLAIM_POSTGRES: &str = claim!("FOR NO KEY UPDATE SKIP LOCKED");

const NEXT: &str = concat!(
    "SELECT MIN(CASE WHEN due > free THEN due ELSE free END) FROM (
        SELECT CASE WHEN s.lease_until > s.next_poll_at THEN s.lease_until ELSE s.next_poll_at END AS free, (
                SELECT d.next_at FROM deliveries d
                WHERE d.mail_server_id = s.id AND d.state = 'waiting' ORDER BY d.next_at LIMIT 1
            ) AS due
        FROM mail_servers s WHERE ",
    sends!(),
    ") AS of_servers WHERE due IS NOT NULL"
);

impl Store {
    /// Takes the lease on an outgoing server that something is due at: not paused, with something to sign in with, itself
    /// due, and with nobody else at it. `None` if there is none. The lease is kept, given back and told of as that of a
    /// poll is.
    ///
    /// `holder` names this one session, not the node.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn claim_sender(
        &self,
        now: Timestamp,
        holder: &str,
        lease_until: Timestamp,
    ) -> Result<Option<MailServer>, Error> {
        let (now, until) = (micros(now), micros(lease_until));
        let text = match &self.db {
            Db::Sqlite { .. } => CLAIM_SQLITE,
            Db::Postgres(_) => CLAIM_POSTGRES,
        };
        let row: Option<ServerRow> = writing!(self.db, on =>
            sqlx::query_as(text).bind(now).bind(holder).bind(until).fetch_optional(on))?;
        row.map(|row| row.model(&self.vault)).transpose()
    }

    /// When [`Store::claim_sender`] has something to give next, perhaps in the past; `None` if it never has.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn next_sending_at(&self) -> Result<Option<Timestamp>, Error> {
        let at: Option<i64> = reading!(self.db, on => sqlx::query_scalar(NEXT).fetch_one(on))?;
        time_some("deliveries.next_at", at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn no_question_reads_incoming_servers_or_what_was_sent() {
        for query in [CLAIM_SQLITE, NEXT] {
            let plan = plan(query).await;
            assert!(plan.contains("INDEX deliveries_waiting (mail_server_id=?"), "{plan}");
            assert!(plan.contains("INDEX mail_servers_outgoing"), "{plan}");
            assert!(!plan.contains("SCAN d"), "{plan}");
        }
    }
}

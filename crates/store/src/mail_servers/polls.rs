//! Who fetches from which server, and when the next one is due.

use outlink_model::mail_server::{MailServer, ServerHealth};
use outlink_model::{GrantId, MailServerId, Timestamp};

use super::{ServerRow, columns};
use crate::cell::{micros, time_some, trouble_cell};
use crate::db::{Db, executing, reading, writing};
use crate::{Error, Store};

/// The server that has been due longest. `$lock` is the one difference between the databases: on PostgreSQL two nodes
/// that ask together must not wait for one another, and SQLite has one writer anyway.
macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "UPDATE mail_servers SET lease_holder = $2, lease_until = $3 WHERE id = (
                SELECT s.id FROM mail_servers s
                WHERE s.next_poll_at <= $1 AND s.paused = 0 AND s.direction = 'incoming'
                    AND (s.lease_until IS NULL OR s.lease_until <= $1)
                    AND EXISTS (SELECT 1 FROM handlers h WHERE h.mail_server_id = s.id AND h.enabled = 1)
                ORDER BY s.next_poll_at LIMIT 1 ",
            $lock,
            ") RETURNING ",
            columns!()
        )
    };
}

const CLAIM_SQLITE: &str = claim!("");
const CLAIM_POSTGRES: &str = claim!("FOR UPDATE SKIP LOCKED");

const CLAIM_ONE: &str = "
    UPDATE mail_servers SET lease_holder = $2, lease_until = $3
    WHERE id = $1 AND (lease_until IS NULL OR lease_until <= $4)";

const EXTEND: &str = "
    UPDATE mail_servers SET lease_until = $3 WHERE id = $1 AND lease_holder = $2";

const RELEASE: &str = "
    UPDATE mail_servers SET lease_holder = NULL, lease_until = NULL, next_poll_at = $3
    WHERE id = $1 AND lease_holder = $2";

const FINISH: &str = "
    UPDATE mail_servers SET lease_holder = NULL, lease_until = NULL, ok_at = $3, trouble = $4,
        failing_since = $5, failures = $6, next_poll_at = $7
    WHERE id = $1 AND lease_holder = $2";

/// A server that works keeps its rhythm; only one that failed is hurried.
const WAKE: &str = "
    UPDATE mail_servers SET next_poll_at = $2
    WHERE grant_id = $1 AND trouble IS NOT NULL AND next_poll_at > $2";

const NEXT: &str = "
    SELECT MIN(CASE WHEN s.lease_until > s.next_poll_at THEN s.lease_until ELSE s.next_poll_at END)
    FROM mail_servers s
    WHERE s.paused = 0 AND s.direction = 'incoming'
        AND EXISTS (SELECT 1 FROM handlers h WHERE h.mail_server_id = s.id AND h.enabled = 1)";

impl Store {
    /// Takes the lease on the server that has been due longest: incoming, not paused, with an enabled handler, and with
    /// nobody else at it. `None` if there is none. Keeps the rule of **A message counts once** that a server without an
    /// enabled handler is not fetched.
    ///
    /// `holder` names this one poll, not the node.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn claim_poll(
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

    /// Takes the lease on this server, due or not. False if somebody else is at it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn claim_server(
        &self,
        id: MailServerId,
        holder: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<bool, Error> {
        let done = executing!(self.db, on => sqlx::query(CLAIM_ONE)
            .bind(id.to_string())
            .bind(holder)
            .bind(micros(lease_until))
            .bind(micros(now))
            .execute(on))?;
        Ok(done > 0)
    }

    /// Keeps a lease for longer. False if it has gone to somebody else, who may be fetching the same messages.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn extend_poll(
        &self,
        id: MailServerId,
        holder: &str,
        lease_until: Timestamp,
    ) -> Result<bool, Error> {
        let done = executing!(self.db, on => sqlx::query(EXTEND)
            .bind(id.to_string())
            .bind(holder)
            .bind(micros(lease_until))
            .execute(on))?;
        Ok(done > 0)
    }

    /// Gives the lease back, if this holder still has it, and says when the next poll is due.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn release_poll(
        &self,
        id: MailServerId,
        holder: &str,
        next_poll_at: Timestamp,
    ) -> Result<(), Error> {
        executing!(self.db, on => sqlx::query(RELEASE)
            .bind(id.to_string())
            .bind(holder)
            .bind(micros(next_poll_at))
            .execute(on))?;
        Ok(())
    }

    /// Writes how a poll went, gives the lease back, and says when the next poll is due. False, and nothing is written,
    /// if the lease has gone to somebody else: how it goes is theirs to tell.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn finish_poll(
        &self,
        id: MailServerId,
        holder: &str,
        health: &ServerHealth,
        next_poll_at: Timestamp,
    ) -> Result<bool, Error> {
        let trouble = trouble_cell(health.trouble.as_ref())?;
        let done = executing!(self.db, on => sqlx::query(FINISH)
            .bind(id.to_string())
            .bind(holder)
            .bind(health.ok_at.map(micros))
            .bind(&trouble)
            .bind(health.failing_since.map(micros))
            .bind(i64::from(health.failures))
            .bind(micros(next_poll_at))
            .execute(on))?;
        Ok(done > 0)
    }

    /// Makes the servers that sign in with this grant due now: whatever kept them from it may be over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn wake_mail_servers(&self, grant: GrantId, now: Timestamp) -> Result<(), Error> {
        executing!(self.db, on =>
            sqlx::query(WAKE).bind(grant.to_string()).bind(micros(now)).execute(on))?;
        Ok(())
    }

    /// When [`Store::claim_poll`] has something to give next, perhaps in the past; `None` if it never has.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn next_poll(&self) -> Result<Option<Timestamp>, Error> {
        let at: Option<i64> = reading!(self.db, on => sqlx::query_scalar(NEXT).fetch_one(on))?;
        time_some("mail_servers.next_poll_at", at)
    }
}

//! Who fetches from which server, and when the next one is due.

use outlink_model::mail_server::{Connection, MailServer, ServerHealth};
use outlink_model::{GrantId, MailServerId, Timestamp};

use super::{ServerRow, columns};
use crate::cell::{micros, parse, plain_some, time_some, trouble_cell};
use crate::connections::note_connection;
use crate::db::{Db, executing, executing_within, reading, within, writing};
use crate::{Error, Intake, Store};

/// Servers that are fetched from: not deleted, at work, and with something to sign in with. Keeps the rule of **A
/// message counts once** that a server without an enabled handler is not fetched.
macro_rules! fetched {
    () => {
        "s.deleted_at IS NULL AND s.paused = 0 AND s.direction = 'incoming'
            AND (s.grant_id IS NOT NULL OR s.password IS NOT NULL)
            AND EXISTS (SELECT 1 FROM handlers h WHERE h.mail_server_id = s.id AND h.enabled = 1)"
    };
}

/// The server that has been due longest. `$lock` is the one difference between the databases: on PostgreSQL two nodes
/// that ask together must not wait for one another, and SQLite has one writer anyway.
macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "UPDATE mail_servers SET lease_holder = $2, lease_until = $3, wanted_at = NULL WHERE id = (
                SELECT s.id FROM mail_servers s
                WHERE s.next_poll_at <= $1 AND (s.lease_until IS NULL OR s.lease_until <= $1) AND ",
            fetched!(),
            " ORDER BY s.next_poll_at LIMIT 1 ",
            $lock,
            ") RETURNING ",
            columns!()
        )
    };
}

const CLAIM_SQLITE: &str = claim!("");
const CLAIM_POSTGRES: &str = claim!("FOR UPDATE SKIP LOCKED");

const CLAIM_ONE: &str = "
    UPDATE mail_servers SET lease_holder = $2, lease_until = $3, wanted_at = NULL
    WHERE id = $1 AND (lease_until IS NULL OR lease_until <= $4) AND deleted_at IS NULL
        AND (grant_id IS NOT NULL OR password IS NOT NULL)";

/// The first who wants it says so for all.
const WANT: &str = "
    UPDATE mail_servers SET wanted_at = $2
    WHERE id = $1 AND wanted_at IS NULL AND lease_holder IS NOT NULL";

const WANTED: &str = "
    SELECT lease_holder FROM mail_servers WHERE wanted_at IS NOT NULL AND lease_holder IS NOT NULL";

const RELEASE: &str = "
    UPDATE mail_servers SET lease_holder = NULL, lease_until = NULL, next_poll_at = $3
    WHERE id = $1 AND lease_holder = $2";

/// Without a time for the next poll the holder stays. What is due stays as it is then: should the holder be lost, it is
/// time as soon as the lease lapses.
const FINISH: &str = "
    UPDATE mail_servers SET ok_at = $3, trouble = $4, failing_since = $5, failures = $6, note = $7,
        next_poll_at = COALESCE($8, next_poll_at),
        lease_holder = CASE WHEN $8 IS NULL THEN lease_holder END,
        lease_until = CASE WHEN $8 IS NULL THEN lease_until END
    WHERE id = $1 AND lease_holder = $2";

/// How many leases one statement extends. The text has as many places; the last lease fills those that are left over.
const AT_ONCE: usize = 50;

/// A server that works keeps its rhythm; only one that failed is hurried.
const WAKE: &str = "
    UPDATE mail_servers SET next_poll_at = $2
    WHERE grant_id = $1 AND trouble IS NOT NULL AND next_poll_at > $2";

const NEXT: &str = concat!(
    "SELECT MIN(CASE WHEN s.lease_until > s.next_poll_at THEN s.lease_until ELSE s.next_poll_at END)
    FROM mail_servers s WHERE ",
    fetched!()
);

/// How a poll went.
#[derive(Clone, Debug)]
pub struct Poll {
    /// How the server fares now.
    pub health: ServerHealth,
    /// When the next poll is due. `None` keeps the lease: the connection stays open, and the holder at work.
    pub next_poll_at: Option<Timestamp>,
    /// What the connectivity log is told: one poll, that began and ended now.
    pub connection: Connection,
}

/// Extends [`AT_ONCE`] leases.
fn extend_text() -> String {
    let places: Vec<String> =
        (0..AT_ONCE).map(|n| format!("(${}, ${})", 2 * n + 2, 2 * n + 3)).collect();
    format!(
        "UPDATE mail_servers SET lease_until = $1 WHERE (id, lease_holder) IN (VALUES {}) RETURNING id",
        places.join(", ")
    )
}

const HELD: &str = "SELECT 1 FROM mail_servers WHERE id = $1 AND lease_holder = $2";

impl Intake {
    /// Whether this holder still has the server, as far as this transaction can see.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_held(&mut self, id: MailServerId, holder: &str) -> Result<bool, Error> {
        let one: Option<i32> = within!(*self.on().await?, on => sqlx::query_scalar(HELD)
            .bind(id.to_string())
            .bind(holder)
            .fetch_optional(on))?;
        Ok(one.is_some())
    }
}

impl Store {
    /// Takes the lease on the server that has been due longest: incoming, not paused, with an enabled handler and
    /// something to sign in with, and with nobody else at it. `None` if there is none.
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

    /// Takes the lease on this server, due or not. False if somebody else is at it, or it has nothing to sign in with.
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

    /// Says to whoever is at this server, on whatever node, that somebody waits for the lease.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn want_server(&self, id: MailServerId, now: Timestamp) -> Result<(), Error> {
        executing!(self.db, on =>
            sqlx::query(WANT).bind(id.to_string()).bind(micros(now)).execute(on))?;
        Ok(())
    }

    /// Those who hold a server that somebody waits for, on whatever node, by the names that they gave.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn wanted_holders(&self) -> Result<Vec<String>, Error> {
        Ok(reading!(self.db, on => sqlx::query_scalar(WANTED).fetch_all(on))?)
    }

    /// Keeps leases for longer: each is a server and its holder. Returns the servers whose lease is still that holder's;
    /// the others have gone to somebody else, who may be fetching the same messages, or to nobody, since the server was
    /// changed, paused or deleted.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn extend_polls(
        &self,
        held: &[(MailServerId, String)],
        until: Timestamp,
    ) -> Result<Vec<MailServerId>, Error> {
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let text = extend_text();
        let mut ours = Vec::with_capacity(held.len());
        let mut tx = self.db.begin().await?;
        for chunk in held.chunks(AT_ONCE) {
            let ids: Vec<String> = within!(tx, on => {
                let mut query =
                    sqlx::query_scalar(sqlx::AssertSqlSafe(text.clone())).bind(micros(until));
                for n in 0..AT_ONCE {
                    let (id, holder) = &chunk[n.min(chunk.len() - 1)];
                    query = query.bind(id.to_string()).bind(holder);
                }
                query.fetch_all(on)
            })?;
            for id in &ids {
                ours.push(parse("mail_servers.id", id)?);
            }
        }
        tx.commit().await?;
        Ok(ours)
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

    /// Writes how a poll went, in the server's health and in the connectivity log, and gives the lease back unless the
    /// connection stays open. False, and nothing is written, if the lease has gone to somebody else: how it goes is
    /// theirs to tell.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn finish_poll(
        &self,
        id: MailServerId,
        holder: &str,
        poll: &Poll,
    ) -> Result<bool, Error> {
        let health = &poll.health;
        let trouble = trouble_cell(health.trouble.as_ref())?;
        let mut tx = self.db.begin().await?;
        let done = executing_within!(tx, on => sqlx::query(FINISH)
            .bind(id.to_string())
            .bind(holder)
            .bind(health.ok_at.map(micros))
            .bind(&trouble)
            .bind(health.failing_since.map(micros))
            .bind(i64::from(health.failures))
            .bind(plain_some(health.note.as_deref()))
            .bind(poll.next_poll_at.map(micros))
            .execute(on))?;
        if done == 0 {
            return Ok(false);
        }
        note_connection(&mut tx, &poll.connection).await?;
        tx.commit().await?;
        Ok(true)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn what_is_wanted_is_found_without_reading_every_server() {
        let plan = plan(WANTED).await;
        assert!(plan.contains("INDEX mail_servers_wanted"), "{plan}");
    }

    #[tokio::test]
    async fn leases_are_extended_without_reading_every_server() {
        let plan = plan(&extend_text()).await;
        assert!(plan.contains("SEARCH mail_servers USING INDEX"), "{plan}");
        assert!(!plan.contains("SCAN mail_servers"), "{plan}");
    }
}

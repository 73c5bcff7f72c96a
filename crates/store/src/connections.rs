//! The connectivity log: stretches of time in which fetching from a mail server went the same way.

use jiff::SignedDuration;
use outlink_model::mail_server::Connection;
use outlink_model::{MailServerId, Timestamp};

use crate::cell::{micros, number, parse, size, time, trouble, trouble_cell};
use crate::db::{Tx, executing, executing_within, reading, within};
use crate::{Error, Listed, Page, Store};

/// How long one stretch gets. Beyond that another begins, so that the log says when how much was fetched.
const STRETCH: SignedDuration = SignedDuration::from_hours(1);

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, mail_server_id, began_at, last_at, trouble, polls, messages FROM connections ",
            $rest
        )
    };
}

const NEWEST: &str = select!("WHERE mail_server_id = $1 ORDER BY id DESC LIMIT 1");

// A text for each question rather than one with `$3 IS NULL OR ..`, which no index serves.
const PAGE: &str = select!("WHERE id < $1 ORDER BY id DESC LIMIT $2");
const FAILED: &str = select!("WHERE id < $1 AND trouble IS NOT NULL ORDER BY id DESC LIMIT $2");
const OF_SERVER: &str = select!("WHERE mail_server_id = $3 AND id < $1 ORDER BY id DESC LIMIT $2");
const FAILED_OF_SERVER: &str = select!(
    "WHERE mail_server_id = $3 AND id < $1 AND trouble IS NOT NULL ORDER BY id DESC LIMIT $2"
);

const EXTEND: &str = "
    UPDATE connections SET last_at = CASE WHEN last_at < $2 THEN $2 ELSE last_at END, polls = polls + $3,
        messages = messages + $4
    WHERE id = $1";

const INSERT: &str = "
    INSERT INTO connections (id, mail_server_id, began_at, last_at, trouble, polls, messages)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

const SWEEP: &str = "
    DELETE FROM connections WHERE id IN (
        SELECT id FROM connections WHERE last_at < $1 ORDER BY last_at LIMIT $2)";

/// Which lines of the connectivity log are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionFilter {
    /// Those of this mail server alone.
    pub mail_server: Option<MailServerId>,
    /// Those alone in which something was wrong.
    pub failed_only: bool,
}

#[derive(sqlx::FromRow)]
struct ConnectionRow {
    id: String,
    mail_server_id: String,
    began_at: i64,
    last_at: i64,
    trouble: Option<String>,
    polls: i64,
    messages: i64,
}

impl ConnectionRow {
    fn model(self) -> Result<Connection, Error> {
        Ok(Connection {
            id: parse("connections.id", &self.id)?,
            mail_server_id: parse("connections.mail_server_id", &self.mail_server_id)?,
            began_at: time("connections.began_at", self.began_at)?,
            last_at: time("connections.last_at", self.last_at)?,
            trouble: trouble("connections.trouble", self.trouble.as_deref())?,
            polls: number("connections.polls", self.polls)?,
            messages: number("connections.messages", self.messages)?,
        })
    }
}

impl Store {
    /// Lines of the connectivity log, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn connections(
        &self,
        filter: &ConnectionFilter,
        page: &Page,
    ) -> Result<Listed<Connection>, Error> {
        let text = match (filter.mail_server, filter.failed_only) {
            (None, false) => PAGE,
            (None, true) => FAILED,
            (Some(_), false) => OF_SERVER,
            (Some(_), true) => FAILED_OF_SERVER,
        };
        let server = filter.mail_server.map(|id| id.to_string());
        let rows: Vec<ConnectionRow> = reading!(self.db, on => {
            let query = sqlx::query_as(text).bind(page.below()).bind(page.rows());
            match &server {
                Some(server) => query.bind(server),
                None => query,
            }
            .fetch_all(on)
        })?;
        page.listed(rows, ConnectionRow::model, |connection| connection.id)
    }

    /// Forgets at most so many lines that were last added to before this time, the oldest first. Returns how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sweep_connections(&self, before: Timestamp, at_most: u32) -> Result<u64, Error> {
        Ok(executing!(self.db, on => sqlx::query(SWEEP)
            .bind(micros(before))
            .bind(i64::from(at_most))
            .execute(on))?)
    }
}

/// Adds a poll to the newest line of its server, or begins another line with it. The caller has locked the server's row:
/// so two cannot begin one at the same time.
pub(crate) async fn note_connection(tx: &mut Tx, new: &Connection) -> Result<(), Error> {
    let newest: Option<ConnectionRow> = within!(*tx, on =>
        sqlx::query_as(NEWEST).bind(new.mail_server_id.to_string()).fetch_optional(on))?;
    let newest = newest.map(ConnectionRow::model).transpose()?;
    if let Some(newest) = newest.filter(|newest| goes_on(newest, new)) {
        executing_within!(*tx, on => sqlx::query(EXTEND)
            .bind(newest.id.to_string())
            .bind(micros(new.last_at))
            .bind(size(new.polls))
            .bind(size(new.messages))
            .execute(on))?;
        return Ok(());
    }
    let trouble = trouble_cell(new.trouble.as_ref())?;
    executing_within!(*tx, on => sqlx::query(INSERT)
        .bind(new.id.to_string())
        .bind(new.mail_server_id.to_string())
        .bind(micros(new.began_at))
        .bind(micros(new.last_at))
        .bind(&trouble)
        .bind(size(new.polls))
        .bind(size(new.messages))
        .execute(on))?;
    Ok(())
}

/// Whether what is new belongs to the line that is there: it went the same way, and the line is not too long yet.
fn goes_on(newest: &Connection, new: &Connection) -> bool {
    let reason = |of: &Connection| of.trouble.as_ref().map(|trouble| trouble.reason.clone());
    reason(newest) == reason(new) && new.began_at.duration_since(newest.began_at) < STRETCH
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn lines_are_found_by_an_index_and_sorted_by_none() {
        for (query, index) in [
            (NEWEST, "connections_mail_server_id"),
            (OF_SERVER, "connections_mail_server_id"),
            (FAILED_OF_SERVER, "connections_mail_server_id"),
            (PAGE, "sqlite_autoindex_connections_1"),
            (SWEEP, "connections_last_at"),
        ] {
            let plan = plan(query).await;
            assert!(plan.contains(index), "{query}: {plan}");
            assert!(!plan.contains("B-TREE"), "{query}: {plan}");
        }
    }
}

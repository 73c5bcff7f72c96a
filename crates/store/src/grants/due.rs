//! What is to be refreshed in the background.
//!
//! Asked link by link: a link whose provider is slow, or which has very many grants due, costs the grants of the others
//! nothing, and neither does one that is switched off or marked. Keeps **A link's fault stays on the link**.

use outlink_model::{GrantId, LinkId, Timestamp};

use crate::cell::{micros, parse, time_some};
use crate::db::{Db, reading};
use crate::{Error, Store};

/// Grants that are looked at of one link in one go.
const EACH: i64 = 64;

/// Grants under a marked link wait until it may be probed, and those under a link that is switched off for good. One
/// that is leased is at somebody's hands, also where an edit of its link has made it due meanwhile. The first of every
/// link come before the second of any.
macro_rules! due {
    ($of_each:literal, $columns:literal, $them:literal) => {
        concat!(
            "SELECT id, link_id FROM (
                SELECT g.id, g.link_id, g.next_refresh_at,
                    ROW_NUMBER() OVER (PARTITION BY g.link_id ORDER BY g.next_refresh_at, g.id) AS place
                FROM links l CROSS JOIN ",
            $of_each,
            "SELECT ",
            $columns,
            " FROM grants d
                    WHERE d.link_id = l.id AND d.next_refresh_at <= $1
                        AND d.state NOT IN ('needs_consent', 'revoked')
                        AND (d.lease_until IS NULL OR d.lease_until <= $1)
                    ORDER BY d.next_refresh_at LIMIT $2",
            $them,
            " l.enabled = 1 AND (l.probe_at IS NULL OR l.probe_at <= $1)
            ) AS due
            ORDER BY place, next_refresh_at, id LIMIT $3"
        )
    };
}

/// SQLite's CROSS JOIN takes the links first.
const DUE_SQLITE: &str = due!("grants g WHERE g.id IN (", "d.id", ") AND");

const DUE_POSTGRES: &str = due!("LATERAL (", "d.id, d.link_id, d.next_refresh_at", ") g WHERE");

const NEXT_DUE: &str = "
    SELECT MIN(CASE WHEN probe_at > due THEN probe_at ELSE due END)
    FROM (
        SELECT l.probe_at, (
            SELECT g.next_refresh_at FROM grants g
            WHERE g.link_id = l.id AND g.next_refresh_at IS NOT NULL
                AND g.state NOT IN ('needs_consent', 'revoked')
            ORDER BY g.next_refresh_at LIMIT 1
        ) AS due
        FROM links l WHERE l.enabled = 1
    ) AS of_links
    WHERE due IS NOT NULL";

/// A grant whose background refresh is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueGrant {
    /// The grant.
    pub id: GrantId,
    /// Its link.
    pub link_id: LinkId,
}

impl Store {
    /// Grants whose background refresh is due: of each link those that have been due the longest, the first of every
    /// link before the second of any. One that is being refreshed is not due before its lease lapses.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn due_grants(&self, now: Timestamp, limit: u32) -> Result<Vec<DueGrant>, Error> {
        let text = match &self.db {
            Db::Sqlite { .. } => DUE_SQLITE,
            Db::Postgres(_) => DUE_POSTGRES,
        };
        let rows: Vec<(String, String)> = reading!(self.db, on => sqlx::query_as(text)
            .bind(micros(now))
            .bind(EACH)
            .bind(i64::from(limit))
            .fetch_all(on))?;
        let due = rows.iter().map(|(id, link_id)| {
            Ok(DueGrant { id: parse("grants.id", id)?, link_id: parse("grants.link_id", link_id)? })
        });
        due.collect()
    }

    /// When the next grant is due, perhaps in the past; `None` if none ever is.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, Error> {
        let at: Option<i64> = reading!(self.db, on => sqlx::query_scalar(NEXT_DUE).fetch_one(on))?;
        time_some("grants.next_refresh_at", at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn no_question_reads_every_grant() {
        for query in [DUE_SQLITE, NEXT_DUE] {
            let plan = plan(query).await;
            assert!(plan.contains("INDEX grants_due (link_id=? AND next_refresh_at"), "{plan}");
            let all = ["SCAN g", "SCAN d"];
            assert!(!plan.lines().any(|step| all.contains(&step)), "{plan}");
        }
    }
}

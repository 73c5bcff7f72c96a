//! All grants, counted in groups that are alike in whatever decides whether somebody must see to them. What that means
//! is decided elsewhere; so a page can say how many there are without reading one of them.

use jiff::SignedDuration;
use outlink_model::LinkId;
use outlink_model::grant::{BoundTo, Grant, GrantStateName};

use super::rows::{GrantRow, bound_cell, bound_to};
use super::select;
use crate::cell::{number, parse};
use crate::db::reading;
use crate::{Error, Store};

/// A grant that works and ends with its access token, where that lives no longer than `$1`. Its state is asked for in a way
/// that no index serves: SQLite would take the one with most of all grants in it.
macro_rules! ending {
    () => {
        "refresh_token IS NULL AND self_renewing = 0 AND expires_at - issued_at <= $1
            AND CASE state WHEN 'active' THEN 1 ELSE 0 END = 1"
    };
}

macro_rules! not_ending {
    () => {
        " AND CASE WHEN state = 'active' AND refresh_token IS NULL AND self_renewing = 0
            AND expires_at - issued_at <= $1 THEN 1 ELSE 0 END = 0"
    };
}

/// By the id, and by no index that has it: SQLite would rather go through every grant of the state than sort a few.
macro_rules! first {
    () => {
        " ORDER BY id || '' LIMIT $5"
    };
}

/// Whether where the tokens came from lies in the index. Its text is that of the indexes.
macro_rules! indexed {
    () => {
        "length(bound_to) <= 600"
    };
}

/// The same of all others, those without among them. Written so that PostgreSQL takes it for something rare.
macro_rules! not_indexed {
    () => {
        "CASE WHEN length(bound_to) <= 600 THEN 0 ELSE 1 END = 1"
    };
}

/// One statement, so that what it counts is of one moment. Those that end are counted twice.
const CENSUS: &str = concat!(
    "SELECT link_id, state, bound_to, CAST(0 AS BIGINT) AS ending, COUNT(*) AS count FROM grants
    WHERE ",
    indexed!(),
    " GROUP BY link_id, state, bound_to
    UNION ALL
    SELECT link_id, state, bound_to, CAST(0 AS BIGINT) AS ending, COUNT(*) AS count FROM grants
    WHERE ",
    not_indexed!(),
    " GROUP BY link_id, state, bound_to
    UNION ALL
    SELECT link_id, state, bound_to, CAST(1 AS BIGINT) AS ending, COUNT(*) AS count FROM grants
    WHERE ",
    ending!(),
    " GROUP BY link_id, state, bound_to"
);

const OF_GROUP: &str = concat!(
    select!("WHERE link_id = $2 AND state = $3 AND bound_to = $4 AND "),
    indexed!(),
    not_ending!(),
    first!()
);

const OF_OTHER: &str = concat!(
    select!("WHERE link_id = $2 AND state = $3 AND bound_to IS NOT DISTINCT FROM $4 AND "),
    not_indexed!(),
    not_ending!(),
    first!()
);

const OF_ENDING: &str = concat!(
    select!(
        "WHERE CASE link_id WHEN $2 THEN 1 ELSE 0 END = 1 AND CASE state WHEN $3 THEN 1 ELSE 0 END = 1
            AND bound_to IS NOT DISTINCT FROM $4 AND "
    ),
    ending!(),
    first!()
);

/// Characters of where tokens came from that lie in an index.
const INDEXED: usize = 600;

/// Grants that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantGroup {
    /// Their link.
    pub link_id: LinkId,
    /// Their state.
    pub state: GrantStateName,
    /// Where their tokens came from, as far as that is known.
    pub bound_to: Option<BoundTo>,
    /// Whether they work, and end with an access token that lives no longer than was asked about.
    pub ending: bool,
    /// How many there are.
    pub count: u64,
}

#[derive(sqlx::FromRow)]
struct GroupRow {
    link_id: String,
    state: String,
    bound_to: Option<String>,
    ending: i64,
    count: i64,
}

impl GroupRow {
    fn model(self) -> Result<GrantGroup, Error> {
        Ok(GrantGroup {
            link_id: parse("grants.link_id", &self.link_id)?,
            state: parse("grants.state", &self.state)?,
            bound_to: bound_to("grants.bound_to", self.bound_to.as_deref())?,
            ending: self.ending != 0,
            count: number("grants", self.count)?,
        })
    }
}

impl Store {
    /// Every grant, counted. `short` is how long an access token lives at most for its grant to be told of as ending.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn grant_census(&self, short: SignedDuration) -> Result<Vec<GrantGroup>, Error> {
        let rows: Vec<GroupRow> = reading!(self.db, on =>
            sqlx::query_as(CENSUS).bind(length(short)).fetch_all(on))?;
        let counted: Result<Vec<_>, Error> = rows.into_iter().map(GroupRow::model).collect();
        Ok(each_once(counted?))
    }

    /// The first grants of a group that [`Store::grant_census`] gave for the same `short`, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn grants_of_group(
        &self,
        group: &GrantGroup,
        short: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Grant>, Error> {
        let bound = group.bound_to.as_ref().map(bound_cell).transpose()?;
        let is_indexed = bound.as_ref().is_some_and(|cell| cell.chars().count() <= INDEXED);
        let text = match (group.ending, is_indexed) {
            (true, _) => OF_ENDING,
            (false, true) => OF_GROUP,
            (false, false) => OF_OTHER,
        };
        let rows: Vec<GrantRow> = reading!(self.db, on => sqlx::query_as(text)
            .bind(length(short))
            .bind(group.link_id.to_string())
            .bind(group.state.as_str())
            .bind(&bound)
            .bind(i64::from(limit))
            .fetch_all(on))?;
        rows.into_iter().map(GrantRow::model).collect()
    }
}

/// Takes those that end out of the groups that were counted whether they end or not.
fn each_once(counted: Vec<GrantGroup>) -> Vec<GrantGroup> {
    let (ending, mut all): (Vec<_>, Vec<_>) = counted.into_iter().partition(|group| group.ending);
    for group in &ending {
        let alike = |other: &&mut GrantGroup| {
            (other.link_id, other.state, &other.bound_to)
                == (group.link_id, group.state, &group.bound_to)
        };
        if let Some(alike) = all.iter_mut().find(alike) {
            alike.count = alike.count.saturating_sub(group.count);
        }
    }
    all.retain(|group| group.count > 0);
    all.extend(ending);
    all
}

/// In microseconds, as times are kept.
fn length(short: SignedDuration) -> i64 {
    i64::try_from(short.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn grants_are_counted_without_reading_one_of_them() {
        let plan = plan(CENSUS).await;
        assert!(plan.contains("COVERING INDEX grants_bound"), "{plan}");
        for index in ["INDEX grants_not_bound", "INDEX grants_ending"] {
            assert!(plan.contains(index), "{plan}");
        }
        assert!(!plan.lines().any(|step| step == "SCAN grants"), "{plan}");
    }

    #[tokio::test]
    async fn the_first_of_a_group_are_found_among_its_own() {
        for (query, index) in [
            (OF_GROUP, "INDEX grants_bound (link_id=? AND state=? AND bound_to=?)"),
            (OF_OTHER, "INDEX grants_not_bound (link_id=? AND state=?)"),
            (OF_ENDING, "INDEX grants_ending (<expr><?)"),
        ] {
            let plan = plan(query).await;
            assert!(plan.contains(index), "{plan}");
        }
    }
}

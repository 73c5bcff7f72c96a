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

/// Whether a grant works and ends with its access token. Only where that lives no longer than `$1`.
macro_rules! ending {
    ($before:expr, $after:expr) => {
        concat!(
            $before,
            "CAST(CASE WHEN state = 'active' AND refresh_token IS NULL AND self_renewing = 0
                AND expires_at - issued_at <= $1 THEN 1 ELSE 0 END AS BIGINT)",
            $after
        )
    };
}

const CENSUS: &str = ending!(
    "SELECT link_id, state, bound_to, ",
    " AS ending, COUNT(*) AS count FROM grants GROUP BY link_id, state, bound_to, 4
    ORDER BY link_id, state, bound_to, 4"
);

const OF_GROUP: &str = ending!(
    select!("WHERE link_id = $2 AND state = $3 AND bound_to IS NOT DISTINCT FROM $4 AND "),
    " = $5 ORDER BY id LIMIT $6"
);

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
        rows.into_iter().map(GroupRow::model).collect()
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
        let rows: Vec<GrantRow> = reading!(self.db, on => sqlx::query_as(OF_GROUP)
            .bind(length(short))
            .bind(group.link_id.to_string())
            .bind(group.state.as_str())
            .bind(&bound)
            .bind(i64::from(group.ending))
            .bind(i64::from(limit))
            .fetch_all(on))?;
        rows.into_iter().map(GrantRow::model).collect()
    }
}

/// In microseconds, as times are kept.
fn length(short: SignedDuration) -> i64 {
    i64::try_from(short.as_micros()).unwrap_or(i64::MAX)
}

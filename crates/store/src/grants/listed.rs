//! Grants by what is asked about them: a link, a state, or both.

use outlink_model::LinkId;
use outlink_model::grant::{Grant, GrantStateName};

use super::rows::GrantRow;
use super::select;
use crate::db::reading;
use crate::{Error, Listed, Page, Store};

// A text for each question rather than one with `$3 IS NULL OR ..`, which no index serves.
const ALL: &str = select!("WHERE id > $1 ORDER BY id LIMIT $2");
const OF_LINK: &str = select!("WHERE link_id = $3 AND id > $1 ORDER BY id LIMIT $2");
const IN_STATE: &str = select!("WHERE state = $3 AND id > $1 ORDER BY id LIMIT $2");
const OF_LINK_IN_STATE: &str =
    select!("WHERE link_id = $3 AND state = $4 AND id > $1 ORDER BY id LIMIT $2");

/// Which grants are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GrantFilter {
    /// Those under this link alone.
    pub link: Option<LinkId>,
    /// Those in this state alone.
    pub state: Option<GrantStateName>,
}

impl Store {
    /// Grants, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn grants(&self, page: &Page) -> Result<Listed<Grant>, Error> {
        self.grants_where(&GrantFilter::default(), page).await
    }

    /// The grants that pass a filter, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn grants_where(
        &self,
        filter: &GrantFilter,
        page: &Page,
    ) -> Result<Listed<Grant>, Error> {
        let (text, first, second) = match (filter.link, filter.state) {
            (None, None) => (ALL, None, None),
            (Some(link), None) => (OF_LINK, Some(link.to_string()), None),
            (None, Some(state)) => (IN_STATE, Some(state.to_string()), None),
            (Some(link), Some(state)) => {
                (OF_LINK_IN_STATE, Some(link.to_string()), Some(state.as_str()))
            }
        };
        let rows: Vec<GrantRow> = reading!(self.db, on => {
            let mut query = sqlx::query_as(text).bind(page.above()).bind(page.rows());
            if let Some(first) = &first {
                query = query.bind(first);
            }
            if let Some(second) = second {
                query = query.bind(second);
            }
            query.fetch_all(on)
        })?;
        page.listed(rows, GrantRow::model, |grant| grant.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn a_page_of_a_link_reads_no_other_grants_and_sorts_nothing() {
        for query in [OF_LINK, OF_LINK_IN_STATE] {
            let plan = plan(query).await;
            assert!(plan.contains("SEARCH grants USING INDEX"), "{plan}");
            assert!(!plan.contains("B-TREE"), "{plan}");
        }
    }
}

//! How much one sender has written lately.

use outlink_model::{IssueId, Timestamp};

use crate::cell::{micros, number, plain};
use crate::db::within;
use crate::{Error, Intake};

/// The condition about the issue is that of the index `messages_address`, which otherwise would not serve. Counting ends
/// where enough are found.
macro_rules! count {
    ($issue:literal) => {
        concat!(
            "SELECT COUNT(*) FROM (
                SELECT 1 AS one FROM messages
                WHERE address = $1 AND internal_date > $2 AND internal_date <= $3 AND issue_id IS NOT NULL",
            $issue,
            " LIMIT $4) AS found"
        )
    };
}

const FROM: &str = count!("");
const FROM_IN_ISSUE: &str = count!(" AND issue_id = $5");

impl Intake {
    /// How many messages of this sender, an address in lower case, became something, or something in this issue, of those
    /// that arrived after one time and until another. Counting ends at `at_most`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn recent_from(
        &mut self,
        address: &str,
        issue: Option<IssueId>,
        after: Timestamp,
        until: Timestamp,
        at_most: u32,
    ) -> Result<u32, Error> {
        let text = if issue.is_some() { FROM_IN_ISSUE } else { FROM };
        let issue = issue.map(|id| id.to_string());
        let count: i64 = within!(self.tx, on => {
            let query = sqlx::query_scalar(text)
                .bind(plain(address))
                .bind(micros(after))
                .bind(micros(until))
                .bind(i64::from(at_most));
            match &issue {
                Some(issue) => query.bind(issue),
                None => query,
            }
            .fetch_one(on)
        })?;
        number("messages", count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn what_a_sender_wrote_is_counted_by_an_index() {
        for query in [FROM, FROM_IN_ISSUE] {
            let plan = plan(query).await;
            assert!(plan.contains("INDEX messages_address"), "{plan}");
        }
    }
}

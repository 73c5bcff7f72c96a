//! How much one sender has written lately.

use outlink_model::{IssueId, Timestamp};

use crate::cell::{micros, number, plain};
use crate::db::within;
use crate::{Error, Intake};

/// The conditions about the issue and the outcome are those of the indexes `messages_address` and `messages_forwarded`,
/// which otherwise would not serve. What is sent on belongs to no issue. Counting ends where enough are found.
macro_rules! found {
    ($what:literal, $counted:literal) => {
        concat!(
            "SELECT ",
            $counted,
            " FROM (
                SELECT ",
            $what,
            " FROM messages
                WHERE address = $1 AND internal_date > $2 AND internal_date <= $3 AND issue_id IS NOT NULL
                UNION ALL SELECT ",
            $what,
            " FROM messages
                WHERE address = $1 AND internal_date > $2 AND internal_date <= $3 AND outcome = 'forwarded'
                LIMIT $4) AS found"
        )
    };
}

const FROM: &str = found!("1 AS one", "COUNT(*), CAST(0 AS BIGINT), CAST(0 AS BIGINT)");
const FROM_IN_ISSUES: &str = found!(
    "issue_id",
    "COUNT(*), COUNT(CASE WHEN issue_id = $5 THEN 1 END), COUNT(CASE WHEN issue_id = $6 THEN 1 END)"
);

/// How much a sender has written within some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Messages that became something, or were sent on.
    pub all: u32,
    /// Messages that became something in one issue: in that of the given ones in which there are the most.
    pub in_issue: u32,
}

impl Intake {
    /// How many messages of this sender, an address in lower case, became something, and something in one of these issues
    /// (of which two are looked at), of those that arrived after one time and until another. Counting ends when `at_most`
    /// messages were found.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn written_by(
        &mut self,
        address: &str,
        issues: &[IssueId],
        after: Timestamp,
        until: Timestamp,
        at_most: u32,
    ) -> Result<Written, Error> {
        let issues: Vec<String> = issues.iter().map(ToString::to_string).collect();
        let text = if issues.is_empty() { FROM } else { FROM_IN_ISSUES };
        let (all, first, second): (i64, i64, i64) = within!(*self.on().await?, on => {
            let query = sqlx::query_as(text)
                .bind(plain(address))
                .bind(micros(after))
                .bind(micros(until))
                .bind(i64::from(at_most));
            match &issues[..] {
                [] => query,
                [one] => query.bind(one).bind(one),
                [one, other, ..] => query.bind(one).bind(other),
            }
            .fetch_one(on)
        })?;
        let in_issue = number("messages", first.max(second))?;
        Ok(Written { all: number("messages", all)?, in_issue })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn what_a_sender_wrote_is_counted_by_an_index() {
        for query in [FROM, FROM_IN_ISSUES] {
            let plan = plan(query).await;
            for index in ["messages_address", "messages_forwarded"] {
                assert!(plan.contains(&format!("INDEX {index} (address=? AND")), "{plan}");
            }
            assert!(!plan.contains("SCAN messages"), "{plan}");
        }
    }
}

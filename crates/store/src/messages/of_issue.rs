//! The messages of one issue, and how many wait for somebody.

use outlink_model::IssueId;
use outlink_model::message::Message;

use super::{MessageRow, select};
use crate::cell::number;
use crate::db::reading;
use crate::{Error, Store};

const OF_ISSUE: &str = select!(" WHERE issue_id = $1 ORDER BY id LIMIT $2");

/// The second condition is that of the index `messages_outcome`, which otherwise would not serve.
const QUARANTINED: &str = "
    SELECT COUNT(*) FROM (
        SELECT 1 AS one FROM messages
        WHERE outcome = 'quarantined' AND outcome <> 'created' AND outcome <> 'commented' LIMIT $1) AS those";

impl Store {
    /// The messages that an issue and its comments were made of, and the reports that belong to it, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn messages_of_issue(
        &self,
        issue: IssueId,
        at_most: u32,
    ) -> Result<Vec<Message>, Error> {
        let rows: Vec<MessageRow> = reading!(self.db, on => sqlx::query_as(OF_ISSUE)
            .bind(issue.to_string())
            .bind(i64::from(at_most))
            .fetch_all(on))?;
        rows.into_iter().map(MessageRow::model).collect()
    }

    /// How many messages lie in quarantine, counted up to `at_most`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn quarantined(&self, at_most: u32) -> Result<u64, Error> {
        let count: i64 = reading!(self.db, on =>
            sqlx::query_scalar(QUARANTINED).bind(i64::from(at_most)).fetch_one(on))?;
        number("quarantined", count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn no_messages_but_those_are_read() {
        let of_issue = plan(OF_ISSUE).await;
        assert!(of_issue.contains("messages_issue_id"), "{of_issue}");
        let quarantined = plan(QUARANTINED).await;
        assert!(quarantined.contains("COVERING INDEX messages_outcome"), "{quarantined}");
    }
}

//! How many there are of what people set up.

use crate::cell::number;
use crate::db::reading;
use crate::{Error, Store};

/// The index of what was not sent serves where its condition stands in the text.
const TOTALS: &str = "
    SELECT (SELECT COUNT(*) FROM mail_servers WHERE deleted_at IS NULL) AS mail_servers,
        (SELECT COUNT(*) FROM handlers) AS handlers,
        CAST(CASE WHEN EXISTS (SELECT 1 FROM issues) THEN 1 ELSE 0 END AS BIGINT) AS any_issue,
        (SELECT COUNT(*) FROM deliveries WHERE state = 'waiting' AND state <> 'sent') AS waiting,
        (SELECT COUNT(*) FROM deliveries WHERE state = 'failed' AND state <> 'sent') AS failed";

/// How many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Mail servers.
    pub mail_servers: u64,
    /// Handlers.
    pub handlers: u64,
    /// Whether any issue was made.
    pub any_issue: bool,
    /// Deliveries that wait to be sent.
    pub waiting_deliveries: u64,
    /// Deliveries that were given up.
    pub failed_deliveries: u64,
}

impl Store {
    /// How many there are of what people set up, besides links and grants.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn totals(&self) -> Result<Totals, Error> {
        let (mail_servers, handlers, any_issue, waiting, failed): (i64, i64, i64, i64, i64) =
            reading!(self.db, on => sqlx::query_as(TOTALS).fetch_one(on))?;
        Ok(Totals {
            mail_servers: number("mail_servers", mail_servers)?,
            handlers: number("handlers", handlers)?,
            any_issue: any_issue != 0,
            waiting_deliveries: number("deliveries", waiting)?,
            failed_deliveries: number("deliveries", failed)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn what_was_sent_is_not_counted_one_by_one() {
        let plan = plan(TOTALS).await;
        assert!(plan.contains("COVERING INDEX deliveries_state (state=?)"), "{plan}");
        assert!(!plan.contains("SCAN deliveries"), "{plan}");
    }
}

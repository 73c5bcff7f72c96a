//! Whether a mail server was ever read from.

use outlink_model::MailServerId;

use crate::db::reading;
use crate::{Error, Store};

/// Each question ends at its first row.
const ANY: &str = "
    SELECT COUNT(*) FROM (
        SELECT 1 AS one FROM mail_servers WHERE id = $1 AND (
            EXISTS (SELECT 1 FROM folders WHERE mail_server_id = $1)
            OR EXISTS (SELECT 1 FROM messages WHERE mail_server_id = $1)
            OR EXISTS (SELECT 1 FROM passed_over WHERE mail_server_id = $1))
    ) AS any_row";

impl Store {
    /// Whether anything is known of what lies on this server: how far a folder of it was read, a message in the ledger, or
    /// one that was passed over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn was_read(&self, server: MailServerId) -> Result<bool, Error> {
        let any: i64 = reading!(self.db, on =>
            sqlx::query_scalar(ANY).bind(server.to_string()).fetch_one(on))?;
        Ok(any > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn whether_a_server_was_read_is_found_without_reading_what_was() {
        let plan = plan(ANY).await;
        assert!(!plan.contains("SCAN folders"), "{plan}");
        assert!(!plan.contains("SCAN messages") && !plan.contains("SCAN passed_over"), "{plan}");
    }
}

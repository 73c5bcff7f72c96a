//! How many there are of what people set up.

use crate::cell::number;
use crate::db::reading;
use crate::{Error, Store};

const TOTALS: &str = "
    SELECT (SELECT COUNT(*) FROM mail_servers WHERE deleted_at IS NULL) AS mail_servers,
        (SELECT COUNT(*) FROM handlers) AS handlers,
        CAST(CASE WHEN EXISTS (SELECT 1 FROM issues) THEN 1 ELSE 0 END AS BIGINT) AS any_issue";

/// How many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Mail servers.
    pub mail_servers: u64,
    /// Handlers.
    pub handlers: u64,
    /// Whether any issue was made.
    pub any_issue: bool,
}

impl Store {
    /// How many there are of what people set up, besides links and grants.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn totals(&self) -> Result<Totals, Error> {
        let (mail_servers, handlers, any_issue): (i64, i64, i64) =
            reading!(self.db, on => sqlx::query_as(TOTALS).fetch_one(on))?;
        Ok(Totals {
            mail_servers: number("mail_servers", mail_servers)?,
            handlers: number("handlers", handlers)?,
            any_issue: any_issue != 0,
        })
    }
}

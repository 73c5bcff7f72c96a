//! Messages of POP3 servers that lay there before they were wanted: known by their UIDLs, so that they are not looked at
//! again, and not in the ledger.

use std::collections::BTreeMap;

use outlink_model::MailServerId;

use crate::cell::{plain, size};
use crate::db::{executing_within, reading};
use crate::{Error, Intake, Store};

const ANY: &str = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM passed_over WHERE mail_server_id = $1 LIMIT 1) AS any_row";

/// How many one statement writes: a mailbox may hold tens of thousands.
const AT_ONCE: usize = 50;

/// Writes so many at once.
fn insert_text(rows: usize) -> String {
    let places: Vec<String> =
        (0..rows).map(|n| format!("($1, ${}, ${})", 2 * n + 2, 2 * n + 3)).collect();
    format!(
        "INSERT INTO passed_over (mail_server_id, uidl, size) VALUES {}
        ON CONFLICT (mail_server_id, uidl) DO UPDATE SET size = excluded.size",
        places.join(", ")
    )
}

impl Store {
    /// Whether anything on this server was passed over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn has_passed_over(&self, server: MailServerId) -> Result<bool, Error> {
        let any: i64 = reading!(self.db, on =>
            sqlx::query_scalar(ANY).bind(server.to_string()).fetch_one(on))?;
        Ok(any > 0)
    }
}

impl Intake {
    /// Writes that messages of this server are not looked at again: their UIDLs and how many octets they have. Of one that
    /// is known already the size is written anew.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such server.
    pub async fn pass_over(
        &mut self,
        server: MailServerId,
        passed: &[(String, u64)],
    ) -> Result<(), Error> {
        let server = server.to_string();
        // Each once, since no statement may write a row twice.
        let passed: BTreeMap<_, _> =
            passed.iter().map(|(uidl, octets)| (plain(uidl), size(*octets))).collect();
        let passed: Vec<_> = passed.into_iter().collect();
        let (whole, rest) = passed.as_chunks::<AT_ONCE>();
        // What is left over goes one by one, so that there are two texts and not fifty.
        let chunks = whole.iter().map(|chunk| &chunk[..]).chain(rest.chunks(1));
        for chunk in chunks {
            let text = insert_text(chunk.len());
            executing_within!(*self.on().await?, on => {
                let mut query = sqlx::query(sqlx::AssertSqlSafe(text.clone())).bind(&server);
                for (uidl, octets) in chunk {
                    query = query.bind(uidl).bind(octets);
                }
                query.execute(on)
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn what_was_passed_over_is_found_by_its_server() {
        let plan = plan(ANY).await;
        assert!(plan.contains("sqlite_autoindex_passed_over_1"), "{plan}");
    }
}

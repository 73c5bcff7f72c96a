//! Which messages still have their bytes.

use outlink_model::MessageId;

use crate::cell::parse;
use crate::db::reading;
use crate::{Error, Store};

/// How many messages one statement asks about. The text has as many places; the last one fills those that are left over.
const AT_ONCE: usize = 50;

fn kept_text() -> String {
    let places: Vec<String> = (1..=AT_ONCE).map(|n| format!("${n}")).collect();
    format!(
        "SELECT m.id FROM messages m JOIN raws r ON r.sha256 = m.sha256
        WHERE m.id IN ({}) AND length(r.packed) > 0",
        places.join(", ")
    )
}

impl Store {
    /// Those of these messages whose raw bytes can be had, in any order. Reads none of the bytes.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn with_raw(&self, ids: &[MessageId]) -> Result<Vec<MessageId>, Error> {
        let text = kept_text();
        let mut kept = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(AT_ONCE) {
            let found: Vec<String> = reading!(self.db, on => {
                let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(text.clone()));
                for n in 0..AT_ONCE {
                    query = query.bind(chunk[n.min(chunk.len() - 1)].to_string());
                }
                query.fetch_all(on)
            })?;
            for id in &found {
                kept.push(parse("messages.id", id)?);
            }
        }
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn only_the_messages_that_are_asked_about_are_looked_at() {
        let plan = plan(&kept_text()).await;
        assert!(plan.contains("SEARCH m USING INDEX sqlite_autoindex_messages_1"), "{plan}");
        assert!(plan.contains("SEARCH r USING INDEX"), "{plan}");
    }
}

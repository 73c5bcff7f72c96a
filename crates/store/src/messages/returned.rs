//! Messages that left their folder and came back: the same bytes under another UID of the same folder.

use outlink_model::{MailServerId, MessageId, Timestamp};

use crate::cell::{hash, number, parse, plain, time};
use crate::db::reading;
use crate::{Error, Store};

/// How many SHA-256 one statement asks for.
const AT_ONCE: usize = 16;

/// The odd way to say which server keeps SQLite from looking through all that lies there.
const IN_FOLDER: &str = "
    SELECT id, uid, sha256, internal_date FROM messages
    WHERE sha256 IN ($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
        AND mail_server_id || '' = $1 AND folder = $2 AND uid_validity = $3
    ORDER BY id";

/// A message that lies, or lay, in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InFolder {
    /// Its id here.
    pub id: MessageId,
    /// Its UID there.
    pub uid: u32,
    /// Of its bytes.
    pub sha256: [u8; 32],
    /// When the server received it.
    pub internal_date: Timestamp,
}

impl Store {
    /// The messages of a folder, in the ledger, that have these bytes.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn same_in_folder(
        &self,
        server: MailServerId,
        folder: &str,
        uid_validity: u32,
        bytes: &[[u8; 32]],
    ) -> Result<Vec<InFolder>, Error> {
        let (server, folder) = (server.to_string(), plain(folder));
        let mut found = Vec::new();
        for some in bytes.chunks(AT_ONCE) {
            let rows: Vec<(String, i64, Vec<u8>, i64)> = reading!(self.db, on => {
                let mut query = sqlx::query_as(IN_FOLDER)
                    .bind(&server)
                    .bind(&folder)
                    .bind(i64::from(uid_validity));
                // The last one fills the places that are left over.
                for at in 0..AT_ONCE {
                    query = query.bind(&some[at.min(some.len() - 1)][..]);
                }
                query.fetch_all(on)
            })?;
            for (id, uid, sha256, date) in rows {
                found.push(InFolder {
                    id: parse("messages.id", &id)?,
                    uid: number("messages.uid", uid)?,
                    sha256: hash("messages.sha256", &sha256)?,
                    internal_date: time("messages.internal_date", date)?,
                });
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn the_same_bytes_are_found_by_an_index() {
        let plan = plan(IN_FOLDER).await;
        assert!(plan.contains("INDEX messages_sha256"), "{plan}");
    }
}

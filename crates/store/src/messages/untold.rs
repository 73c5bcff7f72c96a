//! What the mail server has still to be told: that we have dealt with a message.

use outlink_model::MailServerId;

use crate::cell::{number, plain};
use crate::db::{executing_within, reading};
use crate::{Error, Intake, Store};

/// The literals are those of the index `messages_unflagged`, which otherwise would not serve.
const UNFLAGGED: &str = "
    SELECT uid, uidl, delete_there FROM messages
    WHERE mail_server_id = $1 AND folder = $2 AND uid_validity = $3
        AND flagged = 0 AND outcome <> 'unhandled'
    ORDER BY uid";

const MARK: &str = "
    UPDATE messages SET flagged = 1
    WHERE mail_server_id = $1 AND folder = $2 AND uid_validity = $3
        AND uid IN ($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";

/// How many UIDs one statement marks.
const AT_ONCE: usize = 16;

/// A message of which the server has not been told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold {
    /// Its UID; by POP3 our number.
    pub uid: u32,
    /// By POP3, the server's name for it.
    pub uidl: Option<String>,
    /// Whether it is to be deleted there, whatever the server's setting is.
    pub delete: bool,
}

impl Store {
    /// The messages in a folder of which the server has not been told yet that we have dealt with them, by their UIDs. An
    /// unhandled message is never among them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn unflagged(
        &self,
        server: MailServerId,
        folder: &str,
        uid_validity: u32,
    ) -> Result<Vec<Untold>, Error> {
        let rows: Vec<(i64, Option<String>, i64)> = reading!(self.db, on =>
            sqlx::query_as(UNFLAGGED)
                .bind(server.to_string())
                .bind(plain(folder))
                .bind(i64::from(uid_validity))
                .fetch_all(on))?;
        let untold = |(uid, uidl, delete)| {
            Ok(Untold { uid: number("messages.uid", uid)?, uidl, delete: delete != 0 })
        };
        rows.into_iter().map(untold).collect()
    }

    /// Writes that the server has been told of these UIDs, by itself.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn mark_flagged(
        &self,
        server: MailServerId,
        folder: &str,
        uid_validity: u32,
        uids: &[u32],
    ) -> Result<(), Error> {
        if uids.is_empty() {
            return Ok(());
        }
        let mut tx = self.intake().await?;
        tx.mark_flagged(server, folder, uid_validity, uids).await?;
        tx.commit().await
    }
}

impl Intake {
    /// Writes that the server has been told of these UIDs.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn mark_flagged(
        &mut self,
        server: MailServerId,
        folder: &str,
        uid_validity: u32,
        uids: &[u32],
    ) -> Result<(), Error> {
        let (server, folder) = (server.to_string(), plain(folder));
        for some in uids.chunks(AT_ONCE) {
            executing_within!(*self.on().await?, on => {
                let mut query = sqlx::query(MARK)
                    .bind(&server)
                    .bind(&folder)
                    .bind(i64::from(uid_validity));
                // The last one fills the places that are left over.
                for at in 0..AT_ONCE {
                    query = query.bind(i64::from(some[at.min(some.len() - 1)]));
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
    async fn what_is_untold_is_found_without_reading_what_was_told() {
        let plan = plan(UNFLAGGED).await;
        assert!(plan.contains("INDEX messages_unflagged"), "{plan}");
        assert!(!plan.contains("B-TREE"), "{plan}");
    }
}

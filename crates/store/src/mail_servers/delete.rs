//! Deleting mail servers. What came from one stays in the ledger, and goes on naming it; so do deliveries.

use outlink_model::grant::Trouble;
use outlink_model::{MailServerId, Timestamp};

use crate::cell::{micros, trouble_cell};
use crate::db::{executing_within, found};
use crate::{Error, Store};

/// Its name can be given to another from now on. On PostgreSQL a new name also makes this wait for intakes that are
/// writing messages of the server, or deliveries through it, so that what comes next sees them.
const RETIRE: &str = "
    UPDATE mail_servers SET name = name || ' (deleted ' || id || ')', deleted_at = $2, paused = 1,
        grant_id = NULL, password = NULL, lease_holder = NULL, lease_until = NULL
    WHERE id = $1 AND deleted_at IS NULL";

const DELETE_HANDLERS: &str = "DELETE FROM handlers WHERE mail_server_id = $1";
const DELETE_FOLDERS: &str = "DELETE FROM folders WHERE mail_server_id = $1";
const DELETE_PASSED: &str = "DELETE FROM passed_over WHERE mail_server_id = $1";
const LEAVE_CONSENTS: &str = "UPDATE consents SET mail_server_id = NULL WHERE mail_server_id = $1";

/// Counts as a change, if the smallest: an edit that has read the handlers before must not name the server again.
const LEAVE_SENDING: &str = "
    UPDATE handlers SET outgoing_id = NULL, updated_at = updated_at + 1 WHERE outgoing_id = $1";

/// Nobody sends through it any more, and what waits for ever tells nobody so.
const FAIL_WAITING: &str = "
    UPDATE deliveries SET state = 'failed', trouble = $2, done_at = $3
    WHERE mail_server_id = $1 AND state = 'waiting'";

const DELETE: &str = "
    DELETE FROM mail_servers
    WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM messages WHERE mail_server_id = $1)
        AND NOT EXISTS (SELECT 1 FROM deliveries WHERE mail_server_id = $1)";

impl Store {
    /// Deletes a mail server with its handlers, its password and how far its folders have been read. Whoever fetches
    /// there loses the lease.
    ///
    /// Handlers that send through it stay, and send through none. What waits to be sent through it fails, with `unsent` for
    /// the trouble.
    ///
    /// While messages of it stand in the ledger, or deliveries through it are kept, it can still be read by its id, with a
    /// name that says that it was deleted; nothing else finds it.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn delete_mail_server(
        &self,
        id: MailServerId,
        now: Timestamp,
        unsent: &Trouble,
    ) -> Result<(), Error> {
        let server = id.to_string();
        let unsent = trouble_cell(Some(unsent))?;
        let mut tx = self.db.begin().await?;
        found(executing_within!(tx, on =>
            sqlx::query(RETIRE).bind(&server).bind(micros(now)).execute(on))?)?;
        for statement in
            [DELETE_HANDLERS, LEAVE_SENDING, DELETE_FOLDERS, DELETE_PASSED, LEAVE_CONSENTS]
        {
            executing_within!(tx, on => sqlx::query(statement).bind(&server).execute(on))?;
        }
        executing_within!(tx, on => sqlx::query(FAIL_WAITING)
            .bind(&server)
            .bind(&unsent)
            .bind(micros(now))
            .execute(on))?;
        executing_within!(tx, on => sqlx::query(DELETE).bind(&server).execute(on))?;
        tx.commit().await
    }
}

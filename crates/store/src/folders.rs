//! Folders: how far each has been read.

use outlink_model::MailServerId;
use outlink_model::mail_server::Cursor;

use crate::cell::{number, plain};
use crate::db::{executing_within, reading};
use crate::{Error, Intake, Store};

const CURSOR: &str = "
    SELECT uid_validity, last_uid, first_uid FROM folders WHERE mail_server_id = $1 AND name = $2";

/// Under one UIDVALIDITY the first writer says where the folder began, and nobody goes back.
const SET_CURSOR: &str = "
    INSERT INTO folders (mail_server_id, name, uid_validity, last_uid, first_uid) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (mail_server_id, name)
    DO UPDATE SET uid_validity = excluded.uid_validity,
        last_uid = CASE
            WHEN folders.uid_validity = excluded.uid_validity AND folders.last_uid > excluded.last_uid
            THEN folders.last_uid ELSE excluded.last_uid END,
        first_uid = CASE
            WHEN folders.uid_validity = excluded.uid_validity
            THEN folders.first_uid ELSE excluded.first_uid END";

impl Store {
    /// How far a folder has been read; `None` before the first time.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn cursor(
        &self,
        server: MailServerId,
        folder: &str,
    ) -> Result<Option<Cursor>, Error> {
        let row: Option<(i64, i64, i64)> = reading!(self.db, on => sqlx::query_as(CURSOR)
            .bind(server.to_string())
            .bind(plain(folder))
            .fetch_optional(on))?;
        let Some((uid_validity, last_uid, first_uid)) = row else { return Ok(None) };
        Ok(Some(Cursor {
            uid_validity: number("folders.uid_validity", uid_validity)?,
            last_uid: number("folders.last_uid", last_uid)?,
            first_uid: number("folders.first_uid", first_uid)?,
        }))
    }
}

impl Intake {
    /// Writes how far a folder has been read, in the transaction that carries what was read. Keeps **A message counts
    /// once**: a cursor that was committed apart could pass over a message whose row was not. Under one UIDVALIDITY it
    /// never goes back, whoever comes late, and where the folder began stays as it was first written.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such server.
    pub async fn set_cursor(
        &mut self,
        server: MailServerId,
        folder: &str,
        cursor: &Cursor,
    ) -> Result<(), Error> {
        executing_within!(*self.on().await?, on => sqlx::query(SET_CURSOR)
            .bind(server.to_string())
            .bind(plain(folder))
            .bind(i64::from(cursor.uid_validity))
            .bind(i64::from(cursor.last_uid))
            .bind(i64::from(cursor.first_uid))
            .execute(on))?;
        Ok(())
    }
}

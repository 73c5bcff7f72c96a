//! Facts about the store itself: which key its secrets are sealed with.

use crate::db::{executing, reading};
use crate::{Error, Store};

const SET_KEY: &str = "
    INSERT INTO meta (name, value) VALUES ('key_id', $1) ON CONFLICT (name) DO NOTHING";

const KEY: &str = "SELECT value FROM meta WHERE name = 'key_id'";

impl Store {
    /// Compares the vault's key with the one that the store was first opened with, and remembers it if this is the
    /// first time. Keeps **Secrets stay in**: two nodes that start together with two keys cannot both win, since the
    /// row is written once and then read.
    pub(crate) async fn check_key(&self) -> Result<(), Error> {
        let ours = self.vault.key_id();
        let known: Option<String> =
            reading!(self.db, on => sqlx::query_scalar(KEY).fetch_optional(on))?;
        let theirs = match known {
            Some(key) => key,
            None => {
                executing!(self.db, on => sqlx::query(SET_KEY).bind(&ours).execute(on))?;
                reading!(self.db, on => sqlx::query_scalar(KEY).fetch_one(on))?
            }
        };
        if theirs == ours {
            return Ok(());
        }
        Err(Error::Key(format!(
            "The secrets in the database are sealed with the key {theirs}, but the key file holds the key {ours}. \
             Put the right key file back, or set `key_file` to where it lies."
        )))
    }
}

//! Facts about the store itself: which key its secrets are sealed with, and what the mail that it sends is signed with.

use outlink_model::Secret;

use crate::cell::damaged;
use crate::db::{executing, reading};
use crate::vault::{hex, unhex};
use crate::{Error, Store};

const SET_KEY: &str = "
    INSERT INTO meta (name, value) VALUES ('key_id', $1) ON CONFLICT (name) DO NOTHING";

const KEY: &str = "SELECT value FROM meta WHERE name = 'key_id'";

const SET_MAIL_KEY: &str = "
    INSERT INTO meta (name, value) VALUES ('mail_key', $1) ON CONFLICT (name) DO NOTHING";

const MAIL_KEY: &str = "SELECT value FROM meta WHERE name = 'mail_key'";

/// The cell that the key of our Message-IDs is sealed for.
const COLUMN: &str = "meta.value";

impl Store {
    /// The key that our own Message-IDs are signed with: `fresh` if there was none so far. It stays the same from then
    /// on, on all nodes, since the row is written once and then read.
    ///
    /// # Errors
    /// [`Error::Broken`] if it does not open.
    pub async fn mail_key(&self, fresh: &Secret) -> Result<Secret, Error> {
        let known: Option<String> =
            reading!(self.db, on => sqlx::query_scalar(MAIL_KEY).fetch_optional(on))?;
        let sealed = match known {
            Some(sealed) => sealed,
            None => {
                let sealed = hex(&self.vault.seal(COLUMN, "mail_key", fresh)?);
                executing!(self.db, on => sqlx::query(SET_MAIL_KEY).bind(&sealed).execute(on))?;
                reading!(self.db, on => sqlx::query_scalar(MAIL_KEY).fetch_one(on))?
            }
        };
        let record = unhex(&sealed).ok_or_else(|| damaged(COLUMN, "the mail key is not hex"))?;
        self.vault.open(COLUMN, "mail_key", record.to_vec())
    }

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

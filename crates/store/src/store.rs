//! The store itself: opening, readiness, closing.

use std::path::Path;

use sqlx::ConnectOptions;
use sqlx::Connection;
use sqlx::sqlite::SqliteConnectOptions;

use crate::db::{self, Db};
use crate::{Error, Vault};

/// Everything that lasts, on SQLite or PostgreSQL.
///
/// A call that writes is one transaction; what must be written together is one call, or one [`Intake`](crate::Intake).
/// A future that is dropped half-way may or may not have written.
pub struct Store {
    pub(crate) db: Db,
    pub(crate) vault: Vault,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = if self.is_sqlite() { "SQLite" } else { "PostgreSQL" };
        write!(f, "Store({what}, {:?})", self.vault)
    }
}

impl Store {
    /// Opens the SQLite file, makes it where there is none, and brings its tables up to date.
    ///
    /// # Errors
    /// [`Error::Key`] if its secrets were sealed with another key; [`Error::Away`] and [`Error::Broken`].
    pub async fn open_sqlite(path: &Path, vault: Vault) -> Result<Self, Error> {
        Self::open(Db::sqlite(path).await?, vault).await
    }

    /// Opens the PostgreSQL database of this `postgres://` URL and brings its tables up to date.
    ///
    /// # Errors
    /// As [`Store::open_sqlite`].
    pub async fn open_postgres(url: &str, vault: Vault) -> Result<Self, Error> {
        Self::open(Db::postgres(url).await?, vault).await
    }

    async fn open(db: Db, vault: Vault) -> Result<Self, Error> {
        let store = Self { db, vault };
        match store.check_key().await {
            Ok(()) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    /// Whether this file is a store that was opened with a key before, so that a missing key must not be made anew.
    /// Writes nothing and makes no file.
    ///
    /// # Errors
    /// [`Error::Away`] and [`Error::Broken`] if there is a file that cannot be read.
    pub async fn has_data_sqlite(path: &Path) -> Result<bool, Error> {
        if !path.exists() {
            return Ok(false);
        }
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(false);
        let mut connection = options.disable_statement_logging().connect().await?;
        let tables: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta'",
        )
        .fetch_one(&mut connection)
        .await?;
        let keys: i64 = match tables {
            0 => 0,
            _ => sqlx::query_scalar(KEYS).fetch_one(&mut connection).await?,
        };
        connection.close().await?;
        Ok(keys > 0)
    }

    /// [`Store::has_data_sqlite`] for PostgreSQL.
    ///
    /// # Errors
    /// [`Error::Away`] and [`Error::Broken`] if the database cannot be asked.
    pub async fn has_data_postgres(url: &str) -> Result<bool, Error> {
        let mut connection = db::postgres_options(url)?.connect().await?;
        let exists: bool = sqlx::query_scalar("SELECT to_regclass('meta') IS NOT NULL")
            .fetch_one(&mut connection)
            .await?;
        let keys: i64 = match exists {
            false => 0,
            true => sqlx::query_scalar(KEYS).fetch_one(&mut connection).await?,
        };
        connection.close().await?;
        Ok(keys > 0)
    }

    /// Asks the database for a sign of life, on the connection that writes.
    ///
    /// # Errors
    /// [`Error::Away`] if there is none.
    pub async fn ping(&self) -> Result<(), Error> {
        match &self.db {
            Db::Sqlite { write, .. } => sqlx::query("SELECT 1").execute(write).await.map(drop)?,
            Db::Postgres(pool) => sqlx::query("SELECT 1").execute(pool).await.map(drop)?,
        }
        Ok(())
    }

    /// Waits for what is under way and closes every connection.
    pub async fn close(&self) {
        match &self.db {
            Db::Sqlite { read, write, .. } => {
                read.close().await;
                write.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }

    /// Grows with every write but that of hand-outs, before its caller is answered: what was read after this was asked,
    /// and is about anything else, is exact for as long as it stays the same. `None` on PostgreSQL, where other nodes
    /// write, and while a write may be under way.
    ///
    /// Another process that opens the same SQLite file beside this one may add rows, and nothing else.
    pub fn epoch(&self) -> Option<u64> {
        match &self.db {
            Db::Sqlite { changes, .. } => changes.epoch(),
            Db::Postgres(_) => None,
        }
    }

    /// Whether the rows lie in a SQLite file, which one process has to itself.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.db, Db::Sqlite { .. })
    }
}

const KEYS: &str = "SELECT COUNT(*) FROM meta WHERE name = 'key_id'";

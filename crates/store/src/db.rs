//! The two databases behind one enum, and the macros that let one SQL text run on either.
//!
//! SQLite has two pools: many readers, and one writer. With one writer a read-modify-write never meets
//! `database is locked`; the wait happens in the pool, in the order of asking.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Executor, Postgres, Sqlite, Transaction};

use crate::Error;
use crate::changes::Changes;

static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

/// How long a caller waits for SQLite's writer, or for the lock that another process holds, before the store counts as
/// away. A large intake takes a second or two.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a caller waits for a connection to PostgreSQL before the store counts as away.
const PATIENCE_POSTGRES: Duration = Duration::from_secs(5);

/// PostgreSQL keeps the plan of a prepared statement. One that was made while a table was new reads the whole table, and
/// goes on doing so while a first large intake fills it, which made such an intake three times as long. Our statements
/// are short and quickly planned anew.
const PLANS: &str = "SET plan_cache_mode = force_custom_plan";

/// What the connection that writes keeps of the file, as SQLite wants it written: 32 MiB, instead of 2. A store that is
/// full is written to in many places, and each that is not kept is read anew.
const WRITE_CACHE: &str = "-32768";

/// Pages of the write-ahead log from which on it is written back into the file: 16 MiB, instead of 4. A page of an index
/// that many commits change is then written back once for all of them.
const WRITE_BACK: &str = "4000";

/// More than the statements that this crate has, so that each is prepared once per connection.
const STATEMENTS: usize = 256;

/// Where the rows lie.
pub(crate) enum Db {
    /// One file.
    Sqlite {
        /// Many readers; none of them can write.
        read: SqlitePool,
        /// One writer.
        write: SqlitePool,
        /// Counts what it writes.
        changes: Arc<Changes>,
    },
    /// A server, perhaps shared with other nodes.
    Postgres(PgPool),
}

/// A write transaction on either. Dropped without a commit, it is rolled back.
pub(crate) enum Tx {
    /// Begun with BEGIN IMMEDIATE; the commit is counted.
    Sqlite(Transaction<'static, Sqlite>, Arc<Changes>),
    /// READ COMMITTED.
    Postgres(Transaction<'static, Postgres>),
}

/// Runs one query that only reads: `reading!(self.db, on => sqlx::query_as(TEXT).fetch_all(on))`.
macro_rules! reading {
    ($db:expr, $on:ident => $query:expr) => {
        match &$db {
            $crate::db::Db::Sqlite { read: $on, .. } => $query.await,
            $crate::db::Db::Postgres($on) => $query.await,
        }
    };
}

/// Runs one query that writes and returns rows, in a transaction of its own.
macro_rules! writing {
    ($db:expr, $on:ident => $query:expr) => {
        match &$db {
            $crate::db::Db::Sqlite { write, changes, .. } => match write.acquire().await {
                Ok(mut held) => {
                    let change = changes.begin();
                    let $on = &mut *held;
                    $query.await.inspect(|_| change.end())
                }
                Err(error) => Err(error),
            },
            $crate::db::Db::Postgres($on) => $query.await,
        }
    };
}

/// Runs one statement that writes, in a transaction of its own, and tells how many rows it changed.
macro_rules! executing {
    ($db:expr, $on:ident => $query:expr) => {
        $crate::db::writing!($db, $on => async { $query.await.map(|done| done.rows_affected()) })
    };
}

/// Runs one query within a [`Tx`].
macro_rules! within {
    ($tx:expr, $on:ident => $query:expr) => {
        match &mut $tx {
            $crate::db::Tx::Sqlite(tx, _) => {
                let $on = &mut **tx;
                $query.await
            }
            $crate::db::Tx::Postgres(tx) => {
                let $on = &mut **tx;
                $query.await
            }
        }
    };
}

/// Runs one statement within a [`Tx`], and tells how many rows it changed.
macro_rules! executing_within {
    ($tx:expr, $on:ident => $query:expr) => {
        match &mut $tx {
            $crate::db::Tx::Sqlite(tx, _) => {
                let $on = &mut **tx;
                $query.await.map(|done| done.rows_affected())
            }
            $crate::db::Tx::Postgres(tx) => {
                let $on = &mut **tx;
                $query.await.map(|done| done.rows_affected())
            }
        }
    };
}

/// Runs one statement, adds the event in the same transaction if a row was changed, and tells how many were.
macro_rules! executing_with_event {
    ($store:expr, $event:expr, $on:ident => $query:expr) => {
        match $event {
            // One way to the database and back is enough.
            None => $crate::db::executing!($store.db, $on => $query)?,
            Some(event) => {
                let mut tx = $store.db.begin().await?;
                let done = $crate::db::executing_within!(tx, $on => $query)?;
                if done > 0 {
                    $store.insert_event(&mut tx, event).await?;
                    tx.commit().await?;
                }
                done
            }
        }
    };
}

pub(crate) use {executing, executing_with_event, executing_within, reading, within, writing};

/// A statement that should have changed a row: none means that there is no such row.
pub(crate) fn found(rows: u64) -> Result<(), Error> {
    if rows == 0 { Err(Error::Missing) } else { Ok(()) }
}

/// A compare-and-swap: no row changed means that somebody else came first.
pub(crate) fn won(rows: u64) -> Result<(), Error> {
    if rows == 0 { Err(Error::Stale) } else { Ok(()) }
}

impl Db {
    /// Opens the file, makes it where there is none, and brings its tables up to date.
    pub(crate) async fn sqlite(path: &Path) -> Result<Self, Error> {
        make_private(path).map_err(|error| {
            Error::Away(format!("{} cannot be opened: {error}", path.display()))
        })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // A refresh token that was rotated and then lost with the power is a lost grant, so every commit is synced.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .connect_with(
                options
                    .clone()
                    .pragma("cache_size", WRITE_CACHE)
                    .pragma("wal_autocheckpoint", WRITE_BACK),
            )
            .await?;
        SQLITE.run(&write).await.map_err(migration)?;
        let read = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(PATIENCE)
            .connect_with(options.pragma("query_only", "1"))
            .await?;
        Ok(Self::Sqlite { read, write, changes: Arc::default() })
    }

    /// Opens the database of this URL and brings its tables up to date.
    pub(crate) async fn postgres(url: &str) -> Result<Self, Error> {
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(PATIENCE_POSTGRES)
            .after_connect(|on, _| Box::pin(async { on.execute(PLANS).await.map(drop) }))
            .connect_with(postgres_options(url)?)
            .await?;
        POSTGRES.run(&pool).await.map_err(migration)?;
        Ok(Self::Postgres(pool))
    }

    /// Begins a write transaction.
    pub(crate) async fn begin(&self) -> Result<Tx, Error> {
        Ok(match self {
            // A deferred transaction that reads first and writes later fails as soon as another process has written
            // in between, whatever the busy timeout says.
            Self::Sqlite { write, changes, .. } => {
                Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?, changes.clone())
            }
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }
}

impl Tx {
    /// Makes it lasting.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(tx, changes) => {
                let change = changes.begin();
                tx.commit().await?;
                change.end();
            }
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// Reads a `postgres://` URL. The refusal does not repeat it, since it may hold a password.
pub(crate) fn postgres_options(url: &str) -> Result<PgConnectOptions, Error> {
    let options = PgConnectOptions::from_str(url).map_err(|_| {
        Error::Broken(
            "the database URL cannot be read; it must look like postgres://user@host/name".into(),
        )
    })?;
    Ok(options.statement_cache_capacity(STATEMENTS).disable_statement_logging())
}

/// Makes an empty file that only we can read, where there is none: raw mail is not sealed. SQLite gives its
/// companion files the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    options.open(path).map(drop)
}

/// A migration that fails: the database may be away, or newer than this program.
fn migration(error: sqlx::migrate::MigrateError) -> Error {
    use sqlx::migrate::MigrateError;
    match error {
        MigrateError::Execute(error) => Error::from(error),
        MigrateError::VersionMissing(version) => Error::Broken(format!(
            "the database has migration {version}, which this program does not know: \
             it was written by a newer version, so start that one"
        )),
        other => Error::Broken(format!("the tables cannot be brought up to date: {other}")),
    }
}

//! A fresh store for each test, and the macro that makes two tests of one text.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use outlink_store::{Error, Store, Vault};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// The key that every bench opens its store with.
pub(crate) const KEY: [u8; 32] = [7; 32];

/// Makes each `async fn name(bench: Bench)` beside it into the tests `sqlite::name` and `postgres::name`.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::bench::Bench::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(bench) = crate::bench::Bench::postgres().await {
                    super::$name(bench).await;
                }
            })+
        }
    };
}

pub(crate) use on_both;

/// Runs all of these at the same time and returns what each said, in any order.
pub(crate) async fn together<T: Send + 'static>(
    all: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    all.into_iter().collect::<JoinSet<T>>().join_all().await
}

/// A store of a test's own.
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) place: Place,
}

/// Where it lies.
pub(crate) enum Place {
    Sqlite(TempDir),
    Postgres { url: String },
}

fn vault(key: &[u8; 32]) -> Vault {
    Vault::new(key).expect("a key of 32 bytes makes a vault")
}

impl Place {
    /// The file; only on SQLite.
    pub(crate) fn file(&self) -> PathBuf {
        match self {
            Self::Sqlite(folder) => folder.path().join("outlink.db"),
            Self::Postgres { .. } => panic!("there is no file"),
        }
    }

    /// Opens the same rows, perhaps with another key.
    pub(crate) async fn open(&self, key: &[u8; 32]) -> Result<Store, Error> {
        match self {
            Self::Sqlite(_) => Store::open_sqlite(&self.file(), vault(key)).await,
            Self::Postgres { url } => Store::open_postgres(url, vault(key)).await,
        }
    }

    pub(crate) async fn has_data(&self) -> bool {
        match self {
            Self::Sqlite(_) => Store::has_data_sqlite(&self.file()).await,
            Self::Postgres { url } => Store::has_data_postgres(url).await,
        }
        .expect("the store can be asked")
    }

    /// Does by hand what the store never would. Returns how many rows were changed.
    pub(crate) async fn tamper(&self, statement: &'static str) -> u64 {
        match self {
            Self::Sqlite(_) => {
                let url = format!("sqlite://{}", self.file().display());
                let mut on = SqliteConnection::connect(&url).await.unwrap();
                let done = sqlx::query(statement).execute(&mut on).await.unwrap();
                done.rows_affected()
            }
            Self::Postgres { url } => {
                let mut on = PgConnection::connect(url).await.unwrap();
                let done = sqlx::query(statement).execute(&mut on).await.unwrap();
                done.rows_affected()
            }
        }
    }

    /// Counts by hand: `table WHERE ..`.
    pub(crate) async fn count(&self, rows: &str) -> i64 {
        let query = AssertSqlSafe(format!("SELECT COUNT(*) FROM {rows}"));
        match self {
            Self::Sqlite(_) => {
                let url = format!("sqlite://{}", self.file().display());
                let mut on = SqliteConnection::connect(&url).await.unwrap();
                sqlx::query_scalar(query).fetch_one(&mut on).await.unwrap()
            }
            Self::Postgres { url } => {
                let mut on = PgConnection::connect(url).await.unwrap();
                sqlx::query_scalar(query).fetch_one(&mut on).await.unwrap()
            }
        }
    }

    /// Everything that a thief of the database would hold, as bytes.
    pub(crate) async fn everything(&self) -> Vec<u8> {
        match self {
            Self::Sqlite(folder) => {
                let files = std::fs::read_dir(folder.path()).unwrap();
                files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
            }
            Self::Postgres { url } => {
                let mut on = PgConnection::connect(url).await.unwrap();
                let tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()";
                let tables: Vec<String> =
                    sqlx::query_scalar(tables).fetch_all(&mut on).await.unwrap();
                let mut all = Vec::new();
                for table in tables {
                    let rows = AssertSqlSafe(format!("SELECT * FROM {table}"));
                    for row in sqlx::query(rows).fetch_all(&mut on).await.unwrap() {
                        for cell in 0..row.len() {
                            let raw = row.try_get_raw(cell).unwrap();
                            all.extend_from_slice(raw.as_bytes().unwrap_or_default());
                        }
                    }
                }
                all
            }
        }
    }
}

impl Bench {
    /// A fresh file.
    pub(crate) async fn sqlite() -> Self {
        let place = Place::Sqlite(tempfile::tempdir().unwrap());
        Self { store: place.open(&KEY).await.unwrap(), place }
    }

    /// A fresh schema, or nothing where no server is named.
    pub(crate) async fn postgres() -> Option<Self> {
        let place = Place::Postgres { url: fresh_schema().await? };
        Some(Self { store: place.open(&KEY).await.unwrap(), place })
    }
}

/// Makes a schema that nobody has used, and the URL that leads into it.
#[expect(
    clippy::disallowed_methods,
    reason = "the server is named from outside, and the time makes a name that nobody used"
)]
pub(crate) async fn fresh_schema() -> Option<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let Ok(url) = std::env::var("TEST_DATABASE_URL") else {
        println!("not run: TEST_DATABASE_URL does not name a PostgreSQL server");
        return None;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let schema = format!("t{now}_{}_{count}", std::process::id());
    let mut on = PgConnection::connect(&url).await.expect("TEST_DATABASE_URL leads to a server");
    sqlx::query(AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).execute(&mut on).await.unwrap();
    let joint = if url.contains('?') { '&' } else { '?' };
    Some(format!("{url}{joint}options[search_path]={schema}"))
}

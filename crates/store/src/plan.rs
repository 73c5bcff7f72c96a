//! For tests: how SQLite goes about a query.

use crate::db::Db;
use crate::{Store, Vault};

/// The plan of a query, one step in a line. PostgreSQL plans by what it knows of the rows, and has no such thing.
pub(crate) async fn plan(query: &str) -> String {
    let dir = tempfile::tempdir().expect("a directory for a test");
    let vault = Vault::new(&[7; 32]).expect("a key of 32 bytes makes a vault");
    let store = Store::open_sqlite(&dir.path().join("outlink.db"), vault).await.expect("a store");
    let Db::Sqlite { read, .. } = &store.db else { panic!("it is SQLite") };
    let query = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"));
    let steps: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(query).fetch_all(read).await.expect("a plan");
    steps.into_iter().map(|(.., step)| step).collect::<Vec<_>>().join("\n")
}

//! Both databases have the same tables.

use std::fs;
use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use crate::bench::{Bench, Place};

/// The text of one folder's migrations, in their order, each behind its name.
fn migrations(folder: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let name = |file: &Path| file.file_name().unwrap().to_string_lossy().into_owned();
    files
        .iter()
        .map(|file| format!("== {}\n{}\n", name(file), fs::read_to_string(file).unwrap()))
        .collect()
}

#[test]
fn the_migrations_differ_in_their_column_types_alone() {
    let sqlite = migrations("sqlite");
    let postgres = migrations("postgres");
    assert!(sqlite.contains("CREATE TABLE grants"), "something is compared");
    // Text sorts by its bytes on both, and bytes have two names.
    let translated = postgres.replace("TEXT COLLATE \"C\"", "TEXT").replace("BYTEA", "BLOB");
    for (left, right) in sqlite.lines().zip(translated.lines()) {
        assert_eq!(left, right);
    }
    assert_eq!(sqlite.lines().count(), translated.lines().count());
    for line in postgres.lines().filter(|line| !line.trim_start().starts_with("--")) {
        assert!(!line.replace("TEXT COLLATE \"C\"", "").contains("TEXT"), "{line}");
    }
}

/// Table, column, kind of type, whether it must be filled.
type Columns = Vec<(String, String, String, i64)>;

async fn sqlite_columns(place: &Place) -> Columns {
    let url = format!("sqlite://{}", place.file().display());
    let mut on = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query_as(
        "SELECT t.name, c.name, replace(c.type, 'BLOB', 'BYTEA'), c.\"notnull\"
        FROM sqlite_master t JOIN pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '\\_%' ESCAPE '\\'
        ORDER BY t.name, c.cid",
    )
    .fetch_all(&mut on)
    .await
    .unwrap()
}

async fn postgres_columns(url: &str) -> Columns {
    let mut on = PgConnection::connect(url).await.unwrap();
    sqlx::query_as(AssertSqlSafe(
        "SELECT table_name::TEXT, column_name::TEXT, upper(data_type::TEXT),
            CAST(CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END AS BIGINT)
        FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_%'
        ORDER BY table_name COLLATE \"C\", ordinal_position",
    ))
    .fetch_all(&mut on)
    .await
    .unwrap()
}

#[tokio::test]
async fn both_databases_have_the_same_columns() {
    let sqlite = sqlite_columns(&Bench::sqlite().await.place).await;
    assert!(sqlite.len() > 100, "{}", sqlite.len());
    let kinds = ["TEXT", "BIGINT", "BYTEA"];
    assert!(sqlite.iter().all(|column| kinds.contains(&column.2.as_str())), "{sqlite:?}");
    let Some(bench) = Bench::postgres().await else { return };
    let Place::Postgres { url } = &bench.place else { panic!("it is PostgreSQL") };
    assert_eq!(postgres_columns(url).await, sqlite);
}

#[tokio::test]
async fn opening_twice_changes_nothing() {
    let bench = Bench::sqlite().await;
    let before = sqlite_columns(&bench.place).await;
    let again = bench.place.open(&crate::bench::KEY).await.unwrap();
    assert!(again.is_sqlite());
    assert_eq!(sqlite_columns(&bench.place).await, before);
}

#[tokio::test]
async fn what_a_link_a_grant_or_a_mail_server_takes_along_is_found_by_an_index() {
    let bench = Bench::sqlite().await;
    let url = format!("sqlite://{}", bench.place.file().display());
    let mut on = SqliteConnection::connect(&url).await.unwrap();
    let named: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT t.name, k.\"from\", EXISTS (
            SELECT 1 FROM pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
            WHERE c.seqno = 0 AND c.name = k.\"from\")
        FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) k
        WHERE t.type = 'table' AND k.\"table\" IN ('links', 'grants', 'mail_servers')",
    )
    .fetch_all(&mut on)
    .await
    .unwrap();
    assert!(named.len() >= 15, "{named:?}");
    let slow: Vec<_> = named.iter().filter(|(.., indexed)| *indexed == 0).collect();
    assert!(slow.is_empty(), "{slow:?}");
}

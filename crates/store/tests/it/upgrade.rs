//! A database that an older version wrote.

use outlink_model::Secret;
use outlink_model::link::{ClientSecret, Link, LinkDirection, LinkHealth, ScopeSeparator};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection};

use crate::bench::{KEY, Place, fresh_schema};
use crate::samples::{at, client_secret, held, id, link_id};

/// What the first version sealed for the columns `links.client_secret`, `grants.access_token` and `grants.refresh_token`
/// of the rows with the id 1: `client-secret-1`, `access-1-first` and `refresh-1-first`.
const CLIENT_SECRET: &str = "01C0E053AAC011CAB75562D63A8DCD2D66DB66A7957ABC68529DE0052ABC165C9F473509C914EA07640D\
    8D286E50F72D0C63FF18";
const ACCESS: &str = "01C0E053AAC011CAB789D3DC29768390CCB7C03823580D10788AF1A72AA532A5F408DDE271CE3FC5CD29D018D1\
    805E7B4F23E7";
const REFRESH: &str = "01C0E053AAC011CAB7855294EDCB26C667DFC7EEDD3D0951CA3A1BC9D9D3A46C7CF5359145E345E0B88A36051B\
    C603975DE42C2E";

const LINK: &str = "
    INSERT INTO links (id, name, description, provider, grant_type, client_id, client_secret, client_auth,
        authorization_endpoint, token_endpoint, issuer, userinfo_endpoint, scope, authorization_params,
        token_hosts, trouble, failures, probe_at, created_at, updated_at)
    VALUES ('00000000-0000-0000-0000-00000000000{n}', 'link {n}', '', 'custom', 'authorization_code', 'client',
        {secret}, '{auth}', 'https://id.example.org/authorize', 'https://id.example.org/token', {issuer}, NULL,
        'mail', '[]', '[]', NULL, 0, NULL, 1800000000000000, 1800000001000000)";

const GRANT: &str = "
    INSERT INTO grants (id, link_id, issuer, subject, email, email_folded, scopes, generation, state,
        trouble, failures, since, access_token, refresh_token, expires_at, issued_at, next_refresh_at,
        intent_at, intent_retried, created_at)
    VALUES ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000001', NULL, NULL, NULL, NULL,
        '[]', 4, 'active', NULL, 0, 0, {access}, {refresh}, 0, 0, NULL, NULL, 0, 0)";

/// Makes the tables as they were after these migrations.
pub(crate) async fn made_by(place: &Place, migrations: &[&str]) {
    let kind = if matches!(place, Place::Sqlite(_)) { "sqlite" } else { "postgres" };
    let all = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(kind);
    let first = tempfile::tempdir().unwrap();
    for name in migrations {
        std::fs::copy(all.join(name), first.path().join(name)).unwrap();
    }
    let migrator = Migrator::new(first.path()).await.unwrap();
    match place {
        Place::Sqlite(_) => {
            let options = SqliteConnectOptions::new().filename(place.file());
            let mut on = options.create_if_missing(true).connect().await.unwrap();
            migrator.run(&mut on).await.unwrap();
            on.close().await.unwrap();
        }
        Place::Postgres { url } => {
            let mut on = PgConnection::connect(url).await.unwrap();
            migrator.run(&mut on).await.unwrap();
        }
    }
}

/// Runs a statement by hand.
pub(crate) async fn write(place: &Place, statement: String) {
    match place {
        Place::Sqlite(_) => {
            let url = format!("sqlite://{}", place.file().display());
            let mut on = SqliteConnection::connect(&url).await.unwrap();
            sqlx::query(AssertSqlSafe(statement)).execute(&mut on).await.unwrap();
            on.close().await.unwrap();
        }
        Place::Postgres { url } => {
            let mut on = PgConnection::connect(url).await.unwrap();
            sqlx::query(AssertSqlSafe(statement)).execute(&mut on).await.unwrap();
        }
    }
}

async fn what_the_first_version_sealed_still_opens(place: Place) {
    made_by(&place, &["0001_init.sql"]).await;
    let bytes = |hex: &str| match place {
        Place::Sqlite(_) => format!("X'{hex}'"),
        Place::Postgres { .. } => format!("decode('{hex}', 'hex')"),
    };
    let link = |n: &str, secret: &str, auth: &str| {
        let issuer = if n == "1" { "'https://id.example.org'" } else { "NULL" };
        let text = LINK.replace("{n}", n).replace("{secret}", secret).replace("{auth}", auth);
        text.replace("{issuer}", issuer)
    };
    write(&place, link("1", &bytes(CLIENT_SECRET), "client_secret_post")).await;
    write(&place, link("2", "NULL", "none")).await;
    write(&place, GRANT.replace("{access}", &bytes(ACCESS)).replace("{refresh}", &bytes(REFRESH)))
        .await;

    let store = place.open(&KEY).await.unwrap();
    let read = store.link(link_id(1)).await.unwrap().unwrap();
    let [secret] = &read.client_secrets[..] else { panic!("it has one secret") };
    assert_eq!(secret.value.expose(), "client-secret-1");
    assert_eq!((secret.id.0, secret.created_at, secret.expires_at), (read.id.0, at(0), None));
    assert_eq!((read.direction, read.enabled, read.pkce), (LinkDirection::Outgoing, true, true));
    assert_eq!((read.scope_separator, read.signing_alg), (ScopeSeparator::Space, None));
    assert_eq!((&read.token_params[..], &read.health), (&[][..], &LinkHealth::Healthy));
    assert!(read.requires_iss, "as that version had it");
    let public = store.link(link_id(2)).await.unwrap().unwrap();
    assert!(public.client_secrets.is_empty() && !public.requires_iss);

    let first = (4, "access-1-first".to_owned(), Some("refresh-1-first".to_owned()));
    assert_eq!(held(&store, id(1)).await, first);
    let grant = store.grant(id(1)).await.unwrap().unwrap();
    assert!(grant.renewable && !grant.has_previous);
    assert_eq!((grant.bound_to, grant.refresh_expires_at), (None, None));

    // The old secret stays as it is beside a new one, and its row is never given another.
    let both = vec![secret.clone(), client_secret(2)];
    let edited = Link { client_secrets: both, ..read.clone() };
    store.update_link(&edited, read.updated_at).await.unwrap();
    assert!(store.prefer_client_secret(read.id, id(1002), secret.id, at(5)).await.unwrap());
    let now = store.link(link_id(1)).await.unwrap().unwrap();
    let values: Vec<_> = now.client_secrets.iter().map(|secret| secret.value.expose()).collect();
    assert_eq!(values, ["client-secret-2", "client-secret-1"]);
    let changed = ClientSecret { value: Secret::new("changed"), ..secret.clone() };
    let edited = Link { client_secrets: vec![changed], ..read.clone() };
    assert!(store.update_link(&edited, now.updated_at).await.is_err());
}

#[tokio::test]
async fn what_the_first_version_sealed_still_opens_on_sqlite() {
    what_the_first_version_sealed_still_opens(Place::Sqlite(tempfile::tempdir().unwrap())).await;
}

#[tokio::test]
async fn what_the_first_version_sealed_still_opens_on_postgres() {
    if let Some(url) = fresh_schema().await {
        what_the_first_version_sealed_still_opens(Place::Postgres { url }).await;
    }
}

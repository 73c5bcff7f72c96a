//! **Secrets stay in**, as far as the store keeps it.

use outlink_model::Secret;
use outlink_model::link::Link;
use outlink_store::{BeginConsent, Consent, ConsentState, DeviceConsent, Error, Store, Vault};

use crate::bench::{Bench, KEY, Place, fresh_schema, on_both};
use crate::samples::{
    answer, at, bound, client_secret, grant, granted, held, id, link, mail_server, replace, tokens,
};

on_both!(
    no_secret_lies_in_the_database_in_clear,
    sealed_bytes_do_not_open_in_another_row,
    sealed_bytes_do_not_open_in_another_column,
    a_client_secret_opens_in_its_own_row_alone,
    a_wrong_key_is_refused,
);

/// Writes every kind of secret there is, and returns them.
async fn write_secrets(store: &Store) -> Vec<&'static str> {
    let grant_id = granted(store).await;
    store.create_mail_server(&mail_server(1)).await.unwrap();
    let late = answer("late-access", Some("late-refresh"));
    store.keep_overtaken(grant_id, 0, &late).await.unwrap();
    let second = answer("second-access", Some("second-refresh"));
    store.commit_refresh(grant_id, 1, &second, None, at(1), None).await.unwrap();
    let consent = Consent {
        id: id(1),
        link_id: id(1),
        grant_id: None,
        mail_server: None,
        login_hint: None,
        state: ConsentState::Offered,
        verifier: None,
        nonce: None,
        redirect_url: None,
        device: None,
        created_at: at(0),
        expires_at: at(600),
    };
    store.create_consent(&consent, &[1; 32]).await.unwrap();
    let begin = BeginConsent {
        state_hash: &[2; 32],
        browser_hash: &[3; 32],
        verifier: &Secret::new("the-verifier"),
        nonce: Some("n"),
        redirect_url: "https://here.example.org",
    };
    store.begin_consent(id(1), &begin, at(0)).await.unwrap();
    let device = DeviceConsent {
        code: Secret::new("the-device-code"),
        user_code: "WDJB-MJHT".into(),
        verification_uri: "https://id.example.org/device".into(),
        verification_uri_complete: None,
        poll_seconds: 5,
        next_poll_at: Some(at(5)),
        bound_to: bound(),
    };
    let by_device = Consent { id: id(2), device: Some(device), ..consent };
    store.create_device_consent(&by_device).await.unwrap();
    let third = answer("third-access", Some("third-refresh"));
    replace(store, 3, 2, &grant(1).identity, true, &third).await.unwrap();
    store.mail_key(&Secret::new("the-mail-key")).await.unwrap();
    vec![
        "the-mail-key",
        "client-secret-1",
        "access-1-first",
        "refresh-1-first",
        "second-access",
        "second-refresh",
        "late-access",
        "late-refresh",
        "mailbox-password-1",
        "the-verifier",
        "the-device-code",
        "third-access",
        "third-refresh",
    ]
}

async fn no_secret_lies_in_the_database_in_clear(Bench { store, place }: Bench) {
    let secrets = write_secrets(&store).await;
    let dump = place.everything().await;
    let holds = |text: &str| dump.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("imap.example.org"), "the dump shows what is not secret");
    for secret in secrets {
        assert!(!holds(secret), "{secret} lies there in clear");
    }
}

async fn sealed_bytes_do_not_open_in_another_row(Bench { store, place }: Bench) {
    granted(&store).await;
    store.create_grant(&grant(2), &tokens(2)).await.unwrap();
    let moved = place
        .tamper(
            "UPDATE grants SET refresh_token =
                (SELECT refresh_token FROM grants WHERE id = '00000000-0000-0000-0000-000000000001')
            WHERE id = '00000000-0000-0000-0000-000000000002'",
        )
        .await;
    assert_eq!(moved, 1);
    let error = store.tokens(id(2)).await.unwrap_err();
    assert!(matches!(error, Error::Broken(_)), "{error}");
    assert!(error.to_string().contains("grants.refresh_token"), "{error}");
    assert_eq!(held(&store, id(1)).await.0, 1, "the row it was made for still opens");
}

async fn sealed_bytes_do_not_open_in_another_column(Bench { store, place }: Bench) {
    granted(&store).await;
    place.tamper("UPDATE grants SET access_token = refresh_token").await;
    assert!(matches!(store.tokens(id(1)).await, Err(Error::Broken(_))));
}

async fn a_client_secret_opens_in_its_own_row_alone(Bench { store, place }: Bench) {
    let both = vec![client_secret(1), client_secret(2)];
    store.create_link(&Link { client_secrets: both, ..link(1) }).await.unwrap();
    place
        .tamper(
            "UPDATE client_secrets SET value = (SELECT value FROM client_secrets WHERE place = 0)
            WHERE place = 1",
        )
        .await;
    let error = store.link(id(1)).await.unwrap_err();
    assert!(matches!(error, Error::Broken(_)), "{error}");
    assert!(error.to_string().contains("links.client_secret of"), "{error}");
}

async fn a_wrong_key_is_refused(Bench { store, place }: Bench) {
    let error = place.open(&[8; 32]).await.unwrap_err();
    let Error::Key(text) = &error else { panic!("{error}") };
    for said in [Vault::new(&KEY).unwrap().key_id(), Vault::new(&[8; 32]).unwrap().key_id()] {
        assert!(text.contains(&said), "{text}");
    }
    assert!(text.contains("Put the right key file back"), "{text}");
    store.close().await;
    let again = place.open(&KEY).await.unwrap();
    again.ping().await.unwrap();
    assert!(format!("{again:?}").starts_with("Store("));
}

async fn a_key_is_known_to_be_needed(place: Place) {
    assert!(!place.has_data().await);
    assert!(!place.has_data().await, "asking makes nothing");
    let store = place.open(&KEY).await.unwrap();
    assert!(place.has_data().await);
    store.close().await;
}

#[tokio::test]
async fn a_key_is_known_to_be_needed_on_sqlite() {
    let place = Place::Sqlite(tempfile::tempdir().unwrap());
    let file = place.file();
    assert!(!Store::has_data_sqlite(&file).await.unwrap());
    assert!(!file.exists());
    a_key_is_known_to_be_needed(place).await;
}

#[tokio::test]
async fn a_key_is_known_to_be_needed_on_postgres() {
    if let Some(url) = fresh_schema().await {
        a_key_is_known_to_be_needed(Place::Postgres { url }).await;
    }
}

#[tokio::test]
async fn the_file_is_private_and_what_is_no_database_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::sqlite().await;
    bench.store.create_project(&crate::samples::project(1, "SUP")).await.unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(bench.place.file().parent().unwrap()).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        files += 1;
    }
    assert!(files >= 2, "the database and its log");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("not-a-database");
    std::fs::write(&file, "hello, this is a text and not a database at all\n".repeat(99)).unwrap();
    assert!(matches!(Store::has_data_sqlite(&file).await, Err(Error::Broken(_))));
    let vault = Vault::new(&KEY).unwrap();
    assert!(matches!(Store::open_sqlite(&file, vault).await, Err(Error::Broken(_))));
    let vault = Vault::new(&KEY).unwrap();
    let nowhere = folder.path().join("missing").join("file");
    assert!(matches!(Store::open_sqlite(&nowhere, vault).await, Err(Error::Away(_))));
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_away_and_its_password_is_not_told() {
    let url = "postgres://user:hunter2@127.0.0.1:1/none";
    let error = Store::has_data_postgres(url).await.unwrap_err();
    assert!(error.is_passing(), "{error:?}");
    assert!(!format!("{error:?}").contains("hunter2"));
    let vault = Vault::new(&KEY).unwrap();
    let error = Store::open_postgres("hunter2 is no URL", vault).await.unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"));
}

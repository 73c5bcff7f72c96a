//! temporary
use outlink_engine::*;
use outlink_model::Secret;
use std::net::SocketAddr;
#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    let vault = outlink_store::Vault::new(&[7; 32]).unwrap();
    let store = outlink_store::Store::open_sqlite(&dir.path().join("db"), vault).await.unwrap();
    let practice =
        outlink_practice::start(outlink_practice::Options::new(dir.path())).await.unwrap();
    let settings = Settings {
        base_url: "http://localhost:8099".into(),
        egress: egress::Policy::parse(&["127.0.0.0/8".into(), "localhost".into()], None).unwrap(),
        extra_ca: Some(practice.ca_pem_path.clone()),
        node: "x".into(),
        clock: Clock::System,
        limits: Limits::default(),
        failpoint: None,
    };
    let engine = Engine::new(store, settings).unwrap();
    if std::env::args().nth(1).as_deref() != Some("empty") {
        engine
            .create_user("admin", Some(Secret::new("correct horse battery")), &Caller::System)
            .await
            .unwrap();
    }
    let made = engine
        .create_token("t", vec![outlink_model::user::TokenScope::Admin], &Caller::System)
        .await
        .unwrap();
    println!("TOKEN={}", made.text.expose());
    println!(
        "CLIENT_ID={}\nCLIENT_SECRET='{}'\nAUTH={}\nTOKEN_EP={}\nUSERINFO={}\nISSUER={}\nIMAP={}\nUSER={}\nPASS='{}'",
        practice.client_id,
        practice.client_secret.expose(),
        practice.authorization_endpoint,
        practice.token_endpoint,
        practice.userinfo_endpoint,
        practice.issuer,
        practice.imap.port(),
        practice.users[0].address,
        practice.users[0].password.expose()
    );
    let url = engine
        .redirect_url(None, Some(&practice.authorization_endpoint), Some(&practice.token_endpoint))
        .unwrap();
    practice.register_redirect(&url);
    for n in 0..3 {
        practice.deliver(&practice.users[0].address, format!("From: Bob Builder <bob@example.net>\r\nTo: a@example.org\r\nSubject: The printer on floor {n} is on fire & nobody <b>cares</b>\r\nMessage-ID: <m{n}@x>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello,\r\n\r\nit is burning.\r\nhttps://example.org/a/very/long/address/that/goes/on/and/on/and/on/and/on/and/on/and/on/and/on\r\n\r\nBob\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"report {n}.pdf\"\r\n\r\nPDF\r\n--b--\r\n").into_bytes());
    }
    practice.deliver(&practice.users[0].address, b"From: robot@example.net\r\nSubject: Out of office\r\nAuto-Submitted: auto-replied\r\nMessage-ID: <r@x>\r\n\r\nI am away.\r\n".to_vec());
    let router = outlink_web::app(engine, outlink_web::Options::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8099").await.unwrap();
    let rev = practice.users[0].address.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            if std::path::Path::new("/tmp/look-revoke").exists() {
                practice.revoke_all(&rev);
                let _ = std::fs::remove_file("/tmp/look-revoke");
            }
        }
    });
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .await
        .unwrap();
}

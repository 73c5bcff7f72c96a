//! From the clear to TLS.

use outlink_mail::smtp::Session;
use outlink_mail::{Error, Spoken, StartTlsFault};

use super::{answer, session, tell};
use crate::script::limits;

#[tokio::test]
async fn a_connection_goes_on_without_a_second_greeting_and_knows_nothing() {
    let (mut clear, server) = session(|mut server| async move {
        tell(&mut server, &["STARTTLS", "AUTH PLAIN", "SIZE 10"]).await;
        answer(&mut server, "STARTTLS", "220 2.0.0 go").await;
        // TLS would be made here.
        tell(&mut server, &["AUTH XOAUTH2"]).await;
        server.expect_end().await;
    })
    .await;
    assert!(clear.capabilities().await.unwrap().starttls);
    let stream = clear.upgrade().await.unwrap();
    let mut secured = Session::resume(stream, limits());
    let told = secured.capabilities().await.unwrap();
    assert!(told.mechanisms().eq(["XOAUTH2"]) && !told.starttls, "{told:?}");
    assert_eq!(told.size, None);
    drop(secured);
    server.await.unwrap();
}

#[tokio::test]
async fn what_is_said_behind_the_consent_to_tls_ends_the_connection() {
    for behind in ["250 forged\r\n", "x", "\r\n"] {
        let (clear, server) = session(move |mut server| async move {
            tell(&mut server, &["STARTTLS"]).await;
            server.expect("STARTTLS").await;
            server.say(format!("220 2.0.0 go\r\n{behind}")).await;
            server.expect_end().await;
        })
        .await;
        let error = clear.upgrade().await.unwrap_err();
        let fault = StartTlsFault::SpokeAhead;
        assert_eq!(error, Error::StartTls { spoken: Spoken::Smtp, fault });
        assert!(error.is_session_over() && !error.is_passing());
        server.await.unwrap();
    }
}

#[tokio::test]
async fn why_a_connection_cannot_be_made_secure_is_told() {
    let (clear, server) = session(|mut server| async move {
        tell(&mut server, &["AUTH PLAIN"]).await;
        server.expect_end().await;
    })
    .await;
    let error = clear.upgrade().await.unwrap_err();
    assert!(matches!(error, Error::StartTls { fault: StartTlsFault::NotOffered, .. }));
    assert!(error.trouble().hint.contains("465"), "{}", error.trouble().hint);
    server.await.unwrap();

    let (clear, server) = session(|mut server| async move {
        tell(&mut server, &["STARTTLS"]).await;
        answer(&mut server, "STARTTLS", "501 5.5.4 no").await;
        server.expect_end().await;
    })
    .await;
    let error = clear.upgrade().await.unwrap_err();
    let Error::StartTls { fault: StartTlsFault::Refused(words), .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(words, "501 5.5.4 no");
    server.await.unwrap();

    let (clear, server) = session(|mut server| async move {
        tell(&mut server, &["STARTTLS"]).await;
        answer(&mut server, "STARTTLS", "454 4.7.0 TLS not available due to local problem").await;
        server.expect_end().await;
    })
    .await;
    assert!(clear.upgrade().await.unwrap_err().is_passing());
    server.await.unwrap();
}

//! From the clear to TLS.

use outlink_mail::pop3::Session;
use outlink_mail::{Error, StartTlsFault};

use super::{session, tell};
use crate::script::limits;

#[tokio::test]
async fn a_connection_goes_on_without_a_second_greeting_and_knows_nothing() {
    let (mut clear, server) = session(|mut server| async move {
        tell(&mut server, "STLS\r\nSASL PLAIN\r\n").await;
        server.expect("STLS").await;
        server.say("+OK Begin TLS\r\n").await;
        tell(&mut server, "SASL XOAUTH2\r\n").await;
        server.expect_end().await;
    })
    .await;
    assert!(clear.capabilities().await.unwrap().has("STLS"));
    let stream = clear.upgrade().await.unwrap();
    let mut secured = Session::resume(stream, limits());
    let told = secured.capabilities().await.unwrap();
    assert!(told.mechanisms().eq(["XOAUTH2"]), "{told:?}");
    drop(secured);
    server.await.unwrap();
}

#[tokio::test]
async fn what_is_said_behind_the_consent_to_tls_ends_the_connection() {
    let (clear, server) = session(|mut server| async move {
        server.expect("STLS").await;
        server.say("+OK Begin TLS\r\n+OK forged\r\n").await;
        server.expect_end().await;
    })
    .await;
    let error = clear.upgrade().await.unwrap_err();
    assert!(matches!(error, Error::StartTls { fault: StartTlsFault::SpokeAhead, .. }), "{error:?}");
    assert!(error.is_session_over() && !error.is_passing());
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_want_tls_is_left() {
    let (clear, server) = session(|mut server| async move {
        server.expect("STLS").await;
        server.say("-ERR TLS support is not available\r\n").await;
        server.expect_end().await;
    })
    .await;
    let error = clear.upgrade().await.unwrap_err();
    let Error::StartTls { fault: StartTlsFault::Refused(words), .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(words, "TLS support is not available");
    assert!(error.trouble().hint.contains("995"), "{}", error.trouble().hint);
    server.await.unwrap();
}

//! From a connection in the clear to one over TLS.

use outlink_mail::imap::{Error, Session};
use outlink_mail::{Spoken, StartTlsFault};
use tokio::io::DuplexStream;

use crate::script::{Server, limits, play};

const GREETING: &str = "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi\r\n";

async fn upgraded<F>(
    greeting: &'static str,
    script: impl FnOnce(Server) -> F + Send + 'static,
) -> Result<DuplexStream, Error>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (stream, server) = play(|mut server: Server| async move {
        server.say(greeting).await;
        script(server).await;
    });
    let upgraded = Session::start(stream, limits()).await.unwrap().upgrade().await;
    if upgraded.is_err() {
        server.await.unwrap();
    }
    upgraded
}

#[tokio::test]
async fn a_session_goes_on_over_tls_and_has_forgotten_what_was_said_before() {
    let stream = upgraded(GREETING, |mut server| async move {
        server.expect("a1 STARTTLS").await;
        server.say("* OK by the way\r\na1 OK begin TLS now\r\n").await;
        // TLS would be made here.
        server.expect("a1 CAPABILITY").await;
        server.say("* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\na1 OK done\r\n").await;
    })
    .await
    .unwrap();
    let mut session = Session::resume(stream, limits());
    let told = session.capabilities().await.unwrap();
    assert!(told.has("AUTH=XOAUTH2") && !told.has("STARTTLS") && !told.has("LOGINDISABLED"));
    drop(session);
}

#[tokio::test]
async fn nothing_said_in_the_clear_counts_as_said_over_tls() {
    for behind in ["* CAPABILITY AUTH=PLAIN\r\n", "x", "\r\n"] {
        let error = upgraded(GREETING, move |mut server| async move {
            server.expect("a1 STARTTLS").await;
            server.say(format!("a1 OK begin TLS now\r\n{behind}")).await;
            server.expect_end().await;
        })
        .await
        .unwrap_err();
        let fault = StartTlsFault::SpokeAhead;
        assert_eq!(error, Error::StartTls { spoken: Spoken::Imap, fault });
        assert!(error.is_session_over() && !error.is_passing());
    }
}

#[tokio::test]
async fn why_a_connection_cannot_be_made_secure_is_told() {
    let fault = |error| match error {
        Error::StartTls { fault, .. } => fault,
        other => panic!("{other:?}"),
    };
    let not_offered = upgraded("* OK [CAPABILITY IMAP4rev1] hi\r\n", |mut server| async move {
        server.expect_end().await;
    });
    assert_eq!(fault(not_offered.await.unwrap_err()), StartTlsFault::NotOffered);

    // Whoever is signed in already cannot ask, whatever the server offers.
    let greeting = "* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n";
    let signed_in = upgraded(greeting, |mut server| async move { server.expect_end().await });
    let error = signed_in.await.unwrap_err();
    assert!(error.trouble().reason.contains("signed in before the connection is secure"));
    assert!(error.trouble().hint.contains("993"));
    assert_eq!(fault(error), StartTlsFault::SignedInBefore);

    for answer in ["a1 BAD no\r\n", "a1 NO TLS is not available\r\n"] {
        let refused = upgraded(GREETING, move |mut server| async move {
            server.expect("a1 STARTTLS").await;
            server.say(answer).await;
            server.expect_end().await;
        });
        assert!(matches!(fault(refused.await.unwrap_err()), StartTlsFault::Refused(_)), "{answer}");
    }
    let later = upgraded(GREETING, |mut server| async move {
        server.hear().await;
        server.say("a1 NO [UNAVAILABLE] later\r\n").await;
    });
    assert!(later.await.unwrap_err().is_passing());
}

#[tokio::test]
async fn a_session_over_tls_has_forgotten_that_somebody_was_signed_in_before() {
    let (stream, server) = play(|mut server: Server| async move {
        server.expect("a1 CAPABILITY").await;
        server.say("* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n").await;
        server.expect("a2 STARTTLS").await;
        server.say("a2 BAD TLS already\r\n").await;
    });
    let error = Session::resume(stream, limits()).upgrade().await.unwrap_err();
    assert!(matches!(error, Error::StartTls { fault: StartTlsFault::Refused(_), .. }), "{error:?}");
    server.await.unwrap();
}

//! The first words on both sides.

use std::time::Duration;

use outlink_mail::smtp::Session;
use outlink_mail::{Error, Limits};

use super::{answer, greeted, session, tell};
use crate::script::{limits, play};

#[tokio::test]
async fn only_an_smtp_server_that_is_willing_is_met() {
    assert_eq!(greeted(b"220 hello\r\n").await, Ok(()));
    assert_eq!(greeted(b"220-hello\r\n220-this is\r\n220 long\r\n").await, Ok(()));
    let busy = greeted(b"421 4.7.0 Try again later, closing connection. x\r\n").await.unwrap_err();
    assert!(matches!(busy, Error::Unavailable { .. }) && busy.is_passing(), "{busy:?}");
    let closed = greeted(b"554 5.7.1 No SMTP service here\r\n").await.unwrap_err();
    assert!(matches!(closed, Error::Bye { .. }), "{closed:?}");
    assert_eq!(closed.server_words().as_deref(), Some("554 5.7.1 No SMTP service here"));
    for odd in [&b"+OK POP3\r\n"[..], b"* OK IMAP4rev1\r\n", b"250 hello\r\n", b"SSH-2.0-x\r\n"] {
        let error = greeted(odd).await.unwrap_err();
        assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
        assert!(error.trouble().hint.contains("587"), "{}", error.trouble().hint);
    }
    assert!(matches!(greeted(b"").await, Err(Error::Closed { .. })));
    let (stream, server) = play(|mut server| async move {
        loop {
            server.say("220-x\r\n").await;
        }
    });
    let error = Session::start(stream, limits()).await.err().unwrap();
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    assert!(server.await.unwrap_err().is_panic(), "the client hung up");
}

#[tokio::test]
async fn a_server_that_says_nothing_or_never_comes_to_an_end_is_left() {
    for (said, each) in [("", 0), ("220-and on\r\n", 3)] {
        let (stream, server) = play(move |mut server| async move {
            for _ in 0..each {
                server.say(said).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            server.expect_end().await;
        });
        let limits = Limits { time: Duration::from_millis(500), ..limits() };
        let error = Session::start(stream, limits).await.err().unwrap();
        assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn what_a_server_can_do_is_asked_for_once() {
    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, &["SIZE 1000", "8bitmime", "AUTH PLAIN XOAUTH2", "PIPELINING"]).await;
        answer(&mut server, "QUIT", "221 bye").await;
        server.expect_end().await;
    })
    .await;
    for _ in 0..2 {
        let told = session.capabilities().await.unwrap();
        assert!(told.mechanisms().eq(["PLAIN", "XOAUTH2"]), "{told:?}");
        assert!(told.eight_bit && told.pipelining && !told.starttls && !told.utf8);
        assert_eq!(told.size, Some(1000));
    }
    session.quit().await;
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_knows_only_helo_is_spoken_to_as_it_likes() {
    let (mut session, server) = session(|mut server| async move {
        answer(&mut server, "EHLO [127.0.0.1]", "502 5.5.2 what?").await;
        answer(&mut server, "HELO [127.0.0.1]", "250 hello").await;
        answer(&mut server, "MAIL FROM:<a@example.org>", "250 ok").await;
        answer(&mut server, "RCPT TO:<b@example.org>", "250 ok").await;
        answer(&mut server, "DATA", "354 go").await;
        for line in ["hi", "."] {
            server.expect(line).await;
        }
        server.say("250 taken\r\n").await;
    })
    .await;
    assert_eq!(session.capabilities().await.unwrap().iter().count(), 0);
    session.send("a@example.org", "b@example.org", b"hi").await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_no_hello_is_told_by_name() {
    for (ehlo, helo, is_passing) in [
        ("550 5.7.1 go away", Some("550 5.7.1 go away"), false),
        ("421 4.3.2 later", None, true),
        ("451 4.3.0 later", None, true),
    ] {
        let (mut session, server) = session(move |mut server| async move {
            answer(&mut server, "EHLO [127.0.0.1]", ehlo).await;
            if let Some(helo) = helo {
                answer(&mut server, "HELO [127.0.0.1]", helo).await;
            }
        })
        .await;
        let error = session.capabilities().await.unwrap_err();
        assert_eq!(error.is_passing(), is_passing, "{error:?}");
        assert_eq!(error.server_words().as_deref(), Some(ehlo));
        server.await.unwrap();
    }
}

//! Servers that stall, drip, flood, break off or talk nonsense.

use std::time::{Duration, Instant};

use outlink_mail::imap::{Body, Error, Limits, Session};
use tokio::io::DuplexStream;

use crate::script::{Server, limits, play, session};

/// How a fetch from a server with little time ends.
async fn hurried<F>(script: impl FnOnce(Server) -> F + Send + 'static) -> Error
where
    F: Future<Output = ()> + Send + 'static,
{
    let (stream, _server) = play(|mut server: Server| async move {
        server.say("* OK hi\r\n").await;
        server.hear().await;
        script(server).await;
    });
    let limits = Limits { time: Duration::from_millis(100), ..limits() };
    let mut session = Session::start(stream, limits).await.unwrap();
    let began = Instant::now();
    let error = session.bodies(&[1], |_, _| {}).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    error
}

async fn pause(server: Server) {
    tokio::time::sleep(Duration::from_secs(60)).await;
    drop(server);
}

#[tokio::test]
async fn a_server_that_stalls_is_left_in_time() {
    let timed_out = |error: Error| {
        assert!(matches!(error, Error::TimedOut { .. }) && error.is_passing(), "{error:?}");
        assert_eq!(
            error.to_string(),
            "The server did not answer within 0.1 s while fetching messages."
        );
    };
    timed_out(hurried(pause).await);
    timed_out(
        hurried(|mut server| async move {
            server.say("* 1 FETCH (UID 1 BODY[] {10}\r\nhalf").await;
            pause(server).await;
        })
        .await,
    );
    // Octet by octet, each of them in time.
    timed_out(
        hurried(|mut server| async move {
            server.say("* 1 FETCH (UID 1 BODY[] {900}\r\n").await;
            for _ in 0..900 {
                server.say("x").await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await,
    );
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_left_in_time() {
    let (here, there) = tokio::io::duplex(16);
    let mut stalled = Server::over(there);
    stalled.say("* OK hi\r\n").await;
    let limits = Limits { time: Duration::from_millis(100), ..limits() };
    let mut session = Session::start(here, limits).await.unwrap();
    let error = session.mark_seen(&[1, 3, 5, 7, 9]).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
}

/// How a fetch ends after these bytes and a closed connection.
async fn after(bytes: &'static [u8]) -> (Vec<(u32, Body)>, Error) {
    let (mut session, server): (Session<DuplexStream>, _) =
        session("* OK hi\r\n", move |mut server| async move {
            server.hear().await;
            server.say(bytes).await;
        })
        .await;
    let mut got = Vec::new();
    let error = session.bodies(&[1, 2], |uid, body| got.push((uid, body))).await.unwrap_err();
    server.await.unwrap();
    (got, error)
}

#[tokio::test]
async fn a_connection_that_breaks_off_gives_no_half_message() {
    for bytes in [
        &b""[..],
        b"* 1 FETCH (UID 1 BODY[] {10}\r\nhalf",
        b"* 1 FETCH (UID 1 BODY[] {4}\r\nhalf",
        b"* 1 FETCH (UID 1 BODY[] {4}\r\nhalf)",
        b"* 1 FETCH (UID 1 BO",
        b"a1 OK almo",
    ] {
        let (got, error) = after(bytes).await;
        assert_eq!(got, []);
        assert!(matches!(error, Error::Closed { .. }) && error.is_passing(), "{error:?}");
    }
}

#[tokio::test]
async fn lines_that_never_end_are_too_large() {
    let (mut flooded, server) = session("* OK hi\r\n", |mut server| async move {
        server.hear().await;
        server.say(vec![b'x'; 4096 + 1]).await;
    })
    .await;
    let error = flooded.bodies(&[1], |_, _| {}).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "The server sent more than is taken while fetching messages: a line of more than 4096 octets."
    );
    server.await.unwrap();
    let (_, endless) = after(b"* 1 FETCH (UID 1 BODY[] {99999999999999}\r\n").await;
    assert!(matches!(endless, Error::TooLarge { .. }), "{endless:?}");
}

#[tokio::test]
async fn nonsense_is_passed_over_but_not_without_end() {
    let (mut session_, server) = session("* OK hi\r\n", |mut server| async move {
        server.hear().await;
        server
            .say(b"\xff\xfe\0\r\n\r\n* \r\n*\r\n)(\r\n* 5\r\n* 99999999999999999999 EXISTS\r\n")
            .await;
        server
            .say(b"* OK [ALERT]\xc3\xa9\r\n* 1 FETCH (INTERNALDATE NIL)\r\na9 OK not ours\r\n")
            .await;
        server
            .say("* ESEARCH (TAG \"a1\") UID ALL 1\r\n* VANISHED (EARLIER) 1:3\r\n+ why not\r\n")
            .await;
        server.say("* 1 FETCH (UID 1 BODY[] {2}\r\nhi)\r\na1 OK done\r\n").await;
    })
    .await;
    let mut got = Vec::new();
    session_.bodies(&[1], |uid, body| got.push((uid, body))).await.unwrap();
    assert_eq!(got, [(1, Body::Raw(b"hi".to_vec()))]);
    server.await.unwrap();

    let (mut flooded, server) = session("* OK hi\r\n", |mut server| async move {
        server.hear().await;
        for _ in 0..=1000 {
            server.say("nonsense\r\n").await;
        }
    })
    .await;
    let error = flooded.bodies(&[1], |_, _| {}).await.unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn more_than_a_thousand_deletions_are_no_nonsense() {
    let (mut session, server) = session("* OK hi\r\n", |mut server| async move {
        server.hear().await;
        for _ in 0..3000 {
            server.say("* 1 EXPUNGE\r\n").await;
        }
        server.say("* 1 FETCH (UID 1 RFC822.SIZE 5)\r\na1 OK done\r\n").await;
    })
    .await;
    assert_eq!(session.metadata(1).await.unwrap().len(), 1);
    server.await.unwrap();
}

#[tokio::test]
async fn no_server_can_make_an_error_tell_more_than_a_screenful() {
    let (mut session, server) = session("* OK hi\r\n", |mut server| async move {
        server.hear().await;
        server.say(format!("a1 NO \x1b[31m{}\r\n", "é".repeat(1500))).await;
    })
    .await;
    let error = session.examine("INBOX").await.unwrap_err();
    let words = error.server_words().unwrap();
    assert!(words.len() < 600 && !words.contains('\x1b'), "{words:?}");
    server.await.unwrap();
}

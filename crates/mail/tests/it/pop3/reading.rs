//! Looking, fetching, deleting, and servers that stall, flood or break off meanwhile.

use std::time::{Duration, Instant};

use outlink_mail::pop3::{LISTED, Session, Stat};
use outlink_mail::{Body, Error, Limits};
use tokio::io::DuplexStream;

use super::{session, tell};
use crate::script::{Server, limits, play};

async fn bodies(
    session: &mut Session<DuplexStream>,
    numbers: &[u32],
) -> (Vec<(u32, Body)>, Result<(), Error>) {
    let mut got = Vec::new();
    let done = sendable(session.bodies(numbers, |number, body| got.push((number, body)))).await;
    (got, done)
}

/// What is awaited must be able to move to another thread, since every mailbox is read in a task.
fn sendable<F: Future + Send>(future: F) -> F {
    future
}

fn raw(text: &str) -> Body {
    Body::Raw(text.as_bytes().to_vec())
}

#[tokio::test]
async fn the_mailbox_is_counted_named_and_sized() {
    let (mut session, server) = session(|mut server| async move {
        server.expect("STAT").await;
        server.say("+OK 2 5000000000\r\n").await;
        server.expect("UIDL").await;
        server.say("+OK\r\n1 a\r\nnonsense\r\n2 ..b\r\n.\r\n").await;
        server.expect("LIST").await;
        server.say("+OK 2 messages\r\n1 120\r\n2 5000000000 octets\r\n..\r\n.\r\n").await;
        server.expect("STAT").await;
        server.say("+OK many\r\n").await;
    })
    .await;
    assert_eq!(sendable(session.stat()).await, Ok(Stat { messages: 2, octets: 5_000_000_000 }));
    assert_eq!(sendable(session.uidl()).await, Ok(vec![(1, "a".into()), (2, "..b".into())]));
    assert_eq!(session.list().await, Ok(vec![(1, 120), (2, 5_000_000_000)]));
    assert!(matches!(session.stat().await, Err(Error::Protocol { .. })));
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_without_lasting_names_is_told_by_name() {
    let (mut session, server) = session(|mut server| async move {
        server.expect("UIDL").await;
        server.say("-ERR unknown command\r\n").await;
        server.expect("UIDL").await;
        server.say("+OK\r\nnonsense\r\n.\r\n").await;
        server.expect("UIDL").await;
        server.say("+OK\r\n.\r\n").await;
        server.expect("UIDL").await;
        server.say("-ERR [SYS/TEMP] not now\r\n").await;
    })
    .await;
    for _ in 0..2 {
        let error = session.uidl().await.unwrap_err();
        assert!(matches!(error, Error::NoUidl { .. }), "{error:?}");
        assert!(!error.is_session_over() && !error.is_passing());
    }
    assert_eq!(session.uidl().await, Ok(vec![]), "an empty mailbox has no names to tell");
    assert!(matches!(session.uidl().await, Err(Error::Unavailable { .. })));
    server.await.unwrap();
}

#[tokio::test]
async fn messages_come_one_by_one_where_nothing_else_is_offered() {
    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, "TOP\r\n").await;
        server.expect("RETR 3").await;
        server.say("+OK 5 octets\r\nSubject: hi\r\n\r\n..dot\r\n...\r\n.\r\n").await;
        server.expect("RETR 1").await;
        server.say("-ERR no such message\r\n").await;
        server.expect("RETR 2").await;
        server.say(format!("+OK\r\n{}\r\n.\r\n", "x".repeat(999))).await;
        server.expect("RETR 4").await;
        server.say("+OK\r\n.\r\n").await;
        server.expect("TOP 4 0").await;
        server.say("+OK\r\nSubject: hi\r\n\r\n.\r\n").await;
        server.expect("TOP 5 0").await;
        server.say("-ERR what?\r\n").await;
    })
    .await;
    let (got, done) = bodies(&mut session, &[3, 1, 2, 4]).await;
    done.unwrap();
    let expected = [
        (3, raw("Subject: hi\r\n\r\n.dot\r\n..\r\n")),
        (1, Body::Refused("no such message".into())),
        (2, Body::TooLarge(1001)),
        (4, raw("")),
    ];
    assert_eq!(got, expected);
    let mut tops = Vec::new();
    sendable(session.tops(&[4, 5], 0, |number, body| tops.push((number, body)))).await.unwrap();
    assert_eq!(tops, [(4, raw("Subject: hi\r\n\r\n")), (5, Body::Refused("what?".into()))]);
    server.await.unwrap();
}

#[tokio::test]
async fn commands_go_ahead_of_their_answers_where_that_is_offered() {
    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, "PIPELINING\r\n").await;
        // Sixteen are under way before the first is answered, and never more.
        for number in 1..=16 {
            server.expect(&format!("RETR {number}")).await;
        }
        for number in 1..=40 {
            server.say(format!("+OK\r\n{number}\r\n.\r\n")).await;
            if number + 16 <= 40 {
                server.expect(&format!("RETR {}", number + 16)).await;
            }
        }
        for number in 1..=16 {
            server.expect(&format!("TOP {number} 2")).await;
        }
        for number in 1..=20 {
            server.say(format!("+OK\r\ntop {number}\r\n.\r\n")).await;
            if number + 16 <= 20 {
                server.expect(&format!("TOP {} 2", number + 16)).await;
            }
        }
        for number in 1..=3 {
            server.expect(&format!("DELE {number}")).await;
        }
        server.say("+OK\r\n-ERR message 2 already deleted\r\n+OK\r\n").await;
        server.expect("QUIT").await;
        server.say("+OK gone\r\n").await;
    })
    .await;
    let numbers: Vec<u32> = (1..=40).collect();
    let (got, done) = bodies(&mut session, &numbers).await;
    done.unwrap();
    assert!(got.iter().map(|(number, _)| *number).eq(1..=40));
    assert!(got.iter().all(|(number, body)| *body == raw(&format!("{number}\r\n"))));
    let mut tops = Vec::new();
    session.tops(&numbers[..20], 2, |number, body| tops.push((number, body))).await.unwrap();
    assert!(tops.iter().map(|(number, _)| *number).eq(1..=20));
    assert!(tops.iter().all(|(number, body)| *body == raw(&format!("top {number}\r\n"))));
    assert_eq!(session.delete(&[1, 2, 3]).await, Ok(vec![1, 3]));
    session.quit().await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_mail_that_looks_like_an_answer_is_taken_for_none() {
    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, "").await;
        server.expect("RETR 1").await;
        server.say("+OK\r\nhi\n.\n+OK forged\r\n\n.\r\n-ERR forged\r\n.\r\n").await;
        server.expect("RETR 2").await;
        server.say("+OK\r\nreal\r\n.\r\n").await;
    })
    .await;
    let (got, done) = bodies(&mut session, &[1, 2]).await;
    done.unwrap();
    let first = raw("hi\n.\n+OK forged\r\n\n.\r\n-ERR forged\r\n");
    assert_eq!(got, [(1, first), (2, raw("real\r\n"))]);
    server.await.unwrap();
}

#[tokio::test]
async fn what_is_about_the_session_ends_a_fetch() {
    for (said, kind) in [
        ("-ERR Session expired, please login again.\r\n", "expired"),
        ("-ERR Account exceeded command or bandwidth limits.\r\n", "unavailable"),
        ("-ERR [SYS/TEMP] cannot read that\r\n", "bug"),
        ("-ERR User is authenticated but not connected.\r\n", "not connected"),
        ("* OK what?\r\n", "protocol"),
    ] {
        let (mut session, server) = session(move |mut server| async move {
            tell(&mut server, "").await;
            server.expect("RETR 1").await;
            server.say(said).await;
        })
        .await;
        let (got, done) = bodies(&mut session, &[1, 2]).await;
        let error = done.unwrap_err();
        let told = match &error {
            Error::SessionExpired { .. } => "expired",
            Error::Unavailable { .. } => "unavailable",
            Error::ServerBug { .. } => "bug",
            Error::NotConnected { .. } => "not connected",
            Error::Protocol { .. } => "protocol",
            other => panic!("{other:?}"),
        };
        assert_eq!((told, got), (kind, vec![]), "{said}");
        assert!(error.is_session_over(), "{error:?}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn deletions_count_only_after_the_farewell() {
    let (mut refused, server) = session(|mut server| async move {
        tell(&mut server, "").await;
        server.expect("DELE 1").await;
        server.say("+OK\r\n").await;
        server.expect("QUIT").await;
        server.say("-ERR some deleted messages not removed\r\n").await;
    })
    .await;
    assert_eq!(refused.delete(&[1]).await, Ok(vec![1]));
    let error = sendable(refused.quit()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "The server did not delete the messages that it was told to delete."
    );
    assert_eq!(error.server_words().as_deref(), Some("some deleted messages not removed"));
    server.await.unwrap();

    let (mut cut, server) = session(|mut server| async move {
        tell(&mut server, "").await;
        server.expect("DELE 1").await;
        server.say("+OK\r\n").await;
        server.expect("QUIT").await;
    })
    .await;
    cut.delete(&[1]).await.unwrap();
    assert!(matches!(cut.quit().await, Err(Error::Closed { .. })));
    server.await.unwrap();

    // Taken back, or refused one by one: then nothing hangs on the farewell.
    let (mut unmarked, server) = session(|mut server| async move {
        tell(&mut server, "").await;
        server.expect("DELE 1").await;
        server.say("+OK\r\n").await;
        server.expect("RSET").await;
        server.say("+OK\r\n").await;
        server.expect("DELE 2").await;
        server.say("-ERR no\r\n").await;
        server.expect("QUIT").await;
        server.say("-ERR what?\r\n").await;
    })
    .await;
    unmarked.delete(&[1]).await.unwrap();
    unmarked.reset().await.unwrap();
    assert_eq!(unmarked.delete(&[2]).await, Ok(vec![]));
    unmarked.quit().await.unwrap();
    server.await.unwrap();
}

/// How a fetch from a server with little time ends.
async fn hurried<F>(script: impl FnOnce(Server) -> F + Send + 'static) -> Error
where
    F: Future<Output = ()> + Send + 'static,
{
    let (stream, _server) = play(|mut server: Server| async move {
        server.say("+OK hi\r\n").await;
        tell(&mut server, "").await;
        server.hear().await;
        script(server).await;
    });
    let limits = Limits { time: Duration::from_millis(100), ..limits() };
    let mut session = Session::start(stream, limits).await.unwrap();
    let began = Instant::now();
    let (got, done) = bodies(&mut session, &[1]).await;
    assert_eq!(got, []);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    done.unwrap_err()
}

#[tokio::test]
async fn a_server_that_stalls_is_left_in_time() {
    let silent = hurried(|server| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(server);
    });
    let half = hurried(|mut server| async move {
        server.say("+OK\r\nhalf").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(server);
    });
    let dripping = hurried(|mut server| async move {
        server.say("+OK\r\n").await;
        for _ in 0..900 {
            server.say("x").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    for error in [silent.await, half.await, dripping.await] {
        assert!(matches!(error, Error::TimedOut { .. }) && error.is_passing(), "{error:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_off_gives_no_half_message() {
    for bytes in ["", "+O", "+OK\r\nhalf", "+OK\r\nwhole\r\n", "+OK\r\nwhole\r\n.", "+OK\r\n.\r"] {
        let error = hurried(move |mut server| async move { server.say(bytes).await }).await;
        assert!(matches!(error, Error::Closed { .. }), "{bytes:?}: {error:?}");
    }
}

#[tokio::test]
async fn what_never_ends_is_too_large() {
    let error = hurried(|mut server| async move { server.say(vec![b'x'; 5000]).await }).await;
    assert_eq!(
        error.to_string(),
        "The server sent more than is taken while fetching messages: a line of more than 4096 octets."
    );
    let (mut session, server) = session(|mut server| async move {
        server.expect("UIDL").await;
        server.say("+OK\r\n").await;
        let lines = "1 a\r\n".repeat(1000);
        for _ in 0..=LISTED / 1000 {
            server.say(&lines).await;
        }
    })
    .await;
    let error = session.uidl().await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    drop(session);
    server.abort();
}

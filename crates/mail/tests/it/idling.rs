//! Waiting for new mail: news, quiet, and servers that do not keep what they promise.

use std::future::{pending, ready};
use std::time::{Duration, Instant};

use outlink_mail::imap::{Error, Idle, Session};
use outlink_model::grant::Actor;
use tokio::io::DuplexStream;

use crate::script::{Server, session};

pub(crate) const GREETING: &str = "* OK [CAPABILITY IMAP4rev1 IDLE] hi\r\n";
pub(crate) const LONG: Duration = Duration::from_secs(5);
pub(crate) const SHORT: Duration = Duration::from_millis(80);

/// A session with three messages in its folder, listed; the script goes on at `a3`.
pub(crate) async fn listed<F>(
    script: impl FnOnce(Server) -> F + Send + 'static,
) -> (Session<DuplexStream>, tokio::task::JoinHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (mut session, server) = session(GREETING, |mut server| async move {
        server.expect(r#"a1 SELECT "INBOX""#).await;
        server.say("* 3 EXISTS\r\n* 1 RECENT\r\n* OK [UIDVALIDITY 1] x\r\na1 OK done\r\n").await;
        server.expect("a2 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)").await;
        server.say("* 3 FETCH (UID 3)\r\na2 OK done\r\n").await;
        script(server).await;
    })
    .await;
    session.select("INBOX").await.unwrap();
    session.metadata(1).await.unwrap();
    (session, server)
}

/// How one wait after a listing ends.
pub(crate) async fn waited<F>(
    limit: Duration,
    script: impl FnOnce(Server) -> F + Send + 'static,
) -> Result<Idle, Error>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (mut session, server) = listed(script).await;
    let how = session.idle(limit, pending()).await;
    drop(session);
    server.await.unwrap();
    how
}

#[tokio::test]
async fn new_mail_ends_the_wait() {
    for news in ["* 4 EXISTS\r\n", "* 2 RECENT\r\n", "* 1 EXPUNGE\r\n* 3 EXISTS\r\n"] {
        let how = waited(LONG, move |mut server| async move {
            server.expect("a3 IDLE").await;
            server.say("+ idling\r\n* OK Still here\r\n").await;
            server.say(news).await;
            server.expect("DONE").await;
            server.say("* 4 FETCH (FLAGS (\\Recent))\r\na3 OK IDLE terminated\r\n").await;
            server.expect_end().await;
        })
        .await;
        assert_eq!(how, Ok(Idle::News), "{news}");
    }
}

#[tokio::test]
async fn what_is_no_new_mail_does_not_end_the_wait() {
    let began = Instant::now();
    let how = waited(SHORT, |mut server| async move {
        server.expect("a3 IDLE").await;
        server.say("+\r\n* OK Still here\r\n* 3 EXISTS\r\n* 1 RECENT\r\n* 2 EXPUNGE\r\n").await;
        server.say("* 2 EXISTS\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* NO [ALERT] careful\r\n").await;
        server.say("+ still idling\r\nnonsense\r\n* 0 RECENT\r\n").await;
        server.expect("DONE").await;
        server.say("a3 OK done\r\n").await;
    })
    .await;
    assert_eq!(how, Ok(Idle::Quiet));
    assert!(began.elapsed() >= SHORT);
}

#[tokio::test]
async fn a_wait_is_ended_from_outside_and_the_session_goes_on() {
    let (mut session, server) = listed(|mut server| async move {
        for tag in ["a3", "a4"] {
            server.expect(&format!("{tag} IDLE")).await;
            server.say("+ idling\r\n* OK half a li").await;
            server.expect("DONE").await;
            server.say("ne\r\n").await;
            server.say(format!("{tag} OK done\r\n")).await;
        }
        server.expect("a5 UID STORE 1 +FLAGS.SILENT (\\Seen)").await;
        server.say("a5 OK done\r\n").await;
        server.expect("a6 LOGOUT").await;
        server.say("* BYE see you\r\na6 OK done\r\n").await;
    })
    .await;
    assert_eq!(session.idle(LONG, ready(())).await, Ok(Idle::Quiet));
    assert_eq!(session.idle(LONG, tokio::time::sleep(SHORT)).await, Ok(Idle::Quiet));
    session.mark_seen(&[1]).await.unwrap();
    session.logout().await;
    server.await.unwrap();
}

#[tokio::test]
async fn news_that_came_between_commands_are_not_lost() {
    let (mut session, server) = listed(|mut server| async move {
        server.expect("a3 UID STORE 1 +FLAGS.SILENT (\\Seen)").await;
        server.say("* 4 EXISTS\r\na3 OK done\r\n").await;
        // No IDLE before the next listing.
        server.expect("a4 UID FETCH 4:* (UID FLAGS INTERNALDATE RFC822.SIZE)").await;
        server.say("* 4 FETCH (UID 4)\r\na4 OK done\r\n").await;
        server.expect("a5 UID FETCH 5:* (UID FLAGS INTERNALDATE RFC822.SIZE)").await;
        // Too late for this listing.
        server.say("* 4 FETCH (UID 4)\r\n* 5 EXISTS\r\na5 OK done\r\n").await;
        server.expect("a6 UID FETCH 5:* (UID FLAGS INTERNALDATE RFC822.SIZE)").await;
        server.say("* 5 FETCH (UID 5)\r\na6 OK done\r\n").await;
        server.expect("a7 IDLE").await;
        // In one packet with the permission to wait.
        server.say("+ idling\r\n* 6 EXISTS\r\n").await;
        server.expect("DONE").await;
        server.say("a7 OK done\r\n").await;
        server.expect_end().await;
    })
    .await;
    session.mark_seen(&[1]).await.unwrap();
    assert_eq!(session.idle(LONG, pending()).await, Ok(Idle::News));
    assert_eq!(session.idle(LONG, pending()).await, Ok(Idle::News), "until somebody looks");
    assert_eq!(session.metadata(4).await.unwrap().len(), 1);
    assert_eq!(session.metadata(5).await.unwrap().len(), 0);
    assert_eq!(session.idle(LONG, pending()).await, Ok(Idle::News));
    assert_eq!(session.metadata(5).await.unwrap().len(), 1);
    assert_eq!(session.idle(LONG, pending()).await, Ok(Idle::News));
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_idle_is_asked_from_time_to_time_instead() {
    for answer in [
        "a3 BAD Unknown command\r\n",
        "a3 NO IDLE is disabled\r\n",
        "a3 OK IDLE completed\r\n",
        "+ idling\r\na3 OK IDLE completed\r\n",
        "+ idling\r\na3 BAD not really\r\n",
    ] {
        let (mut session, server) = listed(move |mut server| async move {
            server.expect("a3 IDLE").await;
            server.say(answer).await;
            server.expect("a4 UID STORE 1 +FLAGS.SILENT (\\Seen)").await;
            server.say("a4 OK done\r\n").await;
        })
        .await;
        let error = session.idle(LONG, pending()).await.unwrap_err();
        assert!(matches!(error, Error::NoIdle { .. }), "{answer}: {error:?}");
        assert!(error.is_passing() && !error.is_session_over());
        assert_eq!(error.trouble().actor, Actor::Nobody);
        session.mark_seen(&[1]).await.unwrap();
        server.await.unwrap();
    }
    let (mut session, server) =
        session("* OK [CAPABILITY IMAP4rev1] hi\r\n", |mut server| async move {
            server.expect_end().await;
        })
        .await;
    let error = session.idle(LONG, pending()).await.unwrap_err();
    assert_eq!(error, Error::NoIdle { text: String::new() });
    assert_eq!(error.server_words(), None);
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn what_ends_a_session_ends_a_wait() {
    for (answer, sort) in [
        ("* BYE Server shutting down.\r\n", "bye"),
        ("+ idling\r\n* BYE Session invalidated - AccessTokenExpired\r\n", "bye"),
        ("+ idling\r\n* OK Still here\r\n", "closed"),
        ("a3 BAD Request is throttled. Suggested Backoff Time: 2000 milliseconds\r\n", "later"),
        ("a3 NO [UNAVAILABLE] not now\r\n", "later"),
    ] {
        let how = waited(LONG, move |mut server| async move {
            server.expect("a3 IDLE").await;
            server.say(answer).await;
        });
        let error = how.await.unwrap_err();
        let told = match &error {
            Error::Bye { .. } => "bye",
            Error::Closed { .. } => "closed",
            Error::Unavailable { .. } => "later",
            other => panic!("{answer}: {other:?}"),
        };
        assert_eq!(told, sort, "{answer}");
        assert!(error.is_session_over() && error.is_passing());
        if sort == "bye" {
            assert!(answer.contains(&error.server_words().unwrap()));
        }
    }
}

#[tokio::test]
async fn a_wait_can_be_had_in_a_task_of_its_own() {
    let (mut session, server) = listed(|mut server| async move {
        server.expect("a3 IDLE").await;
        server.say("+ idling\r\n* 4 EXISTS\r\n").await;
        server.expect("DONE").await;
        server.say("a3 OK done\r\n").await;
    })
    .await;
    let task = tokio::spawn(async move { session.idle(LONG, pending()).await });
    assert_eq!(task.await.unwrap(), Ok(Idle::News));
    server.await.unwrap();
}

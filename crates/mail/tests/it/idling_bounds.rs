//! Waiting for new mail at servers that stall or talk without end, and what a wait costs.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use outlink_mail::imap::{Error, Idle, Limits, Session};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use crate::idling::{GREETING, LONG, SHORT, listed, waited};
use crate::script::{Server, limits, play};

/// How a wait ends at a server that has a tenth of a second for everything.
async fn hurried<F>(script: impl FnOnce(Server) -> F + Send + 'static) -> Error
where
    F: Future<Output = ()> + Send + 'static,
{
    let (stream, server) = play(|mut server: Server| async move {
        server.say(GREETING).await;
        server.expect("a1 IDLE").await;
        script(server).await;
    });
    let limits = Limits { time: Duration::from_millis(100), ..limits() };
    let mut session = Session::start(stream, limits).await.unwrap();
    let began = Instant::now();
    let error = session.idle(SHORT, pending()).await.unwrap_err();
    assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
    server.abort();
    error
}

#[tokio::test]
async fn a_server_that_stalls_or_talks_on_is_left_in_time() {
    let timed_out = |error: Error| {
        assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
        assert!(error.to_string().ends_with("while waiting for new mail."), "{error}");
    };
    // It never lets us begin.
    timed_out(hurried(|server| async move { drop((server, pending::<()>().await)) }).await);
    // It never answers to DONE, or says everything else but the answer.
    timed_out(
        hurried(|mut server| async move {
            server.say("+ idling\r\n").await;
            server.expect("DONE").await;
            pending::<()>().await;
        })
        .await,
    );
    timed_out(
        hurried(|mut server| async move {
            server.say("+ idling\r\n").await;
            loop {
                server.say("* OK Still here\r\n").await;
            }
        })
        .await,
    );
}

#[tokio::test]
async fn a_flood_while_waiting_is_bounded() {
    let too_much = |error: Error| assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    for endless in ["* 1 FETCH (FLAGS (\\Seen))\r\n", "* OK Still here\r\n", "x"] {
        let (mut session, server) = listed(move |mut server| async move {
            server.expect("a3 IDLE").await;
            server.say("+ idling\r\n").await;
            let piece = endless.repeat(200);
            loop {
                server.say(&piece).await;
            }
        })
        .await;
        too_much(session.idle(Duration::from_secs(60), pending()).await.unwrap_err());
        server.abort();
    }
    let nonsense = waited(LONG, |mut server| async move {
        server.expect("a3 IDLE").await;
        server.say("+ idling\r\n").await;
        server.say("nonsense\r\n".repeat(1001)).await;
    });
    assert!(matches!(nonsense.await, Err(Error::Protocol { .. })));
}

/// A stream that notes how much is asked for at once.
struct Measured {
    stream: DuplexStream,
    asked: Arc<AtomicUsize>,
}

impl AsyncRead for Measured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        self.asked.store(buf.remaining(), Ordering::SeqCst);
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Measured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn a_session_that_waits_holds_no_large_buffer() {
    let asked = Arc::new(AtomicUsize::new(0));
    let seen = asked.clone();
    let (stream, server) = play(|mut server: Server| async move {
        server.say(GREETING).await;
        server.expect("a1 IDLE").await;
        server.say("+ idling\r\n").await;
        server.say("* OK Still here\r\n").await;
        server.expect("DONE").await;
        assert!(seen.load(Ordering::SeqCst) <= 512);
        server.say("a1 OK done\r\n").await;
        server.expect("a2 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)").await;
        server.say("a2 OK done\r\n").await;
    });
    let stream = Measured { stream, asked: asked.clone() };
    let mut session = Session::start(stream, limits()).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 64 * 1024);
    assert_eq!(session.idle(SHORT, pending()).await, Ok(Idle::Quiet));
    assert_eq!(session.metadata(1).await, Ok(vec![]));
    assert_eq!(asked.load(Ordering::SeqCst), 64 * 1024, "and reads much at once again");
    server.await.unwrap();
}

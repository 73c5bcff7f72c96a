//! The session: a thin loop over a stream. It sends lines, and reads what they are answered by.

use std::time::Duration;

use outlink_model::Secret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::capabilities::Capabilities;
use super::refusal::{self, Asked};
use super::reply::{self, Reply, Text};
use super::wire::Wire;
use crate::error::Error;
use crate::limits::Limits;
use crate::redact;

/// How long a server may take over a farewell on which nothing hangs.
const FAREWELL: Duration = Duration::from_secs(3);
/// Capabilities that are read. Servers tell about ten.
const CAPABILITIES: usize = 1000;

/// A connection to a POP3 server over any stream; TLS is made before it (see [`crate::tls`]), or by
/// [`Session::upgrade`].
///
/// After an error that says so ([`Error::is_session_over`]) the session is over. A call whose future is
/// dropped half-way leaves the session unusable too. Whatever was marked for deletion stays on the server unless
/// [`Session::quit`] succeeds.
pub struct Session<S> {
    pub(super) wire: Wire<S>,
    /// As far as they have been asked for since the last sign-in.
    pub(super) capabilities: Option<Capabilities>,
    /// Whether a message was marked for deletion.
    pub(super) has_marked: bool,
    /// What it was shown to sign in: whatever it says later is kept free of it.
    pub(super) shown: Vec<Secret>,
    /// How long the server asked us to stay away, when it last did.
    stay_away: Option<Duration>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Reads the greeting (RFC 1939 §4). What does not greet as a POP3 server does is refused at once.
    pub async fn start(stream: S, limits: Limits) -> Result<Self, Error> {
        let mut session = Self::resume(stream, limits);
        session.wire.doing = "waiting for its greeting";
        match session.reply().await? {
            Reply::Ok(_) => Ok(session),
            Reply::Err(text) => Err(refusal::refusal(Asked::Greeting, text)),
            Reply::Continue(_) | Reply::Unreadable => {
                Err(session.wire.protocol("It does not greet as a POP3 server does."))
            }
        }
    }

    /// Goes on over a stream that was made secure after [`Session::upgrade`]. There is no second greeting, and nothing
    /// that was told before holds (RFC 2595 §4).
    pub fn resume(stream: S, limits: Limits) -> Self {
        let wire = Wire::new(stream, limits, "signing in");
        Self { wire, capabilities: None, has_marked: false, shown: Vec::new(), stay_away: None }
    }

    /// Asks for TLS on this connection (RFC 2595 §4), before signing in, and hands out the stream to make secure.
    ///
    /// Fails with [`Error::StartTls`] where the server does not want to, and where something came behind its consent that
    /// could be taken for its word later. It is asked for even where CAPA says nothing of it.
    pub async fn upgrade(mut self) -> Result<S, Error> {
        self.wire.doing = "asking for a secure connection";
        self.ask("STLS", Asked::Upgrade).await?;
        self.wire.into_stream()
    }

    /// What the server says that it can do (RFC 2449 §5); nothing where it does not tell. It may be incomplete, or
    /// wrong, so nothing fails on account of it.
    pub async fn capabilities(&mut self) -> Result<&Capabilities, Error> {
        if self.capabilities.is_none() {
            self.wire.doing = "asking what it can do";
            self.send("CAPA").await?;
            let mut told = Capabilities::default();
            if let Reply::Ok(_) = self.answer().await? {
                self.lines(CAPABILITIES, |line| told.add(&String::from_utf8_lossy(line))).await?;
            }
            self.capabilities = Some(told);
        }
        Ok(self.capabilities.get_or_insert_default())
    }

    /// How long the server asked us to stay away, where it did so in anything that it refused.
    pub fn stay_away(&self) -> Option<Duration> {
        self.stay_away
    }

    /// Unmarks all that was marked for deletion (RFC 1939 §5, RSET).
    pub async fn reset(&mut self) -> Result<(), Error> {
        self.wire.doing = "taking deletions back";
        self.ask("RSET", Asked::Command("RSET")).await?;
        self.has_marked = false;
        Ok(())
    }

    /// Says goodbye, upon which the server deletes what was marked (RFC 1939 §6). Deletions count only when this
    /// succeeds: [`Error::NotDeleted`] says that they were refused, and after any other error nobody knows, so that the
    /// names of the messages must be compared next time.
    ///
    /// Where nothing was marked nothing depends on it, so nothing can fail.
    pub async fn quit(mut self) -> Result<(), Error> {
        let quit = if self.has_marked {
            self.wire.doing = "deleting messages and signing out";
            self.ask("QUIT", Asked::Deletions).await.map(|_| ())
        } else {
            self.wire.doing = "signing out";
            let goodbye = self.ask("QUIT", Asked::Command("QUIT"));
            if !matches!(timeout(FAREWELL, goodbye).await, Ok(Ok(_))) {
                tracing::debug!("the server did not say farewell");
            }
            Ok(())
        };
        self.wire.close().await;
        quit
    }

    /// Sends a command that has no secrets in it.
    pub(super) async fn send(&mut self, command: &str) -> Result<(), Error> {
        self.wire.write(format!("{command}\r\n").as_bytes()).await
    }

    /// Sends a command and takes its answer of one line.
    pub(super) async fn ask(&mut self, command: &str, asked: Asked) -> Result<Text, Error> {
        self.send(command).await?;
        match self.answer().await? {
            Reply::Ok(text) => Ok(text),
            Reply::Err(text) => Err(self.refused(asked, text)),
            Reply::Continue(_) | Reply::Unreadable => Err(self.odd()),
        }
    }

    /// The next status line, which must be one that answers a command.
    pub(super) async fn answer(&mut self) -> Result<Reply, Error> {
        match self.reply().await? {
            Reply::Continue(_) | Reply::Unreadable => Err(self.odd()),
            reply => Ok(reply),
        }
    }

    /// The next status line.
    pub(super) async fn reply(&mut self) -> Result<Reply, Error> {
        let mut reply = reply::read(&self.wire.line().await?);
        if let Reply::Ok(text) | Reply::Err(text) = &mut reply {
            redact::words(&mut text.shown, &self.shown);
        }
        Ok(reply)
    }

    /// Hands the lines of an answer that ends with a lone dot to `each`, without stuffed dots. At most so many.
    pub(super) async fn lines(
        &mut self,
        most: usize,
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), Error> {
        for _ in 0..=most {
            let line = self.wire.line().await?;
            match line.strip_prefix(b".") {
                Some(b"") => return Ok(()),
                Some(rest) => each(rest),
                None => each(&line),
            }
        }
        Err(self.wire.too_large(format!("an answer of more than {most} lines")))
    }

    /// What a refusal means. Keeps what it says about staying away, for those who are handed its words alone.
    pub(super) fn refused(&mut self, asked: Asked, text: Text) -> Error {
        let is_delay = text.code == "LOGIN-DELAY";
        let mut error = refusal::refusal(asked, text);
        if let Error::Unavailable { retry_after, .. } = &mut error
            && is_delay
        {
            let told = self.capabilities.as_ref().and_then(Capabilities::login_delay);
            *retry_after = retry_after.or(told);
        }
        self.stay_away = error.retry_after().or(self.stay_away);
        error
    }

    /// An answer that none of the commands has.
    pub(super) fn odd(&self) -> Error {
        self.wire.protocol("It answers neither +OK nor -ERR.")
    }
}

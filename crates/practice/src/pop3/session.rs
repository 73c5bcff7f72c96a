//! A session: reads commands, answers them in order, and keeps its state.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::maildrop::Maildrop;
use super::{auth, messages};
use crate::faults::Pop3Fault;
use crate::state::Shared;
use crate::wire::{Wire, WireError};

/// The longest command line, CRLF included, is 255 octets (RFC 2449 §4): a token must come on a line of its own.
const LINE_CAP: usize = 255 - 2;
/// A client has at least ten minutes for each line (RFC 1939 §3).
pub(super) const LINE_TIME: Duration = Duration::from_secs(10 * 60);
/// What Exchange Online says before it hangs up.
pub(super) const PROTOCOL_ERROR: &str = "-ERR Protocol error. Connection is closed. 10";

/// Why a session goes no further.
pub(super) enum End {
    /// The connection is gone, or is to be cut.
    Cut,
    /// Goodbye was said.
    Closed,
    /// What follows is TLS.
    Secure,
}

impl From<WireError> for End {
    fn from(_: WireError) -> Self {
        Self::Cut
    }
}

pub(super) struct Session<S> {
    pub(super) wire: Wire<S>,
    pub(super) shared: Shared,
    pub(super) fault: Option<Pop3Fault>,
    /// Whether the connection is secure. Nobody signs in before.
    pub(super) is_secure: bool,
    /// The name that USER told.
    pub(super) user: Option<String>,
    /// The mailbox that is open; none before signing in.
    pub(super) maildrop: Option<Maildrop>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn new(
        stream: S,
        shared: Shared,
        fault: Option<Pop3Fault>,
        is_secure: bool,
    ) -> Self {
        let wire = Wire::new(stream);
        Self { wire, shared, fault, is_secure, user: None, maildrop: None }
    }

    /// Greets, and runs to the end. The stream, where TLS is to follow.
    pub(super) async fn greet_and_run(mut self) -> Option<S> {
        self.put("+OK Practice makes perfect");
        self.run().await
    }

    /// The same without a greeting, as after STLS.
    pub(super) async fn run(mut self) -> Option<S> {
        match self.serve().await {
            // Whatever was said ahead of the handshake was not said under TLS, so it counts for nothing.
            Err(End::Secure) => return self.wire.into_stream(),
            Ok(()) | Err(End::Closed) => self.wire.close().await,
            // Dropping the stream without a goodbye is what a cut looks like from the other side.
            Err(End::Cut) => {}
        }
        None
    }

    async fn serve(&mut self) -> Result<(), End> {
        loop {
            self.wire.flush().await?;
            let line = match self.wire.line(LINE_CAP, LINE_TIME).await {
                Ok(line) => line,
                Err(WireError::TooLong) if self.fault == Some(Pop3Fault::RefuseOneLine) => {
                    return self.end(PROTOCOL_ERROR).await;
                }
                Err(WireError::TooLong) => {
                    self.put("-ERR That line is too long");
                    continue;
                }
                Err(WireError::TimedOut | WireError::Closed) => return Err(End::Cut),
            };
            let Ok(line) = String::from_utf8(line) else {
                self.put("-ERR That is no text");
                continue;
            };
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let verb = verb.to_ascii_uppercase();
            match (verb.as_str(), self.maildrop.is_some()) {
                ("CAPA", _) => self.capabilities(),
                ("QUIT", _) => return self.quit().await,
                ("STLS", false) if !self.is_secure => {
                    self.put("+OK Go on under TLS");
                    self.wire.flush().await?;
                    return Err(End::Secure);
                }
                ("AUTH" | "USER" | "PASS", false) if !self.is_secure => {
                    self.put("-ERR Say STLS first");
                }
                ("AUTH", false) => auth::authenticate(self, rest).await?,
                ("USER", false) => auth::user(self, rest),
                ("PASS", false) => auth::pass(self, rest).await?,
                (_, false) => self.put("-ERR No such command, or sign in first"),
                (verb, true) => messages::answer(self, verb, rest).await?,
            }
        }
    }

    fn capabilities(&mut self) {
        if self.fault == Some(Pop3Fault::NoCapa) {
            return self.put("-ERR No such command here");
        }
        let mut told = self.shared.lock().settings.pop3_capabilities.clone();
        told.retain(|line| match line.split(' ').next() {
            Some("SASL") => self.is_secure && self.fault != Some(Pop3Fault::CapaWithoutSasl),
            Some("USER") => self.is_secure,
            Some("UIDL") => self.fault != Some(Pop3Fault::NoUidl),
            Some("TOP") => self.fault != Some(Pop3Fault::NoTop),
            _ => true,
        });
        if !self.is_secure {
            told.push("STLS".to_owned());
        }
        self.put("+OK This much");
        for line in told {
            self.put(&line);
        }
        self.put(".");
    }

    /// Says goodbye, and deletes what is to be deleted (RFC 1939 §6).
    async fn quit(&mut self) -> Result<(), End> {
        match &mut self.maildrop {
            Some(drop)
                if drop.has_deletions() && self.fault == Some(Pop3Fault::RefuseDeletions) =>
            {
                return self.end("-ERR some deleted messages not removed").await;
            }
            Some(drop) => drop.commit(),
            None => {}
        }
        self.end("+OK See you").await
    }

    /// Whether this word stands in this line of what the server can do.
    pub(super) fn offers(&self, line: &str, word: &str) -> bool {
        let world = self.shared.lock();
        let lines = world.settings.pop3_capabilities.iter();
        lines.filter_map(|told| told.split_once(' ')).any(|(name, words)| {
            name == line && words.split(' ').any(|told| told.eq_ignore_ascii_case(word))
        })
    }

    pub(super) fn put(&mut self, line: &str) {
        self.wire.put(line);
        self.wire.put("\r\n");
    }

    /// Says something and ends the session.
    pub(super) async fn end<T>(&mut self, line: &str) -> Result<T, End> {
        self.put(line);
        self.wire.flush().await?;
        Err(End::Closed)
    }
}

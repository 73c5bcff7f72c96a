//! The session: a thin loop over a stream. It sends lines, and reads responses under a limit of size and time.

use std::time::Duration;

use outlink_model::Secret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};

use super::capabilities::Capabilities;
use super::codec::Frame;
use super::names::Names;
use super::refusal::{self, Asked};
use super::reply::{self, Reply, Status, Text};
use super::watch::Watch;
use super::wire::Wire;
use crate::error::{Error, Spoken};
use crate::limits::Limits;
use crate::redact;

/// Responses in a session that may be unreadable before we conclude that this is not IMAP.
const UNREADABLE: u32 = 1000;

/// A connection to an IMAP server over any stream; TLS is made before it (see [`crate::tls`]).
///
/// [`Error::is_session_over`] tells after which errors it can be used on. A call whose future is dropped half-way leaves
/// the session unusable.
pub struct Session<S> {
    pub(super) wire: Wire<S>,
    pub(super) limits: Limits,
    /// As far as they have been told since the last sign-in.
    pub(super) capabilities: Option<Capabilities>,
    tags: u64,
    unreadable: u32,
    /// Whether the greeting said that we are signed in (`PREAUTH`).
    pub(super) signed_in_before: bool,
    /// Whether a sign-in succeeded here, so that there is something that can expire.
    pub(super) signed_in: bool,
    /// Whether a folder was ever opened.
    pub(super) has_opened: bool,
    /// How folder names are written.
    pub(super) names: Names,
    /// What was told of new messages.
    pub(super) watch: Watch,
    /// What it was shown to sign in: whatever it says later is kept free of it.
    pub(super) shown: Vec<Secret>,
    /// How long the server asked us to stay away, when it last did.
    stay_away: Option<Duration>,
    /// What we are doing, for errors.
    pub(super) doing: &'static str,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Reads the greeting (RFC 9051 §7.1). What does not greet as an IMAP server does is refused at once.
    pub async fn start(stream: S, limits: Limits) -> Result<Self, Error> {
        let mut session = Self::over(stream, limits);
        session.doing = "waiting for its greeting";
        let deadline = session.deadline();
        match reply::read(session.frame(deadline).await?) {
            Reply::Untagged(Status::Bye, text) => Err(refusal::farewell(text)),
            Reply::Untagged(status @ (Status::Ok | Status::PreAuth), text) => {
                session.signed_in_before = status == Status::PreAuth;
                session.note_capabilities(&text);
                Ok(session)
            }
            _ => Err(session.protocol("It does not greet as an IMAP server does.")),
        }
    }

    /// A session of which nothing is known yet.
    pub(super) fn over(stream: S, limits: Limits) -> Self {
        Self {
            wire: Wire::new(stream, limits),
            limits,
            capabilities: None,
            tags: 0,
            unreadable: 0,
            signed_in_before: false,
            signed_in: false,
            has_opened: false,
            names: Names::Unasked,
            watch: Watch::default(),
            shown: Vec::new(),
            stay_away: None,
            doing: "beginning",
        }
    }

    /// What the server says that it can do: as told of its own accord, or else asked for.
    pub async fn capabilities(&mut self) -> Result<&Capabilities, Error> {
        if self.capabilities.is_none() {
            let doing = std::mem::replace(&mut self.doing, "asking what it can do");
            let tag = self.send("CAPABILITY").await?;
            self.finish(&tag, Asked::Command("CAPABILITY"), |_| {}).await?;
            self.doing = doing;
        }
        Ok(self.capabilities.get_or_insert_default())
    }

    /// How long the server asked us to stay away, where it did so in anything that it refused.
    pub fn stay_away(&self) -> Option<Duration> {
        self.stay_away
    }

    /// Says goodbye, and waits a little for the answer. Nothing depends on it, so nothing can fail.
    pub async fn logout(mut self) {
        self.limits.time = self.limits.time.min(Duration::from_secs(3));
        self.doing = "signing out";
        let goodbye = async {
            let tag = self.send("LOGOUT").await?;
            self.finish(&tag, Asked::Command("LOGOUT"), |_| {}).await
        };
        // A server that keeps talking instead of leaving is left.
        if !matches!(timeout(Duration::from_secs(3), goodbye).await, Ok(Err(Error::Bye { .. }))) {
            tracing::debug!("the server did not say farewell");
        }
        let _ = timeout(Duration::from_secs(1), self.wire.shutdown()).await;
    }

    /// Sends a command, and returns its tag.
    pub(super) async fn send(&mut self, command: &str) -> Result<String, Error> {
        let tag = self.next_tag();
        self.write(format!("{tag} {command}\r\n").as_bytes()).await?;
        Ok(tag)
    }

    pub(super) fn next_tag(&mut self) -> String {
        self.tags += 1;
        format!("a{}", self.tags)
    }

    /// Reads until the answer to `tag`, and hands everything else to `each`.
    pub(super) async fn finish(
        &mut self,
        tag: &str,
        asked: Asked<'_>,
        mut each: impl FnMut(Reply),
    ) -> Result<Text, Error> {
        loop {
            match self.reply().await? {
                Reply::Tagged(told, Status::Ok, text) if told == tag => return Ok(text),
                Reply::Tagged(told, status, text) if told == tag => {
                    return Err(self.note_wait(refusal::refusal(asked, status, text)));
                }
                reply => each(reply),
            }
        }
    }

    /// The next response that has a meaning here. A farewell is an error wherever it comes.
    pub(super) async fn reply(&mut self) -> Result<Reply, Error> {
        loop {
            match self.heard(self.deadline()).await? {
                Reply::Other | Reply::Unreadable | Reply::Capability(_) => {}
                reply => return Ok(reply),
            }
        }
    }

    /// The next response, whatever it is, if it begins before `deadline`. Dropped while it waits, it loses nothing.
    pub(super) async fn heard(&mut self, deadline: Instant) -> Result<Reply, Error> {
        let frame = self.frame(deadline).await?;
        let octets = frame.text.len();
        let mut reply = reply::read(frame);
        if let Reply::Tagged(_, _, text) | Reply::Untagged(_, text) = &mut reply {
            redact::words(&mut text.shown, &self.shown);
        }
        match &reply {
            Reply::Untagged(Status::Bye, text) => {
                let bye = if self.signed_in { refusal::bye } else { refusal::farewell };
                return Err(self.note_wait(bye(text.clone())));
            }
            Reply::Unreadable => {
                // Its content may be somebody's mail, so only its size is told.
                tracing::debug!(octets, "passed over a response that cannot be read");
                self.unreadable += 1;
                if self.unreadable > UNREADABLE {
                    return Err(self.protocol("Too much of it cannot be read."));
                }
            }
            Reply::Capability(told) => self.capabilities = Some(told.clone()),
            Reply::Exists(messages) => self.watch.exists(*messages),
            Reply::Recent(messages) => self.watch.recent(*messages),
            Reply::Expunged => self.watch.expunged(),
            _ => {}
        }
        Ok(reply)
    }

    /// Takes over the capabilities that a status brings along.
    pub(super) fn note_capabilities(&mut self, text: &Text) {
        if text.code == "CAPABILITY" {
            self.capabilities = Some(Capabilities::parse(&text.argument));
        }
    }

    /// Keeps what an error says about staying away, for those who are handed its words alone.
    pub(super) fn note_wait(&mut self, error: Error) -> Error {
        self.stay_away = error.retry_after().or(self.stay_away);
        error
    }

    pub(super) fn protocol(&self, text: &str) -> Error {
        Error::Protocol { spoken: Spoken::Imap, doing: self.doing, text: text.to_owned() }
    }

    /// When what is awaited now must have come.
    fn deadline(&self) -> Instant {
        Instant::now() + self.limits.time
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.wire.write(bytes, self.doing).await
    }

    async fn frame(&mut self, deadline: Instant) -> Result<Frame, Error> {
        self.wire.frame(deadline, self.doing).await
    }
}

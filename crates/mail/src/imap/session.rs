//! The session: a thin loop over a stream. It sends lines, and reads responses under a limit of size and time.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::capabilities::Capabilities;
use super::codec::{Framer, TooLarge};
use super::error::Error;
use super::refusal::{self, Asked};
use super::reply::{self, Reply, Status, Text};

/// How much a session takes, and how long it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of text in one response, literals apart.
    pub line: usize,
    /// Octets of one literal, that is of one message. A larger one is read over without being kept.
    pub literal: usize,
    /// How long a read or a write may take. A response that comes in drops must bring some octets in every such span.
    pub time: Duration,
}

impl Default for Limits {
    /// 64 KiB of text, 50 MiB of message, 60 s.
    fn default() -> Self {
        Self { line: 64 * 1024, literal: 50 * 1024 * 1024, time: Duration::from_secs(60) }
    }
}

/// Octets read at once.
const BUFFER: usize = 64 * 1024;
/// Octets of one response that must arrive within [`Limits::time`], or the rest of it: a server that sends a message
/// octet by octet does not hold us for as long as it likes.
const PROGRESS: usize = 4 * 1024;
/// Responses in a session that may be unreadable before we conclude that this is not IMAP.
const UNREADABLE: u32 = 1000;

/// A connection to an IMAP server over any stream; TLS is made before it (see [`crate::tls`]).
///
/// After any [`Error`] other than [`Error::FolderMissing`] and [`Error::Command`] the session is over. A call whose
/// future is dropped half-way leaves the session unusable too.
pub struct Session<S> {
    stream: S,
    pub(super) limits: Limits,
    framer: Framer,
    buffer: Box<[u8]>,
    /// What of `buffer` has arrived and is not used up: from here,
    start: usize,
    /// to here.
    end: usize,
    /// As far as they have been told since the last sign-in.
    pub(super) capabilities: Option<Capabilities>,
    tags: u64,
    unreadable: u32,
    /// How long the server asked us to stay away, when it last did.
    stay_away: Option<Duration>,
    /// What we are doing, for errors.
    pub(super) doing: &'static str,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Reads the greeting (RFC 9051 §7.1). What does not greet as an IMAP server does is refused at once.
    pub async fn start(stream: S, limits: Limits) -> Result<Self, Error> {
        let mut session = Self {
            stream,
            limits,
            framer: Framer::new(limits.line, limits.literal),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            capabilities: None,
            tags: 0,
            unreadable: 0,
            stay_away: None,
            doing: "waiting for its greeting",
        };
        match reply::read(session.frame().await?) {
            Reply::Untagged(Status::Bye, text) => Err(refusal::bye(text)),
            Reply::Untagged(Status::Ok | Status::PreAuth, text) => {
                session.note_capabilities(&text);
                Ok(session)
            }
            _ => Err(session.protocol("It does not greet as an IMAP server does.")),
        }
    }

    /// What the server says that it can do: as told of its own accord, or else asked for.
    pub async fn capabilities(&mut self) -> Result<&Capabilities, Error> {
        if self.capabilities.is_none() {
            self.doing = "asking what it can do";
            let tag = self.send("CAPABILITY").await?;
            self.finish(&tag, Asked::Command("CAPABILITY"), |_| {}).await?;
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
        let _ = timeout(Duration::from_secs(1), self.stream.shutdown()).await;
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

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let doing = self.doing;
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout(self.limits.time, written).await {
            Ok(done) => done.map_err(|error| io_error(doing, &error)),
            Err(_) => Err(Error::TimedOut { doing, time: self.limits.time }),
        }
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

    /// The next response that can be read. A farewell is an error wherever it comes.
    pub(super) async fn reply(&mut self) -> Result<Reply, Error> {
        loop {
            let frame = self.frame().await?;
            let octets = frame.text.len();
            match reply::read(frame) {
                Reply::Untagged(Status::Bye, text) => {
                    return Err(self.note_wait(refusal::bye(text)));
                }
                Reply::Other => {}
                Reply::Unreadable => {
                    // Its content may be somebody's mail, so only its size is told.
                    tracing::debug!(octets, "passed over a response that cannot be read");
                    self.unreadable += 1;
                    if self.unreadable > UNREADABLE {
                        return Err(self.protocol("Too much of it cannot be read."));
                    }
                }
                Reply::Capability(told) => self.capabilities = Some(told),
                reply => return Ok(reply),
            }
        }
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
        Error::Protocol { doing: self.doing, text: text.to_owned() }
    }

    async fn frame(&mut self) -> Result<super::codec::Frame, Error> {
        let mut deadline = Instant::now() + self.limits.time;
        let mut arrived = 0;
        loop {
            let mut input = &self.buffer[self.start..self.end];
            let frame = self.framer.push(&mut input).map_err(|error| self.too_large(error))?;
            self.start = self.end - input.len();
            if let Some(frame) = frame {
                return Ok(frame);
            }
            arrived += self.fill(deadline).await?;
            if arrived >= PROGRESS {
                arrived = 0;
                deadline = Instant::now() + self.limits.time;
            }
        }
    }

    /// Reads what has arrived, once all that came before is used up.
    async fn fill(&mut self, deadline: Instant) -> Result<usize, Error> {
        let doing = self.doing;
        match timeout_at(deadline, self.stream.read(&mut self.buffer)).await {
            Err(_) => Err(Error::TimedOut { doing, time: self.limits.time }),
            Ok(Err(error)) => Err(io_error(doing, &error)),
            Ok(Ok(0)) => Err(Error::Closed { doing }),
            Ok(Ok(octets)) => {
                (self.start, self.end) = (0, octets);
                Ok(octets)
            }
        }
    }

    fn too_large(&self, error: TooLarge) -> Error {
        let text = match error {
            TooLarge::Text(most) => format!("a line of more than {most} octets"),
            TooLarge::Literal(octets) => format!("a message of {octets} octets"),
            TooLarge::Literals(most) => format!("more than {most} literals in one response"),
        };
        Error::TooLarge { doing: self.doing, text }
    }
}

/// What a broken stream means.
pub(crate) fn io_error(doing: &'static str, error: &std::io::Error) -> Error {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error.kind() {
        // TLS reports a close without a farewell of its own as an unexpected end.
        UnexpectedEof | BrokenPipe | ConnectionReset | ConnectionAborted => Error::Closed { doing },
        _ => Error::Io { doing, text: error.to_string() },
    }
}

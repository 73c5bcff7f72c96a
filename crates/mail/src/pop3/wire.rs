//! The stream: lines and messages are taken from it under limits of size and time.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Duration, Instant, timeout, timeout_at};

use super::codec::{Line, Message, TooLarge};
use crate::body::Body;
use crate::error::{Error, Spoken, StartTlsFault, io_error};
use crate::limits::Limits;

/// Octets read at once.
const BUFFER: usize = 64 * 1024;
/// Octets of one line or message that must arrive within [`Limits::time`], or the rest of it: a server that sends a
/// message octet by octet does not hold us for as long as it likes.
const PROGRESS: usize = 4 * 1024;

/// The connection.
pub(super) struct Wire<S> {
    stream: S,
    pub(super) limits: Limits,
    buffer: Box<[u8]>,
    /// What of `buffer` has arrived and is not used up: from here,
    start: usize,
    /// to here.
    end: usize,
    /// What we are doing, for errors.
    pub(super) doing: &'static str,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire<S> {
    pub(super) fn new(stream: S, limits: Limits, doing: &'static str) -> Self {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Self { stream, limits, buffer, start: 0, end: 0, doing }
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

    /// The next line, without its end.
    pub(super) async fn line(&mut self) -> Result<Vec<u8>, Error> {
        let mut line = Line::new(self.limits.line);
        self.take(|input| line.push(input)).await
    }

    /// The message that begins here, with its stuffed dots taken out.
    pub(super) async fn message(&mut self) -> Result<Body, Error> {
        let mut message = Message::new(self.limits.literal);
        self.take(|input| message.push(input)).await
    }

    /// The stream itself, of which nothing more may have arrived: what comes in the clear behind the consent to TLS is
    /// nobody's word.
    pub(super) fn into_stream(self) -> Result<S, Error> {
        if self.start < self.end {
            let fault = StartTlsFault::SpokeAhead;
            return Err(Error::StartTls { spoken: Spoken::Pop3, fault });
        }
        Ok(self.stream)
    }

    /// Closes our side, and waits a moment for that at most.
    pub(super) async fn close(&mut self) {
        let _ = timeout(Duration::from_secs(1), self.stream.shutdown()).await;
    }

    pub(super) fn protocol(&self, text: &str) -> Error {
        Error::Protocol { spoken: Spoken::Pop3, doing: self.doing, text: text.to_owned() }
    }

    pub(super) fn too_large(&self, text: String) -> Error {
        Error::TooLarge { doing: self.doing, text }
    }

    /// Feeds what arrives to `push` until it has all that it wants.
    async fn take<T>(
        &mut self,
        mut push: impl FnMut(&mut &[u8]) -> Result<Option<T>, TooLarge>,
    ) -> Result<T, Error> {
        let mut deadline = Instant::now() + self.limits.time;
        let mut arrived = 0;
        loop {
            let mut input = &self.buffer[self.start..self.end];
            let taken = push(&mut input).map_err(|error| {
                self.too_large(match error {
                    TooLarge::Line(most) => format!("a line of more than {most} octets"),
                    TooLarge::Message(octets) => format!("a message of more than {octets} octets"),
                })
            })?;
            self.start = self.end - input.len();
            if let Some(taken) = taken {
                return Ok(taken);
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
}

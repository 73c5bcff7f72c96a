//! The stream of a session: lines go out and responses come in, each under a limit of size and time.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::codec::{Frame, Framer, TooLarge};
use crate::Limits;
use crate::error::{Error, io_error};

/// Octets read at once.
const BUFFER: usize = 64 * 1024;
/// Octets read at once while nothing but a line or two is expected.
const RESTING: usize = 512;
/// Octets of one response that must arrive within [`Limits::time`], or the rest of it: a server that sends a message
/// octet by octet does not hold us for as long as it likes.
const PROGRESS: usize = 4 * 1024;

/// A stream with what was read ahead of it.
pub(super) struct Wire<S> {
    stream: S,
    limits: Limits,
    framer: Framer,
    buffer: Box<[u8]>,
    /// What of `buffer` has arrived and is not used up: from here,
    start: usize,
    /// to here.
    end: usize,
    /// How large `buffer` is to be from the next read on.
    size: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire<S> {
    pub(super) fn new(stream: S, limits: Limits) -> Self {
        let framer = Framer::new(limits.line, limits.literal);
        Self { stream, limits, framer, buffer: Box::default(), start: 0, end: 0, size: BUFFER }
    }

    /// Gives the buffer back once it is used up, and makes do with a small one: thousands of sessions may wait at once.
    /// The framer holds nothing between two responses.
    pub(super) fn rest(&mut self) {
        self.size = RESTING;
    }

    /// Reads much at once again.
    pub(super) fn wake(&mut self) {
        self.size = BUFFER;
    }

    /// Whether something was read that nobody has asked for yet.
    pub(super) fn has_unread(&self) -> bool {
        self.start < self.end
    }

    /// The stream. What was read ahead is gone.
    pub(super) fn into_stream(self) -> S {
        self.stream
    }

    pub(super) async fn shutdown(&mut self) -> std::io::Result<()> {
        self.stream.shutdown().await
    }

    pub(super) async fn write(&mut self, bytes: &[u8], doing: &'static str) -> Result<(), Error> {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout(self.limits.time, written).await {
            Ok(done) => done.map_err(|error| io_error(doing, &error)),
            Err(_) => Err(Error::TimedOut { doing, time: self.limits.time }),
        }
    }

    /// The next response, if it comes before `deadline`. Dropped while it waits, it loses nothing.
    pub(super) async fn frame(
        &mut self,
        mut deadline: Instant,
        doing: &'static str,
    ) -> Result<Frame, Error> {
        let mut arrived = 0;
        loop {
            let mut input = &self.buffer[self.start..self.end];
            let frame = self.framer.push(&mut input).map_err(|error| too_large(error, doing))?;
            self.start = self.end - input.len();
            if let Some(frame) = frame {
                return Ok(frame);
            }
            arrived += self.fill(deadline, doing).await?;
            if arrived >= PROGRESS {
                arrived = 0;
                deadline = Instant::now() + self.limits.time;
            }
        }
    }

    /// Reads what has arrived, once all that came before is used up.
    async fn fill(&mut self, deadline: Instant, doing: &'static str) -> Result<usize, Error> {
        (self.start, self.end) = (0, 0);
        if self.buffer.len() != self.size {
            // The old one first, so that both are never held at once.
            self.buffer = Box::default();
            self.buffer = vec![0; self.size].into_boxed_slice();
        }
        match timeout_at(deadline, self.stream.read(&mut self.buffer)).await {
            Err(_) => Err(Error::TimedOut { doing, time: self.limits.time }),
            Ok(Err(error)) => Err(io_error(doing, &error)),
            Ok(Ok(0)) => Err(Error::Closed { doing }),
            Ok(Ok(octets)) => {
                self.end = octets;
                Ok(octets)
            }
        }
    }
}

fn too_large(error: TooLarge, doing: &'static str) -> Error {
    let text = match error {
        TooLarge::Text(most) => format!("a line of more than {most} octets"),
        TooLarge::Literal(octets) => format!("a message of {octets} octets"),
        TooLarge::Literals(most) => format!("more than {most} literals in one response"),
    };
    Error::TooLarge { doing, text }
}

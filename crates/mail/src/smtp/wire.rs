//! The stream: commands go out and replies come in, each under a limit of size and time.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Duration, Instant, timeout, timeout_at};

use super::reply::{Odd, Reader, Reply};
use crate::error::{Error, Spoken, StartTlsFault, io_error};
use crate::limits::Limits;

/// Octets read at once.
const BUFFER: usize = 8 * 1024;
/// Octets written at once: each such piece must be taken within [`Limits::time`].
const PIECE: usize = 64 * 1024;

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

    /// Sends these bytes, every piece of them within the limit of time.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let (doing, time) = (self.doing, self.limits.time);
        let late = |_| Error::TimedOut { doing, time };
        for piece in bytes.chunks(PIECE) {
            let written = timeout(time, self.stream.write_all(piece)).await.map_err(late)?;
            written.map_err(|error| io_error(doing, &error))?;
        }
        let flushed = timeout(time, self.stream.flush()).await.map_err(late)?;
        flushed.map_err(|error| io_error(doing, &error))
    }

    /// The next reply, whole, within `time`.
    pub(super) async fn reply(&mut self, time: Duration) -> Result<Reply, Error> {
        let doing = self.doing;
        let deadline = Instant::now() + time;
        let mut reader = Reader::new(self.limits.line);
        loop {
            let mut input = &self.buffer[self.start..self.end];
            let reply = reader.push(&mut input).map_err(|odd| self.odd(odd))?;
            self.start = self.end - input.len();
            if let Some(reply) = reply {
                return Ok(reply);
            }
            match timeout_at(deadline, self.stream.read(&mut self.buffer)).await {
                Err(_) => return Err(Error::TimedOut { doing, time }),
                Ok(Err(error)) => return Err(io_error(doing, &error)),
                Ok(Ok(0)) => return Err(Error::Closed { doing }),
                Ok(Ok(octets)) => (self.start, self.end) = (0, octets),
            }
        }
    }

    /// The stream itself, of which nothing more may have arrived: what comes in the clear behind the consent to TLS is
    /// nobody's word.
    pub(super) fn into_stream(self) -> Result<S, Error> {
        if self.start < self.end {
            let fault = StartTlsFault::SpokeAhead;
            return Err(Error::StartTls { spoken: Spoken::Smtp, fault });
        }
        Ok(self.stream)
    }

    /// Closes our side, and waits a moment for that at most.
    pub(super) async fn close(&mut self) {
        let _ = timeout(Duration::from_secs(1), self.stream.shutdown()).await;
    }

    pub(super) fn protocol(&self, text: &str) -> Error {
        Error::Protocol { spoken: Spoken::Smtp, doing: self.doing, text: text.to_owned() }
    }

    fn odd(&self, odd: Odd) -> Error {
        let too_large = |text| Error::TooLarge { doing: self.doing, text };
        match odd {
            Odd::Octets(most) => too_large(format!("an answer of more than {most} octets")),
            Odd::Lines(most) => too_large(format!("an answer of more than {most} lines")),
            Odd::Unreadable => {
                self.protocol("Its lines do not begin with a code as those of SMTP do.")
            }
        }
    }
}

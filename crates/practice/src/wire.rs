//! A connection that is read by the line, with limits on size and time, and written in one go.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::timeout;

/// A client that takes nothing off our hands for this long is gone.
const WRITE_TIME: Duration = Duration::from_secs(60);
/// A line that is too long is skipped up to here, so that its end can still be answered.
const SKIP_CAP: usize = 256 * 1024;

/// Why a line could not be had.
#[derive(Debug)]
pub(crate) enum WireError {
    /// The connection is over, or as good as.
    Closed,
    /// The line was longer than allowed; it was read to its end and thrown away.
    TooLong,
    /// Nothing came in time.
    TimedOut,
}

impl From<io::Error> for WireError {
    fn from(_: io::Error) -> Self {
        Self::Closed
    }
}

/// The connection.
pub(crate) struct Wire<S> {
    stream: BufReader<S>,
    /// The line so far: it outlives a read that is given up half-way.
    line: Vec<u8>,
    skipped: usize,
    out: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream: BufReader::new(stream), line: Vec::new(), skipped: 0, out: Vec::new() }
    }

    /// The next line, without its CRLF (a bare LF will do). Giving this future up loses nothing.
    pub(crate) async fn line(&mut self, cap: usize, time: Duration) -> Result<Vec<u8>, WireError> {
        timeout(time, self.line_within(cap)).await.map_err(|_| WireError::TimedOut)?
    }

    async fn line_within(&mut self, cap: usize) -> Result<Vec<u8>, WireError> {
        loop {
            let bytes = self.stream.fill_buf().await?;
            if bytes.is_empty() {
                return Err(WireError::Closed);
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(bytes.len(), |end| end + 1);
            let room = (cap + 2).saturating_sub(self.line.len());
            self.skipped += taken.saturating_sub(room);
            self.line.extend(bytes.iter().take(taken.min(room)));
            self.stream.consume(taken);
            if self.skipped > SKIP_CAP {
                return Err(WireError::Closed);
            }
            if end.is_none() {
                continue;
            }
            let mut line = std::mem::take(&mut self.line);
            if std::mem::take(&mut self.skipped) > 0 {
                return Err(WireError::TooLong);
            }
            line.pop();
            line.pop_if(|byte| *byte == b'\r');
            return if line.len() > cap { Err(WireError::TooLong) } else { Ok(line) };
        }
    }

    /// Exactly this many bytes. The caller has checked the number.
    pub(crate) async fn exactly(
        &mut self,
        count: usize,
        time: Duration,
    ) -> Result<Vec<u8>, WireError> {
        let mut bytes = vec![0; count];
        let read = self.stream.read_exact(&mut bytes);
        timeout(time, read).await.map_err(|_| WireError::TimedOut)??;
        Ok(bytes)
    }

    /// Notes bytes for the next [`Wire::flush`].
    pub(crate) fn put(&mut self, bytes: impl AsRef<[u8]>) {
        self.out.extend_from_slice(bytes.as_ref());
    }

    /// How many bytes wait to be sent.
    pub(crate) fn waiting(&self) -> usize {
        self.out.len()
    }

    /// Sends what was noted.
    pub(crate) async fn flush(&mut self) -> Result<(), WireError> {
        let write = async {
            self.stream.write_all(&self.out).await?;
            self.stream.flush().await
        };
        timeout(WRITE_TIME, write).await.map_err(|_| WireError::TimedOut)??;
        self.out.clear();
        Ok(())
    }

    /// The stream itself; nothing if something was read from it that nobody has asked for, or not all was sent.
    pub(crate) fn into_stream(self) -> Option<S> {
        let is_clean = self.stream.buffer().is_empty() && self.out.is_empty();
        is_clean.then(|| self.stream.into_inner())
    }

    /// Says goodbye to TLS, so that the client can tell an end from a cut.
    pub(crate) async fn close(mut self) {
        let _ = timeout(WRITE_TIME, self.stream.shutdown()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn lines_are_cut_and_long_ones_skipped() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut wire = Wire::new(server);
        let write = async move {
            let long = "x".repeat(500);
            let text = format!("one\r\ntwo\n{long}\r\n12345678\r\n");
            client.write_all(text.as_bytes()).await.unwrap();
        };
        let read = async {
            assert_eq!(wire.line(8, SECOND).await.unwrap(), b"one");
            assert_eq!(wire.line(8, SECOND).await.unwrap(), b"two");
            assert!(matches!(wire.line(8, SECOND).await, Err(WireError::TooLong)));
            assert_eq!(wire.line(8, SECOND).await.unwrap(), b"12345678");
            assert!(matches!(wire.line(8, SECOND).await, Err(WireError::Closed)));
        };
        tokio::join!(write, read);
    }

    #[tokio::test]
    async fn a_line_given_up_half_way_is_not_lost() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut wire = Wire::new(server);
        client.write_all(b"DO").await.unwrap();
        let given_up = wire.line(8, Duration::from_millis(20)).await;
        assert!(matches!(given_up, Err(WireError::TimedOut)));
        client.write_all(b"NE\r\n").await.unwrap();
        assert_eq!(wire.line(8, SECOND).await.unwrap(), b"DONE");
    }
}

//! Messages: fetching them and marking them for deletion, several commands ahead of their answers where the server says
//! that it takes that (RFC 2449 §6.6).

use tokio::io::{AsyncRead, AsyncWrite};

use super::refusal::Asked;
use super::reply::{Reply, Text};
use super::session::Session;
use crate::body::Body;
use crate::error::Error;

/// Commands sent before the first one's answer is complete. So few octets that no server is still busy taking them while
/// it has something to say.
const AHEAD: usize = 16;

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Fetches these messages (RFC 1939 §5, RETR), and hands each to `each` as it arrives, in their order.
    ///
    /// One message that the server does not give does not cost the others: it is reported as [`Body::Refused`].
    pub async fn bodies(
        &mut self,
        numbers: &[u32],
        mut each: impl FnMut(u32, Body),
    ) -> Result<(), Error> {
        let ahead = self.ahead().await?;
        self.wire.doing = "fetching messages";
        let mut left = numbers.iter();
        for (at, &number) in numbers.iter().enumerate() {
            let room = if at == 0 { ahead } else { 1 };
            self.send_for("RETR", left.by_ref().take(room)).await?;
            let body = self.body("RETR").await?;
            each(number, body);
        }
        Ok(())
    }

    /// Fetches the header of a message and the first lines of its text (RFC 1939 §7, TOP). Not every server can.
    pub async fn top(&mut self, number: u32, lines: u32) -> Result<Body, Error> {
        self.wire.doing = "fetching the top of a message";
        self.send(&format!("TOP {number} {lines}")).await?;
        self.body("TOP").await
    }

    /// Marks these messages for deletion (RFC 1939 §5, DELE), and returns those that the server marked. They are deleted
    /// by [`Session::quit`] and by nothing else.
    pub async fn delete(&mut self, numbers: &[u32]) -> Result<Vec<u32>, Error> {
        let ahead = self.ahead().await?;
        self.wire.doing = "marking messages for deletion";
        let mut marked = Vec::new();
        let mut left = numbers.iter();
        for (at, &number) in numbers.iter().enumerate() {
            let room = if at == 0 { ahead } else { 1 };
            self.send_for("DELE", left.by_ref().take(room)).await?;
            match self.answer().await? {
                Reply::Err(text) => {
                    let words = self.refused_one("DELE", text)?;
                    tracing::debug!(number, words, "a message cannot be marked for deletion");
                }
                _ => {
                    self.has_marked = true;
                    marked.push(number);
                }
            }
        }
        Ok(marked)
    }

    /// How many commands may be under way.
    async fn ahead(&mut self) -> Result<usize, Error> {
        Ok(if self.capabilities().await?.has("PIPELINING") { AHEAD } else { 1 })
    }

    /// Sends a command for each of these messages, in one go.
    async fn send_for(
        &mut self,
        command: &str,
        numbers: impl Iterator<Item = &u32>,
    ) -> Result<(), Error> {
        let lines: String = numbers.map(|number| format!("{command} {number}\r\n")).collect();
        if lines.is_empty() { Ok(()) } else { self.wire.write(lines.as_bytes()).await }
    }

    async fn body(&mut self, command: &'static str) -> Result<Body, Error> {
        match self.answer().await? {
            Reply::Err(text) => Ok(Body::Refused(self.refused_one(command, text)?)),
            _ => self.wire.message().await,
        }
    }

    /// The words of a refusal that is about one message; an error where it concerns the session.
    fn refused_one(&mut self, command: &'static str, text: Text) -> Result<String, Error> {
        match self.refused(Asked::Command(command), text) {
            Error::Command { text, .. } | Error::ServerFault { text } => Ok(text),
            error => Err(error),
        }
    }
}

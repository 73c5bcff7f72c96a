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
        each: impl FnMut(u32, Body),
    ) -> Result<(), Error> {
        self.wire.doing = "fetching messages";
        self.texts("RETR", "", numbers, each).await
    }

    /// Fetches the headers of these messages and the first lines of their texts (RFC 1939 §7, TOP), and hands each to
    /// `each` as it arrives, in their order. A server need not have the command: then each is [`Body::Refused`].
    pub async fn tops(
        &mut self,
        numbers: &[u32],
        lines: u32,
        each: impl FnMut(u32, Body),
    ) -> Result<(), Error> {
        self.wire.doing = "fetching the headers of messages";
        self.texts("TOP", &format!(" {lines}"), numbers, each).await
    }

    /// Marks these messages for deletion (RFC 1939 §5, DELE), and returns those that the server marked. They are deleted
    /// by [`Session::quit`] and by nothing else.
    pub async fn delete(&mut self, numbers: &[u32]) -> Result<Vec<u32>, Error> {
        self.wire.doing = "marking messages for deletion";
        let ahead = self.ahead().await?;
        let mut marked = Vec::new();
        let mut left = numbers.iter();
        for (at, &number) in numbers.iter().enumerate() {
            let room = if at == 0 { ahead } else { 1 };
            self.send_for("DELE", "", left.by_ref().take(room)).await?;
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

    /// Asks for each of these messages and takes what comes.
    async fn texts(
        &mut self,
        command: &'static str,
        arguments: &str,
        numbers: &[u32],
        mut each: impl FnMut(u32, Body),
    ) -> Result<(), Error> {
        let ahead = self.ahead().await?;
        let mut left = numbers.iter();
        for (at, &number) in numbers.iter().enumerate() {
            let room = if at == 0 { ahead } else { 1 };
            self.send_for(command, arguments, left.by_ref().take(room)).await?;
            let body = match self.answer().await? {
                Reply::Err(text) => Body::Refused(self.refused_one(command, text)?),
                _ => self.wire.message().await?,
            };
            each(number, body);
        }
        Ok(())
    }

    /// How many commands may be under way.
    async fn ahead(&mut self) -> Result<usize, Error> {
        let doing = self.wire.doing;
        let ahead = if self.capabilities().await?.has("PIPELINING") { AHEAD } else { 1 };
        self.wire.doing = doing;
        Ok(ahead)
    }

    /// Sends a command for each of these messages, in one go.
    async fn send_for(
        &mut self,
        command: &str,
        arguments: &str,
        numbers: impl Iterator<Item = &u32>,
    ) -> Result<(), Error> {
        let line = |number| format!("{command} {number}{arguments}\r\n");
        let lines: String = numbers.map(line).collect();
        if lines.is_empty() { Ok(()) } else { self.wire.write(lines.as_bytes()).await }
    }

    /// The words of a refusal that is about one message; an error where it concerns the session.
    fn refused_one(&mut self, command: &'static str, text: Text) -> Result<String, Error> {
        match self.refused(Asked::Command(command), text) {
            Error::Command { text, .. } | Error::ServerFault { text } => Ok(text),
            error => Err(error),
        }
    }
}

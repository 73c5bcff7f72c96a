//! From a connection in the clear to one over TLS (RFC 9051 §6.2.1). TLS itself is made in between, by whoever dials.

use tokio::io::{AsyncRead, AsyncWrite};

use super::refusal::Asked;
use super::session::Session;
use crate::Limits;
use crate::error::{Error, Spoken, StartTlsFault};

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Asks the server to go on under TLS, and gives the stream back for it; [`Session::resume`] takes it from there.
    ///
    /// What stands behind the server's consent was said by somebody who could not know that we would not yet read it
    /// under TLS, so it ends the connection: it is how commands and answers are smuggled in.
    pub async fn upgrade(mut self) -> Result<S, Error> {
        self.doing = "asking for a secure connection";
        let refused = |fault| Err(Error::StartTls { spoken: Spoken::Imap, fault });
        if self.signed_in_before {
            return refused(StartTlsFault::SignedInBefore);
        }
        if !self.capabilities().await?.has("STARTTLS") {
            return refused(StartTlsFault::NotOffered);
        }
        let tag = self.send("STARTTLS").await?;
        match self.finish(&tag, Asked::Command("STARTTLS"), |_| {}).await {
            Ok(_) => {}
            Err(Error::Command { text, .. }) => return refused(StartTlsFault::Refused(text)),
            Err(error) => return Err(error),
        }
        if self.wire.has_unread() {
            return refused(StartTlsFault::SpokeAhead);
        }
        Ok(self.wire.into_stream())
    }

    /// A session that goes on over TLS. The server does not greet again, and nothing that was said before counts:
    /// neither capabilities nor that somebody is signed in.
    pub fn resume(stream: S, limits: Limits) -> Self {
        Self::over(stream, limits)
    }
}

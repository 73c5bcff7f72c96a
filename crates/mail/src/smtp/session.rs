//! The session: a thin loop over a stream. It sends commands, and reads what they are answered by.

use std::time::Duration;

use outlink_model::Secret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::capabilities::Capabilities;
use super::refusal;
use super::reply::Reply;
use super::wire::Wire;
use crate::error::{Error, Spoken, StartTlsFault};
use crate::limits::Limits;
use crate::redact;

/// How long a server may take over a farewell on which nothing hangs.
const FAREWELL: Duration = Duration::from_secs(3);

/// What we call ourselves. Whoever has no name that others can look up gives an address (RFC 5321 §4.1.4); this one holds
/// everywhere, gives nothing away about the network that we are in, and is what mail programs say too.
const OURSELVES: &str = "[127.0.0.1]";

/// A connection to an SMTP server over any stream; TLS is made before it (see [`crate::tls`]), or by
/// [`Session::upgrade`].
///
/// After an error that says so ([`Error::is_session_over`]) the session is over. A call whose future is dropped half-way
/// leaves the session unusable too.
pub struct Session<S> {
    pub(super) wire: Wire<S>,
    /// As far as they have been asked for over this stream.
    pub(super) capabilities: Option<Capabilities>,
    /// Whether a mail was begun and not ended, so that the next one must be preceded by RSET.
    pub(super) has_envelope: bool,
    /// Whether the last mail's final dot may be on its way and was not answered yet.
    pub(super) was_given: bool,
    /// What it was shown to sign in: whatever it says later is kept free of it.
    pub(super) shown: Vec<Secret>,
    /// How long the server asked us to stay away, when it last did.
    pub(super) stay_away: Option<Duration>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Reads the greeting (RFC 5321 §3.1). What does not greet as an SMTP server does is refused at once; one that takes
    /// nobody at the moment is [`Error::Unavailable`], one that never does [`Error::Bye`].
    pub async fn start(stream: S, limits: Limits) -> Result<Self, Error> {
        let mut session = Self::resume(stream, limits);
        session.wire.doing = "waiting for its greeting";
        let reply = session.reply().await?;
        match reply.code {
            220 => Ok(session),
            code if code >= 400 => Err(refusal::greeting(&reply)),
            _ => Err(session.wire.protocol("It does not greet as an SMTP server does.")),
        }
    }

    /// Goes on over a stream that was made secure after [`Session::upgrade`]. There is no second greeting, and nothing
    /// that was told before holds (RFC 3207 §4.2).
    pub fn resume(stream: S, limits: Limits) -> Self {
        let wire = Wire::new(stream, limits, "signing in");
        let shown = Vec::new();
        let (has_envelope, was_given) = (false, false);
        Self { wire, capabilities: None, has_envelope, was_given, shown, stay_away: None }
    }

    /// Asks for TLS on this connection (RFC 3207 §4), before signing in, and hands out the stream to make secure.
    ///
    /// Fails with [`Error::StartTls`] where the server does not offer it or does not want to, and where something came
    /// behind its consent that could be taken for its word later.
    pub async fn upgrade(mut self) -> Result<S, Error> {
        let refused = |fault| Error::StartTls { spoken: Spoken::Smtp, fault };
        if !self.capabilities().await?.starttls {
            return Err(refused(StartTlsFault::NotOffered));
        }
        self.wire.doing = "asking for a secure connection";
        let reply = self.ask("STARTTLS").await?;
        match reply.code {
            220 => self.wire.into_stream(),
            // RFC 3207 §4: 454 where TLS is not to be had at the moment.
            code if code >= 500 => Err(refused(StartTlsFault::Refused(reply.shown))),
            _ if reply.is_for_now() => Err(self.note_wait(refusal::unavailable(&reply))),
            _ => Err(self.odd()),
        }
    }

    /// What the server says that it can do (EHLO, RFC 5321 §4.1.1.1): asked for once over each stream, and before anything
    /// else. Nothing where it knows only HELO.
    pub async fn capabilities(&mut self) -> Result<&Capabilities, Error> {
        if self.capabilities.is_none() {
            let doing = std::mem::replace(&mut self.wire.doing, "asking what it can do");
            let mut reply = self.ask(&format!("EHLO {OURSELVES}")).await?;
            let told = match reply.code {
                250 => Capabilities::parse(reply.lines.iter().map(String::as_str)),
                // RFC 5321 §3.2: whoever does not know EHLO knows HELO.
                code if code >= 500 => {
                    reply = self.ask(&format!("HELO {OURSELVES}")).await?;
                    Capabilities::default()
                }
                _ => Capabilities::default(),
            };
            if reply.is_refusal() {
                return Err(self.note_wait(refusal::command("HELO", &reply)));
            }
            if reply.code != 250 {
                return Err(self.odd());
            }
            self.wire.doing = doing;
            self.capabilities = Some(told);
        }
        Ok(self.capabilities.get_or_insert_default())
    }

    /// How long the server asked us to stay away, where it did so in anything that it refused.
    pub fn stay_away(&self) -> Option<Duration> {
        self.stay_away
    }

    /// Whether the last mail went out as far as its final dot, or may have, and the server's word on it never came: nobody
    /// knows whether it has the mail. To be asked after an error of [`Session::send`], or after its future was dropped;
    /// `false` as long as no mail went so far, and once the server has answered.
    pub fn was_given(&self) -> bool {
        self.was_given
    }

    /// Says goodbye, and waits a little for the answer. Nothing depends on it, so nothing can fail.
    pub async fn quit(mut self) {
        self.wire.doing = "signing out";
        if !matches!(timeout(FAREWELL, self.ask("QUIT")).await, Ok(Ok(_))) {
            tracing::debug!("the server did not say farewell");
        }
        self.wire.close().await;
    }

    /// Sends a command that has no secrets in it, and takes its answer.
    pub(super) async fn ask(&mut self, command: &str) -> Result<Reply, Error> {
        self.wire.write(format!("{command}\r\n").as_bytes()).await?;
        self.reply().await
    }

    /// The next reply.
    pub(super) async fn reply(&mut self) -> Result<Reply, Error> {
        self.reply_within(self.wire.limits.time).await
    }

    /// The next reply, which may take longer than others.
    pub(super) async fn reply_within(&mut self, time: Duration) -> Result<Reply, Error> {
        let mut reply = self.wire.reply(time).await?;
        redact::words(&mut reply.shown, &self.shown);
        Ok(reply)
    }

    /// Keeps what an error says about staying away, for those who are handed its words alone.
    pub(super) fn note_wait(&mut self, error: Error) -> Error {
        self.stay_away = error.retry_after().or(self.stay_away);
        error
    }

    /// An answer that none of the commands has.
    pub(super) fn odd(&self) -> Error {
        self.wire.protocol("Its answer has a code that does not belong here.")
    }
}

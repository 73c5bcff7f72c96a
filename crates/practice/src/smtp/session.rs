//! A session: reads commands and answers them.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::{auth, mail};
use crate::faults::SmtpFault;
use crate::state::Shared;
use crate::wire::{Wire, WireError};

/// The longest command line, CRLF included (RFC 5321 §4.5.3.1.4), as strict servers have it: a token that does not
/// fit must be sent on a line of its own.
const COMMAND_CAP: usize = 512 - 2;
/// What extensions add to the longest MAIL (RFC 1870 §3, RFC 6531 §3.4).
const MAIL_CAP: usize = COMMAND_CAP + 512;
/// A client has this long for each line (RFC 5321 §4.5.3.2.7).
pub(super) const LINE_TIME: Duration = Duration::from_secs(5 * 60);

/// Why a session goes no further.
pub(super) enum End {
    /// The connection is gone, or is to be cut.
    Cut,
    /// Goodbye was said.
    Closed,
    /// What follows is TLS.
    Secure,
}

impl From<WireError> for End {
    fn from(_: WireError) -> Self {
        Self::Cut
    }
}

/// What has been said about the message to come.
pub(super) struct Envelope {
    pub(super) from: String,
    /// The mailboxes here that it goes to.
    pub(super) local: Vec<String>,
    /// Everybody else.
    pub(super) elsewhere: Vec<String>,
}

pub(super) struct Session<S> {
    pub(super) wire: Wire<S>,
    pub(super) shared: Shared,
    /// What is wrong with the session, or else with the mail that was begun.
    pub(super) fault: Option<SmtpFault>,
    /// Whether `fault` goes with the mail.
    pub(super) is_of_mail: bool,
    /// Whether the connection is secure. Nothing is handed in before.
    is_secure: bool,
    greeted: bool,
    /// The mailbox whose owner signed in.
    pub(super) user: Option<String>,
    pub(super) envelope: Option<Envelope>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn new(
        stream: S,
        shared: Shared,
        fault: Option<SmtpFault>,
        is_secure: bool,
    ) -> Self {
        let wire = Wire::new(stream);
        let (greeted, is_of_mail) = (false, false);
        Self { wire, shared, fault, is_of_mail, is_secure, greeted, user: None, envelope: None }
    }

    /// Greets, and runs to the end. The stream, where TLS is to follow.
    pub(super) async fn greet_and_run(mut self) -> Option<S> {
        let greeted = match self.fault {
            Some(SmtpFault::Greeting(reply)) => self.end(reply).await,
            Some(SmtpFault::NoGreeting) => self.hang().await,
            _ => self.say("220 localhost ESMTP practice").await,
        };
        match greeted {
            Ok(()) => self.run().await,
            Err(end) => self.ended(end).await,
        }
    }

    /// The same without a greeting, as after STARTTLS.
    pub(super) async fn run(mut self) -> Option<S> {
        match self.serve().await {
            Ok(()) => None,
            Err(end) => self.ended(end).await,
        }
    }

    async fn ended(self, end: End) -> Option<S> {
        match end {
            // Whatever was said ahead of the handshake was not said under TLS, so it counts for nothing.
            End::Secure => self.wire.into_stream(),
            End::Closed => {
                self.wire.close().await;
                None
            }
            // Dropping the stream without a goodbye is what a cut looks like from the other side.
            End::Cut => None,
        }
    }

    async fn serve(&mut self) -> Result<(), End> {
        loop {
            let line = match self.wire.line(MAIL_CAP, LINE_TIME).await {
                Ok(line) => line,
                Err(WireError::TooLong) => {
                    self.say("500 5.5.2 Line too long").await?;
                    continue;
                }
                Err(WireError::TimedOut) => {
                    return self.end("421 4.4.2 You have been quiet for too long").await;
                }
                Err(WireError::Closed) => return Err(End::Cut),
            };
            let Ok(line) = String::from_utf8(line) else {
                self.say("500 5.5.2 That is no text").await?;
                continue;
            };
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let verb = verb.to_ascii_uppercase();
            if line.len() > COMMAND_CAP && verb != "MAIL" {
                self.say("500 5.5.2 Line too long").await?;
                continue;
            }
            if self.fault == Some(SmtpFault::HangAt(hang_name(&verb))) {
                return self.hang().await;
            }
            match verb.as_str() {
                "STARTTLS" if !self.is_secure && rest.is_empty() && !self.is_without(&verb) => {
                    self.consent_to_tls().await?;
                }
                "EHLO"
                    if !rest.trim().is_empty() && self.fault != Some(SmtpFault::NoExtensions) =>
                {
                    self.tell().await?;
                }
                _ => {
                    let answer = self.answer(&verb, rest).await?;
                    self.say(answer).await?;
                }
            }
        }
    }

    async fn answer(&mut self, verb: &str, rest: &str) -> Result<&'static str, End> {
        Ok(match verb {
            "QUIT" => return self.end("221 2.0.0 See you").await,
            "HELO" if !rest.trim().is_empty() => {
                self.hello();
                "250 localhost"
            }
            "NOOP" => "250 2.0.0 Done",
            "RSET" => {
                self.forget_mail();
                "250 2.0.0 Done"
            }
            "VRFY" if self.is_secure => "252 2.5.0 Try and see",
            "AUTH" | "MAIL" | "RCPT" | "DATA" if !self.greeted => "503 5.5.1 Say EHLO first",
            "AUTH" | "MAIL" | "RCPT" | "DATA" if !self.is_secure => {
                "530 5.7.0 Must issue a STARTTLS command first"
            }
            "AUTH" if !self.is_without(verb) => auth::authenticate(self, rest).await?,
            "MAIL" => mail::sender(self, rest),
            "RCPT" => mail::recipient(self, rest),
            "DATA" if rest.is_empty() => mail::data(self).await?,
            _ => "500 5.5.1 No such command here",
        })
    }

    /// Answers EHLO (RFC 5321 §4.1.1.1).
    async fn tell(&mut self) -> Result<(), End> {
        self.hello();
        self.wire.put("250-localhost\r\n");
        for line in self.told() {
            self.wire.put(format!("250-{line}\r\n"));
        }
        self.say("250 HELP").await
    }

    fn hello(&mut self) {
        self.greeted = true;
        self.forget_mail();
    }

    pub(super) fn forget_mail(&mut self) {
        self.envelope = None;
        if std::mem::take(&mut self.is_of_mail) {
            self.fault = None;
        }
    }

    /// What the server says that it can do, a line each.
    fn told(&self) -> Vec<String> {
        let mut told = self.shared.lock().settings.smtp_capabilities.clone();
        told.retain(|line| {
            let keyword = line.split(' ').next().unwrap_or_default();
            !self.is_without(keyword) && (self.is_secure || keyword != "AUTH")
        });
        if !self.is_secure && !self.is_without("STARTTLS") {
            told.push("STARTTLS".to_owned());
        }
        told
    }

    /// Whether this extension is told.
    pub(super) fn offers(&self, keyword: &str) -> bool {
        let is_it = |line: &String| line.split(' ').next() == Some(keyword);
        self.told().iter().any(is_it)
    }

    fn is_without(&self, keyword: &str) -> bool {
        SmtpFault::leaves_out(self.fault, keyword)
    }

    async fn consent_to_tls(&mut self) -> Result<(), End> {
        self.pause().await;
        self.wire.put("220 2.0.0 Go on under TLS\r\n");
        if let Some(SmtpFault::InjectAfterStartTls(bytes)) = self.fault {
            self.wire.put(bytes);
        }
        self.wire.flush().await?;
        Err(End::Secure)
    }

    /// Says nothing more until the client has had enough.
    pub(super) async fn hang<T>(&mut self) -> Result<T, End> {
        loop {
            match self.wire.line(MAIL_CAP, LINE_TIME).await {
                Ok(_) | Err(WireError::TooLong) => {}
                Err(WireError::Closed | WireError::TimedOut) => return Err(End::Cut),
            }
        }
    }

    pub(super) async fn say(&mut self, text: &str) -> Result<(), End> {
        self.pause().await;
        self.wire.put(text);
        self.wire.put("\r\n");
        Ok(self.wire.flush().await?)
    }

    /// Says something and ends the session.
    pub(super) async fn end<T>(&mut self, text: &str) -> Result<T, End> {
        self.say(text).await?;
        Err(End::Closed)
    }

    async fn pause(&self) {
        if let Some(SmtpFault::Slow(time)) = self.fault {
            tokio::time::sleep(time).await;
        }
    }
}

/// The name under which a fault knows this command.
fn hang_name(verb: &str) -> &'static str {
    let known = ["EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "QUIT"];
    known.into_iter().find(|name| *name == verb).unwrap_or_default()
}

//! A session: reads commands, answers them, takes messages in.

use std::time::Duration;

use jiff::Zoned;
use jiff::tz::TimeZone;
use tokio::io::{AsyncRead, AsyncWrite};

use super::envelope::{self, Path};
use crate::mailboxes::Outgoing;
use crate::sasl::{self, Mechanism};
use crate::state::Shared;
use crate::wire::{Wire, WireError};

/// The longest command line, CRLF included (RFC 5321 §4.5.3.1.4), as strict servers have it: a token that does not
/// fit must be sent on a line of its own.
const COMMAND_CAP: usize = 512 - 2;
/// The longest line of an authentication exchange (RFC 4954 §4).
const AUTH_CAP: usize = 12_288;
/// The largest message that is taken.
const MESSAGE_CAP: usize = 25 * 1024 * 1024;
/// A line of a message ends somewhere, even where programs write whole paragraphs into one.
const MESSAGE_LINE_CAP: usize = 64 * 1024;
/// So many people may be named for one message.
const RECIPIENTS_CAP: usize = 100;
/// A client has this long for each line (RFC 5321 §4.5.3.2.7).
const LINE_TIME: Duration = Duration::from_secs(5 * 60);

/// What has been said about the message to come.
struct Envelope {
    from: String,
    /// The mailboxes here that it goes to.
    local: Vec<String>,
    /// Everybody else.
    elsewhere: Vec<String>,
}

pub(super) struct Session<S> {
    wire: Wire<S>,
    shared: Shared,
    greeted: bool,
    /// The mailbox whose owner signed in.
    user: Option<String>,
    envelope: Option<Envelope>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn new(stream: S, shared: Shared) -> Self {
        Self { wire: Wire::new(stream), shared, greeted: false, user: None, envelope: None }
    }

    pub(super) async fn run(mut self) {
        // However it ends, the client is told that this is an end and no cut.
        let _ = self.serve().await;
        self.wire.close().await;
    }

    async fn serve(&mut self) -> Result<(), WireError> {
        self.say("220 localhost ESMTP practice").await?;
        loop {
            let line = match self.wire.line(COMMAND_CAP, LINE_TIME).await {
                Ok(line) => line,
                Err(WireError::TooLong) => {
                    self.say("500 5.5.2 Line too long").await?;
                    continue;
                }
                Err(WireError::TimedOut) => {
                    return self.say("421 4.4.2 You have been quiet for too long").await;
                }
                Err(WireError::Closed) => return Err(WireError::Closed),
            };
            let Ok(line) = String::from_utf8(line) else {
                self.say("500 5.5.2 That is no text").await?;
                continue;
            };
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let answer = match verb.to_ascii_uppercase().as_str() {
                "QUIT" => return self.say("221 2.0.0 See you").await,
                "EHLO" if !rest.trim().is_empty() => self.hello(true),
                "HELO" if !rest.trim().is_empty() => self.hello(false),
                "NOOP" => "250 2.0.0 Done",
                "RSET" => {
                    self.envelope = None;
                    "250 2.0.0 Done"
                }
                "VRFY" => "252 2.5.0 Try and see",
                _ if !self.greeted => "503 5.5.1 Say EHLO first",
                "AUTH" => self.auth(rest).await?,
                "MAIL" => self.mail(rest),
                "RCPT" => self.recipient(rest),
                "DATA" if rest.is_empty() => self.data().await?,
                _ => "500 5.5.1 No such command here",
            };
            self.say(answer).await?;
        }
    }

    fn hello(&mut self, extended: bool) -> &'static str {
        (self.greeted, self.envelope) = (true, None);
        if !extended {
            return "250 localhost";
        }
        "250-localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 26214400\r\n\
         250-AUTH XOAUTH2 OAUTHBEARER\r\n250 ENHANCEDSTATUSCODES"
    }

    async fn auth(&mut self, rest: &str) -> Result<&'static str, WireError> {
        if self.user.is_some() || self.envelope.is_some() {
            return Ok("503 5.5.1 Not now");
        }
        let (name, initial) = match rest.split_once(' ') {
            Some((name, initial)) => (name, Some(initial)),
            None => (rest, None),
        };
        let Some(mechanism) = Mechanism::named(name) else {
            return Ok("504 5.5.4 That mechanism is not offered");
        };
        let response = match initial {
            Some("=") => Vec::new(),
            Some(initial) => initial.as_bytes().to_vec(),
            None => match self.ask("334 ").await? {
                Some(response) => response,
                None => return Ok("500 5.5.6 Line too long"),
            },
        };
        if response == b"*" {
            return Ok("501 5.7.0 You gave up");
        }
        match sasl::check(&self.shared, mechanism, &response, "mail.smtp") {
            Ok(mailbox) => {
                tracing::debug!(mechanism = mechanism.name(), "a practice SMTP client signed in");
                self.user = Some(mailbox);
                Ok("235 2.7.0 Authentication successful")
            }
            Err(challenge) => {
                let answer = self.ask(&format!("334 {challenge}")).await?;
                let acknowledged = answer.is_some_and(|line| mechanism.acknowledges(&line));
                Ok(if acknowledged {
                    "535 5.7.8 Authentication failed"
                } else {
                    "501 5.5.2 The error was not acknowledged as the mechanism has it"
                })
            }
        }
    }

    /// Says something and takes the client's next line; nothing if that was too long.
    async fn ask(&mut self, text: &str) -> Result<Option<Vec<u8>>, WireError> {
        self.say(text).await?;
        match self.wire.line(AUTH_CAP, LINE_TIME).await {
            Ok(line) => Ok(Some(line)),
            Err(WireError::TooLong) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn mail(&mut self, rest: &str) -> &'static str {
        if self.envelope.is_some() {
            return "503 5.5.1 One message at a time";
        }
        let Some(Path { address, parameters }) = envelope::parse(rest, "FROM:") else {
            return "501 5.1.7 That is no sender";
        };
        for (name, value) in &parameters {
            match name.as_str() {
                "SIZE" if value.parse::<usize>().is_ok_and(|size| size <= MESSAGE_CAP) => {}
                "SIZE" => return "552 5.3.4 That message is too large",
                "BODY" | "AUTH" => {}
                _ => return "555 5.5.4 That parameter is not known",
            }
        }
        if let Some(user) = &self.user
            && !address.eq_ignore_ascii_case(user)
            && !address.is_empty()
        {
            return "553 5.7.1 You may only send as the one you signed in as";
        }
        self.envelope = Some(Envelope { from: address, local: Vec::new(), elsewhere: Vec::new() });
        "250 2.1.0 Done"
    }

    fn recipient(&mut self, rest: &str) -> &'static str {
        let Some(envelope) = &mut self.envelope else { return "503 5.5.1 Say MAIL first" };
        let Some(path) = envelope::parse(rest, "TO:").filter(|path| !path.address.is_empty())
        else {
            return "501 5.1.3 That is no recipient";
        };
        if envelope.local.len() + envelope.elsewhere.len() >= RECIPIENTS_CAP {
            return "452 4.5.3 Too many recipients";
        }
        let known = self.shared.lock().mail.exists(&path.address);
        match (known, &self.user) {
            (true, _) => envelope.local.push(path.address),
            (false, Some(_)) => envelope.elsewhere.push(path.address),
            (false, None) => return "550 5.1.1 There is no such mailbox here",
        }
        "250 2.1.5 Done"
    }

    async fn data(&mut self) -> Result<&'static str, WireError> {
        let Some(envelope) = self.envelope.take() else {
            return Ok("503 5.5.1 Say MAIL and RCPT first");
        };
        if envelope.local.is_empty() && envelope.elsewhere.is_empty() {
            self.envelope = Some(envelope);
            return Ok("554 5.5.1 No recipient was taken");
        }
        self.say("354 Go on, and end with a dot on a line of its own").await?;
        let Some(message) = self.message().await? else {
            return Ok("552 5.3.4 That message is too large");
        };
        let now = self.shared.lock().now();
        let mut raw = trace(&envelope.from, &now.to_zoned(TimeZone::UTC)).into_bytes();
        raw.extend(message);
        let mut boxes = envelope.local;
        boxes.sort_by_key(|address| address.to_ascii_lowercase());
        boxes.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
        for mailbox in boxes {
            self.shared.deliver(&mailbox, raw.clone());
        }
        if !envelope.elsewhere.is_empty() {
            let outgoing = Outgoing { from: envelope.from, to: envelope.elsewhere, raw };
            self.shared.lock().mail.keep_outgoing(outgoing);
        }
        Ok("250 2.0.0 Taken")
    }

    /// The message up to its lone dot, with stuffed dots taken out (RFC 5321 §4.5.2); nothing if it is too large.
    async fn message(&mut self) -> Result<Option<Vec<u8>>, WireError> {
        let mut message = Vec::new();
        let mut fits = true;
        loop {
            match self.wire.line(MESSAGE_LINE_CAP, LINE_TIME).await {
                Ok(line) if line == b"." => return Ok(fits.then_some(message)),
                Ok(line) => {
                    let line = line.strip_prefix(b".").unwrap_or(&line);
                    fits &= message.len() + line.len() + 2 <= MESSAGE_CAP;
                    if fits {
                        message.extend_from_slice(line);
                        message.extend_from_slice(b"\r\n");
                    }
                }
                Err(WireError::TooLong) => fits = false,
                Err(error) => return Err(error),
            }
        }
    }

    async fn say(&mut self, text: &str) -> Result<(), WireError> {
        self.wire.put(text);
        self.wire.put("\r\n");
        self.wire.flush().await
    }
}

/// The lines that a server adds on top (RFC 5321 §4.4).
fn trace(from: &str, now: &Zoned) -> String {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S +0000");
    format!(
        "Return-Path: <{from}>\r\nReceived: from localhost by localhost (practice) with ESMTPS;\r\n\t{date}\r\n"
    )
}

//! A session: reads commands, answers them in order, and keeps its state.

use std::time::Duration;

use outlink_model::Secret;
use tokio::io::{AsyncRead, AsyncWrite};

use super::command::{Piece, announced_literal, parse};
use super::view::View;
use crate::faults::ImapFault;
use crate::mailboxes::{Folder, Mailboxes};
use crate::state::Shared;
use crate::wire::{Wire, WireError};

/// The longest command line, authentication included.
pub(super) const LINE_CAP: usize = 16 * 1024;
/// No argument that we take needs more than this.
const LITERAL_CAP: usize = 8 * 1024;
/// The largest message that APPEND takes.
const MESSAGE_CAP: usize = 16 * 1024 * 1024;
/// How many literals one command may have.
const LITERALS: usize = 8;
/// Before signing in, a client has this long for each line.
pub(super) const GREETING_TIME: Duration = Duration::from_secs(60);
/// Afterwards, it has the thirty minutes that the standard asks for (RFC 3501 §5.4).
pub(super) const IDLE_TIME: Duration = Duration::from_secs(30 * 60);

/// The folder that is open.
pub(super) struct Selected {
    pub(super) folder: String,
    pub(super) read_only: bool,
    pub(super) uid_validity: u32,
    /// The messages that the client knows of.
    pub(super) view: View,
}

impl Selected {
    /// The folder itself; nothing if it is gone, or another one has its name.
    pub(super) fn folder_in<'a>(&self, mail: &'a Mailboxes, mailbox: &str) -> Option<&'a Folder> {
        let folder = mail.folder(mailbox, &self.folder)?;
        (folder.uid_validity == self.uid_validity).then_some(folder)
    }
}

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

/// The answer to a command, after its untagged lines.
pub(super) enum Reply {
    Ok(&'static str),
    /// The same with a text that had to be put together.
    OkWith(String),
    No(&'static str),
    Bad(&'static str),
}

pub(super) struct Session<S> {
    pub(super) wire: Wire<S>,
    pub(super) shared: Shared,
    pub(super) fault: Option<ImapFault>,
    /// Whether the connection is secure. Nobody signs in before.
    pub(super) is_secure: bool,
    /// The mailbox that is open; none before signing in.
    pub(super) mailbox: Option<String>,
    /// The access token that opened it; none where a password did.
    pub(super) token: Option<Secret>,
    /// Whether the client took `UTF8=ACCEPT`.
    pub(super) is_utf8: bool,
    pub(super) selected: Option<Selected>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn new(
        stream: S,
        shared: Shared,
        fault: Option<ImapFault>,
        is_secure: bool,
    ) -> Self {
        let wire = Wire::new(stream);
        let (mailbox, token, selected) = (None, None, None);
        Self { wire, shared, fault, is_secure, mailbox, token, is_utf8: false, selected }
    }

    /// Greets, and runs to the end. The stream, where TLS is to follow.
    pub(super) async fn greet_and_run(mut self) -> Option<S> {
        let greeted = self.greet().await;
        self.finish(greeted).await
    }

    /// The same without a greeting, as after STARTTLS.
    pub(super) async fn run(self) -> Option<S> {
        self.finish(Ok(())).await
    }

    async fn finish(mut self, begun: Result<(), End>) -> Option<S> {
        let ended = match begun {
            Ok(()) => self.serve().await,
            Err(end) => Err(end),
        };
        match ended {
            // Whatever was said ahead of the handshake was not said under TLS, so it counts for nothing.
            Err(End::Secure) => return self.wire.into_stream(),
            Ok(()) | Err(End::Closed) => self.wire.close().await,
            // Dropping the stream without a goodbye is what a cut looks like from the other side.
            Err(End::Cut) => {}
        }
        None
    }

    async fn greet(&mut self) -> Result<(), End> {
        if !self.greet_badly().await? {
            let capabilities = self.capabilities();
            self.wire.put(format!("* OK [CAPABILITY {capabilities}] Practice makes perfect\r\n"));
        }
        self.flush().await
    }

    async fn serve(&mut self) -> Result<(), End> {
        loop {
            let Some(pieces) = self.read().await? else { continue };
            match parse(&pieces) {
                Ok(command) => self.answer(&command).await?,
                Err(tag) => {
                    let tag = tag.unwrap_or_else(|| "*".to_owned());
                    self.wire.put(format!("{tag} BAD That is no command\r\n"));
                }
            }
            self.flush().await?;
        }
    }

    /// The text of one command; nothing if it was refused on the way.
    async fn read(&mut self) -> Result<Option<Vec<Piece>>, End> {
        let mut pieces = Vec::new();
        loop {
            let mut line = match self.wire.line(LINE_CAP, self.time()).await {
                Ok(line) => line,
                Err(WireError::TooLong) => {
                    self.wire.put("* BAD That line is too long\r\n");
                    self.flush().await?;
                    return Ok(None);
                }
                Err(WireError::TimedOut) => {
                    return self.bye("You have been quiet for too long").await;
                }
                Err(WireError::Closed) => return Err(End::Cut),
            };
            let Some((size, waits)) = announced_literal(&line) else {
                pieces.push(Piece::Line(line));
                return Ok(Some(pieces));
            };
            let cap = if self.mailbox.is_some() && is_append(pieces.first(), &line) {
                MESSAGE_CAP
            } else {
                LITERAL_CAP
            };
            if size > cap || pieces.len() >= 2 * LITERALS {
                // What follows cannot be told apart from commands, unless the client waits for our word.
                if !waits {
                    return self.bye("That literal is too large").await;
                }
                let tag: Vec<u8> = line.into_iter().take_while(|byte| *byte != b' ').collect();
                let tag = String::from_utf8_lossy(if pieces.is_empty() { &tag } else { b"*" });
                self.wire.put(format!("{tag} BAD That literal is too large\r\n"));
                self.flush().await?;
                return Ok(None);
            }
            line.truncate(line.iter().rposition(|byte| *byte == b'{').unwrap_or_default());
            pieces.push(Piece::Line(line));
            if waits {
                self.wire.put("+ Go on\r\n");
                self.flush().await?;
            }
            pieces.push(Piece::Literal(self.wire.exactly(size, self.time()).await?));
        }
    }

    pub(super) fn reply(&mut self, tag: &str, reply: &Reply) {
        let (word, text) = match reply {
            Reply::Ok(text) => ("OK", *text),
            Reply::OkWith(text) => ("OK", text.as_str()),
            Reply::No(text) => ("NO", *text),
            Reply::Bad(text) => ("BAD", *text),
        };
        self.wire.put(format!("{tag} {word} {text}\r\n"));
    }

    pub(super) async fn flush(&mut self) -> Result<(), End> {
        if let Some(ImapFault::Slow(time)) = self.fault {
            tokio::time::sleep(time).await;
        }
        Ok(self.wire.flush().await?)
    }

    pub(super) fn capabilities(&self) -> String {
        let told = self.shared.lock().settings.imap_capabilities.clone();
        let mut words: Vec<&str> = told.split(' ').collect();
        if !self.is_secure {
            let needs_tls = |word: &str| word.starts_with("AUTH=") || word == "SASL-IR";
            words.retain(|word| !needs_tls(word) && *word != "LOGINDISABLED");
            words.extend(["STARTTLS", "LOGINDISABLED"]);
        }
        if let Some(ImapFault::Without(capability)) = self.fault {
            words.retain(|word| !word.eq_ignore_ascii_case(capability));
        }
        words.join(" ")
    }

    pub(super) fn is_capable(&self, capability: &str) -> bool {
        self.capabilities().split(' ').any(|word| word.eq_ignore_ascii_case(capability))
    }

    pub(super) async fn bye<T>(&mut self, why: &str) -> Result<T, End> {
        self.wire.put(format!("* BYE {why}\r\n"));
        self.flush().await?;
        Err(End::Closed)
    }

    fn time(&self) -> Duration {
        if self.mailbox.is_some() { IDLE_TIME } else { GREETING_TIME }
    }
}

/// Whether a command that begins with this piece, or is not further than this line yet, is one that brings a message.
fn is_append(first: Option<&Piece>, line: &[u8]) -> bool {
    let line = match first {
        Some(Piece::Line(first)) => first,
        _ => line,
    };
    line.split(|byte| *byte == b' ').nth(1).is_some_and(|word| word.eq_ignore_ascii_case(b"APPEND"))
}

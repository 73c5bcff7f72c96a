//! A session: reads commands, answers them in order, and keeps its state.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::command::{Command, Piece, announced_literal, parse};
use super::{auth, fetch, list, search, store};
use crate::faults::ImapFault;
use crate::state::Shared;
use crate::wire::{Wire, WireError};

/// The longest command line, authentication included.
pub(super) const LINE_CAP: usize = 16 * 1024;
/// No argument that we take needs more than this.
const LITERAL_CAP: usize = 8 * 1024;
/// How many literals one command may have.
const LITERALS: usize = 8;
/// Before signing in, a client has this long for each line.
pub(super) const GREETING_TIME: Duration = Duration::from_secs(60);
/// Afterwards, it has the thirty minutes that the standard asks for (RFC 3501 §5.4).
const IDLE_TIME: Duration = Duration::from_secs(30 * 60);

/// The folder that is open.
pub(super) struct Selected {
    pub(super) folder: String,
    pub(super) read_only: bool,
    pub(super) uid_validity: u32,
    /// How many messages the client knows of.
    pub(super) shown: usize,
}

/// Why a session goes no further.
pub(super) enum End {
    /// The connection is gone, or is to be cut.
    Cut,
    /// Goodbye was said.
    Closed,
}

impl From<WireError> for End {
    fn from(_: WireError) -> Self {
        Self::Cut
    }
}

/// The answer to a command, after its untagged lines.
pub(super) enum Reply {
    Ok(&'static str),
    No(&'static str),
    Bad(&'static str),
}

pub(super) struct Session<S> {
    pub(super) wire: Wire<S>,
    pub(super) shared: Shared,
    pub(super) fault: Option<ImapFault>,
    /// The mailbox that is open; none before signing in.
    pub(super) mailbox: Option<String>,
    pub(super) selected: Option<Selected>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn new(stream: S, shared: Shared, fault: Option<ImapFault>) -> Self {
        Self { wire: Wire::new(stream), shared, fault, mailbox: None, selected: None }
    }

    pub(super) async fn run(mut self) {
        match self.serve().await {
            Ok(()) | Err(End::Closed) => self.wire.close().await,
            // Dropping the stream without a goodbye is what a cut looks like from the other side.
            Err(End::Cut) => {}
        }
    }

    async fn serve(&mut self) -> Result<(), End> {
        let capabilities = self.capabilities();
        self.wire.put(format!("* OK [CAPABILITY {capabilities}] Practice makes perfect\r\n"));
        self.flush().await?;
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
            if size > LITERAL_CAP || pieces.len() >= 2 * LITERALS {
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

    async fn answer(&mut self, command: &Command) -> Result<(), End> {
        let reply = match command.name.as_str() {
            "CAPABILITY" => {
                let capabilities = self.capabilities();
                self.wire.put(format!("* CAPABILITY {capabilities}\r\n"));
                Reply::Ok("Done")
            }
            "LOGOUT" => {
                self.wire.put(format!("* BYE See you\r\n{} OK Done\r\n", command.tag));
                self.flush().await?;
                return Err(End::Closed);
            }
            "NOOP" | "CHECK" => Reply::Ok("Done"),
            "AUTHENTICATE" if self.mailbox.is_none() => {
                return auth::authenticate(self, command).await;
            }
            "LOGIN" if self.mailbox.is_none() => return auth::login(self, command).await,
            _ if self.mailbox.is_none() => Reply::Bad("Sign in first"),
            "AUTHENTICATE" | "LOGIN" => Reply::Bad("You are signed in already"),
            "LIST" => list::list(self, command),
            "STATUS" => list::status(self, command),
            "SELECT" => return list::select(self, command, false).await,
            "EXAMINE" => return list::select(self, command, true).await,
            "IDLE" => return self.idle(command).await,
            _ if self.selected.is_none() => Reply::Bad("No such command, or select a folder first"),
            "CLOSE" | "UNSELECT" => {
                self.selected = None;
                Reply::Ok("Done")
            }
            "FETCH" => fetch::fetch(self, command, false).await?,
            "UID FETCH" => fetch::fetch(self, command, true).await?,
            "STORE" => store::store(self, command, false),
            "UID STORE" => store::store(self, command, true),
            "SEARCH" => search::search(self, command, false),
            "UID SEARCH" => search::search(self, command, true),
            _ => Reply::Bad("No such command here"),
        };
        // Sequence numbers must not move under a command that uses them, but new messages only add to their end.
        self.tell_news().await?;
        self.reply(&command.tag, &reply);
        Ok(())
    }

    /// Waits for news until the client has had enough (RFC 2177).
    async fn idle(&mut self, command: &Command) -> Result<(), End> {
        let mut news = self.shared.watch_mail();
        self.wire.put("+ Idling\r\n");
        loop {
            self.tell_news().await?;
            self.flush().await?;
            tokio::select! {
                line = self.wire.line(LINE_CAP, IDLE_TIME) => {
                    let done = line?.eq_ignore_ascii_case(b"DONE");
                    let reply = if done { Reply::Ok("Done") } else { Reply::Bad("DONE was expected") };
                    self.reply(&command.tag, &reply);
                    return Ok(());
                }
                changed = news.changed() => if changed.is_err() { return Err(End::Cut) },
            }
        }
    }

    /// Tells of messages that have come in since the client last heard.
    async fn tell_news(&mut self) -> Result<(), End> {
        let Some(selected) = &mut self.selected else { return Ok(()) };
        let mailbox = self.mailbox.as_deref().unwrap_or_default();
        let now = {
            let world = self.shared.lock();
            let folder = world.mail.folder(mailbox, &selected.folder);
            folder.map(|folder| (folder.uid_validity, folder.entries.len()))
        };
        match now {
            Some((validity, count)) if validity == selected.uid_validity => {
                if count > selected.shown {
                    selected.shown = count;
                    self.wire.put(format!("* {count} EXISTS\r\n"));
                }
                Ok(())
            }
            _ => self.bye("The folder was made anew").await,
        }
    }

    pub(super) fn reply(&mut self, tag: &str, reply: &Reply) {
        let (word, text) = match reply {
            Reply::Ok(text) => ("OK", text),
            Reply::No(text) => ("NO", text),
            Reply::Bad(text) => ("BAD", text),
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
        self.shared.lock().settings.imap_capabilities.clone()
    }

    pub(super) fn is_capable(&self, capability: &str) -> bool {
        self.capabilities().split(' ').any(|word| word.eq_ignore_ascii_case(capability))
    }

    async fn bye<T>(&mut self, why: &str) -> Result<T, End> {
        self.wire.put(format!("* BYE {why}\r\n"));
        self.flush().await?;
        Err(End::Closed)
    }

    fn time(&self) -> Duration {
        if self.mailbox.is_some() { IDLE_TIME } else { GREETING_TIME }
    }
}

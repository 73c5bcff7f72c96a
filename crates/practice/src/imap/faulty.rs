//! What a session does when it was told to misbehave.

use tokio::io::{AsyncRead, AsyncWrite};

use super::command::{Arg, Command};
use super::session::{End, IDLE_TIME, LINE_CAP, Reply, Session};
use crate::faults::ImapFault;
use crate::grants::Denied;
use crate::wire::WireError;

/// What Exchange Online says when the token that opened a session is over.
const TOKEN_OVER: &str = "Session invalidated - AccessTokenExpired";
/// So many bytes of an endless line are sent at once.
const CHUNK: usize = 4096;
/// The commands that need room.
const FILLING: [&str; 5] = ["APPEND", "COPY", "UID COPY", "MOVE", "UID MOVE"];

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// A greeting that is none; false if the usual one is due.
    pub(super) async fn greet_badly(&mut self) -> Result<bool, End> {
        match self.fault {
            Some(ImapFault::NoGreeting) => self.hang().await,
            Some(ImapFault::Greeting(bytes)) => {
                self.wire.put(bytes);
                Ok(true)
            }
            Some(ImapFault::EndlessGreeting) => {
                self.wire.put("* OK ");
                loop {
                    self.wire.put([b'x'; CHUNK]);
                    self.flush().await?;
                }
            }
            _ => Ok(false),
        }
    }

    /// What a command gets in place of its answer; nothing if it is to be carried out.
    pub(super) async fn misbehave(&mut self, command: &Command) -> Result<Option<Reply>, End> {
        let Some(fault) = self.fault else { return Ok(None) };
        let name = command.name.as_str();
        if let ImapFault::HangAt(at) = fault
            && at == name
        {
            return self.hang().await;
        }
        if self.mailbox.is_none() {
            return Ok(None);
        }
        match fault {
            ImapFault::ThrottledBye(milliseconds) => self.bye(&throttled(milliseconds)).await,
            ImapFault::NotConnected if !["CAPABILITY", "NOOP", "LOGOUT"].contains(&name) => {
                Ok(Some(Reply::Bad("User is authenticated but not connected.")))
            }
            ImapFault::Nonexistent if ["SELECT", "EXAMINE", "STATUS"].contains(&name) => {
                self.selected = None;
                Ok(Some(Reply::No("[NONEXISTENT] Unknown Mailbox (Failure)")))
            }
            ImapFault::RefuseUids if asks_for_uids(command) => Ok(Some(Reply::No("Not now"))),
            ImapFault::CutAtUids if asks_for_uids(command) => Err(End::Cut),
            ImapFault::OverQuota if FILLING.contains(&name) => {
                Ok(Some(Reply::No("[OVERQUOTA] Quota exceeded (mailbox for user is full)")))
            }
            _ => Ok(None),
        }
    }

    /// Says nothing any more, and is gone when the client is.
    pub(super) async fn hang<T>(&mut self) -> Result<T, End> {
        self.flush().await?;
        while let Ok(_) | Err(WireError::TooLong) = self.wire.line(LINE_CAP, IDLE_TIME).await {}
        Err(End::Cut)
    }

    /// Ends the session if its token is over and it was told to mind.
    pub(super) async fn end_with_token(&mut self) -> Result<(), End> {
        let is_over = match (&self.token, self.fault) {
            (Some(token), Some(ImapFault::EndsWithToken)) => {
                let world = self.shared.lock();
                let opened = world.grants.open(world.now(), token.expose(), "mail.imap");
                matches!(opened, Err(Denied::Invalid))
            }
            _ => false,
        };
        if is_over { self.bye(TOKEN_OVER).await } else { Ok(()) }
    }
}

fn asks_for_uids(command: &Command) -> bool {
    let uids = [Arg::Atom("UID".to_owned())];
    command.name == "UID FETCH"
        && matches!(command.args.last(), Some(Arg::List(asked)) if *asked == uids)
}

/// What Exchange says where somebody asks too often.
pub(super) fn throttled(milliseconds: u32) -> String {
    format!("Request is throttled. Suggested Backoff Time: {milliseconds} milliseconds")
}

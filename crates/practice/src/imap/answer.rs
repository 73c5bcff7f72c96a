//! Which command is answered by whom, and in which state of the session.

use tokio::io::{AsyncRead, AsyncWrite};

use super::command::Command;
use super::session::{End, Reply, Session};
use super::{append, auth, copy, fetch, folders, list, search, store};
use crate::faults::ImapFault;

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Answers one command, after whatever news there are.
    pub(super) async fn answer(&mut self, command: &Command) -> Result<(), End> {
        if let Some(reply) = self.misbehave(command).await? {
            self.reply(&command.tag, &reply);
            return Ok(());
        }
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
            "STARTTLS" if self.is_capable("STARTTLS") => return self.secure(command).await,
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
            "CREATE" => folders::create(self, command),
            "DELETE" => folders::delete(self, command),
            "APPEND" => append::append(self, command),
            "ENABLE" if self.is_capable("ENABLE") => folders::enable(self, command),
            "IDLE" if self.is_capable("IDLE") => return self.idle(command).await,
            _ if self.selected.is_none() => Reply::Bad("No such command, or select a folder first"),
            name => self.answer_selected(command, name).await?,
        };
        // Sequence numbers must not move under a command that uses them, but new messages only add to their end.
        self.tell_news(!["FETCH", "STORE", "SEARCH"].contains(&command.name.as_str())).await?;
        self.reply(&command.tag, &reply);
        Ok(())
    }

    /// The commands that need an open folder.
    async fn answer_selected(&mut self, command: &Command, name: &str) -> Result<Reply, End> {
        Ok(match name {
            "CLOSE" => {
                // What is marked goes without a word (RFC 3501 §6.4.2).
                if let Some(selected) = self.selected.take().filter(|open| !open.read_only) {
                    copy::remove_deleted(self, &selected, None);
                }
                Reply::Ok("Done")
            }
            "UNSELECT" => {
                self.selected = None;
                Reply::Ok("Done")
            }
            "FETCH" => fetch::fetch(self, command, false).await?,
            "UID FETCH" => fetch::fetch(self, command, true).await?,
            "STORE" => store::store(self, command, false),
            "UID STORE" => store::store(self, command, true),
            "SEARCH" => search::search(self, command, false),
            "UID SEARCH" => search::search(self, command, true),
            "COPY" => copy::copy(self, command, false, false),
            "UID COPY" => copy::copy(self, command, true, false),
            "MOVE" if self.is_capable("MOVE") => copy::copy(self, command, false, true),
            "UID MOVE" if self.is_capable("MOVE") => copy::copy(self, command, true, true),
            "EXPUNGE" => copy::expunge(self, command, false),
            "UID EXPUNGE" if self.is_capable("UIDPLUS") => copy::expunge(self, command, true),
            _ => Reply::Bad("No such command here"),
        })
    }

    /// `STARTTLS` (RFC 3501 §6.2.1).
    async fn secure(&mut self, command: &Command) -> Result<(), End> {
        self.reply(&command.tag, &Reply::Ok("Begin TLS now"));
        if let Some(ImapFault::InjectAfterStartTls(bytes)) = self.fault {
            self.wire.put(bytes);
        }
        self.flush().await?;
        Err(End::Secure)
    }
}

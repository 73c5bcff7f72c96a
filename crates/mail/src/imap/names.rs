//! Folder names between what people write and what goes over the wire: modified UTF-7, or UTF-8 where the server agrees
//! to it (RFC 6855).

use tokio::io::{AsyncRead, AsyncWrite};

use super::command;
use super::refusal::{self, Asked};
use super::reply::{Reply, Text};
use super::session::Session;
use super::utf7;
use crate::error::Error;

/// How folder names are written in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// It has not mattered yet.
    Unasked,
    Utf7,
    Utf8,
}

impl Names {
    /// A name from the wire, as people write it. One that cannot be read is shown as it is, as far as it can be shown.
    pub(super) fn shown(self, wire: &[u8]) -> String {
        if wire.eq_ignore_ascii_case(b"INBOX") {
            return "INBOX".to_owned();
        }
        let text = String::from_utf8_lossy(wire);
        let decoded = if self == Self::Utf8 { None } else { utf7::decode(&text) };
        decoded.unwrap_or_else(|| text.replace(char::is_control, "\u{fffd}"))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Runs a command that ends in a folder's name. `line` is all that stands before the name.
    ///
    /// The name is what people write. Where the server knows none of that name it may still be one that [`Names::shown`]
    /// showed as it is, so then it is looked for among those that the server lists.
    pub(super) async fn on_folder(
        &mut self,
        command: &'static str,
        line: &str,
        folder: &str,
        mut each: impl FnMut(Reply),
    ) -> Result<Text, Error> {
        let doing = self.doing;
        let name = self.wire_name(folder).await?;
        let missing = match self.naming(command, line, folder, &name, &mut each).await {
            Err(error @ Error::FolderMissing { .. }) if !is_alike(folder) => error,
            done => return done,
        };
        let listed = match self.list().await {
            Ok(listed) => listed,
            Err(Error::Command { .. }) => return Err(missing),
            Err(error) => return Err(error),
        };
        let same = |wire: &&Vec<u8>| self.names.shown(wire) == folder && **wire != name;
        let Some(other) = listed.iter().map(|listed| &listed.name).find(same) else {
            return Err(missing);
        };
        self.doing = doing;
        self.naming(command, line, folder, other, &mut each).await
    }

    /// Agrees on names in UTF-8 where the server offers it, once in a session.
    pub(super) async fn agree_on_names(&mut self) -> Result<(), Error> {
        if self.names != Names::Unasked {
            return Ok(());
        }
        self.names = Names::Utf7;
        // RFC 5161 §3.1: not once a folder is open.
        if self.has_opened {
            return Ok(());
        }
        let offered = self.capabilities().await?;
        let takes_utf8 = offered.has("UTF8=ACCEPT") || offered.has("UTF8=ONLY");
        if !takes_utf8 || !offered.has("ENABLE") {
            return Ok(());
        }
        let tag = self.send("ENABLE UTF8=ACCEPT").await?;
        let mut agrees = false;
        let each = |reply| {
            if let Reply::Enabled(told) = reply {
                agrees |= told.has("UTF8=ACCEPT");
            }
        };
        match self.finish(&tag, Asked::Command("ENABLE"), each).await {
            Ok(_) if agrees => self.names = Names::Utf8,
            // Whoever offers it and takes it back still has modified UTF-7.
            Ok(_) | Err(Error::Command { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn wire_name(&mut self, folder: &str) -> Result<Vec<u8>, Error> {
        if folder.is_empty() || folder.contains(['\r', '\n', '\0']) {
            return Err(Error::Argument { what: "folder name" });
        }
        let insists = self.capabilities.as_ref().is_some_and(|told| told.has("UTF8=ONLY"));
        if insists || !is_alike(folder) {
            self.agree_on_names().await?;
        }
        Ok(match self.names {
            Names::Utf8 => folder.as_bytes().to_vec(),
            Names::Utf7 | Names::Unasked => utf7::encode(folder).into_bytes(),
        })
    }

    async fn naming(
        &mut self,
        command: &'static str,
        line: &str,
        folder: &str,
        name: &[u8],
        each: &mut impl FnMut(Reply),
    ) -> Result<Text, Error> {
        let asked = match command {
            "SELECT" | "EXAMINE" => Asked::Folder { command, folder },
            _ => Asked::Target { command, folder },
        };
        let tag = self.next_tag();
        match self.quotable(name) {
            Some(text) => {
                let quoted = command::quoted(text);
                self.write(format!("{tag} {line} {quoted}\r\n").as_bytes()).await?;
            }
            None => {
                // Eight bits in quotes are not IMAP before both sides have agreed on them.
                self.write(format!("{tag} {line} {{{}}}\r\n", name.len()).as_bytes()).await?;
                if let Some((status, text)) = self.go_ahead(&tag).await? {
                    return Err(self.note_wait(refusal::refusal(asked, status, text)));
                }
                self.write(&[name, b"\r\n"].concat()).await?;
            }
        }
        self.finish(&tag, asked, each).await
    }

    fn quotable<'a>(&self, name: &'a [u8]) -> Option<&'a str> {
        let text = std::str::from_utf8(name).ok()?;
        let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let fits = is_plain || self.names == Names::Utf8 && !text.contains(char::is_control);
        fits.then_some(text)
    }
}

/// Whether a name is written alike in both ways, so that there is nothing to agree on.
fn is_alike(folder: &str) -> bool {
    folder.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'&')
}

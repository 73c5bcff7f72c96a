//! Which folders there are, and making one.

use tokio::io::{AsyncRead, AsyncWrite};

use super::list::Listed;
use super::names::Names;
use super::refusal::Asked;
use super::reply::Reply;
use super::session::Session;
use crate::error::Error;

/// A folder of the mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its name with its parents, as people write it and as [`Session::select`] takes it.
    pub name: String,
    /// What stands between a folder's name and those of the folders in it; `None` where there are no folders in folders.
    pub delimiter: Option<char>,
    /// What it is for, where the server tells.
    pub special_use: Option<SpecialUse>,
    /// Whether it can be opened: some are there only to hold others.
    pub selectable: bool,
}

/// What a folder is for (RFC 6154 §2, RFC 8457).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpecialUse {
    /// Every message of the mailbox.
    All,
    /// Messages that are done with.
    Archive,
    /// Messages that are being written.
    Drafts,
    /// Messages that somebody marked.
    Flagged,
    /// Messages that nobody asked for.
    Junk,
    /// Messages that were sent from here.
    Sent,
    /// Messages that are to be deleted.
    Trash,
    /// Messages that the server takes for important.
    Important,
}

/// Folders that are listed at most.
const FOLDERS: usize = 10_000;

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// The folders of the mailbox, in the server's order; the first 10,000 where there are more. Best asked for before a
    /// folder is opened: only then can the server be asked for names in UTF-8.
    pub async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        let listed = self.list().await?;
        Ok(listed.iter().map(|listed| folder(listed, self.names)).collect())
    }

    /// Makes a folder. One that is there already is as good.
    pub async fn create_folder(&mut self, name: &str) -> Result<(), Error> {
        self.doing = "making a folder";
        match self.on_folder("CREATE", "CREATE", name, |_| {}).await {
            Ok(_) => Ok(()),
            Err(Error::Command { text, .. }) if is_there(&text) => Ok(()),
            // Its parent, that is; the server's words tell.
            Err(Error::FolderMissing { text, .. }) => {
                Err(Error::Command { command: "CREATE", text })
            }
            Err(error) => Err(error),
        }
    }

    /// The folders, their names as they go over the wire.
    pub(super) async fn list(&mut self) -> Result<Vec<Listed>, Error> {
        self.doing = "listing folders";
        self.agree_on_names().await?;
        let offered = self.capabilities().await?;
        if offered.has("LIST-EXTENDED") && offered.has("SPECIAL-USE") {
            // RFC 6154 §2: some servers tell the uses only to those who ask.
            match self.list_by(r#"LIST "" "*" RETURN (SPECIAL-USE)"#).await {
                Err(Error::Command { .. }) => {}
                done => return done,
            }
        }
        self.list_by(r#"LIST "" "*""#).await
    }

    async fn list_by(&mut self, command: &str) -> Result<Vec<Listed>, Error> {
        let tag = self.send(command).await?;
        let mut found = Vec::new();
        let each = |reply| match reply {
            Reply::List(listed) if found.len() < FOLDERS => found.push(listed),
            _ => {}
        };
        self.finish(&tag, Asked::Command("LIST"), each).await?;
        Ok(found)
    }
}

fn folder(listed: &Listed, names: Names) -> Folder {
    let has = |name: &str| listed.attributes.iter().any(|told| told.eq_ignore_ascii_case(name));
    let special_use = [
        (r"\All", SpecialUse::All),
        (r"\Archive", SpecialUse::Archive),
        (r"\Drafts", SpecialUse::Drafts),
        (r"\Flagged", SpecialUse::Flagged),
        (r"\Junk", SpecialUse::Junk),
        (r"\Sent", SpecialUse::Sent),
        (r"\Trash", SpecialUse::Trash),
        (r"\Important", SpecialUse::Important),
    ]
    .into_iter()
    .find(|(name, _)| has(name));
    Folder {
        special_use: special_use.map(|(_, special_use)| special_use),
        selectable: !has(r"\Noselect") && !has(r"\NonExistent"),
        delimiter: listed.delimiter,
        name: names.shown(&listed.name),
    }
}

/// Whether a refusal to make a folder says that there is one (RFC 5530: `ALREADYEXISTS`).
fn is_there(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    ["alreadyexists", "already exists"].iter().any(|phrase| words.contains(phrase))
}

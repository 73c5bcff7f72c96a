//! Mailboxes, their folders and messages, and what was handed in for people elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::random;

/// Every mailbox has these: an ordinary one beside INBOX, and one whose name is more than ASCII.
const FOLDERS: [&str; 3] = ["INBOX", "Archive", "Entwürfe"];
/// A mailbox has no more folders than this.
const FOLDERS_CAP: usize = 500;
/// The longest name of a folder, in bytes.
const NAME_CAP: usize = 255;
/// What stands between a folder and one that lies in it.
pub(crate) const SEPARATOR: char = '/';
/// Past this many, the oldest message for elsewhere is forgotten.
const OUTGOING_CAP: usize = 1000;

/// One message as it lies in a folder.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number in the folder, never used twice under one UIDVALIDITY.
    pub uid: u32,
    /// Its flags, as clients set them: `\Seen`.
    pub flags: BTreeSet<String>,
    /// When it arrived here.
    pub internal_date: Timestamp,
    /// Its bytes.
    pub raw: Arc<[u8]>,
}

/// A message that an authenticated client handed in for somebody who has no mailbox here.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients, as far as they are elsewhere.
    pub to: Vec<String>,
    /// The bytes.
    pub raw: Vec<u8>,
}

pub(crate) struct Folder {
    pub(crate) uid_validity: u32,
    pub(crate) uid_next: u32,
    pub(crate) entries: Vec<Entry>,
}

struct Mailbox {
    /// Who may open it, in lower case.
    users: Vec<String>,
    /// By name, as people read it.
    folders: BTreeMap<String, Folder>,
}

/// Why a folder could not be made or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Exists,
    Missing,
    Full,
    HasChildren,
    /// The name is none that a folder could have, or one that it must keep.
    Name,
}

#[derive(Default)]
pub(crate) struct Mailboxes {
    boxes: BTreeMap<String, Mailbox>,
    /// Those that a POP3 session has open, in lower case: it keeps other such sessions out (RFC 1939 §4).
    taken: BTreeSet<String>,
    pub(crate) outgoing: Vec<Outgoing>,
}

impl Folder {
    fn new() -> Self {
        Self { uid_validity: random::uid_validity(), uid_next: 1, entries: Vec::new() }
    }

    /// Puts a message behind the others; its UID.
    pub(crate) fn append(
        &mut self,
        raw: Arc<[u8]>,
        flags: BTreeSet<String>,
        internal_date: Timestamp,
    ) -> u32 {
        let uid = self.uid_next;
        self.uid_next = self.uid_next.saturating_add(1);
        self.entries.push(Entry { uid, flags, internal_date, raw });
        uid
    }

    pub(crate) fn entry(&self, uid: u32) -> Option<&Entry> {
        self.entries.get(self.place(uid)?)
    }

    pub(crate) fn entry_mut(&mut self, uid: u32) -> Option<&mut Entry> {
        let place = self.place(uid)?;
        self.entries.get_mut(place)
    }

    /// UIDs only ever grow along a folder (RFC 3501 §2.3.1.1).
    fn place(&self, uid: u32) -> Option<usize> {
        self.entries.binary_search_by_key(&uid, |entry| entry.uid).ok()
    }
}

impl Mailboxes {
    /// Makes a mailbox that these users may open. One that exists keeps its messages.
    pub(crate) fn add(&mut self, address: &str, users: &[&str]) {
        let users = users.iter().map(|user| user.to_ascii_lowercase()).collect();
        let folders = || FOLDERS.map(|name| (name.to_owned(), Folder::new())).into();
        let mailbox = self.boxes.entry(address.to_ascii_lowercase());
        mailbox.or_insert_with(|| Mailbox { users: Vec::new(), folders: folders() }).users = users;
    }

    pub(crate) fn exists(&self, address: &str) -> bool {
        self.boxes.contains_key(&address.to_ascii_lowercase())
    }

    pub(crate) fn may_open(&self, address: &str, user: &str) -> bool {
        let mailbox = self.boxes.get(&address.to_ascii_lowercase());
        mailbox.is_some_and(|mailbox| mailbox.users.contains(&user.to_ascii_lowercase()))
    }

    pub(crate) fn folder(&self, address: &str, folder: &str) -> Option<&Folder> {
        self.boxes.get(&address.to_ascii_lowercase())?.folders.get(proper(folder))
    }

    pub(crate) fn folder_mut(&mut self, address: &str, folder: &str) -> Option<&mut Folder> {
        self.boxes.get_mut(&address.to_ascii_lowercase())?.folders.get_mut(proper(folder))
    }

    /// The names of a mailbox's folders.
    pub(crate) fn folders(&self, address: &str) -> Vec<String> {
        let mailbox = self.boxes.get(&address.to_ascii_lowercase());
        mailbox.map(|mailbox| mailbox.folders.keys().cloned().collect()).unwrap_or_default()
    }

    /// Puts a message into a folder; its UID.
    pub(crate) fn deliver(
        &mut self,
        address: &str,
        folder: &str,
        raw: Vec<u8>,
        at: Timestamp,
    ) -> Option<u32> {
        let folder = self.folder_mut(address, folder)?;
        Some(folder.append(raw.into(), BTreeSet::new(), at))
    }

    /// Takes a message out of a folder.
    pub(crate) fn take_away(&mut self, address: &str, folder: &str, uid: u32) -> Option<Entry> {
        let folder = self.folder_mut(address, folder)?;
        let place = folder.place(uid)?;
        Some(folder.entries.remove(place))
    }

    /// Makes a folder, and those that it lies in as far as they are missing.
    pub(crate) fn create(&mut self, address: &str, name: &str) -> Result<(), Refused> {
        let mailbox = self.boxes.get_mut(&address.to_ascii_lowercase()).ok_or(Refused::Missing)?;
        let name = proper(name);
        let odd = |character: char| character.is_control() || ['*', '%'].contains(&character);
        if name.len() > NAME_CAP || name.contains(odd) || name.split(SEPARATOR).any(str::is_empty) {
            return Err(Refused::Name);
        }
        if mailbox.folders.contains_key(name) {
            return Err(Refused::Exists);
        }
        let levels = name.match_indices(SEPARATOR).filter_map(|(at, _)| name.get(..at));
        let missing: Vec<&str> =
            levels.chain([name]).filter(|one| !mailbox.folders.contains_key(*one)).collect();
        if mailbox.folders.len() + missing.len() > FOLDERS_CAP {
            return Err(Refused::Full);
        }
        mailbox.folders.extend(missing.into_iter().map(|one| (one.to_owned(), Folder::new())));
        Ok(())
    }

    /// Removes a folder and its messages.
    pub(crate) fn delete(&mut self, address: &str, name: &str) -> Result<(), Refused> {
        let mailbox = self.boxes.get_mut(&address.to_ascii_lowercase()).ok_or(Refused::Missing)?;
        let name = proper(name);
        if name == "INBOX" {
            return Err(Refused::Name);
        }
        let inside = format!("{name}{SEPARATOR}");
        if mailbox.folders.keys().any(|one| one.starts_with(&inside)) {
            return Err(Refused::HasChildren);
        }
        mailbox.folders.remove(name).map(|_| ()).ok_or(Refused::Missing)
    }

    /// Takes a mailbox for one session alone; false if another one has it.
    pub(crate) fn take(&mut self, address: &str) -> bool {
        self.taken.insert(address.to_ascii_lowercase())
    }

    /// Lets others have it.
    pub(crate) fn release(&mut self, address: &str) {
        self.taken.remove(&address.to_ascii_lowercase());
    }

    /// Removes messages for good.
    pub(crate) fn remove(&mut self, address: &str, folder: &str, uids: &BTreeSet<u32>) {
        if let Some(folder) = self.folder_mut(address, folder) {
            folder.entries.retain(|entry| !uids.contains(&entry.uid));
        }
    }

    /// Gives a folder a new UIDVALIDITY and its messages new UIDs, as after a restore from a backup. Flags stay.
    pub(crate) fn renumber(&mut self, address: &str, folder: &str) -> Option<u32> {
        let folder = self.folder_mut(address, folder)?;
        // A new value must be greater than the old one (RFC 9051 §2.3.1.1).
        folder.uid_validity = folder.uid_validity.saturating_add(1);
        // The new numbers overlap the old ones for other messages: the trap that UIDVALIDITY is there to tell of.
        let by = usize::from(folder.entries.len() > 1);
        folder.entries.rotate_left(by);
        for (entry, uid) in folder.entries.iter_mut().zip(1_u32..) {
            entry.uid = uid;
        }
        folder.uid_next = folder.entries.last().map_or(1, |entry| entry.uid.saturating_add(1));
        Some(folder.uid_validity)
    }

    pub(crate) fn keep_outgoing(&mut self, message: Outgoing) {
        if self.outgoing.len() >= OUTGOING_CAP {
            self.outgoing.remove(0);
        }
        self.outgoing.push(message);
    }
}

/// INBOX may be written in any case (RFC 9051 §5.1); other names mean what they say.
fn proper(folder: &str) -> &str {
    if folder.eq_ignore_ascii_case("INBOX") { "INBOX" } else { folder }
}

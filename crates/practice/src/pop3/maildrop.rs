//! A mailbox as one session sees it: what lay in it at the sign-in, and what is to be deleted at the end.

use std::collections::BTreeSet;

use crate::mailboxes::Entry;
use crate::state::Shared;

const FOLDER: &str = "INBOX";

/// An open mailbox. No other POP3 session can open it until this is dropped.
pub(super) struct Maildrop {
    shared: Shared,
    address: String,
    uid_validity: u32,
    entries: Vec<Entry>,
    /// Where in `entries` those stand that are to be deleted.
    deleted: BTreeSet<usize>,
}

impl Maildrop {
    /// Opens a mailbox; nothing if another session has it.
    pub(super) fn open(shared: &Shared, address: &str) -> Option<Self> {
        let mut world = shared.lock();
        if !world.mail.take(address) {
            return None;
        }
        let folder = world.mail.folder(address, FOLDER);
        let (uid_validity, entries) =
            folder.map(|folder| (folder.uid_validity, folder.entries.clone())).unwrap_or_default();
        let (shared, address) = (shared.clone(), address.to_owned());
        Some(Self { shared, address, uid_validity, entries, deleted: BTreeSet::new() })
    }

    /// The messages that are left, each with its number.
    pub(super) fn left(&self) -> impl Iterator<Item = (usize, &Entry)> {
        let all = self.entries.iter().enumerate();
        all.filter(|(at, _)| !self.deleted.contains(at)).map(|(at, entry)| (at + 1, entry))
    }

    /// The message with this number, if it is left.
    pub(super) fn message(&self, number: &str) -> Option<(usize, &Entry)> {
        let number: usize = number.parse().ok()?;
        let at = number.checked_sub(1).filter(|at| !self.deleted.contains(at))?;
        Some((number, self.entries.get(at)?))
    }

    /// Marks a message; false if it is not there.
    pub(super) fn delete(&mut self, number: &str) -> bool {
        let Some((number, _)) = self.message(number) else { return false };
        self.deleted.insert(number - 1)
    }

    pub(super) fn reset(&mut self) {
        self.deleted.clear();
    }

    pub(super) fn has_deletions(&self) -> bool {
        !self.deleted.is_empty()
    }

    /// A message's lasting name (RFC 1939 §7).
    pub(super) fn name(&self, entry: &Entry) -> String {
        format!("{}.{}", self.uid_validity, entry.uid)
    }

    /// Somebody else deletes the first message that lies there. This session sees it on.
    pub(super) fn lose_first(&self) {
        let mut world = self.shared.lock();
        let folder = world.mail.folder(&self.address, FOLDER);
        let first = folder.and_then(|folder| folder.entries.first()).map(|entry| entry.uid);
        world.mail.remove(&self.address, FOLDER, &first.into_iter().collect());
    }

    /// Deletes what is marked, for good.
    pub(super) fn commit(&mut self) {
        if !self.has_deletions() {
            return;
        }
        let marked = self.deleted.iter().filter_map(|at| self.entries.get(*at));
        let uids = marked.map(|entry| entry.uid).collect();
        self.shared.lock().mail.remove(&self.address, FOLDER, &uids);
        self.shared.mail_has_changed();
    }
}

impl Drop for Maildrop {
    fn drop(&mut self) {
        self.shared.lock().mail.release(&self.address);
    }
}

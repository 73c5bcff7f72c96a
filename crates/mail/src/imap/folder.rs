//! Folders: opening one, seeing what lies in it, marking it as read.

use std::collections::{BTreeMap, BTreeSet};

use outlink_model::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};

use super::command;
use super::fetch::Fetch;
use super::refusal::Asked;
use super::reply::{Reply, Status};
use super::session::Session;
use super::watch::Watch;
use crate::error::Error;

/// A folder that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selected {
    /// UIDs mean what they meant as long as this stays (RFC 9051 §2.3.1.1).
    pub uid_validity: u32,
    /// The next message's UID, where the server tells it.
    pub uid_next: Option<u32>,
    /// Messages in it.
    pub exists: u32,
    /// Whether nothing in it can be changed.
    pub read_only: bool,
}

/// What is known of a message without fetching it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Its UID.
    pub uid: u32,
    /// Whether it has been read (`\Seen`).
    pub seen: bool,
    /// Octets; 0 where the server does not tell.
    pub size: u64,
    /// When the server received it. The Unix epoch where the server tells nothing that can be read, since a message
    /// must not be passed over for its date.
    pub internal_date: Timestamp,
}

/// Messages that one call of [`Session::metadata`] returns at most.
pub const LISTED: usize = 200_000;
/// UIDs in one command, so that no server finds the line too long.
const NAMED_AT_ONCE: usize = 200;

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Opens a folder for reading only: nothing done after it changes a flag (RFC 9051 §6.3.3).
    pub async fn examine(&mut self, folder: &str) -> Result<Selected, Error> {
        self.open("EXAMINE", folder).await
    }

    /// Opens a folder (RFC 9051 §6.3.2). [`Error::FolderMissing`] where there is none of that name.
    pub async fn select(&mut self, folder: &str) -> Result<Selected, Error> {
        self.open("SELECT", folder).await
    }

    async fn open(&mut self, command: &'static str, folder: &str) -> Result<Selected, Error> {
        self.doing = "opening the folder";
        self.watch = Watch::default();
        let (mut uid_validity, mut uid_next, mut exists) = (None, None, 0);
        let done = self
            .on_folder(command, command, folder, |reply| match reply {
                Reply::Exists(messages) => exists = messages,
                Reply::Untagged(Status::Ok, text) => match text.code.as_str() {
                    "UIDVALIDITY" => uid_validity = text.argument.parse().ok(),
                    "UIDNEXT" => uid_next = text.argument.parse().ok(),
                    _ => {}
                },
                _ => {}
            })
            .await?;
        self.has_opened = true;
        self.watch.settle();
        let Some(uid_validity) = uid_validity else {
            return Err(self.protocol("It tells no UIDVALIDITY for the folder."));
        };
        Ok(Selected { uid_validity, uid_next, exists, read_only: done.code == "READ-ONLY" })
    }

    /// What lies in the open folder from this UID on, by ascending UID. Not more than 200,000 messages at once, the
    /// lowest UIDs: ask again from the last one on.
    pub async fn metadata(&mut self, from_uid: u32) -> Result<Vec<Meta>, Error> {
        self.doing = "listing messages";
        let from = from_uid.max(1);
        // What is told from here on may have come too late for this listing.
        self.watch.settle();
        let tag =
            self.send(&format!("UID FETCH {from}:* (UID FLAGS INTERNALDATE RFC822.SIZE)")).await?;
        let mut found = BTreeMap::new();
        self.finish(&tag, Asked::Command("UID FETCH"), |reply| {
            if let Reply::Fetch(fetch) = reply {
                note(&mut found, from, &fetch);
            }
        })
        .await?;
        Ok(found.into_values().collect())
    }

    /// Which of these UIDs the open folder has.
    pub async fn still_there(
        &mut self,
        uids: impl IntoIterator<Item = u32>,
    ) -> Result<BTreeSet<u32>, Error> {
        let uids: Vec<u32> = uids.into_iter().collect();
        let mut there = BTreeSet::new();
        for some in uids.chunks(NAMED_AT_ONCE) {
            let set = command::sequence_set(some);
            let tag = self.send(&format!("UID FETCH {set} (UID)")).await?;
            self.finish(&tag, Asked::Command("UID FETCH"), |reply| {
                if let Reply::Fetch(fetch) = reply {
                    there.extend(fetch.uid.filter(|uid| some.contains(uid)));
                }
            })
            .await?;
        }
        Ok(there)
    }

    /// Marks messages of the folder opened by [`Session::select`] as read.
    pub async fn mark_seen(&mut self, uids: &[u32]) -> Result<(), Error> {
        self.doing = "marking messages as read";
        for some in uids.chunks(NAMED_AT_ONCE) {
            let set = command::sequence_set(some);
            let tag = self.send(&format!("UID STORE {set} +FLAGS.SILENT (\\Seen)")).await?;
            self.finish(&tag, Asked::Change("UID STORE"), |_| {}).await?;
        }
        Ok(())
    }
}

/// Adds what a response tells of a message. It may come in several, some of the server's own accord.
fn note(found: &mut BTreeMap<u32, Meta>, from: u32, fetch: &Fetch) {
    // `n:*` means the last message even where its UID is below n (RFC 9051 §6.4.9).
    let Some(uid) = fetch.uid.filter(|&uid| uid >= from) else { return };
    let meta = found.entry(uid).or_insert(Meta {
        uid,
        seen: false,
        size: 0,
        internal_date: Timestamp::UNIX_EPOCH,
    });
    meta.seen = fetch.seen.unwrap_or(meta.seen);
    meta.size = fetch.size.unwrap_or(meta.size);
    meta.internal_date = fetch.internal_date.unwrap_or(meta.internal_date);
    if found.len() > LISTED {
        found.pop_last();
    }
}

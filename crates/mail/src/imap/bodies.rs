//! Fetching messages, several commands ahead of their answers so that the way there and back is waited for once.

use std::collections::{BTreeSet, VecDeque};

use tokio::io::{AsyncRead, AsyncWrite};

use super::command;
use super::fetch::{Content, Fetch};
use super::refusal::{self, Asked};
use super::reply::{Reply, Status, Text};
use super::session::Session;
use crate::body::Body;
use crate::error::Error;

/// UIDs in one command.
const PER_COMMAND: usize = 32;
/// Commands sent before the first one's answer is complete.
const AHEAD: usize = 4;

/// A command whose answer is awaited.
struct Sent {
    tag: String,
    uids: Vec<u32>,
    /// Whether something came that should have been one of these messages and could not be read as one.
    odd: bool,
}

/// A command that did not bring all of its messages.
struct Refused {
    uids: Vec<u32>,
    /// The server's words; `None` where its answer could not be read.
    words: Option<Text>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Fetches these messages of the open folder without marking them as read, and hands each to `each` as it arrives.
    /// A UID that is no longer there, as the server says when asked again, is passed over in silence. `uids` in ascending order are fetched fastest.
    ///
    /// One message that the server cannot give does not cost the others: it is asked for again alone, and then reported
    /// as [`Body::Refused`].
    pub async fn bodies(
        &mut self,
        uids: &[u32],
        mut each: impl FnMut(u32, Body),
    ) -> Result<(), Error> {
        self.doing = "fetching messages";
        let mut open: BTreeSet<u32> = uids.iter().copied().collect();
        let groups = uids.chunks(PER_COMMAND).map(<[u32]>::to_vec).collect();
        let refused = self.fetch(groups, &mut open, &mut each).await?;
        let left = refused.into_iter().flat_map(|refused| refused.uids);
        let alone = left.filter(|uid| open.contains(uid)).map(|uid| vec![uid]).collect();
        for refused in self.fetch(alone, &mut open, &mut each).await? {
            // One that came after its refusal, among another's answers, is here all the same.
            let is_open = refused.uids.iter().all(|uid| open.remove(uid));
            if is_open && let Some((uid, body)) = refused_alone(&refused) {
                each(uid, body);
            }
        }
        // An `OK` without a message does not say that it is gone: servers answer so, too, where they cannot read it.
        for uid in self.still_there(open).await? {
            each(uid, Body::Refused("The server has it and does not send it.".to_owned()));
        }
        Ok(())
    }

    /// Sends a command for each group and takes the answers. Returns the groups that were refused, or answered in a way
    /// that cannot be read, as far as messages of theirs are still open.
    async fn fetch(
        &mut self,
        mut groups: VecDeque<Vec<u32>>,
        open: &mut BTreeSet<u32>,
        each: &mut impl FnMut(u32, Body),
    ) -> Result<Vec<Refused>, Error> {
        let mut sent: VecDeque<Sent> = VecDeque::new();
        let mut refused = Vec::new();
        loop {
            while sent.len() < AHEAD
                && let Some(uids) = groups.pop_front()
            {
                let set = command::sequence_set(&uids);
                let tag = self.send(&format!("UID FETCH {set} (UID BODY.PEEK[])")).await?;
                sent.push_back(Sent { tag, uids, odd: false });
            }
            if sent.is_empty() {
                return Ok(refused);
            }
            match self.reply().await? {
                Reply::Fetch(fetch) => {
                    if let Some((uid, body)) = message(fetch, open, &mut sent) {
                        open.remove(&uid);
                        each(uid, body);
                    }
                }
                Reply::Tagged(tag, status, text) => {
                    let Some(at) = sent.iter().position(|sent| sent.tag == tag) else { continue };
                    let Some(done) = sent.remove(at) else { continue };
                    let words = judged(status, text).map_err(|error| self.note_wait(error))?;
                    let is_open = done.uids.iter().any(|uid| open.contains(uid));
                    if is_open && (words.is_some() || done.odd) {
                        refused.push(Refused { uids: done.uids, words });
                    }
                }
                _ => {}
            }
        }
    }
}

/// What a command's answer says: `None` that all was given that is there, words that something was refused. An error
/// where it concerns the session rather than a message.
fn judged(status: Status, text: Text) -> Result<Option<Text>, Error> {
    if status == Status::Ok {
        return Ok(None);
    }
    let (code, shown) = (text.code.clone(), text.shown.clone());
    match refusal::refusal(Asked::Command("UID FETCH"), status, text) {
        Error::Command { .. } if status == Status::No => {
            Ok(Some(Text { code, argument: String::new(), shown }))
        }
        error => Err(error),
    }
}

/// What is told of a message that was refused when asked for alone.
fn refused_alone(refused: &Refused) -> Option<(u32, Body)> {
    let uid = *refused.uids.first()?;
    match &refused.words {
        // RFC 5530: it is gone, which the server could not say in time.
        Some(text) if matches!(text.code.as_str(), "EXPUNGEISSUED" | "NONEXISTENT") => None,
        Some(text) => Some((uid, Body::Refused(text.shown.clone()))),
        None => Some((uid, Body::Refused("The server's answer cannot be read.".to_owned()))),
    }
}

/// The message that a response brings, if it is one that was asked for and has not come yet.
fn message(fetch: Fetch, open: &BTreeSet<u32>, sent: &mut VecDeque<Sent>) -> Option<(u32, Body)> {
    let asked = fetch.uid.filter(|uid| open.contains(uid));
    let (body, is_empty) = match fetch.content {
        Some(Content::Raw(raw)) => (Some(Body::Raw(raw)), false),
        Some(Content::TooLarge(octets)) => (Some(Body::TooLarge(octets)), false),
        Some(Content::Nothing) => (None, true),
        None => (None, false),
    };
    let is_odd = !fetch.whole || is_empty || (fetch.uid.is_none() && body.is_some());
    if let (Some(uid), Some(body)) = (asked, body) {
        return Some((uid, body));
    }
    if is_odd && let Some(first) = sent.front_mut() {
        // Answers come in the order of the commands, so this one belongs to the first.
        first.odd = true;
    }
    None
}

//! Fetching one batch: what is asked for at once, how much of the answer is kept, and what happens to a message that
//! cannot be had.
//!
//! Messages that are refused while others come are the server's to explain, and are kept with its words. Where nothing
//! comes, the server's storage may be at fault, and all is fetched later.

use std::collections::VecDeque;

use outlink_mail::imap::Meta;
use outlink_mail::{Body, Error as MailError};

use super::suspects::{Failed, Trail, is_alone};
use crate::Engine;
use crate::mail_servers::{ANSWERS_IN_A_STEP, MailSession, endless};

/// At most so many messages in one transaction.
const BATCH_MESSAGES: usize = 64;
/// At most so many octets in one transaction, as far as whole messages allow: three batches are in memory at a time.
const BATCH_OCTETS: u64 = 5 * 1024 * 1024;

/// What came of a batch.
#[derive(Default)]
pub(super) struct Arrived {
    /// Its messages, as far as they have been dealt with; those behind them are to be fetched one by one.
    pub(super) batch: Vec<Meta>,
    /// What the server gave of them.
    pub(super) bodies: Vec<(u32, Body)>,
}

impl Arrived {
    /// Whether there is nothing to be read.
    pub(super) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }
}

/// The bodies of a batch, as far as they are kept. Servers announce sizes that are not true.
struct Kept {
    bodies: Vec<(u32, Body)>,
    octets: u64,
    /// Of octets, unless one message alone has more.
    most: u64,
    /// The lowest UID of those that were not kept.
    left: Option<u32>,
}

impl Kept {
    fn new(most: u64) -> Self {
        Self { bodies: Vec::new(), octets: 0, most, left: None }
    }

    fn add(&mut self, uid: u32, body: Body) {
        let octets = match &body {
            Body::Raw(raw) => raw.len() as u64,
            Body::TooLarge(_) | Body::Refused(_) => 0,
        };
        let fits = self.octets.saturating_add(octets) <= self.most;
        if octets > 0 && self.octets > 0 && !fits {
            self.left = Some(self.left.map_or(uid, |left| left.min(uid)));
            return;
        }
        self.octets = self.octets.saturating_add(octets);
        self.bodies.push((uid, body));
    }

    /// How many of the batch's messages may be committed: none that comes after one that was not kept, since the
    /// cursor passes over all that lie before it.
    fn taken(&self, batch: &[Meta]) -> usize {
        self.left.map_or(batch.len(), |left| batch.partition_point(|meta| meta.uid < left))
    }

    /// The server's words where it refused something.
    fn refused(&self) -> Option<&str> {
        self.bodies.iter().find_map(|(_, body)| match body {
            Body::Refused(words) => Some(words.as_str()),
            Body::Raw(_) | Body::TooLarge(_) => None,
        })
    }

    /// The smallest message that has come.
    fn smallest(&self) -> Option<u32> {
        let raw = self.bodies.iter().filter_map(|(uid, body)| match body {
            Body::Raw(raw) => Some((raw.len(), *uid)),
            Body::TooLarge(_) | Body::Refused(_) => None,
        });
        raw.min().map(|(_, uid)| uid)
    }
}

impl Engine {
    /// Fetches a batch out of all that is wanted.
    pub(super) async fn fetch_batch(
        &self,
        session: &mut MailSession,
        trail: &Trail,
        wanted: &[Meta],
        batch: &[Meta],
    ) -> Result<Arrived, Failed> {
        let largest = self.0.settings.limits.message_size as u64;
        let asked = batch.iter().filter(|meta| meta.size <= largest).map(|meta| meta.uid);
        let uids: Vec<u32> = asked.filter(|uid| trail.passed_over(*uid).is_none()).collect();
        let mut kept = Kept::new(BATCH_OCTETS.saturating_add(largest));
        if !uids.is_empty() {
            let bodies = session.bodies(&uids, |uid, body| kept.add(uid, body));
            let went = self.in_time(bodies).await;
            went.map_err(|error| Failed::asking(&uids, &error, false))?;
            if let Some(words) = kept.refused() {
                // A message that came just now tells best whether the server still gives any.
                let mut probes = trail.probes(wanted, largest, batch);
                probes.splice(0..0, kept.smallest());
                if !self.gives_any(session, &probes).await? {
                    let text = words.to_owned();
                    let error = MailError::Unavailable { text, retry_after: None };
                    return Err(error.trouble().into());
                }
            }
        }
        for Meta { uid, .. } in batch {
            if let Some(words) = trail.passed_over(*uid) {
                kept.bodies.push((*uid, Body::Refused(words.to_owned())));
            }
        }
        let taken = kept.taken(batch);
        Ok(Arrived { batch: batch[..taken].to_vec(), bodies: kept.bodies })
    }

    /// Whether the server gives one of these messages.
    pub(super) async fn gives_any(
        &self,
        session: &mut MailSession,
        probes: &[u32],
    ) -> Result<bool, Failed> {
        for uid in probes {
            let mut given = false;
            let each = |_, body| given |= !matches!(body, Body::Refused(_));
            let went = self.in_time(session.bodies(&[*uid], each)).await;
            went.map_err(|error| Failed::asking(&[*uid], &error, true))?;
            if given {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Holds a command that has a short answer to the time of a few.
    pub(super) async fn in_step<T>(
        &self,
        work: impl Future<Output = Result<T, MailError>>,
    ) -> Result<Result<T, MailError>, Failed> {
        let limit = self.0.settings.limits.mail_read * ANSWERS_IN_A_STEP;
        tokio::time::timeout(limit, work).await.map_err(|_| endless(limit).into())
    }

    /// Holds one piece of a fetch to its time, so that a server that goes on talking without end is left all the same.
    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, MailError>>,
    ) -> Result<T, MailError> {
        let limit = self.0.settings.limits.mail_batch;
        let late = MailError::TimedOut { doing: "fetching messages", time: limit };
        tokio::time::timeout(limit, work).await.unwrap_or(Err(late))
    }
}

/// Cuts the list so that a batch is neither too many messages nor too many octets. After some failures in a row, the
/// first messages are alone in their batches; whatever holds the mailbox up is one of them.
pub(super) fn batches(metas: &[Meta], largest: u64, failures: u32) -> VecDeque<&[Meta]> {
    let alone = if is_alone(failures) { BATCH_MESSAGES.min(metas.len()) } else { 0 };
    let (first, metas) = metas.split_at(alone);
    let mut cut: VecDeque<&[Meta]> = first.chunks(1).collect();
    let (mut start, mut octets) = (0, 0_u64);
    for (at, meta) in metas.iter().enumerate() {
        // A server that does not tell sizes may mean any.
        let size = if meta.size == 0 { largest } else { meta.size };
        let full = at - start >= BATCH_MESSAGES || octets.saturating_add(size) > BATCH_OCTETS;
        if at > start && full {
            cut.push_back(&metas[start..at]);
            (start, octets) = (at, 0);
        }
        octets = octets.saturating_add(size);
    }
    if start < metas.len() {
        cut.push_back(&metas[start..]);
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGEST: u64 = 50 * 1024 * 1024;

    fn meta(uid: u32, size: u64) -> Meta {
        let internal_date = outlink_model::Timestamp::UNIX_EPOCH;
        Meta { uid, size, seen: false, internal_date }
    }

    fn lengths(cut: &VecDeque<&[Meta]>) -> Vec<usize> {
        cut.iter().map(|batch| batch.len()).collect()
    }

    #[test]
    fn batches_hold_every_message_once_and_are_bounded() {
        let mut metas: Vec<_> = (1..=200).map(|uid| meta(uid, 1000)).collect();
        metas.push(meta(201, 3 * BATCH_OCTETS));
        metas.extend((202..=204).map(|uid| meta(uid, BATCH_OCTETS / 2)));
        metas.extend((205..=206).map(|uid| meta(uid, 0)));
        let cut = batches(&metas, LARGEST, 0);
        assert_eq!(cut.iter().flat_map(|batch| batch.iter()).count(), metas.len());
        assert_eq!(lengths(&cut), [64, 64, 64, 8, 1, 2, 1, 1, 1]);
        assert!(batches(&[], LARGEST, 9).is_empty());
    }

    #[test]
    fn after_two_failures_the_first_messages_are_alone() {
        let metas: Vec<_> = (1..=70).map(|uid| meta(uid, 1000)).collect();
        assert_eq!(lengths(&batches(&metas, LARGEST, 1)), [64, 6]);
        let cut = batches(&metas, LARGEST, 2);
        assert_eq!((cut.len(), cut[0].len(), cut[64].len()), (65, 1, 6));
    }

    #[test]
    fn no_more_is_kept_than_fits_whatever_the_server_announced() {
        let batch: Vec<_> = (1..=4).map(|uid| meta(uid, 1)).collect();
        let mut kept = Kept::new(10);
        kept.add(1, Body::Raw(vec![0; 30]));
        assert_eq!(kept.taken(&batch), 4, "one message alone is kept, however large");
        kept.add(4, Body::Refused("no".into()));
        kept.add(3, Body::Raw(vec![0; 1]));
        kept.add(2, Body::Raw(vec![0; 1]));
        assert_eq!(kept.bodies.len(), 2);
        assert_eq!(kept.taken(&batch), 1, "nothing behind what was not kept is committed");
    }

    #[test]
    fn what_was_refused_is_told_from_what_came() {
        let mut kept = Kept::new(10);
        kept.add(3, Body::TooLarge(100));
        assert_eq!((kept.refused(), kept.smallest()), (None, None));
        kept.add(1, Body::Refused("no".into()));
        kept.add(2, Body::Raw(vec![0; 5]));
        kept.add(4, Body::Raw(vec![0; 2]));
        assert_eq!((kept.refused(), kept.smallest()), (Some("no"), Some(4)));
    }
}

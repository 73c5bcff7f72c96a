//! Looking at messages whose dates decide whether they are wanted, and taking in those that are.
//!
//! It is done in portions, and what is passed over is written with each, so that a look at a large mailbox that is
//! interrupted goes on where it was. What is wanted is taken in before the look has gone far beyond it.

use std::collections::HashMap;
use std::sync::Arc;

use outlink_mail::imap::Meta;
use outlink_mail::message::parse;
use outlink_mail::{Body, Error as MailError, pop3};
use outlink_model::Timestamp;

use super::super::list::{cut_off, is_wanted};
use super::super::source::{INBOX, Source};
use super::super::{Failed, Job, Trail, away, fetch, inner, no_folders, overtaken};
use super::listing::{Listing, Look, nameless};
use crate::mail_servers::{MailSession, Wire};
use crate::{Engine, Error};

/// Messages that are looked at between two notes of what was passed over.
const PORTION: usize = 256;
/// Headers that are asked for within one time limit.
const ASKED_AT_ONCE: usize = 32;
/// So many that are wanted are taken in before the look goes on.
const WANTED: usize = 1024;

/// What a look has learnt of the server.
struct Manner {
    /// It gives headers alone, as far as we know.
    has_top: bool,
    /// It has given something.
    gives: bool,
    /// Its words when it last did not.
    words: String,
}

/// How messages are looked at.
#[derive(Clone, Copy)]
enum By {
    /// By their headers alone.
    Top,
    /// By fetching them whole. They are let go at once.
    Whole,
}

impl Engine {
    /// Looks at what is doubtful, and takes in what is wanted.
    pub(super) async fn take_what_is_wanted(
        &self,
        job: &Arc<Job>,
        session: &mut MailSession,
        trail: &mut Trail,
        listing: Listing,
    ) -> Result<(), Failed> {
        let Listing { mut wanted, doubtful, look, is_nameless } = listing;
        if is_nameless {
            trail.note = Some(nameless(&job.server));
        }
        let mut noted = look;
        let mut manner = Manner { has_top: true, gives: false, words: String::new() };
        let mut passed_over = 0;
        let mut portions = doubtful.chunks(PORTION).peekable();
        while let Some(portion) = portions.next() {
            let dates = self.dates(job, session, trail, &mut manner, portion).await?;
            job.held.beat();
            let dated = |meta: &Meta| dates.get(&meta.uid).copied();
            let is_taken =
                |meta: &&Meta| is_wanted(&job.server, dated(meta).unwrap_or(Timestamp::UNIX_EPOCH));
            let (taken, passed): (Vec<&Meta>, Vec<&Meta>) = portion.iter().partition(is_taken);
            passed_over += passed.len();
            let next = if portions.peek().is_some() { Look::Begun } else { Look::Done };
            self.note_looked(job, &passed, &mut noted, next).await?;
            wanted.extend(taken);
            if wanted.len() >= WANTED && portions.peek().is_some() {
                self.take_in(job, session, trail, std::mem::take(&mut wanted)).await?;
            }
        }
        self.note_looked(job, &[], &mut noted, Look::Done).await?;
        if passed_over > 0 && look == Look::Done && !is_nameless {
            let from = cut_off(&job.server).unwrap_or(Timestamp::UNIX_EPOCH);
            trail.note = Some(format!(
                "{passed_over} of the messages there came under names that the mail server had not told before, with \
                 dates before {from} in their headers. They are not taken."
            ));
        }
        self.take_in(job, session, trail, wanted).await
    }

    async fn take_in(
        &self,
        job: &Arc<Job>,
        session: &mut MailSession,
        trail: &mut Trail,
        mut wanted: Vec<Meta>,
    ) -> Result<(), Failed> {
        // A server that gives headers may yet give no message: that is shown anew.
        trail.is_proven = false;
        wanted.sort_unstable_by_key(|meta| meta.uid);
        self.batches(job, session, trail, &wanted).await
    }

    /// When each of these messages arrived, as far as its header tells.
    async fn dates(
        &self,
        job: &Job,
        session: &mut MailSession,
        trail: &mut Trail,
        manner: &mut Manner,
        portion: &[Meta],
    ) -> Result<HashMap<u32, Timestamp>, Failed> {
        let MailSession::Pop3(pop3) = session else { return Err(no_folders().into()) };
        let mut dates = HashMap::new();
        // Whatever has ended two sessions is left to the fetch, which knows when to pass it over.
        let mut left: Vec<Meta> =
            portion.iter().filter(|meta| !trail.is_avoided(meta.uid)).copied().collect();
        if manner.has_top && !left.is_empty() {
            let mut refused = Vec::new();
            let mut looked_at = 0;
            for some in left.chunks(ASKED_AT_ONCE) {
                let kept = self.look_at(pop3, trail, manner, some, By::Top, &mut dates).await?;
                job.held.beat();
                looked_at += some.len();
                // It may be one message that it does not give. If it is all of them, it has no such command.
                manner.has_top = kept.len() < some.len();
                refused.extend(kept);
                if !manner.has_top {
                    break;
                }
            }
            refused.extend_from_slice(&left[looked_at..]);
            left = refused;
        }
        // What is too large to be fetched has no date.
        let largest = self.0.settings.limits.message_size as u64;
        left.retain(|meta| meta.size <= largest);
        let mut refused = false;
        for batch in fetch::batches(&left, largest, 0) {
            let some = self.look_at(pop3, trail, manner, batch, By::Whole, &mut dates).await?;
            job.held.beat();
            refused |= !some.is_empty();
        }
        if refused && !manner.gives {
            // Nothing tells messages that cannot be had from a server that gives none, and old mail must not count as new
            // only because its date could not be had.
            let text = std::mem::take(&mut manner.words);
            return Err(MailError::Unavailable { text, retry_after: None }.trouble().into());
        }
        Ok(dates)
    }

    /// Looks at these messages and notes the dates of those that have one. Hands back those that the server refused.
    async fn look_at(
        &self,
        pop3: &mut pop3::Session<Wire>,
        trail: &mut Trail,
        manner: &mut Manner,
        metas: &[Meta],
        by: By,
        dates: &mut HashMap<u32, Timestamp>,
    ) -> Result<Vec<Meta>, Failed> {
        let numbers: Vec<u32> = metas.iter().map(|meta| meta.uid).collect();
        let mut left = metas.iter();
        let mut refused = Vec::new();
        let each = |number, body| {
            let meta = left.next();
            match body {
                Body::Raw(raw) => {
                    manner.gives = true;
                    dates.extend(date(&raw).map(|date| (number, date)));
                }
                Body::TooLarge(_) => manner.gives = true,
                Body::Refused(words) => {
                    manner.words = words;
                    refused.extend(meta);
                }
            }
        };
        let went = match by {
            By::Top => self.in_time(pop3.tops(&numbers, 0, each)).await,
            By::Whole => self.in_time(pop3.bodies(&numbers, each)).await,
        };
        trail.is_proven |= manner.gives;
        // They are answered in their order, so that it ended at the first that was not.
        let ended_at: Vec<u32> = left.take(1).map(|meta| meta.uid).collect();
        went.map_err(|error| Failed::asking(&ended_at, &error, false))?;
        Ok(refused)
    }

    /// Writes what was passed over, and how far the look has come.
    async fn note_looked(
        &self,
        job: &Job,
        passed: &[&Meta],
        noted: &mut Look,
        look: Look,
    ) -> Result<(), Failed> {
        let Source::Pop3 { uidls } = &job.source else { return Err(no_folders().into()) };
        let named = |meta: &&Meta| Some((uidls.get(&meta.uid)?.clone(), meta.size));
        let passed: Vec<(String, u64)> = passed.iter().filter_map(named).collect();
        // Where messages have no names there is nothing to go on with.
        let changes = *noted != look && !(look == Look::Begun && uidls.is_empty());
        if passed.is_empty() && !changes {
            return Ok(());
        }
        let turn = self.0.commits.acquire().await;
        let _turn = turn.map_err(|error| inner(Error::Broken(error.to_string())))?;
        let mut tx = self.store().intake().await.map_err(away)?;
        if !tx.is_held(job.server.id, &job.held.holder).await.map_err(away)? {
            return Err(overtaken().into());
        }
        tx.pass_over(job.server.id, &passed).await.map_err(away)?;
        if let Some(cursor) = look.cursor() {
            tx.set_cursor(job.server.id, INBOX, &cursor).await.map_err(away)?;
        }
        tx.commit().await.map_err(away)?;
        *noted = look;
        Ok(())
    }
}

/// When a message arrived, by its header: what the last mail server says in it is the nearest, and then what its sender
/// says.
fn date(raw: &[u8]) -> Option<Timestamp> {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n");
    let header = end.and_then(|end| raw.get(..end + 4)).unwrap_or(raw);
    let parsed = parse(header).ok()?;
    parsed.received.or(parsed.date)
}

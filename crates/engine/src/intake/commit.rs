//! The commit: one transaction for a batch, and what becomes of each message decided inside.

use outlink_model::Timestamp;
use outlink_model::mail_server::Cursor;
use outlink_model::message::{Message, Outcome};
use outlink_store::{Error as StoreError, Intake};

use super::become_of::{become_of, is_told};
use super::facts::{Arrival, sender};
use super::keys::{Known, known_by_content};
use super::prepare::{Content, Prepared};
use super::row::{bare, quarantined, row};
use super::source::Source;
use super::{Fetched, Job};
use crate::{Engine, Error};

/// What a batch came to.
#[derive(Default)]
pub(super) struct Committed {
    pub(super) counts: Fetched,
    /// Messages that the mail server is to be told of.
    pub(super) handled: Vec<Handled>,
    /// Somebody else holds the server by now: nothing was written.
    pub(super) is_lost: bool,
}

/// A message that the mail server is to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handled {
    /// Its UID, or its number in a POP3 session.
    pub(super) number: u32,
    /// Its number in the ledger: the UID, or by POP3 one of ours.
    pub(super) uid: u32,
    /// Whether it is to be deleted whatever the mail server's own setting is.
    pub(super) delete: bool,
}

/// What came of one message.
enum Taken {
    /// It is new, and this became of it.
    New(Message),
    /// It counted before, as this one.
    Again(Message),
    /// It counted before.
    Known,
}

impl Engine {
    /// Commits a batch, and with it what the server has been told. Nearly always all goes well; where something does not,
    /// the batch begins anew with a savepoint for each message: what one of them does wrong is rolled back and the message
    /// quarantined, and it holds back no other.
    pub(super) async fn commit_batch(
        &self,
        job: &Job,
        batch: &[Prepared],
        told: &[u32],
    ) -> Result<Committed, Error> {
        let committed = match self.try_commit(job, batch, told, Apart::No).await {
            Err(error) if !matches!(error, StoreError::Away(_)) => {
                tracing::warn!(%error, "a batch is committed message by message");
                self.try_commit(job, batch, told, Apart::Yes).await?
            }
            committed => committed?,
        };
        self.failpoint("after_intake_commit");
        Ok(committed)
    }

    async fn try_commit(
        &self,
        job: &Job,
        batch: &[Prepared],
        told: &[u32],
        apart: Apart,
    ) -> Result<Committed, StoreError> {
        let mut committed = Committed::default();
        let now = self.now();
        let mut tx = self.store().intake().await?;
        if !tx.is_held(job.server.id, &job.held.holder).await? {
            return Ok(Committed { is_lost: true, ..Committed::default() });
        }
        // Messages before projects, as a replay goes about it.
        let (id, folder) = (job.server.id, job.source.folder());
        tx.mark_flagged(id, folder, job.source.uid_validity(), told).await?;
        let mut known = Known::of(&mut tx, job, batch).await?;
        let parsed = batch.iter().filter_map(Prepared::parsed);
        let senders: Vec<String> =
            parsed.map(sender).filter(|address| !address.is_empty()).collect();
        tx.look_up_people(&senders).await?;
        if apart == Apart::No {
            known.keep_raws(&mut tx, batch).await?;
        }
        for prepared in batch {
            let taken = match apart {
                Apart::No => take_in(&mut tx, job, &mut known, prepared, now).await?,
                Apart::Yes => take_in_apart(&mut tx, job, &mut known, prepared, now).await?,
            };
            note(&mut committed, taken, prepared.meta.uid);
        }
        let last = batch.iter().map(|prepared| prepared.meta.uid).max();
        if let Source::Imap { uid_validity, first_uid, .. } = &job.source
            && let Some(last_uid) = last
        {
            let (uid_validity, first_uid) = (*uid_validity, *first_uid);
            tx.set_cursor(id, folder, &Cursor { uid_validity, last_uid, first_uid }).await?;
        }
        tx.commit().await?;
        Ok(committed)
    }
}

/// Whether each message of a batch has its own savepoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Apart {
    Yes,
    No,
}

/// Takes one message in by itself; whatever is wrong with it stays with it.
async fn take_in_apart(
    tx: &mut Intake,
    job: &Job,
    known: &mut Known,
    prepared: &Prepared,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    tx.savepoint().await?;
    let taken = match take_in(tx, job, known, prepared, now).await {
        Ok(taken) => tx.release_savepoint().await.map(|()| taken),
        Err(error) => Err(error),
    };
    match taken {
        Ok(taken) => Ok(taken),
        Err(StoreError::Away(why)) => Err(StoreError::Away(why)),
        // Somebody else has committed it since we looked: it has counted.
        Err(StoreError::Taken("place")) => {
            tx.rollback_to_savepoint().await?;
            Ok(Taken::Known)
        }
        Err(error) => {
            tracing::warn!(%error, uid = prepared.meta.uid, "a message is quarantined");
            tx.rollback_to_savepoint().await?;
            known.keep_raw(tx, prepared).await?;
            let reason = format!("It could not be kept: {error}.");
            put(tx, bare(quarantined(job, prepared, now, reason))).await.map(Taken::New)
        }
    }
}

fn note(committed: &mut Committed, taken: Taken, number: u32) {
    let (row, is_new) = match taken {
        Taken::New(row) => (row, true),
        Taken::Again(row) => (row, false),
        Taken::Known => return,
    };
    if is_new {
        committed.counts.note(row.outcome);
    }
    if is_told(&row) {
        committed.handled.push(Handled { number, uid: row.place.uid, delete: row.delete });
    }
}

/// Takes one message in.
async fn take_in(
    tx: &mut Intake,
    job: &Job,
    known: &mut Known,
    prepared: &Prepared,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let place = job.source.place(job.server.id, prepared.meta.uid);
    if known.has_place(tx, &place, prepared).await? {
        return Ok(Taken::Known);
    }
    let (sha256, parsed) = match &prepared.content {
        Content::Whole { sha256, parsed, .. } => (sha256, parsed.as_ref()),
        // Nothing tells it from itself at the next fetch, so it would be written anew each time.
        Content::TooLarge { .. } | Content::Refused { .. } if place.is_nameless() => {
            tracing::warn!(server = job.server.name, "a message without a name cannot be fetched");
            return Ok(Taken::Known);
        }
        Content::TooLarge { largest } => {
            let size = prepared.meta.size;
            let reason = format!("It has {size} octets; more than {largest} are not fetched.");
            return put(tx, quarantined(job, prepared, now, reason)).await.map(Taken::New);
        }
        Content::Refused { words } => {
            let reason = format!("The mail server does not give it: {words}");
            return put(tx, quarantined(job, prepared, now, reason)).await.map(Taken::New);
        }
    };
    // Places lose their meaning: a folder is rebuilt, even by halves, and a POP3 server gives its messages other names.
    // What lay elsewhere before is looked up by what it is, unless nobody has ever had these bytes.
    let is_unheard_of = known.keep_raw(tx, prepared).await?;
    if (!is_unheard_of || place.uidl.is_some())
        && let Some(row) = known_by_content(tx, job, &place, prepared, sha256, parsed).await?
    {
        return Ok(Taken::Again(row));
    }
    let row = row(job, prepared, now);
    let parsed = match parsed {
        Err(reason) => {
            let (outcome, reason) = (Outcome::Quarantined, Some(reason.clone()));
            return put(tx, Message { outcome, reason, ..row }).await.map(Taken::New);
        }
        Ok(parsed) => parsed,
    };
    let arrival = Arrival { server: &job.server, at: row.internal_date, is_replay: false };
    // The number in the ledger comes first: what is made of the message points to its row, not to its place.
    let became = become_of(tx, &job.handling, &arrival, parsed, row, now).await?;
    put(tx, became.row).await.map(Taken::New)
}

/// Writes a row; by POP3, under the next number of its server.
async fn put(tx: &mut Intake, mut row: Message) -> Result<Message, StoreError> {
    if row.place.uid == 0 {
        row.place.uid = tx.next_number(row.place.mail_server_id).await?;
    }
    tx.put_message(&row).await?;
    Ok(row)
}

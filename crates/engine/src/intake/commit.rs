//! The commit: one transaction for a batch, a savepoint for each message, and what becomes of it decided inside.

use outlink_mail::message::{Address, Parsed};
use outlink_model::Timestamp;
use outlink_model::mail_server::Cursor;
use outlink_model::message::{Authentication, Message, Outcome, Place};
use outlink_store::{Error as StoreError, Intake};

use super::become_of::{become_of, is_told};
use super::facts::{Arrival, authentication, sender};
use super::prepare::{Content, Prepared};
use super::source::Source;
use super::{Fetched, Job};
use crate::{Engine, Error, clock};

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
    /// Commits a batch. What one message does wrong is rolled back and the message quarantined; it holds back no other.
    pub(super) async fn commit_batch(
        &self,
        job: &Job,
        batch: &[Prepared],
    ) -> Result<Committed, Error> {
        let Some(last) = batch.iter().map(|prepared| prepared.meta.uid).max() else {
            return Ok(Committed::default());
        };
        let mut committed = Committed::default();
        let now = self.now();
        let mut tx = self.store().intake().await?;
        if !tx.is_held(job.server.id, &job.held.holder).await? {
            return Ok(Committed { is_lost: true, ..Committed::default() });
        }
        for prepared in batch {
            tx.savepoint().await?;
            let taken = match take_in(&mut tx, job, prepared, now).await {
                Ok(taken) => {
                    tx.release_savepoint().await?;
                    taken
                }
                Err(StoreError::Away(why)) => return Err(Error::Away(why)),
                // Somebody else has committed it since we looked: it has counted.
                Err(StoreError::Taken("place")) => {
                    tx.rollback_to_savepoint().await?;
                    Taken::Known
                }
                Err(error) => {
                    tracing::warn!(%error, uid = prepared.meta.uid, "a message is quarantined");
                    tx.rollback_to_savepoint().await?;
                    keep_raw(&mut tx, prepared).await?;
                    let reason = format!("It could not be kept: {error}.");
                    let row = bare(quarantined(job, prepared, now, reason));
                    Taken::New(put(&mut tx, row).await?)
                }
            };
            note(&mut committed, taken, prepared.meta.uid);
        }
        if let Source::Imap { folder, uid_validity, first_uid, .. } = &job.source {
            let (uid_validity, first_uid) = (*uid_validity, *first_uid);
            let cursor = Cursor { uid_validity, last_uid: last, first_uid };
            tx.set_cursor(job.server.id, folder, &cursor).await?;
        }
        tx.commit().await?;
        self.failpoint("after_intake_commit");
        Ok(committed)
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
    prepared: &Prepared,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let place = job.source.place(job.server.id, prepared.meta.uid);
    if is_known_by_place(tx, &place, prepared).await? {
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
    let is_unheard_of = keep_raw(tx, prepared).await?;
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

/// The first key.
async fn is_known_by_place(
    tx: &mut Intake,
    place: &Place,
    prepared: &Prepared,
) -> Result<bool, StoreError> {
    match &place.uidl {
        None if place.is_nameless() => Ok(false),
        None => tx.known_place(place).await,
        Some(uidl) => {
            let known = tx.known_uidl(place.mail_server_id, uidl).await?;
            let told = prepared.told_size;
            Ok(known.is_some_and(|(_, size)| told == 0 || size == told))
        }
    }
}

/// The second key: the message that counted before under another place, which is brought here.
async fn known_by_content(
    tx: &mut Intake,
    job: &Job,
    place: &Place,
    prepared: &Prepared,
    sha256: &[u8; 32],
    parsed: &Result<Parsed, String>,
) -> Result<Option<Message>, StoreError> {
    let message_id = parsed.as_ref().ok().and_then(|parsed| parsed.message_id.as_deref());
    if let Source::Imap { .. } = job.source {
        let date = prepared.meta.internal_date;
        let Some(id) = tx.same_message(place, message_id, sha256, date).await? else {
            return Ok(None);
        };
        tx.move_message(id, place).await?;
        return tx.message(id).await;
    }
    let same = tx.same_bytes(place.mail_server_id, message_id, sha256).await?;
    let same = match same {
        Some(id) => tx.message(id).await?,
        None => None,
    };
    if let Some(uidl) = &place.uidl
        && let Some((id, _)) = tx.known_uidl(place.mail_server_id, uidl).await?
        && same.as_ref().is_none_or(|same| same.id != id)
    {
        // The server has given the name of an old message to this one.
        tx.forget_uidl(id).await?;
    }
    match same {
        // Another copy of it lies there under a name of its own.
        Some(same)
            if same.place.uidl.as_ref().is_some_and(|uidl| {
                Some(uidl) != place.uidl.as_ref() && job.source.has_uidl(uidl)
            }) =>
        {
            Ok(None)
        }
        Some(same) => {
            tx.set_uidl(same.id, place.uidl.as_deref()).await?;
            Ok(Some(same))
        }
        None => Ok(None),
    }
}

/// Writes a row; by POP3, under the next number of its server.
async fn put(tx: &mut Intake, mut row: Message) -> Result<Message, StoreError> {
    row.flagged = !is_told(&row);
    if row.place.uid == 0 {
        row.place.uid = tx.next_number(row.place.mail_server_id).await?;
    }
    tx.put_message(&row).await?;
    Ok(row)
}

/// Keeps the bytes of a message; whether nobody has had them before.
async fn keep_raw(tx: &mut Intake, prepared: &Prepared) -> Result<bool, StoreError> {
    match &prepared.content {
        Content::Whole { sha256, packed, .. } => tx.put_raw(sha256, packed).await,
        Content::TooLarge { .. } | Content::Refused { .. } => Ok(false),
    }
}

fn quarantined(job: &Job, prepared: &Prepared, now: Timestamp, reason: String) -> Message {
    Message { outcome: Outcome::Quarantined, reason: Some(reason), ..row(job, prepared, now) }
}

/// The ledger row of a message of which nothing has become yet.
fn row(job: &Job, prepared: &Prepared, now: Timestamp) -> Message {
    let (sha256, parsed) = match &prepared.content {
        Content::Whole { sha256, parsed, .. } => (Some(*sha256), parsed.as_ref().as_ref().ok()),
        Content::TooLarge { .. } | Content::Refused { .. } => (None, None),
    };
    let place = job.source.place(job.server.id, prepared.meta.uid);
    let (internal_date, size) = match &job.source {
        Source::Imap { .. } => (prepared.meta.internal_date, prepared.meta.size),
        Source::Pop3 { .. } => {
            // POP3 does not tell when a message arrived; what the last mail server says in it is the nearest, and then what
            // its sender says, if it lies in the past.
            let written = parsed.and_then(|parsed| parsed.received.or(parsed.date));
            let told = prepared.told_size;
            // The size as the server tells it, by which a name that is used again is known.
            (
                written.map_or(now, |at| at.min(now)),
                if told > 0 { told } else { prepared.meta.size },
            )
        }
    };
    Message { internal_date, size, ..of_mail(place, sha256, parsed, job, now) }
}

fn of_mail(
    place: Place,
    sha256: Option<[u8; 32]>,
    parsed: Option<&Parsed>,
    job: &Job,
    now: Timestamp,
) -> Message {
    let authentication =
        parsed.map_or(Authentication::None, |parsed| authentication(&job.server, parsed));
    Message { authentication, ..blank(place, sha256, parsed, now) }
}

/// A row for a mail that lies nowhere yet.
pub(super) fn blank(
    place: Place,
    sha256: Option<[u8; 32]>,
    parsed: Option<&Parsed>,
    now: Timestamp,
) -> Message {
    let from = parsed.and_then(|parsed| parsed.from.as_ref());
    Message {
        id: clock::id(),
        place,
        message_id: parsed.and_then(|parsed| parsed.message_id.clone()),
        sha256,
        internal_date: now,
        from: from.map(written).unwrap_or_default(),
        sender: parsed.map(sender).unwrap_or_default(),
        authentication: Authentication::None,
        subject: parsed.map(|parsed| parsed.subject.clone()).unwrap_or_default(),
        size: 0,
        outcome: Outcome::Unhandled,
        reason: None,
        handler_id: None,
        issue_id: None,
        comment_id: None,
        received_at: now,
        flagged: true,
        delete: false,
    }
}

/// The row without anything that a stranger wrote: whatever could not be kept of a message may stand in one of these.
fn bare(row: Message) -> Message {
    let (from, sender, subject) = (String::new(), String::new(), String::new());
    Message { message_id: None, from, sender, subject, ..row }
}

/// An address as people write it.
fn written(address: &Address) -> String {
    match address.name.as_str() {
        "" => address.address.clone(),
        name => format!("{name} <{}>", address.address),
    }
}

//! The rows of the ledger, before anything has become of their messages.

use outlink_mail::message::{Address, Parsed};
use outlink_model::Timestamp;
use outlink_model::message::{Authentication, Message, Outcome, Place};

use super::Job;
use super::facts::sender;
use super::prepare::{Content, Prepared};
use super::source::Source;
use crate::clock;

/// The row of a message that is kept for somebody to look at.
pub(super) fn quarantined(
    job: &Job,
    prepared: &Prepared,
    now: Timestamp,
    reason: String,
) -> Message {
    Message { outcome: Outcome::Quarantined, reason: Some(reason), ..row(job, prepared, now) }
}

/// The ledger row of a message of which nothing has become yet.
pub(super) fn row(job: &Job, prepared: &Prepared, now: Timestamp) -> Message {
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
    Message { internal_date, size, ..blank(place, sha256, parsed, now) }
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
pub(super) fn bare(row: Message) -> Message {
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

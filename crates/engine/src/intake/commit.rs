//! The commit: one transaction for a batch, a savepoint for each message, and what becomes of it decided inside.

use outlink_mail::message::{Address, Parsed};
use outlink_model::handler::{Decision, decide};
use outlink_model::mail_server::Cursor;
use outlink_model::message::{Facts, Message, Outcome, Place};
use outlink_model::tracker::{Attachment, Person};
use outlink_model::{CommentId, IssueId, MailServerId, Timestamp};
use outlink_store::{Error as StoreError, Intake};

use super::prepare::{Content, Prepared};
use super::{Fetched, Job};
use crate::{Engine, Error, clock};

/// Longer texts are cut here; the whole mail stays one download away.
const LONGEST_TEXT: usize = 200_000;
/// What one line of an issue list can hold.
const LONGEST_SUMMARY: usize = 255;

/// What a batch came to.
#[derive(Default)]
pub(super) struct Committed {
    pub(super) counts: Fetched,
    /// UIDs that the mail server is to be told of.
    pub(super) handled: Vec<u32>,
}

impl Engine {
    /// Commits a batch. What one message does wrong is rolled back and the message quarantined; it holds back no other.
    pub(super) async fn commit_batch(
        &self,
        job: &Job,
        batch: &[Prepared],
    ) -> Result<Committed, Error> {
        let Some(last_uid) = batch.iter().map(|prepared| prepared.meta.uid).max() else {
            return Ok(Committed::default());
        };
        let mut committed = Committed::default();
        let now = self.now();
        let mut tx = self.store().intake().await?;
        for prepared in batch {
            tx.savepoint().await?;
            let outcome = match take_in(&mut tx, job, prepared, now).await {
                Ok(outcome) => {
                    tx.release_savepoint().await?;
                    outcome
                }
                Err(StoreError::Away(why)) => return Err(Error::Away(why)),
                // Somebody else has committed it since we looked: it has counted.
                Err(StoreError::Taken("place")) => {
                    tx.rollback_to_savepoint().await?;
                    None
                }
                Err(error) => {
                    tracing::warn!(%error, uid = prepared.meta.uid, "a message is quarantined");
                    tx.rollback_to_savepoint().await?;
                    keep_raw(&mut tx, prepared).await?;
                    let reason = format!("It could not be kept: {error}.");
                    let row = bare(row(job, prepared, now, Outcome::Quarantined, Some(reason)));
                    tx.put_message(&row).await?;
                    Some(row.outcome)
                }
            };
            count(&mut committed, outcome, prepared.meta.uid);
        }
        let cursor = Cursor { uid_validity: job.uid_validity, last_uid };
        tx.set_cursor(job.server.id, &job.server.folder, &cursor).await?;
        tx.commit().await?;
        self.failpoint("after_intake_commit");
        Ok(committed)
    }
}

fn count(committed: &mut Committed, outcome: Option<Outcome>, uid: u32) {
    let Some(outcome) = outcome else {
        return;
    };
    committed.counts.fetched += 1;
    match outcome {
        Outcome::Created => committed.counts.created += 1,
        Outcome::Commented => committed.counts.commented += 1,
        Outcome::Rejected => committed.counts.rejected += 1,
        Outcome::Quarantined => committed.counts.quarantined += 1,
        Outcome::Forwarded | Outcome::Unhandled => {}
    }
    if is_told(outcome) {
        committed.handled.push(uid);
    }
}

/// Whether the mail server is told. What was not handled stays unread there, where its owner can see it.
fn is_told(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Quarantined | Outcome::Unhandled)
}

/// Takes one message in; `None` where it counted before.
async fn take_in(
    tx: &mut Intake,
    job: &Job,
    prepared: &Prepared,
    now: Timestamp,
) -> Result<Option<Outcome>, StoreError> {
    let place = place(job, prepared);
    if tx.known_place(&place).await? {
        return Ok(None);
    }
    let (sha256, parsed) = match &prepared.content {
        Content::Whole { sha256, parsed, .. } => (sha256, parsed.as_ref()),
        Content::TooLarge { largest } => {
            let size = prepared.meta.size;
            let reason = format!("It has {size} octets; more than {largest} are not fetched.");
            return quarantine(tx, job, prepared, now, reason).await;
        }
        Content::Refused { words } => {
            let reason = format!("The mail server does not give it: {words}");
            return quarantine(tx, job, prepared, now, reason).await;
        }
    };
    // The folder may have been rebuilt since, even by halves: what lay there under other UIDs is looked up by what it is.
    let message_id = parsed.as_ref().ok().and_then(|parsed| parsed.message_id.as_deref());
    let date = prepared.meta.internal_date;
    if let Some(id) = tx.same_message(&place, message_id, sha256, date).await? {
        tx.move_message(id, &place).await?;
        return Ok(None);
    }
    keep_raw(tx, prepared).await?;
    match parsed {
        Err(reason) => quarantine(tx, job, prepared, now, reason.clone()).await,
        Ok(parsed) => handle(tx, job, prepared, parsed, now).await.map(Some),
    }
}

/// Keeps a message that cannot be handled, with the reason.
async fn quarantine(
    tx: &mut Intake,
    job: &Job,
    prepared: &Prepared,
    now: Timestamp,
    reason: String,
) -> Result<Option<Outcome>, StoreError> {
    let row = row(job, prepared, now, Outcome::Quarantined, Some(reason));
    tx.put_message(&row).await?;
    Ok(Some(Outcome::Quarantined))
}

/// Decides what becomes of a message, and does it.
async fn handle(
    tx: &mut Intake,
    job: &Job,
    prepared: &Prepared,
    parsed: &Parsed,
    now: Timestamp,
) -> Result<Outcome, StoreError> {
    let facts = facts(tx, job.server.id, parsed).await?;
    let decision = decide(job.handler.kind, &facts);
    let mut row = row(job, prepared, now, Outcome::Rejected, None);
    match decision {
        Decision::Reject(reason) => {
            row.reason = Some(reason);
            tx.put_message(&row).await?;
        }
        Decision::Create => {
            let author = author(tx, parsed).await?;
            let issue: IssueId = clock::id();
            let (summary, text) = (summary(&parsed.subject), cut(&parsed.text));
            let project = job.handler.project_id;
            tx.create_issue(issue, project, &summary, &text, author.id, now).await?;
            row = Message { outcome: Outcome::Created, issue_id: Some(issue), ..row };
            tx.put_message(&row).await?;
            attach(tx, &row, issue, None, parsed).await?;
        }
        Decision::Comment(issue) => {
            let author = author(tx, parsed).await?;
            let comment: CommentId = clock::id();
            row = Message {
                outcome: Outcome::Commented,
                issue_id: Some(issue),
                comment_id: Some(comment),
                ..row
            };
            let body = cut(&parsed.reply);
            tx.add_comment(comment, issue, author.id, &body, now, Some(row.id)).await?;
            tx.put_message(&row).await?;
            attach(tx, &row, issue, Some(comment), parsed).await?;
        }
    }
    Ok(row.outcome)
}

/// What is known about a message in the ledger.
async fn facts(
    tx: &mut Intake,
    server: MailServerId,
    parsed: &Parsed,
) -> Result<Facts, StoreError> {
    let mut facts = Facts { automatic: parsed.automatic.clone(), ..Facts::default() };
    if facts.automatic.is_some() {
        return Ok(facts);
    }
    for key in &parsed.keys {
        facts.by_key = tx.issue_by_key(key).await?;
        if facts.by_key.is_some() {
            return Ok(facts);
        }
    }
    facts.by_in_reply_to = tx.issue_by_message_ids(server, &parsed.in_reply_to).await?;
    if facts.by_in_reply_to.is_none() {
        // RFC 5322 §3.6.4 puts the nearest parent last.
        let newest_first: Vec<String> = parsed.references.iter().rev().cloned().collect();
        facts.by_references = tx.issue_by_message_ids(server, &newest_first).await?;
    }
    Ok(facts)
}

async fn author(tx: &mut Intake, parsed: &Parsed) -> Result<Person, StoreError> {
    let from = parsed.from.as_ref();
    let address = from.map(|from| from.address.to_lowercase()).unwrap_or_default();
    let name = match from {
        Some(from) => from.name.clone(),
        None => "Unknown sender".to_owned(),
    };
    tx.person(&address, &name, clock::id()).await
}

async fn attach(
    tx: &mut Intake,
    row: &Message,
    issue: IssueId,
    comment: Option<CommentId>,
    parsed: &Parsed,
) -> Result<(), StoreError> {
    for part in &parsed.attachments {
        tx.add_attachment(&Attachment {
            id: clock::id(),
            issue_id: issue,
            comment_id: comment,
            message_id: row.id,
            name: part.name.clone(),
            media_type: part.media_type.clone(),
            size: part.size,
            part: part.range,
        })
        .await?;
    }
    Ok(())
}

async fn keep_raw(tx: &mut Intake, prepared: &Prepared) -> Result<(), StoreError> {
    match &prepared.content {
        Content::Whole { sha256, packed, .. } => tx.put_raw(sha256, packed).await,
        Content::TooLarge { .. } | Content::Refused { .. } => Ok(()),
    }
}

fn place(job: &Job, prepared: &Prepared) -> Place {
    Place {
        mail_server_id: job.server.id,
        folder: job.server.folder.clone(),
        uid_validity: job.uid_validity,
        uid: prepared.meta.uid,
    }
}

/// The ledger row of a message.
fn row(
    job: &Job,
    prepared: &Prepared,
    now: Timestamp,
    outcome: Outcome,
    reason: Option<String>,
) -> Message {
    let (sha256, parsed) = match &prepared.content {
        Content::Whole { sha256, parsed, .. } => (Some(*sha256), parsed.as_ref().as_ref().ok()),
        Content::TooLarge { .. } | Content::Refused { .. } => (None, None),
    };
    let from = parsed.and_then(|parsed| parsed.from.as_ref());
    Message {
        id: clock::id(),
        place: place(job, prepared),
        message_id: parsed.and_then(|parsed| parsed.message_id.clone()),
        sha256,
        internal_date: prepared.meta.internal_date,
        from: from.map(written).unwrap_or_default(),
        subject: parsed.map(|parsed| parsed.subject.clone()).unwrap_or_default(),
        size: prepared.meta.size,
        outcome,
        reason,
        issue_id: None,
        comment_id: None,
        received_at: now,
        // What the server is never told of has nothing left to be told.
        flagged: !is_told(outcome),
    }
}

/// The row without anything that a stranger wrote: whatever could not be kept of a message may stand in one of these.
fn bare(row: Message) -> Message {
    Message { message_id: None, from: String::new(), subject: String::new(), ..row }
}

/// An address as people write it.
fn written(address: &Address) -> String {
    match address.name.as_str() {
        "" => address.address.clone(),
        name => format!("{name} <{}>", address.address),
    }
}

fn summary(subject: &str) -> String {
    let line = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.chars().count() {
        0 => "(no subject)".to_owned(),
        n if n <= LONGEST_SUMMARY => line,
        _ => line.chars().take(LONGEST_SUMMARY - 1).chain(['…']).collect(),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        None => text.to_owned(),
        Some((end, _)) => {
            format!("{}\n\n… (cut here; the whole mail can be downloaded)", &text[..end])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_fit_on_a_line() {
        assert_eq!(summary(" \r\n "), "(no subject)");
        assert_eq!(summary("a\r\n  b\tc"), "a b c");
        let long = summary(&"ä".repeat(300));
        assert_eq!((long.chars().count(), long.ends_with('…')), (255, true));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = cut(&"ü".repeat(LONGEST_TEXT + 1));
        assert!(text.contains("… (cut here") && text.starts_with('ü'));
        assert_eq!(cut("short"), "short");
    }
}

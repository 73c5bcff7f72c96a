//! Messages: the ledger of what was received and what became of it.

use crate::{CommentId, IssueId, MailServerId, MessageId, Timestamp};

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A new issue.
    Created,
    /// A comment on an issue.
    Commented,
    /// Nothing, on purpose; the reason says why.
    Rejected,
    /// Sent on to somebody.
    Forwarded,
    /// It could not be handled; the reason says why, and it can be replayed.
    Quarantined,
    /// No handler took it.
    Unhandled,
}

crate::names!(Outcome, "outcome", {
    Created => "created",
    Commented => "commented",
    Rejected => "rejected",
    Forwarded => "forwarded",
    Quarantined => "quarantined",
    Unhandled => "unhandled",
});

/// Where a message lay on its server. Unique in the ledger: the first key of **A message counts once**.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The server.
    pub mail_server_id: MailServerId,
    /// The folder.
    pub folder: String,
    /// The folder's UIDVALIDITY.
    pub uid_validity: u32,
    /// The UID.
    pub uid: u32,
}

/// The ledger row of one received message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id here.
    pub id: MessageId,
    /// Where it lay.
    pub place: Place,
    /// Its Message-ID, without angle brackets, where it has one.
    pub message_id: Option<String>,
    /// SHA-256 of its raw bytes; absent where they were never fetched.
    pub sha256: Option<[u8; 32]>,
    /// When the server received it.
    pub internal_date: Timestamp,
    /// The sender as written: `Alice <alice@example.org>`.
    pub from: String,
    /// The subject, decoded.
    pub subject: String,
    /// Octets.
    pub size: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where it is not evident.
    pub reason: Option<String>,
    /// The issue that it made or belongs to.
    pub issue_id: Option<IssueId>,
    /// The comment that it made.
    pub comment_id: Option<CommentId>,
    /// When it was taken in here.
    pub received_at: Timestamp,
    /// Whether the server has been told (`\Seen`). Set only after the row is committed.
    pub flagged: bool,
}

/// What is known about a message when it is decided what becomes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The issue whose key stands in the subject.
    pub by_key: Option<IssueId>,
    /// The issue that In-Reply-To belongs to.
    pub by_in_reply_to: Option<IssueId>,
    /// The issue that the newest known one of References belongs to.
    pub by_references: Option<IssueId>,
    /// Why it counts as machine-made, where it does.
    pub automatic: Option<String>,
}

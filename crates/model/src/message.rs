//! Messages: the ledger of what was received and what became of it.

use crate::{CommentId, HandlerId, IssueId, MailServerId, MessageId, ProjectId, Timestamp};

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
    /// The folder; by POP3 `INBOX`.
    pub folder: String,
    /// The folder's UIDVALIDITY; by POP3 zero.
    pub uid_validity: u32,
    /// The UID; by POP3 a number of ours, counted up for each server.
    pub uid: u32,
    /// The unique id that a POP3 server gave it (UIDL, RFC 1939 §7), which is its key there. Absent by IMAP, where the
    /// server has none, and once the server has given the same one to another message.
    pub uidl: Option<String>,
}

impl Place {
    /// Whether nothing tells the message in it from others: a POP3 server that has no names for its messages.
    pub fn is_nameless(&self) -> bool {
        self.uidl.is_none() && self.uid == 0
    }
}

/// What the sender's mail server could prove, in the words of a server that we trust (RFC 8601).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Authentication {
    /// Nobody whom we trust says anything.
    #[default]
    None,
    /// The sender's domain stands behind this mail.
    Pass,
    /// The sender's domain does not stand behind this mail: From may be a lie.
    Fail,
}

crate::names!(Authentication, "authentication", { None => "none", Pass => "pass", Fail => "fail" });

/// In what way a message counts as machine-made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MachineKind {
    /// A delivery report, a receipt, or another word of a mail system.
    Report,
    /// An answer that no human sent, or a notification (RFC 3834).
    Reply,
    /// Mail to many (`Precedence: bulk`).
    Bulk,
    /// It came through a mailing list. People write through those, so by itself this is no reason to refuse it.
    List,
}

crate::names!(MachineKind, "machine", {
    Report => "report",
    Reply => "reply",
    Bulk => "bulk",
    List => "list",
});

/// Why a message counts as machine-made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// In what way.
    pub kind: MachineKind,
    /// As the end of a sentence: "it says Auto-Submitted: auto-replied".
    pub why: String,
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
    /// The sender's address alone, in lower case; empty where there is none.
    pub sender: String,
    /// Whether the sender's domain stands behind it.
    pub authentication: Authentication,
    /// The subject, decoded.
    pub subject: String,
    /// Octets.
    pub size: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where it is not evident.
    pub reason: Option<String>,
    /// The handler that took it, which may have been deleted since; absent where none did.
    pub handler_id: Option<HandlerId>,
    /// The issue that it made or belongs to.
    pub issue_id: Option<IssueId>,
    /// The comment that it made.
    pub comment_id: Option<CommentId>,
    /// When it was taken in here.
    pub received_at: Timestamp,
    /// Whether the server has been told: the message was marked, moved or deleted there. Set only after the row is
    /// committed.
    pub flagged: bool,
    /// Whether it is deleted there whatever the mail server's own setting is, since a handler wants it so.
    pub delete: bool,
}

/// How it is known which issue a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchedBy {
    /// The issue's key, or a former key of it, stands in the subject.
    Key,
    /// A Message-ID that we made and signed.
    OwnId,
    /// In-Reply-To names a message of that issue.
    InReplyTo,
    /// References name a message of that issue.
    References,
}

/// The issue that a message belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The issue.
    pub issue_id: IssueId,
    /// Its key, for people.
    pub key: String,
    /// How that is known.
    pub by: MatchedBy,
    /// Whether the sender has a part in that issue: wrote it, commented, watches it, or was written to in it.
    pub is_involved: bool,
}

/// What is known about a message when it is decided what becomes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The sender's address, in lower case; empty where there is none.
    pub sender: String,
    /// Every address that it was sent or delivered to, in lower case.
    pub recipients: Vec<String>,
    /// Whether we sent it ourselves.
    pub is_own: bool,
    /// Why it counts as machine-made, where it does.
    pub machine: Option<Machine>,
    /// Whether the sender's domain stands behind it.
    pub authentication: Authentication,
    /// The issue whose key stands in the subject, leftmost first.
    pub by_key: Option<Match>,
    /// The issue that it answers to, by what its headers refer to.
    pub by_headers: Option<Match>,
    /// Whether the sender is a person whom we know.
    pub is_known: bool,
    /// Messages of this sender that became something within the hour before this one.
    pub from_sender: u32,
    /// Messages of this sender that became something in the matched issue within the hour before this one.
    pub from_sender_in_issue: u32,
    /// The project that a word behind a `+` of the mailbox's own address names, with that word.
    pub project_by_tag: Option<(ProjectId, String)>,
}

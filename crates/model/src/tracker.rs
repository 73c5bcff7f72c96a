//! The built-in tracker: projects, issues, comments, attachments, people.

use crate::{AttachmentId, CommentId, IssueId, MessageId, PersonId, ProjectId, Timestamp};

/// A project: where issues live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// What issue keys begin with: `SUP`.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Whether `key` can be a project's key: an upper-case letter, then 1 to 9 upper-case letters or digits.
pub fn is_project_key(key: &str) -> bool {
    let mut bytes = key.bytes();
    (2..=10).contains(&key.len())
        && bytes.next().is_some_and(|first| first.is_ascii_uppercase())
        && bytes.all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Whether an issue is being worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IssueStatus {
    /// It waits for somebody.
    Open,
    /// It is done with.
    Resolved,
}

crate::names!(IssueStatus, "status", { Open => "open", Resolved => "resolved" });

/// How urgent an issue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Priority {
    /// Before everything else.
    Highest,
    /// Before most.
    High,
    /// As usual.
    Medium,
    /// After most.
    Low,
    /// When there is nothing else to do.
    Lowest,
}

crate::names!(Priority, "priority", {
    Highest => "highest",
    High => "high",
    Medium => "medium",
    Low => "low",
    Lowest => "lowest",
});

/// Somebody who wrote to us. Known by the address alone: From is a claim, not a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Its id.
    pub id: PersonId,
    /// The address, in lower case.
    pub address: String,
    /// The name that was last seen with it; may be empty.
    pub name: String,
}

/// An issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Its id.
    pub id: IssueId,
    /// The project that it belongs to.
    pub project_id: ProjectId,
    /// `SUP-12`.
    pub key: String,
    /// One line.
    pub summary: String,
    /// Plain text.
    pub description: String,
    /// What kind of thing it is: `Task`, `Incident`.
    pub issue_type: String,
    /// How urgent it is, where anybody said so.
    pub priority: Option<Priority>,
    /// Words that it is found by, in lower case.
    pub labels: Vec<String>,
    /// Where it stands.
    pub status: IssueStatus,
    /// Who wrote it.
    pub reporter: Person,
    /// Who takes care of it.
    pub assignee: Option<Person>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When anything was last added to it.
    pub updated_at: Timestamp,
    /// How many comments it has.
    pub comments: u64,
}

/// An issue that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIssue {
    /// Its id.
    pub id: IssueId,
    /// The project that it belongs to, which numbers it.
    pub project_id: ProjectId,
    /// One line.
    pub summary: String,
    /// Plain text.
    pub description: String,
    /// What kind of thing it is.
    pub issue_type: String,
    /// How urgent it is, where anybody said so.
    pub priority: Option<Priority>,
    /// Words that it is found by, in lower case.
    pub labels: Vec<String>,
    /// Who wrote it.
    pub reporter: PersonId,
    /// Who takes care of it.
    pub assignee: Option<PersonId>,
}

/// A comment that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewComment {
    /// Its id.
    pub id: CommentId,
    /// What it is about.
    pub issue_id: IssueId,
    /// Who wrote it.
    pub author: PersonId,
    /// What it says.
    pub body: String,
    /// The received message that it was made of.
    pub message_id: Option<MessageId>,
    /// Whether it opens its issue again if that is resolved.
    pub reopens: bool,
}

/// A comment on an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// Who wrote it.
    pub author: Person,
    /// Plain text.
    pub body: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The message that it came from, where it came by mail.
    pub message_id: Option<MessageId>,
}

/// A file that came with a message. Not a copy: a range of the message's raw bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// The issue that it hangs on.
    pub issue_id: IssueId,
    /// The comment that it came with; absent where it came with the issue itself.
    pub comment_id: Option<CommentId>,
    /// The message that holds its bytes.
    pub message_id: MessageId,
    /// The file name, safe to show: no path, no control characters.
    pub name: String,
    /// The media type that the sender claims.
    pub media_type: String,
    /// Octets once decoded.
    pub size: u64,
    /// Where its encoded bytes lie.
    pub part: PartRange,
}

/// Where a part's encoded bytes lie within a raw message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartRange {
    /// First octet.
    pub offset: u64,
    /// Number of octets.
    pub length: u64,
    /// How they are encoded.
    pub encoding: TransferEncoding,
}

/// Content-Transfer-Encoding (RFC 2045 §6), as far as it changes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransferEncoding {
    /// `7bit`, `8bit`, `binary`.
    Identity,
    /// `base64`.
    Base64,
    /// `quoted-printable`.
    QuotedPrintable,
}

crate::names!(TransferEncoding, "encoding", {
    Identity => "identity",
    Base64 => "base64",
    QuotedPrintable => "quoted_printable",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project_keys_are_short_and_upper_case() {
        assert!(["SUP", "A1", "ABCDEFGHIJ"].iter().all(|key| is_project_key(key)));
        assert!(
            ["", "S", "sup", "1AB", "A-B", "ABCDEFGHIJK", "ÄB"].iter().all(|k| !is_project_key(k))
        );
    }
}

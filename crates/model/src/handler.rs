//! Handlers: what turns the messages of a mail server into issues and comments.
//!
//! A mail server has one handler or several, in the administrator's order. The first one that takes a message decides
//! what becomes of it ([`decide`]); a message that none takes is *unhandled*, which is visible and changes nothing on
//! the server.

mod decide;
mod sender;

pub use decide::{Decision, Left, Text, Verdict, decide};
pub use sender::{BadRule, ListedRule, SenderList, SenderLists, SenderRule, fits};

use crate::{HandlerId, MailServerId, ProjectId, Timestamp};

/// What a handler does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HandlerType {
    /// A comment where the message belongs to an issue, a new issue otherwise.
    CreateOrComment,
    /// A comment with what is new in the message: without quotes and signature.
    CommentNewText,
    /// A comment with the whole message.
    CommentWhole,
    /// A new issue, whatever the message belongs to.
    Create,
    /// A comment with what stands before a marker.
    CommentBeforeMarker,
}

crate::names!(HandlerType, "type", {
    CreateOrComment => "create_or_comment",
    CommentNewText => "comment_new_text",
    CommentWhole => "comment_whole",
    Create => "create",
    CommentBeforeMarker => "comment_before_marker",
});

/// What becomes of mail that a machine sent to many or in answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Bulk {
    /// Nothing.
    #[default]
    Ignore,
    /// It is sent on to the handler's forward address.
    Forward,
    /// Nothing, and it is deleted on the mail server for good.
    Delete,
    /// The same as of other mail.
    Accept,
}

crate::names!(Bulk, "bulk", {
    Ignore => "ignore",
    Forward => "forward",
    Delete => "delete",
    Accept => "accept",
});

/// What becomes of mail whose sender's domain does not stand behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unauthenticated {
    /// The same as of other mail.
    Accept,
    /// The same, and it is marked.
    #[default]
    Mark,
    /// It is quarantined.
    Quarantine,
}

crate::names!(Unauthenticated, "unauthenticated", {
    Accept => "accept",
    Mark => "mark",
    Quarantine => "quarantine",
});

/// Which files of a message become attachments. What is left out stays in the raw message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentRules {
    /// Octets of one file, decoded.
    pub largest: u64,
    /// Files of one message.
    pub most: u32,
    /// Media types that are left out: `application/x-msdownload`, `video/*`.
    pub deny_types: Vec<String>,
    /// File names that are left out, with `*` for anything: `*.exe`, `winmail.dat`.
    pub deny_names: Vec<String>,
    /// Whether pictures of signatures are attached too.
    pub decorations: bool,
}

impl Default for AttachmentRules {
    /// 25 MiB each, 100 of them, nothing denied, no pictures of signatures.
    fn default() -> Self {
        Self {
            largest: 25 * 1024 * 1024,
            most: 100,
            deny_types: Vec::new(),
            deny_names: Vec::new(),
            decorations: false,
        }
    }
}

/// How a handler does what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerSettings {
    /// The type of new issues.
    pub issue_type: String,
    /// Whether comments of [`HandlerType::CreateOrComment`] are without quotes and signature.
    pub strip_quotes: bool,
    /// Only mail to one of these addresses is taken; none means all mail.
    pub catch: Vec<String>,
    /// What becomes of machine-made mail.
    pub bulk: Bulk,
    /// Whether mail that came through a mailing list counts as machine-made.
    pub bulk_lists: bool,
    /// Who gets the mail that this handler cannot process.
    pub forward_to: Option<String>,
    /// Whether a sender whom we do not know becomes a person.
    pub create_persons: bool,
    /// The address of the person in whose name mail of unknown senders is taken, where no persons are created.
    pub default_reporter: Option<String>,
    /// Whether persons who are created with an issue are told that it was received, and under which key.
    pub notify: bool,
    /// Whether the first known person in To and Cc becomes the assignee of a new issue.
    pub cc_assignee: bool,
    /// Whether the known persons in To and Cc become watchers of a new issue.
    pub cc_watchers: bool,
    /// Regular expressions for [`HandlerType::CommentBeforeMarker`]: the text before the first place at which one matches is
    /// the comment.
    pub split: Vec<String>,
    /// Senders who are trusted: filters for machine-made mail and limits do not hold for them.
    pub allow: Vec<SenderRule>,
    /// Whether only mail of the senders in `allow` is taken.
    pub only_allowed: bool,
    /// Senders whose mail is refused.
    pub deny: Vec<SenderRule>,
    /// Whether a new issue gets the priority that the mail's headers say.
    pub priority: bool,
    /// Whether words behind a `+` of the mailbox's own address become labels, or name the project.
    pub sub_addresses: bool,
    /// Whether a key in the subject leads to its issue only for those who have a part in it: keys can be guessed.
    pub only_involved: bool,
    /// What becomes of mail whose sender's domain does not stand behind it.
    pub unauthenticated: Unauthenticated,
    /// Which files become attachments.
    pub attachments: AttachmentRules,
    /// Whether a comment opens a resolved issue again.
    pub reopen: bool,
    /// Messages of one sender within an hour, beyond which they are quarantined; 0 for no limit.
    pub sender_per_hour: u32,
    /// Messages of one sender to one issue within an hour, beyond which they are quarantined; 0 for no limit.
    pub issue_per_hour: u32,
}

impl Default for HandlerSettings {
    fn default() -> Self {
        Self {
            issue_type: "Task".to_owned(),
            strip_quotes: true,
            catch: Vec::new(),
            bulk: Bulk::default(),
            bulk_lists: false,
            forward_to: None,
            create_persons: true,
            default_reporter: None,
            notify: false,
            cc_assignee: false,
            cc_watchers: false,
            split: Vec::new(),
            allow: Vec::new(),
            only_allowed: false,
            deny: Vec::new(),
            priority: true,
            sub_addresses: false,
            only_involved: true,
            unauthenticated: Unauthenticated::default(),
            attachments: AttachmentRules::default(),
            reopen: true,
            sender_per_hour: 500,
            issue_per_hour: 50,
        }
    }
}

/// What turns the messages of one incoming server into issues and comments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handler {
    /// Its id.
    pub id: HandlerId,
    /// Unique, chosen by the administrator.
    pub name: String,
    /// Whose messages it handles.
    pub mail_server_id: MailServerId,
    /// Where new issues go.
    pub project_id: ProjectId,
    /// What it does.
    pub kind: HandlerType,
    /// Its place among the handlers of its mail server: the lowest is asked first.
    pub position: u32,
    /// Whether it is at work.
    pub enabled: bool,
    /// How it does it.
    pub settings: HandlerSettings,
    /// The outgoing mail server that sends what this handler sends: what is forwarded, and what new persons are told.
    /// Without one it can do neither.
    pub outgoing_id: Option<MailServerId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When an administrator last changed it.
    pub updated_at: Timestamp,
}

//! What stands in an issue, in the order in which it came: the description, comments, and reports of mail systems.

use std::collections::{HashMap, HashSet};

use outlink_engine::tracker::IssueView;
use outlink_model::message::{Message, Outcome};
use outlink_model::tracker::Attachment;
use outlink_model::{CommentId, HandlerId, MessageId};
use serde::Serialize;

use super::doubt;
use crate::words::{Badge, When, person, size};

/// Something that stands in an issue.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) author: String,
    pub(crate) created_at: When,
    /// Where the author is in doubt.
    pub(crate) doubt: Option<Badge>,
    /// The message that it came from, and the whole mail.
    pub(crate) message_href: Option<String>,
    pub(crate) raw_href: Option<String>,
    pub(crate) body: String,
    pub(crate) files: Vec<FileRow>,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The description or a comment.
    Written,
    /// What a mail system reports: that a mail did not arrive, in most cases.
    Report,
}

/// A file.
#[derive(Debug, Serialize)]
pub(crate) struct FileRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) size: String,
}

impl From<&Attachment> for FileRow {
    fn from(file: &Attachment) -> Self {
        Self {
            href: format!("/attachments/{}", file.id),
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: size(file.size),
        }
    }
}

/// Everything, oldest first. The whole mail is offered of the messages that are `kept`. Mail of `unmarked` handlers is not
/// marked where its sender is in doubt.
pub(super) fn all(
    view: IssueView,
    messages: &[Message],
    kept: &HashSet<MessageId>,
    unmarked: &[HandlerId],
) -> Vec<Entry> {
    let raw_href = |message: &Message| {
        kept.contains(&message.id).then(|| format!("/messages/{}/raw", message.id))
    };
    let by_id: HashMap<_, _> = messages.iter().map(|message| (message.id, message)).collect();
    let files_of = |comment: Option<CommentId>| -> Vec<FileRow> {
        let of_it = view.attachments.iter().filter(|file| file.comment_id == comment);
        of_it.map(FileRow::from).collect()
    };
    let entry = |author: String, at, message: Option<&Message>, body: String, files| Entry {
        kind: Kind::Written,
        author,
        created_at: When::from(at),
        doubt: message.and_then(|message| mark(message, unmarked)),
        message_href: message.map(|message| format!("/messages/{}", message.id)),
        raw_href: message.and_then(&raw_href),
        body,
        files,
    };
    let made = messages.iter().find(|message| message.outcome == Outcome::Created);
    let issue = view.issue;
    let reporter = person(&issue.reporter);
    let first = entry(reporter, issue.created_at, made, issue.description, files_of(None));
    let mut all = vec![(issue.created_at, first)];
    for comment in view.comments {
        let message = comment.message_id.and_then(|id| by_id.get(&id).copied());
        let files = files_of(Some(comment.id));
        let author = person(&comment.author);
        let at = comment.created_at;
        all.push((at, entry(author, at, message, comment.body, files)));
    }
    let reports = messages.iter().filter(|message| message.outcome == Outcome::Rejected);
    all.extend(reports.map(|message| (message.received_at, report(message, raw_href(message)))));
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, entry)| entry).collect()
}

/// What a mail system said of a mail of this issue.
fn report(message: &Message, raw_href: Option<String>) -> Entry {
    Entry {
        kind: Kind::Report,
        author: message.from.clone(),
        created_at: message.received_at.into(),
        doubt: None,
        message_href: Some(format!("/messages/{}", message.id)),
        raw_href,
        body: message.reason.clone().unwrap_or_default(),
        files: Vec::new(),
    }
}

fn mark(message: &Message, unmarked: &[HandlerId]) -> Option<Badge> {
    let is_unmarked = message.handler_id.is_some_and(|id| unmarked.contains(&id));
    doubt(message.authentication).filter(|_| !is_unmarked)
}

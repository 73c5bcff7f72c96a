//! The ledger, for people: what was received and what became of it.

use std::collections::HashSet;

use outlink_model::delivery::{DeliveryKind, DeliveryState};
use outlink_model::message::{Message, Outcome};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::{MessageId, Timestamp};
use outlink_store::{DeliveryFilter, MessageFilter};

use crate::{Engine, Error, Listed, Page};

/// A ledger row with the names of what it points to.
#[derive(Debug)]
pub struct MessageView {
    /// The row.
    pub message: Message,
    /// The key of the issue that it made or belongs to.
    pub issue_key: Option<String>,
    /// The name of the mail server that it came from, with a mark where that was deleted.
    pub mail_server: String,
    /// Whether that mail server was deleted.
    pub mail_server_deleted: bool,
    /// The name of the handler that took it, where it still stands.
    pub handler: Option<String>,
    /// Whether its bytes can be had.
    pub raw: Raw,
    /// Whether it was to be sent on, and that was given up.
    pub forward_failed: bool,
}

/// Whether the bytes of a message can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raw {
    /// They are here.
    Kept,
    /// They were here, for as long as bytes are kept.
    Gone,
    /// They were never fetched.
    Never,
}

impl Raw {
    fn of(message: &Message, is_kept: bool) -> Self {
        match message.sha256 {
            None => Self::Never,
            Some(_) if is_kept => Self::Kept,
            Some(_) => Self::Gone,
        }
    }

    /// `kept`, `gone` or `never`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Gone => "gone",
            Self::Never => "never",
        }
    }
}

impl MessageView {
    /// Why its bytes cannot be had, and what to do; `None` where they can.
    pub fn why_no_raw(&self) -> Option<Problem> {
        match self.raw {
            Raw::Kept => None,
            Raw::Gone | Raw::Never => Some(without_raw(ProblemKind::Conflict, &self.message)),
        }
    }

    /// Whether it can be handled anew: it came to nothing, or was to be sent on in vain; its bytes are here, and so is its
    /// mail server.
    pub fn may_replay(&self) -> bool {
        let is_kept = self.raw == Raw::Kept;
        let came_to_nothing = !has_become(self.message.outcome) || self.forward_failed;
        came_to_nothing && is_kept && !self.mail_server_deleted
    }
}

/// Whether this is something that counts, once and for all.
pub(crate) fn has_become(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Created | Outcome::Commented | Outcome::Forwarded => true,
        Outcome::Rejected | Outcome::Quarantined | Outcome::Unhandled => false,
    }
}

/// Why the bytes of a message cannot be had, with why they were never fetched, and what to do.
pub(crate) fn no_raw(kind: ProblemKind, message: &Message) -> Problem {
    let mut problem = without_raw(kind, message);
    if let (None, Some(why)) = (message.sha256, &message.reason) {
        problem.message.push(' ');
        problem.message.push_str(why);
    }
    problem
}

fn without_raw(kind: ProblemKind, message: &Message) -> Problem {
    if message.sha256.is_none() {
        return Problem::new(
            kind,
            "message_bytes_missing",
            "The bytes of this message were never fetched.",
            "It lies on the mail server as it came, unless somebody deleted it there. Once nothing keeps it from being \
             fetched any more, forward it to the mailbox anew.",
        );
    }
    let again = match message.outcome {
        // Of these the mail server is told nothing.
        Outcome::Quarantined | Outcome::Unhandled => {
            "Unless somebody deleted it there, it lies in the mailbox as it came: forward it to that address anew, and it \
             comes as a new message."
        }
        Outcome::Rejected => "If it is needed, have it sent again: it comes as a new message.",
        Outcome::Created | Outcome::Commented | Outcome::Forwarded => "What became of it stays.",
    };
    Problem::new(
        kind,
        "message_bytes_gone",
        "The bytes of this message are not kept any more: it was received longer ago than `retention.raw_days`.",
        format!("{again} To keep bytes for longer from now on, raise `retention.raw_days`."),
    )
}

/// Which messages are wanted; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct MessagesWanted {
    /// Those of this mail server, by id or name.
    pub mail_server: Option<String>,
    /// Those that this handler took, by id or name.
    pub handler: Option<String>,
    /// Those of this project, by id or key.
    pub project: Option<String>,
    /// Those of which this became.
    pub outcome: Option<Outcome>,
    /// Those of this address.
    pub sender: Option<String>,
    /// Those with this in their sender or subject.
    pub text: Option<String>,
    /// Those that were taken in at this time or later.
    pub since: Option<Timestamp>,
    /// Those that were taken in before this time.
    pub until: Option<Timestamp>,
}

impl Engine {
    /// The messages, newest first, as far as they are wanted: the processing log.
    ///
    /// # Errors
    /// [`Problem::not_found`] for an unknown mail server, handler or project. A mail server that was deleted is known by
    /// its id.
    pub async fn messages(
        &self,
        wanted: MessagesWanted,
        page: Page,
    ) -> Result<Listed<MessageView>, Error> {
        let named = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let mut filter = MessageFilter {
            outcome: wanted.outcome,
            sender: named(&wanted.sender).map(|sender| sender.trim().to_lowercase()),
            text: named(&wanted.text),
            since: wanted.since,
            until: wanted.until,
            ..MessageFilter::default()
        };
        if let Some(named) = named(&wanted.mail_server) {
            filter.mail_server = Some(self.known_mail_server(&named).await?.server.id);
        }
        if let Some(named) = named(&wanted.handler) {
            filter.handler = Some(self.handler(&named).await?.id);
        }
        if let Some(named) = named(&wanted.project) {
            filter.project = Some(self.project(&named).await?.id);
        }
        let listed = self.store().messages(&filter, &page).await?;
        let kept = self.with_raw(&listed.items).await?;
        let mut items = Vec::with_capacity(listed.items.len());
        for message in listed.items {
            let raw = Raw::of(&message, kept.contains(&message.id));
            items.push(self.view(message, raw).await?);
        }
        Ok(Listed { items, next: listed.next })
    }

    /// One message.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn message(&self, named: &str) -> Result<MessageView, Error> {
        let message = self.message_row(named).await?;
        let kept = self.with_raw(std::slice::from_ref(&message)).await?;
        let raw = Raw::of(&message, kept.contains(&message.id));
        self.view(message, raw).await
    }

    /// Those of these messages whose bytes can be had.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn with_raw(&self, messages: &[Message]) -> Result<HashSet<MessageId>, Error> {
        let fetched = messages.iter().filter(|message| message.sha256.is_some());
        let ids: Vec<_> = fetched.map(|message| message.id).collect();
        Ok(self.store().with_raw(&ids).await?.into_iter().collect())
    }

    /// The bytes of a message as they came.
    ///
    /// # Errors
    /// [`Problem::not_found`]; `message_bytes_gone` and `message_bytes_missing` where there are none.
    pub async fn raw_message(&self, named: &str) -> Result<Vec<u8>, Error> {
        let message = self.message_row(named).await?;
        let raw = self.store().raw(message.id).await?;
        raw.ok_or_else(|| no_raw(ProblemKind::NotFound, &message).into())
    }

    /// Octets of the largest message that is taken in.
    pub fn largest_message(&self) -> usize {
        self.0.settings.limits.message_size
    }

    pub(crate) async fn message_row(&self, named: &str) -> Result<Message, Error> {
        let found = match named.parse::<MessageId>() {
            Ok(id) => self.store().message(id).await?,
            Err(_) => None,
        };
        found.ok_or_else(|| Problem::not_found("message", named).into())
    }

    async fn view(&self, message: Message, raw: Raw) -> Result<MessageView, Error> {
        let issue = match message.issue_id {
            Some(id) => self.store().issue(id).await?,
            None => None,
        };
        let handler = match message.handler_id {
            Some(id) => self.store().handler(id).await?.map(|handler| handler.name),
            None => None,
        };
        let server = self.store().known_mail_server(message.place.mail_server_id).await?;
        let forward_failed = self.forward_failed(&message).await?;
        Ok(MessageView {
            message,
            issue_key: issue.map(|issue| issue.key),
            mail_server_deleted: server.as_ref().is_some_and(|known| known.deleted),
            mail_server: server.map(|known| known.shown_name()).unwrap_or_default(),
            handler,
            raw,
            forward_failed,
        })
    }

    /// Whether a message was to be sent on, and that was given up.
    pub(crate) async fn forward_failed(&self, message: &Message) -> Result<bool, Error> {
        if message.outcome != Outcome::Forwarded {
            return Ok(false);
        }
        let failed = DeliveryFilter {
            state: Some(DeliveryState::Failed),
            kind: Some(DeliveryKind::Forward),
            message_id: Some(message.id),
            ..DeliveryFilter::default()
        };
        let first = Page { limit: 1, after: None };
        Ok(!self.store().deliveries(&failed, &first).await?.items.is_empty())
    }
}

//! The ledger, for people: what was received and what became of it.

use outlink_model::message::{Message, Outcome};
use outlink_model::problem::Problem;
use outlink_model::{MessageId, Timestamp};
use outlink_store::MessageFilter;

use crate::{Engine, Error, Listed, Page};

/// A ledger row with the names of what it points to.
#[derive(Debug)]
pub struct MessageView {
    /// The row.
    pub message: Message,
    /// The key of the issue that it made or belongs to.
    pub issue_key: Option<String>,
    /// The name of the mail server that it came from.
    pub mail_server: String,
    /// The name of the handler that took it, where it still stands.
    pub handler: Option<String>,
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
    /// [`Problem::not_found`] for an unknown mail server, handler or project.
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
            filter.mail_server = Some(self.mail_server(&named).await?.id);
        }
        if let Some(named) = named(&wanted.handler) {
            filter.handler = Some(self.handler(&named).await?.id);
        }
        if let Some(named) = named(&wanted.project) {
            filter.project = Some(self.project(&named).await?.id);
        }
        let listed = self.store().messages(&filter, &page).await?;
        let mut items = Vec::with_capacity(listed.items.len());
        for message in listed.items {
            items.push(self.view(message).await?);
        }
        Ok(Listed { items, next: listed.next })
    }

    /// One message.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn message(&self, named: &str) -> Result<MessageView, Error> {
        self.view(self.message_row(named).await?).await
    }

    /// The bytes of a message as they came.
    ///
    /// # Errors
    /// [`Problem::not_found`], also where the bytes were never fetched.
    pub async fn raw_message(&self, named: &str) -> Result<Vec<u8>, Error> {
        let message = self.message_row(named).await?;
        let raw = self.store().raw(message.id).await?;
        raw.ok_or_else(|| Problem::not_found("raw message", named).into())
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

    async fn view(&self, message: Message) -> Result<MessageView, Error> {
        let issue = match message.issue_id {
            Some(id) => self.store().issue(id).await?,
            None => None,
        };
        let handler = match message.handler_id {
            Some(id) => self.store().handler(id).await?.map(|handler| handler.name),
            None => None,
        };
        let server = self.store().mail_server(message.place.mail_server_id).await?;
        Ok(MessageView {
            message,
            issue_key: issue.map(|issue| issue.key),
            mail_server: server.map(|server| server.name).unwrap_or_default(),
            handler,
        })
    }
}

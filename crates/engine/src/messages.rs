//! The ledger, for people: what was received and what became of it.

use outlink_model::MessageId;
use outlink_model::message::Message;
use outlink_model::problem::Problem;
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
}

impl Engine {
    /// The messages, newest first, of one mail server or of all.
    ///
    /// # Errors
    /// [`Problem::not_found`] for an unknown mail server.
    pub async fn messages(
        &self,
        mail_server: Option<&str>,
        page: Page,
    ) -> Result<Listed<MessageView>, Error> {
        let mail_server = match mail_server {
            Some(named) => Some(self.mail_server(named).await?.id),
            None => None,
        };
        let listed = self.store().messages(&MessageFilter { mail_server }, &page).await?;
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

    async fn message_row(&self, named: &str) -> Result<Message, Error> {
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
        let server = self.store().mail_server(message.place.mail_server_id).await?;
        Ok(MessageView {
            message,
            issue_key: issue.map(|issue| issue.key),
            mail_server: server.map(|server| server.name).unwrap_or_default(),
        })
    }
}

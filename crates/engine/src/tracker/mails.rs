//! The mail that an issue was made of.

use outlink_model::message::Message;
use outlink_model::tracker::Issue;

use crate::{Engine, Error};

/// Messages of one issue that are read at once.
const MOST: u32 = 5000;

impl Engine {
    /// The messages that an issue and its comments were made of, and the reports of mail systems that belong to it, the
    /// oldest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn messages_of_issue(&self, issue: &Issue) -> Result<Vec<Message>, Error> {
        Ok(self.store().messages_of_issue(issue.id, MOST).await?)
    }

    /// The keys that an issue had before it was moved.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn former_keys(&self, issue: &Issue) -> Result<Vec<String>, Error> {
        Ok(self.store().former_keys(issue.id).await?)
    }
}

//! Messages by what is asked about them.

use outlink_model::message::{Message, Outcome};
use outlink_model::{HandlerId, MailServerId, ProjectId, Timestamp};

use super::{MessageRow, select};
use crate::cell::{micros, plain};
use crate::filter::{Filtered, filtered, part};
use crate::{Error, Listed, Page, Store};

const ALL: &str = select!("");

/// Most messages become an issue or a comment, and those are soon found. The others have an index, which serves where its
/// condition stands in the text.
const RARE: &str = "outcome <> 'created' AND outcome <> 'commented'";

/// The project of the issue that it belongs to, or that its handler makes issues in.
const OF_PROJECT: &str = "
    (EXISTS (SELECT 1 FROM issues i WHERE i.id = messages.issue_id AND i.project_id = {})
        OR handler_id IN (SELECT id FROM handlers WHERE project_id = {}))";

/// What it is compared with comes in lower case, from A to Z: the databases know no more of letters than that, in columns
/// that sort by their bytes.
const HAS_TEXT: &str = "(LOWER(subject) LIKE {} ESCAPE '\\' OR LOWER(sender) LIKE {} ESCAPE '\\')";

/// Which messages are wanted: those that all of this is true of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Those of this mail server alone.
    pub mail_server: Option<MailServerId>,
    /// Those that this handler took.
    pub handler: Option<HandlerId>,
    /// Those that this became of.
    pub outcome: Option<Outcome>,
    /// Those that belong to an issue of this project, or whose handler makes issues there.
    pub project: Option<ProjectId>,
    /// Those of the sender with this address, in whatever case it is given.
    pub sender: Option<String>,
    /// Those with this text in the subject or in the sender's name or address; A to Z are the same as a to z.
    pub text: Option<String>,
    /// Those that were taken in then or later.
    pub since: Option<Timestamp>,
    /// Those that were taken in before.
    pub until: Option<Timestamp>,
}

/// The text and its values.
fn wanted(filter: &MessageFilter, page: &Page) -> Filtered {
    let mut list = Filtered::newest(ALL, "id", page);
    if let Some(server) = filter.mail_server {
        list.with_text("mail_server_id = {}", server.to_string());
    }
    if let Some(handler) = filter.handler {
        list.with_text("handler_id = {}", handler.to_string());
    }
    if let Some(outcome) = filter.outcome {
        list.with_text("outcome = {}", outcome.as_str());
        if !matches!(outcome, Outcome::Created | Outcome::Commented) {
            list.with(RARE);
        }
    }
    if let Some(project) = filter.project {
        list.with_text(OF_PROJECT, project.to_string());
    }
    if let Some(sender) = &filter.sender {
        list.with_text("address = {}", plain(&sender.to_lowercase()));
    }
    if let Some(text) = &filter.text {
        list.with_text(HAS_TEXT, part(&plain(&text.to_ascii_lowercase())));
    }
    if let Some(since) = filter.since {
        list.with_number("received_at >= {}", micros(since));
    }
    if let Some(until) = filter.until {
        list.with_number("received_at < {}", micros(until));
    }
    list
}

impl Store {
    /// Messages, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn messages(
        &self,
        filter: &MessageFilter,
        page: &Page,
    ) -> Result<Listed<Message>, Error> {
        let rows: Vec<MessageRow> = filtered!(self.db, wanted(filter, page).finish("id", page))?;
        page.listed(rows, MessageRow::model, |message| message.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn a_page_of_messages_reads_no_others_and_sorts_nothing() {
        let page = Page::default();
        let of_server = MessageFilter {
            mail_server: Some(MailServerId(uuid::Uuid::nil())),
            ..MessageFilter::default()
        };
        let rare =
            MessageFilter { outcome: Some(Outcome::Quarantined), ..MessageFilter::default() };
        for (filter, index) in [
            (MessageFilter::default(), "sqlite_autoindex_messages_1"),
            (of_server, "messages_mail_server_id"),
            (rare, "messages_outcome"),
        ] {
            let plan = plan(&wanted(&filter, &page).finish("id", &page).0).await;
            assert!(plan.contains(index), "{plan}");
            assert!(!plan.contains("B-TREE"), "{plan}");
        }
    }
}

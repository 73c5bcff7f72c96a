//! Deliveries by what is asked about them.

use outlink_model::delivery::{Delivery, DeliveryKind, DeliveryState};
use outlink_model::{IssueId, MailServerId, MessageId};

use super::{DeliveryRow, select};
use crate::filter::{Filtered, filtered};
use crate::{Error, Listed, Page, Store};

const ALL: &str = select!("");

/// Most deliveries were sent, and those are soon found. The others have an index, which serves where its condition stands
/// in the text.
const RARE: &str = "state <> 'sent'";

/// Which deliveries are wanted: those that all of this is true of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Those that are so far.
    pub state: Option<DeliveryState>,
    /// Those through this mail server.
    pub mail_server_id: Option<MailServerId>,
    /// Those about this message.
    pub message_id: Option<MessageId>,
    /// Those about this issue.
    pub issue_id: Option<IssueId>,
    /// Those of this kind.
    pub kind: Option<DeliveryKind>,
}

/// The text and its values.
fn wanted(filter: &DeliveryFilter, page: &Page) -> Filtered {
    let mut list = Filtered::newest(ALL, "id", page);
    if let Some(state) = filter.state {
        list.with_text("state = {}", state.as_str());
        if state != DeliveryState::Sent {
            list.with(RARE);
        }
    }
    if let Some(server) = filter.mail_server_id {
        list.with_text("mail_server_id = {}", server.to_string());
    }
    if let Some(message) = filter.message_id {
        list.with_text("message_id = {}", message.to_string());
    }
    if let Some(issue) = filter.issue_id {
        list.with_text("issue_id = {}", issue.to_string());
    }
    if let Some(kind) = filter.kind {
        list.with_text("kind = {}", kind.as_str());
    }
    list
}

impl Store {
    /// Deliveries, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        page: &Page,
    ) -> Result<Listed<Delivery>, Error> {
        let rows: Vec<DeliveryRow> = filtered!(self.db, wanted(filter, page).finish("id", page))?;
        page.listed(rows, DeliveryRow::model, |delivery| delivery.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;
    use uuid::Uuid;

    #[tokio::test]
    async fn a_page_of_deliveries_reads_no_others_and_sorts_nothing() {
        let page = Page::default();
        let all = DeliveryFilter::default();
        let failed = DeliveryFilter { state: Some(DeliveryState::Failed), ..all };
        let of_server = DeliveryFilter { mail_server_id: Some(MailServerId(Uuid::nil())), ..all };
        let of_message = DeliveryFilter { message_id: Some(MessageId(Uuid::nil())), ..all };
        let of_issue = DeliveryFilter { issue_id: Some(IssueId(Uuid::nil())), ..all };
        for (filter, index) in [
            (all, "sqlite_autoindex_deliveries_1 (id<?"),
            (failed, "deliveries_state (state=? AND id<?"),
            (of_server, "deliveries_mail_server_id (mail_server_id=? AND id<?"),
            (of_message, "deliveries_message_id (message_id=? AND id<?"),
            (of_issue, "deliveries_issue_id (issue_id=? AND id<?"),
        ] {
            let plan = plan(&wanted(&filter, &page).finish("id", &page).0).await;
            assert!(plan.contains(index), "{plan}");
            assert!(!plan.contains("B-TREE"), "{plan}");
        }
    }
}

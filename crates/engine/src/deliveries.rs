//! Deliveries: mail on its way out, for people. It is written where a message is taken in, and sent in the background.
//!
//! A mail whose last octet was sent and never answered for is sent again, with the same Message-ID: better twice than
//! not at all, and whoever gets it twice can tell.

use outlink_model::DeliveryId;
use outlink_model::delivery::{Delivery, DeliveryKind, DeliveryState};
use outlink_model::event::Event;
use outlink_model::grant::Actor;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_store::{DeliveryFilter, Error as StoreError};

use crate::{Caller, Engine, Error, Listed, Page};

mod address;
mod attempt;
mod background;
mod session;
mod settle;

pub(crate) use address::{is_address, may_be_answered};

/// A delivery with the names of what it points to.
#[derive(Debug)]
pub struct DeliveryView {
    /// The delivery.
    pub delivery: Delivery,
    /// The name of the outgoing mail server, with a mark where that was deleted.
    pub mail_server: String,
    /// The name of the handler in whose name it is sent, where that still stands.
    pub handler: Option<String>,
    /// The key of the issue that it is about.
    pub issue_key: Option<String>,
}

/// Which deliveries are wanted; what is `None` or empty does not matter.
#[derive(Clone, Debug, Default)]
pub struct DeliveriesWanted {
    /// Those that are so far.
    pub state: Option<DeliveryState>,
    /// Those of this kind.
    pub kind: Option<DeliveryKind>,
    /// Those through this mail server, by id or name.
    pub mail_server: Option<String>,
    /// Those about this message, by id.
    pub message: Option<String>,
    /// Those about this issue, by id or key.
    pub issue: Option<String>,
}

impl Engine {
    /// The deliveries, newest first, as far as they are wanted.
    ///
    /// # Errors
    /// [`Problem::not_found`] for an unknown mail server, message or issue.
    pub async fn deliveries(
        &self,
        wanted: DeliveriesWanted,
        page: Page,
    ) -> Result<Listed<DeliveryView>, Error> {
        let named = |text: Option<String>| text.filter(|text| !text.is_empty());
        let mut filter =
            DeliveryFilter { state: wanted.state, kind: wanted.kind, ..DeliveryFilter::default() };
        if let Some(named) = named(wanted.mail_server) {
            filter.mail_server_id = Some(self.known_mail_server(&named).await?.server.id);
        }
        if let Some(named) = named(wanted.message) {
            filter.message_id = Some(self.message_row(&named).await?.id);
        }
        if let Some(named) = named(wanted.issue) {
            filter.issue_id = Some(self.issue_row(&named).await?.id);
        }
        let listed = self.store().deliveries(&filter, &page).await?;
        let mut items = Vec::with_capacity(listed.items.len());
        for delivery in listed.items {
            items.push(self.view_delivery(delivery).await?);
        }
        Ok(Listed { items, next: listed.next })
    }

    /// One delivery.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn delivery(&self, named: &str) -> Result<DeliveryView, Error> {
        self.view_delivery(self.delivery_row(named).await?).await
    }

    /// Has a delivery that waits or was given up tried now, as if it were written now.
    ///
    /// # Errors
    /// [`Problem::not_found`]; `delivery_sent` where the mail server has taken it, and `mail_server_deleted` where there
    /// is none any more to send it.
    pub async fn retry_delivery(&self, named: &str, by: &Caller) -> Result<DeliveryView, Error> {
        let delivery = self.delivery_row(named).await?;
        let event = Event {
            kind: "delivery.retried".into(),
            subject: subject(&delivery),
            message: format!("{} had the mail to {} tried again.", by.name(), delivery.to),
            ..self.event(Actor::Nobody)
        };
        let done = self.store().retry_delivery(delivery.id, self.now(), &event).await;
        match done {
            Ok(()) => {}
            Err(StoreError::Stale) => return Err(sent(&delivery).into()),
            Err(StoreError::Missing) => {
                // Either it was deleted since it was read, which this finds out, or its server was.
                self.delivery_row(named).await?;
                return Err(server_deleted(&delivery).into());
            }
            Err(other) => return Err(other.into()),
        }
        self.recorded(&event);
        self.0.alarm.notify_waiters();
        self.delivery(named).await
    }

    /// Deletes a delivery. One that waits is not sent then.
    ///
    /// # Errors
    /// [`Problem::not_found`]; `delivery_under_way` where it may be on its way at this very moment.
    pub async fn delete_delivery(&self, named: &str, by: &Caller) -> Result<(), Error> {
        let delivery = self.delivery_row(named).await?;
        let event = Event {
            kind: "delivery.deleted".into(),
            subject: subject(&delivery),
            message: format!("{} deleted the mail to {}.", by.name(), delivery.to),
            ..self.event(Actor::Nobody)
        };
        let done = self.store().delete_delivery(delivery.id, self.now(), &event).await;
        done.map_err(|error| match error {
            StoreError::Missing => Problem::not_found("delivery", named).into(),
            StoreError::InUse => under_way(&delivery).into(),
            other => Error::from(other),
        })?;
        self.recorded(&event);
        Ok(())
    }

    async fn delivery_row(&self, named: &str) -> Result<Delivery, Error> {
        let found = match named.parse::<DeliveryId>() {
            Ok(id) => self.store().delivery(id).await?,
            Err(_) => None,
        };
        found.ok_or_else(|| Problem::not_found("delivery", named).into())
    }

    async fn view_delivery(&self, delivery: Delivery) -> Result<DeliveryView, Error> {
        let issue = match delivery.issue_id {
            Some(id) => self.store().issue(id).await?,
            None => None,
        };
        let handler = match delivery.handler_id {
            Some(id) => self.store().handler(id).await?.map(|handler| handler.name),
            None => None,
        };
        let server = self.store().known_mail_server(delivery.mail_server_id).await?;
        Ok(DeliveryView {
            delivery,
            mail_server: server.map(|known| known.shown_name()).unwrap_or_default(),
            handler,
            issue_key: issue.map(|issue| issue.key),
        })
    }
}

/// How events call a delivery.
fn subject(delivery: &Delivery) -> String {
    format!("mail to {}", delivery.to)
}

fn sent(delivery: &Delivery) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "delivery_sent",
        format!("The mail to {} was sent, and is not sent twice.", delivery.to),
        "If it did not arrive, ask the operator of the outgoing mail server what became of it.",
    )
}

fn server_deleted(delivery: &Delivery) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "mail_server_deleted",
        format!("The mail server that was to send the mail to {} was deleted.", delivery.to),
        "Delete the delivery too. What it is about can be sent on by hand: the message is in the ledger.",
    )
}

fn under_way(delivery: &Delivery) -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "delivery_under_way",
        format!("The mail to {} may be on its way at this very moment.", delivery.to),
        "Look again in a moment; or pause its mail server, and delete it then.",
    )
}

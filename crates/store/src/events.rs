//! Events: who did what, and what went wrong.

use aws_lc_rs::digest::{SHA256, digest};
use outlink_model::event::{Event, EventClass};
use outlink_model::{EventId, WebhookDeliveryId, WebhookId};
use uuid::Builder;

use crate::cell::{micros, parse, plain, plain_some, time};
use crate::db::{Tx, executing_within, reading};
use crate::{Error, Listed, Page, Store};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, at, class, kind, subject, state, actor, message, hint FROM events ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE id = $1");
const PAGE: &str = select!("WHERE id < $1 ORDER BY id DESC LIMIT $2");
const PAGE_OF_CLASS: &str = select!("WHERE class = $3 AND id < $1 ORDER BY id DESC LIMIT $2");

const INSERT: &str = "
    INSERT INTO events (id, at, class, kind, subject, state, actor, message, hint)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Where a health event goes.
const WEBHOOKS_SQLITE: &str = "SELECT id FROM webhooks WHERE enabled = 1 ORDER BY id";

/// The lock keeps a webhook from being deleted before its delivery is written: that would fail the whole transaction,
/// and a refreshed token with it. SQLite has one writer.
const WEBHOOKS_POSTGRES: &str =
    "SELECT id FROM webhooks WHERE enabled = 1 ORDER BY id FOR KEY SHARE";

const DELIVER: &str = "
    INSERT INTO webhook_deliveries (id, webhook_id, event_id, attempts, next_at)
    VALUES ($1, $2, $3, 0, $4)";

#[derive(sqlx::FromRow)]
pub(crate) struct EventRow {
    pub(crate) id: String,
    pub(crate) at: i64,
    pub(crate) class: String,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) state: Option<String>,
    pub(crate) actor: String,
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl EventRow {
    pub(crate) fn model(self) -> Result<Event, Error> {
        Ok(Event {
            id: parse("events.id", &self.id)?,
            at: time("events.at", self.at)?,
            class: parse("events.class", &self.class)?,
            kind: self.kind,
            subject: self.subject,
            state: self.state,
            actor: parse("events.actor", &self.actor)?,
            message: self.message,
            hint: self.hint,
        })
    }
}

impl Store {
    /// Adds an event. One of class health is due at every enabled webhook from its time on.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_event(&self, event: &Event) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        self.insert_event(&mut tx, event).await?;
        tx.commit().await
    }

    /// [`Store::add_event`] within a transaction that writes what the event tells of, so that neither is without the
    /// other.
    pub(crate) async fn insert_event(&self, tx: &mut Tx, event: &Event) -> Result<(), Error> {
        executing_within!(*tx, on => sqlx::query(INSERT)
            .bind(event.id.to_string())
            .bind(micros(event.at))
            .bind(event.class.as_str())
            .bind(plain(&event.kind))
            .bind(plain(&event.subject))
            .bind(plain_some(event.state.as_deref()))
            .bind(event.actor.as_str())
            .bind(plain(&event.message))
            .bind(plain(&event.hint))
            .execute(on))?;
        if event.class != EventClass::Health {
            return Ok(());
        }
        let webhooks: Vec<String> = match tx {
            Tx::Sqlite(tx, _) => sqlx::query_scalar(WEBHOOKS_SQLITE).fetch_all(&mut **tx).await?,
            Tx::Postgres(tx) => sqlx::query_scalar(WEBHOOKS_POSTGRES).fetch_all(&mut **tx).await?,
        };
        for webhook in webhooks {
            let delivery = delivery_id(event.id, parse("webhooks.id", &webhook)?);
            executing_within!(*tx, on => sqlx::query(DELIVER)
                .bind(delivery.to_string())
                .bind(&webhook)
                .bind(event.id.to_string())
                .bind(micros(event.at))
                .execute(on))?;
        }
        Ok(())
    }

    /// The event with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn event(&self, id: EventId) -> Result<Option<Event>, Error> {
        let row: Option<EventRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(on))?;
        row.map(EventRow::model).transpose()
    }

    /// Events, the newest first; of one class, if one is named.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn events(
        &self,
        page: &Page,
        class: Option<EventClass>,
    ) -> Result<Listed<Event>, Error> {
        let rows: Vec<EventRow> = match class {
            None => reading!(self.db, on =>
                sqlx::query_as(PAGE).bind(page.below()).bind(page.rows()).fetch_all(on))?,
            Some(class) => reading!(self.db, on => sqlx::query_as(PAGE_OF_CLASS)
                .bind(page.below())
                .bind(page.rows())
                .bind(class.as_str())
                .fetch_all(on))?,
        };
        page.listed(rows, EventRow::model, |event| event.id)
    }
}

/// The id of what goes to one webhook about one event. It follows from the two, so whoever writes an event needs no
/// randomness for deliveries that there may be none of.
fn delivery_id(event: EventId, webhook: WebhookId) -> WebhookDeliveryId {
    let mut both = [0; 32];
    both[..16].copy_from_slice(event.0.as_bytes());
    both[16..].copy_from_slice(webhook.0.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&digest(&SHA256, &both).as_ref()[..16]);
    WebhookDeliveryId(Builder::from_custom_bytes(id).into_uuid())
}

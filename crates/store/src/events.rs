//! Events: who did what, and what went wrong.

use outlink_model::event::Event;

use crate::cell::{micros, parse, plain, plain_some, time};
use crate::db::{executing, reading};
use crate::{Error, Listed, Page, Store};

const PAGE: &str = "
    SELECT id, at, kind, subject, state, actor, message, hint FROM events
    WHERE id < $1 ORDER BY id DESC LIMIT $2";

const INSERT: &str = "
    INSERT INTO events (id, at, kind, subject, state, actor, message, hint)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

#[derive(sqlx::FromRow)]
struct EventRow {
    id: String,
    at: i64,
    kind: String,
    subject: String,
    state: Option<String>,
    actor: String,
    message: String,
    hint: String,
}

impl EventRow {
    fn model(self) -> Result<Event, Error> {
        Ok(Event {
            id: parse("events.id", &self.id)?,
            at: time("events.at", self.at)?,
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
    /// Adds an event.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_event(&self, event: &Event) -> Result<(), Error> {
        executing!(self.db, on => sqlx::query(INSERT)
            .bind(event.id.to_string())
            .bind(micros(event.at))
            .bind(plain(&event.kind))
            .bind(plain(&event.subject))
            .bind(plain_some(event.state.as_deref()))
            .bind(event.actor.as_str())
            .bind(plain(&event.message))
            .bind(plain(&event.hint))
            .execute(on))?;
        Ok(())
    }

    /// Events, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn events(&self, page: &Page) -> Result<Listed<Event>, Error> {
        let rows: Vec<EventRow> = reading!(self.db, on =>
            sqlx::query_as(PAGE).bind(page.below()).bind(page.rows()).fetch_all(on))?;
        page.listed(rows, EventRow::model, |event| event.id)
    }
}

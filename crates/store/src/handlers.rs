//! Handlers: what turns the messages of a mail server into issues and comments.

use outlink_model::handler::Handler;
use outlink_model::{HandlerId, MailServerId};

use crate::cell::{micros, parse, plain, time};
use crate::db::{executing, found, reading};
use crate::{Error, Listed, Page, Store};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, mail_server_id, project_id, kind, enabled, created_at FROM handlers ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE id = $1");
const BY_NAME: &str = select!("WHERE name = $1");
const PAGE: &str = select!("WHERE id > $1 ORDER BY id LIMIT $2");
const OF_SERVER: &str = select!("WHERE mail_server_id = $1 ORDER BY id");

const INSERT: &str = "
    INSERT INTO handlers (id, name, mail_server_id, project_id, kind, enabled, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

const UPDATE: &str = "
    UPDATE handlers SET name = $2, mail_server_id = $3, project_id = $4, kind = $5, enabled = $6
    WHERE id = $1";

const DELETE: &str = "DELETE FROM handlers WHERE id = $1";

#[derive(sqlx::FromRow)]
struct HandlerRow {
    id: String,
    name: String,
    mail_server_id: String,
    project_id: String,
    kind: String,
    enabled: i64,
    created_at: i64,
}

impl HandlerRow {
    fn model(self) -> Result<Handler, Error> {
        Ok(Handler {
            id: parse("handlers.id", &self.id)?,
            name: self.name,
            mail_server_id: parse("handlers.mail_server_id", &self.mail_server_id)?,
            project_id: parse("handlers.project_id", &self.project_id)?,
            kind: parse("handlers.kind", &self.kind)?,
            enabled: self.enabled != 0,
            created_at: time("handlers.created_at", self.created_at)?,
        })
    }
}

impl Store {
    /// Adds a handler.
    ///
    /// # Errors
    /// [`Error::Taken`] with `name`; [`Error::Missing`] if there is no such mail server or project.
    pub async fn create_handler(&self, handler: &Handler) -> Result<(), Error> {
        executing!(self.db, on => sqlx::query(INSERT)
            .bind(handler.id.to_string())
            .bind(plain(&handler.name))
            .bind(handler.mail_server_id.to_string())
            .bind(handler.project_id.to_string())
            .bind(handler.kind.as_str())
            .bind(i64::from(handler.enabled))
            .bind(micros(handler.created_at))
            .execute(on))
        .map_err(|error| Error::taken(error, "name"))?;
        Ok(())
    }

    /// The handler with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn handler(&self, id: HandlerId) -> Result<Option<Handler>, Error> {
        let row: Option<HandlerRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(on))?;
        row.map(HandlerRow::model).transpose()
    }

    /// The handler of this name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn handler_by_name(&self, name: &str) -> Result<Option<Handler>, Error> {
        let row: Option<HandlerRow> = reading!(self.db, on =>
            sqlx::query_as(BY_NAME).bind(plain(name)).fetch_optional(on))?;
        row.map(HandlerRow::model).transpose()
    }

    /// Handlers, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn handlers(&self, page: &Page) -> Result<Listed<Handler>, Error> {
        let rows: Vec<HandlerRow> = reading!(self.db, on =>
            sqlx::query_as(PAGE).bind(page.above()).bind(page.rows()).fetch_all(on))?;
        page.listed(rows, HandlerRow::model, |handler| handler.id)
    }

    /// Every handler of a mail server, enabled or not, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn handlers_of_server(&self, server: MailServerId) -> Result<Vec<Handler>, Error> {
        let rows: Vec<HandlerRow> = reading!(self.db, on =>
            sqlx::query_as(OF_SERVER).bind(server.to_string()).fetch_all(on))?;
        rows.into_iter().map(HandlerRow::model).collect()
    }

    /// Writes every field but the time of making.
    ///
    /// # Errors
    /// [`Error::Taken`] with `name`; [`Error::Missing`] if there is no such handler, mail server or project.
    pub async fn update_handler(&self, handler: &Handler) -> Result<(), Error> {
        let done = executing!(self.db, on => sqlx::query(UPDATE)
            .bind(handler.id.to_string())
            .bind(plain(&handler.name))
            .bind(handler.mail_server_id.to_string())
            .bind(handler.project_id.to_string())
            .bind(handler.kind.as_str())
            .bind(i64::from(handler.enabled))
            .execute(on))
        .map_err(|error| Error::taken(error, "name"))?;
        found(done)
    }

    /// Deletes a handler. What it made stays.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn delete_handler(&self, id: HandlerId) -> Result<(), Error> {
        found(executing!(self.db, on => sqlx::query(DELETE).bind(id.to_string()).execute(on))?)
    }
}

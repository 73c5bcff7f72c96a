//! Handlers: what turns the messages of a mail server into issues and comments.

use outlink_model::handler::Handler;
use outlink_model::{HandlerId, MailServerId, ProjectId, Timestamp};

use crate::cell::{micros, number, parse, parse_some, plain, time};
use crate::db::{Tx, executing, executing_within, found, reading, within};
use crate::{Error, Listed, Page, Store};

mod settings;

use settings::{settings, settings_cell};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, mail_server_id, project_id, kind, position, enabled, settings, outgoing_id, created_at,
                updated_at
            FROM handlers ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE id = $1");
const BY_NAME: &str = select!("WHERE name = $1");
const PAGE: &str = select!("WHERE id > $1 ORDER BY id LIMIT $2");
const OF_SERVER: &str = select!("WHERE mail_server_id = $1 ORDER BY position, id");
const OF_PROJECT: &str = select!("WHERE project_id = $1 ORDER BY id");

/// The first ten parameters are those of [`UPDATE`].
const INSERT: &str = "
    INSERT INTO handlers (id, name, mail_server_id, project_id, kind, position, enabled, settings, outgoing_id,
        updated_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

const UPDATE: &str = "
    UPDATE handlers SET name = $2, mail_server_id = $3, project_id = $4, kind = $5, position = $6,
        enabled = $7, settings = $8, outgoing_id = $9, updated_at = $10
    WHERE id = $1 AND updated_at = $11";

const IS_THERE: &str = "SELECT COUNT(*) FROM handlers WHERE id = $1";

/// A server that was deleted keeps its row while messages name it, and no constraint refuses a handler of it.
const IS_SERVER_THERE: &str =
    "SELECT COUNT(*) FROM mail_servers WHERE id = $1 AND deleted_at IS NULL";

/// Writes nothing new; takes the row's lock on PostgreSQL, so that two orders do not mix.
const LOCK_SERVER: &str = "
    UPDATE mail_servers SET deleted_at = deleted_at WHERE id = $1 AND deleted_at IS NULL";

const IDS_OF_SERVER: &str = "SELECT id FROM handlers WHERE mail_server_id = $1";

/// Counts as a change, if the smallest: an edit that has read the older place must not put it back.
const PLACE: &str = "
    UPDATE handlers SET position = $2, updated_at = updated_at + 1 WHERE id = $1 AND position <> $2";

const DELETE: &str = "DELETE FROM handlers WHERE id = $1";

/// The ten parameters that [`INSERT`] and [`UPDATE`] have in common.
macro_rules! bind_fields {
    ($text:expr, $handler:expr, $settings:expr) => {
        sqlx::query($text)
            .bind($handler.id.to_string())
            .bind(plain(&$handler.name))
            .bind($handler.mail_server_id.to_string())
            .bind($handler.project_id.to_string())
            .bind($handler.kind.as_str())
            .bind(i64::from($handler.position))
            .bind(i64::from($handler.enabled))
            .bind(&$settings)
            .bind($handler.outgoing_id.map(|id| id.to_string()))
            .bind(micros($handler.updated_at))
    };
}

#[derive(sqlx::FromRow)]
struct HandlerRow {
    id: String,
    name: String,
    mail_server_id: String,
    project_id: String,
    kind: String,
    position: i64,
    enabled: i64,
    settings: String,
    outgoing_id: Option<String>,
    created_at: i64,
    updated_at: i64,
}

impl HandlerRow {
    fn model(self) -> Result<Handler, Error> {
        Ok(Handler {
            id: parse("handlers.id", &self.id)?,
            name: self.name,
            mail_server_id: parse("handlers.mail_server_id", &self.mail_server_id)?,
            project_id: parse("handlers.project_id", &self.project_id)?,
            kind: parse("handlers.kind", &self.kind)?,
            position: number("handlers.position", self.position)?,
            enabled: self.enabled != 0,
            settings: settings(&self.settings)?,
            outgoing_id: parse_some("handlers.outgoing_id", self.outgoing_id.as_deref())?,
            created_at: time("handlers.created_at", self.created_at)?,
            updated_at: time("handlers.updated_at", self.updated_at)?,
        })
    }
}

impl Store {
    /// Adds a handler.
    ///
    /// # Errors
    /// [`Error::Taken`] with `name`; [`Error::Missing`] if there is no such mail server or project.
    pub async fn create_handler(&self, handler: &Handler) -> Result<(), Error> {
        let settings = settings_cell(&handler.settings)?;
        let mut tx = self.db.begin().await?;
        is_server_there(&mut tx, handler.mail_server_id).await?;
        executing_within!(tx, on => bind_fields!(INSERT, handler, settings)
            .bind(micros(handler.created_at))
            .execute(on))
        .map_err(|error| Error::taken(error, "name"))?;
        tx.commit().await
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

    /// Every handler of a mail server, enabled or not, in the order in which they are asked.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn handlers_of_server(&self, server: MailServerId) -> Result<Vec<Handler>, Error> {
        let rows: Vec<HandlerRow> = reading!(self.db, on =>
            sqlx::query_as(OF_SERVER).bind(server.to_string()).fetch_all(on))?;
        rows.into_iter().map(HandlerRow::model).collect()
    }

    /// Every handler that makes issues in this project, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn handlers_of_project(&self, project: ProjectId) -> Result<Vec<Handler>, Error> {
        let rows: Vec<HandlerRow> = reading!(self.db, on =>
            sqlx::query_as(OF_PROJECT).bind(project.to_string()).fetch_all(on))?;
        rows.into_iter().map(HandlerRow::model).collect()
    }

    /// Writes every field but the time of making.
    ///
    /// `seen` is [`Handler::updated_at`] as it was read.
    ///
    /// # Errors
    /// [`Error::Stale`] if somebody has changed the handler since: what they wrote would be undone. [`Error::Taken`] with
    /// `name`; [`Error::Missing`] if there is no such handler, mail server or project.
    pub async fn update_handler(&self, handler: &Handler, seen: Timestamp) -> Result<(), Error> {
        let settings = settings_cell(&handler.settings)?;
        let mut tx = self.db.begin().await?;
        is_server_there(&mut tx, handler.mail_server_id).await?;
        let done = executing_within!(tx, on =>
            bind_fields!(UPDATE, handler, settings).bind(micros(seen)).execute(on));
        if done.map_err(|error| Error::taken(error, "name"))? == 0 {
            let there: i64 = within!(tx, on =>
                sqlx::query_scalar(IS_THERE).bind(handler.id.to_string()).fetch_one(on))?;
            return Err(if there == 0 { Error::Missing } else { Error::Stale });
        }
        tx.commit().await
    }

    /// Puts the handlers of a mail server into this order.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such server, or these are not its handlers, each of them once.
    pub async fn order_handlers(
        &self,
        server: MailServerId,
        order: &[HandlerId],
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        found(executing_within!(tx, on =>
            sqlx::query(LOCK_SERVER).bind(server.to_string()).execute(on))?)?;
        let mut there: Vec<String> = within!(tx, on =>
            sqlx::query_scalar(IDS_OF_SERVER).bind(server.to_string()).fetch_all(on))?;
        let mut named: Vec<String> = order.iter().map(HandlerId::to_string).collect();
        there.sort_unstable();
        named.sort_unstable();
        if there != named {
            return Err(Error::Missing);
        }
        for (position, id) in (0_i64..).zip(order) {
            executing_within!(tx, on =>
                sqlx::query(PLACE).bind(id.to_string()).bind(position).execute(on))?;
        }
        tx.commit().await
    }

    /// Deletes a handler. What it made stays.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn delete_handler(&self, id: HandlerId) -> Result<(), Error> {
        found(executing!(self.db, on => sqlx::query(DELETE).bind(id.to_string()).execute(on))?)
    }
}

async fn is_server_there(tx: &mut Tx, server: MailServerId) -> Result<(), Error> {
    let there: i64 = within!(*tx, on =>
        sqlx::query_scalar(IS_SERVER_THERE).bind(server.to_string()).fetch_one(on))?;
    if there == 0 { Err(Error::Missing) } else { Ok(()) }
}

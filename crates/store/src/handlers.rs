//! Handlers: what turns the messages of a mail server into issues and comments.

use outlink_model::handler::Handler;
use outlink_model::{HandlerId, MailServerId, ProjectId, Timestamp};

use crate::cell::{micros, number, parse, parse_some, plain, time};
use crate::db::{Tx, executing, executing_within, found, reading, within};
use crate::{Error, Listed, Page, Store};

mod first;
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
const SENDING_THROUGH: &str = select!("WHERE outgoing_id = $1 ORDER BY id");

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

/// A server that was deleted keeps its row while messages or deliveries name it, and no constraint refuses a handler of it.
const IS_SERVER_THERE_SQLITE: &str =
    "SELECT 1 FROM mail_servers WHERE id = $1 AND deleted_at IS NULL";

/// Waits for a deletion that is under way. One that comes later waits for us, and finds what we wrote. The server's row
/// comes before the handler's, as when the server is deleted: two in the opposite order would wait for one another.
const IS_SERVER_THERE_POSTGRES: &str =
    "SELECT 1 FROM mail_servers WHERE id = $1 AND deleted_at IS NULL FOR KEY SHARE";

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
    /// [`Error::Taken`] with `name`; [`Error::Missing`] if there is no such mail server, to receive by or to send through, or
    /// no such project.
    pub async fn create_handler(&self, handler: &Handler) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        insert_handler(&mut tx, handler).await?;
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

    /// Every handler that sends through this mail server, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn handlers_sending_through(
        &self,
        server: MailServerId,
    ) -> Result<Vec<Handler>, Error> {
        let rows: Vec<HandlerRow> = reading!(self.db, on =>
            sqlx::query_as(SENDING_THROUGH).bind(server.to_string()).fetch_all(on))?;
        rows.into_iter().map(HandlerRow::model).collect()
    }

    /// Writes every field but the time of making.
    ///
    /// `seen` is [`Handler::updated_at`] as it was read.
    ///
    /// # Errors
    /// [`Error::Stale`] if somebody has changed the handler since: what they wrote would be undone. [`Error::Taken`] with
    /// `name`; [`Error::Missing`] if there is no such handler, mail server, to receive by or to send through, or project.
    pub async fn update_handler(&self, handler: &Handler, seen: Timestamp) -> Result<(), Error> {
        let settings = settings_cell(&handler.settings)?;
        let mut tx = self.db.begin().await?;
        are_servers_there(&mut tx, handler).await?;
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

async fn insert_handler(tx: &mut Tx, handler: &Handler) -> Result<(), Error> {
    let settings = settings_cell(&handler.settings)?;
    are_servers_there(tx, handler).await?;
    executing_within!(*tx, on => bind_fields!(INSERT, handler, settings)
        .bind(micros(handler.created_at))
        .execute(on))
    .map_err(|error| Error::taken(error, "name"))?;
    Ok(())
}

async fn are_servers_there(tx: &mut Tx, handler: &Handler) -> Result<(), Error> {
    let text = match tx {
        Tx::Sqlite(..) => IS_SERVER_THERE_SQLITE,
        Tx::Postgres(_) => IS_SERVER_THERE_POSTGRES,
    };
    for server in [Some(handler.mail_server_id), handler.outgoing_id].into_iter().flatten() {
        let there: Option<i32> = within!(*tx, on =>
            sqlx::query_scalar(text).bind(server.to_string()).fetch_optional(on))?;
        there.ok_or(Error::Missing)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn handlers_are_found_by_what_they_send_through() {
        let plan = plan(SENDING_THROUGH).await;
        assert!(plan.contains("INDEX handlers_outgoing_id (outgoing_id=?"), "{plan}");
    }
}

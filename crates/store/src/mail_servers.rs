//! Mail servers: where mail comes from, and who is at it just now.

use outlink_model::grant::Trouble;
use outlink_model::mail_server::{MailServer, ServerHealth};
use outlink_model::{GrantId, LinkId, MailServerId, Timestamp};

use crate::cell::{micros, plain, plain_some, trouble_cell};
use crate::db::{Tx, executing, executing_within, found, reading, within};
use crate::{Error, Listed, Page, Store};

mod delete;
mod polls;
mod rows;
mod senders;
mod troubled;

pub use polls::Poll;
use rows::{KnownRow, ServerRow, bind_fields, columns};

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM mail_servers ", $rest)
    };
}

const BY_ID: &str = select!("WHERE id = $1 AND deleted_at IS NULL");
const KNOWN: &str = concat!("SELECT ", columns!(), ", deleted_at FROM mail_servers WHERE id = $1");
const BY_NAME: &str = select!("WHERE name = $1 AND deleted_at IS NULL");
const PAGE: &str = select!("WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT $2");
const INCOMING: &str = "
    SELECT name FROM mail_servers
    WHERE direction = 'incoming' AND deleted_at IS NULL AND (lower(mailbox) = $1 OR lower(mailbox) = $2)
    ORDER BY id LIMIT 1";
const OF_GRANT: &str = select!("WHERE grant_id = $1 ORDER BY id");
const OF_LINK: &str =
    select!("WHERE grant_id IN (SELECT id FROM grants WHERE link_id = $1) ORDER BY id");

/// A server is due from the moment it is added. The first 21 parameters are those of [`UPDATE`].
const INSERT: &str = "
    INSERT INTO mail_servers (id, name, description, direction, protocol, security, host, port, mailbox,
        grant_id, password, folders, after_handling, move_to, take, take_since, poll_seconds, idle,
        time_limit_seconds, authserv_id, updated_at, paused, ok_at, trouble, failing_since, failures, note,
        created_at, next_poll_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
        $23, $24, $25, $26, $27, $28, $28)";

/// Whoever fetches there loses the lease, and so learns that there is something new to go by.
const UPDATE: &str = "
    UPDATE mail_servers SET name = $2, description = $3, direction = $4, protocol = $5, security = $6,
        host = $7, port = $8, mailbox = $9, grant_id = $10, password = $11, folders = $12,
        after_handling = $13, move_to = $14, take = $15, take_since = $16, poll_seconds = $17, idle = $18,
        time_limit_seconds = $19, authserv_id = $20, updated_at = $21, lease_holder = NULL, lease_until = NULL
    WHERE id = $1 AND updated_at = $22 AND deleted_at IS NULL";

const IS_THERE: &str = "SELECT COUNT(*) FROM mail_servers WHERE id = $1 AND deleted_at IS NULL";

const SET_PAUSED: &str = "
    UPDATE mail_servers SET paused = $2,
        lease_holder = CASE $2 WHEN 1 THEN NULL ELSE lease_holder END,
        lease_until = CASE $2 WHEN 1 THEN NULL ELSE lease_until END
    WHERE id = $1 AND deleted_at IS NULL";

const SET_HEALTH: &str = "
    UPDATE mail_servers SET ok_at = $2, trouble = $3, failing_since = $4, failures = $5, note = $6,
        next_poll_at = $7
    WHERE id = $1";

/// Whoever is at the server loses the lease, so that how it went does not overwrite why it stopped.
macro_rules! detach {
    ($which:literal) => {
        concat!(
            "UPDATE mail_servers SET grant_id = NULL, paused = 1, trouble = $2,
                failing_since = COALESCE(failing_since, $3), lease_holder = NULL, lease_until = NULL
            WHERE ",
            $which
        )
    };
}

const DETACH_OF_GRANT: &str = detach!("grant_id = $1");
const DETACH_OF_LINK: &str = detach!("grant_id IN (SELECT id FROM grants WHERE link_id = $1)");

/// A mail server that stands, or what is left of one that was deleted. Nothing is done with the latter: it says where
/// messages came from.
#[derive(Clone, Debug)]
pub struct KnownMailServer {
    /// The server. One that was deleted has the name that it had, which may be another's by now, and no sign-in.
    pub server: MailServer,
    /// Whether it was deleted.
    pub deleted: bool,
}

impl KnownMailServer {
    /// Its name for people: with a mark where it was deleted.
    pub fn shown_name(&self) -> String {
        match self.deleted {
            true => format!("{} (deleted)", self.server.name),
            false => self.server.name.clone(),
        }
    }
}

impl Store {
    /// Adds a mail server. It is due at once.
    ///
    /// # Errors
    /// [`Error::Taken`] with `name`; [`Error::Missing`] if there is no such grant.
    pub async fn create_mail_server(&self, server: &MailServer) -> Result<(), Error> {
        let cells = self.server_cells(server)?;
        let trouble = trouble_cell(server.health.trouble.as_ref())?;
        executing!(self.db, on => bind_fields!(INSERT, server, cells)
            .bind(i64::from(server.paused))
            .bind(server.health.ok_at.map(micros))
            .bind(&trouble)
            .bind(server.health.failing_since.map(micros))
            .bind(i64::from(server.health.failures))
            .bind(plain_some(server.health.note.as_deref()))
            .bind(micros(server.created_at))
            .execute(on))
        .map_err(|error| Error::taken(error, "name"))?;
        Ok(())
    }

    /// The mail server with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn mail_server(&self, id: MailServerId) -> Result<Option<MailServer>, Error> {
        let row: Option<ServerRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(on))?;
        row.map(|row| row.model(&self.vault)).transpose()
    }

    /// The mail server with this id, or what is left of one that was deleted: as long as messages in the ledger or
    /// deliveries name it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn known_mail_server(
        &self,
        id: MailServerId,
    ) -> Result<Option<KnownMailServer>, Error> {
        let row: Option<KnownRow> = reading!(self.db, on =>
            sqlx::query_as(KNOWN).bind(id.to_string()).fetch_optional(on))?;
        row.map(|row| row.known(&self.vault)).transpose()
    }

    /// The mail server of this name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn mail_server_by_name(&self, name: &str) -> Result<Option<MailServer>, Error> {
        let row: Option<ServerRow> = reading!(self.db, on =>
            sqlx::query_as(BY_NAME).bind(plain(name)).fetch_optional(on))?;
        row.map(|row| row.model(&self.vault)).transpose()
    }

    /// Mail servers, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn mail_servers(&self, page: &Page) -> Result<Listed<MailServer>, Error> {
        let rows: Vec<ServerRow> = reading!(self.db, on =>
            sqlx::query_as(PAGE).bind(page.above()).bind(page.rows()).fetch_all(on))?;
        page.listed(rows, |row| row.model(&self.vault), |server| server.id)
    }

    /// The name of an incoming mail server whose mailbox is one of these two addresses, which are in lower case: of the
    /// oldest, where there are more.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn incoming_named_by(
        &self,
        address: &str,
        other: &str,
    ) -> Result<Option<String>, Error> {
        Ok(reading!(self.db, on => sqlx::query_scalar(INCOMING)
            .bind(plain(address))
            .bind(plain(other))
            .fetch_optional(on))?)
    }

    /// Every mail server that signs in with this grant, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn mail_servers_of_grant(&self, grant: GrantId) -> Result<Vec<MailServer>, Error> {
        let rows: Vec<ServerRow> = reading!(self.db, on =>
            sqlx::query_as(OF_GRANT).bind(grant.to_string()).fetch_all(on))?;
        rows.into_iter().map(|row| row.model(&self.vault)).collect()
    }

    /// Every mail server that signs in with a grant under this link, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn mail_servers_of_link(&self, link: LinkId) -> Result<Vec<MailServer>, Error> {
        let rows: Vec<ServerRow> = reading!(self.db, on =>
            sqlx::query_as(OF_LINK).bind(link.to_string()).fetch_all(on))?;
        rows.into_iter().map(|row| row.model(&self.vault)).collect()
    }

    /// Writes every field but `paused`, the health and the time of adding, and takes the lease from whoever has it.
    ///
    /// `seen` is [`MailServer::updated_at`] as it was read.
    ///
    /// # Errors
    /// [`Error::Stale`] if somebody has changed the server since: what they wrote would be undone. [`Error::Taken`] with
    /// `name`; [`Error::Missing`] if there is no such server or grant.
    pub async fn update_mail_server(
        &self,
        server: &MailServer,
        seen: Timestamp,
    ) -> Result<(), Error> {
        let cells = self.server_cells(server)?;
        let mut tx = self.db.begin().await?;
        let done = executing_within!(tx, on =>
            bind_fields!(UPDATE, server, cells).bind(micros(seen)).execute(on));
        if done.map_err(|error| Error::taken(error, "name"))? == 0 {
            let there: i64 = within!(tx, on =>
                sqlx::query_scalar(IS_THERE).bind(server.id.to_string()).fetch_one(on))?;
            return Err(if there == 0 { Error::Missing } else { Error::Stale });
        }
        tx.commit().await
    }

    /// Switches a server off or on. Switched off, whoever is at it loses the lease.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn set_paused(&self, id: MailServerId, paused: bool) -> Result<(), Error> {
        let done = executing!(self.db, on => sqlx::query(SET_PAUSED)
            .bind(id.to_string())
            .bind(i64::from(paused))
            .execute(on))?;
        found(done)
    }

    /// Writes the health, and when the next poll is due.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn set_server_health(
        &self,
        id: MailServerId,
        health: &ServerHealth,
        next_poll_at: Timestamp,
    ) -> Result<(), Error> {
        let trouble = trouble_cell(health.trouble.as_ref())?;
        let done = executing!(self.db, on => sqlx::query(SET_HEALTH)
            .bind(id.to_string())
            .bind(health.ok_at.map(micros))
            .bind(&trouble)
            .bind(health.failing_since.map(micros))
            .bind(i64::from(health.failures))
            .bind(plain_some(health.note.as_deref()))
            .bind(micros(next_poll_at))
            .execute(on))?;
        found(done)
    }
}

/// Leaves the servers that sign in with this grant without a way to, paused and in trouble.
pub(crate) async fn detach_servers_of_grant(
    tx: &mut Tx,
    grant: GrantId,
    now: Timestamp,
    trouble: &Trouble,
) -> Result<(), Error> {
    detach(tx, DETACH_OF_GRANT, grant.to_string(), now, trouble).await
}

/// [`detach_servers_of_grant`] for every grant under a link.
pub(crate) async fn detach_servers_of_link(
    tx: &mut Tx,
    link: LinkId,
    now: Timestamp,
    trouble: &Trouble,
) -> Result<(), Error> {
    detach(tx, DETACH_OF_LINK, link.to_string(), now, trouble).await
}

async fn detach(
    tx: &mut Tx,
    statement: &'static str,
    of: String,
    now: Timestamp,
    trouble: &Trouble,
) -> Result<(), Error> {
    let trouble = trouble_cell(Some(trouble))?;
    executing_within!(*tx, on => sqlx::query(statement)
        .bind(&of)
        .bind(&trouble)
        .bind(micros(now))
        .execute(on))?;
    Ok(())
}

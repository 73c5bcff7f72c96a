//! Mail servers: where mail comes from, and who is at it just now.

use outlink_model::grant::Trouble;
use outlink_model::mail_server::{MailServer, ServerHealth, SignIn};
use outlink_model::{GrantId, LinkId, MailServerId, Timestamp};

use crate::cell::{
    damaged, micros, number, parse, parse_some, plain, time, time_some, trouble, trouble_cell,
};
use crate::db::{Tx, executing, executing_within, found, reading};
use crate::{Error, Listed, Page, Store, Vault};

mod polls;

const PASSWORD: &str = "mail_servers.password";

macro_rules! columns {
    () => {
        "id, name, direction, protocol, security, host, port, mailbox, grant_id, password, folder, take,
            poll_seconds, paused, ok_at, trouble, failing_since, failures, created_at"
    };
}
use columns;

const BY_ID: &str = concat!("SELECT ", columns!(), " FROM mail_servers WHERE id = $1");
const BY_NAME: &str = concat!("SELECT ", columns!(), " FROM mail_servers WHERE name = $1");
const PAGE: &str =
    concat!("SELECT ", columns!(), " FROM mail_servers WHERE id > $1 ORDER BY id LIMIT $2");

const OF_GRANT: &str =
    concat!("SELECT ", columns!(), " FROM mail_servers WHERE grant_id = $1 ORDER BY id");

const OF_LINK: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM mail_servers WHERE grant_id IN (SELECT id FROM grants WHERE link_id = $1) ORDER BY id"
);

/// A server is due from the moment it is added.
const INSERT: &str = "
    INSERT INTO mail_servers (id, name, direction, protocol, security, host, port, mailbox, grant_id,
        password, folder, take, poll_seconds, paused, ok_at, trouble, failing_since, failures,
        created_at, next_poll_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19)";

const UPDATE: &str = "
    UPDATE mail_servers SET name = $2, direction = $3, protocol = $4, security = $5, host = $6, port = $7,
        mailbox = $8, grant_id = $9, password = $10, folder = $11, take = $12, poll_seconds = $13
    WHERE id = $1";

const SET_PAUSED: &str = "UPDATE mail_servers SET paused = $2 WHERE id = $1";

const SET_HEALTH: &str = "
    UPDATE mail_servers SET ok_at = $2, trouble = $3, failing_since = $4, failures = $5, next_poll_at = $6
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

#[derive(sqlx::FromRow)]
struct ServerRow {
    id: String,
    name: String,
    direction: String,
    protocol: String,
    security: String,
    host: String,
    port: i64,
    mailbox: String,
    grant_id: Option<String>,
    password: Option<Vec<u8>>,
    folder: String,
    take: String,
    poll_seconds: i64,
    paused: i64,
    ok_at: Option<i64>,
    trouble: Option<String>,
    failing_since: Option<i64>,
    failures: i64,
    created_at: i64,
}

impl ServerRow {
    fn model(self, vault: &Vault) -> Result<MailServer, Error> {
        let grant = parse_some("mail_servers.grant_id", self.grant_id.as_deref())?;
        let password = vault.open_some(PASSWORD, &self.id, self.password)?;
        let sign_in = match (grant, password) {
            (Some(grant), None) => SignIn::Grant(grant),
            (None, Some(password)) => SignIn::Password(password),
            (None, None) => SignIn::Missing,
            (Some(_), Some(_)) => return Err(damaged("mail_servers", "two ways of signing in")),
        };
        Ok(MailServer {
            id: parse("mail_servers.id", &self.id)?,
            name: self.name,
            direction: parse("mail_servers.direction", &self.direction)?,
            protocol: parse("mail_servers.protocol", &self.protocol)?,
            security: parse("mail_servers.security", &self.security)?,
            host: self.host,
            port: number("mail_servers.port", self.port)?,
            mailbox: self.mailbox,
            sign_in,
            folder: self.folder,
            take: parse("mail_servers.take", &self.take)?,
            poll_seconds: number("mail_servers.poll_seconds", self.poll_seconds)?,
            paused: self.paused != 0,
            health: ServerHealth {
                ok_at: time_some("mail_servers.ok_at", self.ok_at)?,
                trouble: trouble("mail_servers.trouble", self.trouble.as_deref())?,
                failing_since: time_some("mail_servers.failing_since", self.failing_since)?,
                failures: number("mail_servers.failures", self.failures)?,
            },
            created_at: time("mail_servers.created_at", self.created_at)?,
        })
    }
}

/// The cells of a way of signing in: the grant, and the sealed password.
type SignInCells = (Option<String>, Option<Vec<u8>>);

impl Store {
    fn sign_in_cells(&self, id: MailServerId, sign_in: &SignIn) -> Result<SignInCells, Error> {
        Ok(match sign_in {
            SignIn::Grant(grant) => (Some(grant.to_string()), None),
            SignIn::Password(password) => (None, Some(self.vault.seal(PASSWORD, id, password)?)),
            SignIn::Missing => (None, None),
        })
    }

    /// Adds a mail server. It is due at once.
    ///
    /// # Errors
    /// [`Error::Taken`] with `name`; [`Error::Missing`] if there is no such grant.
    pub async fn create_mail_server(&self, server: &MailServer) -> Result<(), Error> {
        let (grant, password) = self.sign_in_cells(server.id, &server.sign_in)?;
        let trouble = trouble_cell(server.health.trouble.as_ref())?;
        executing!(self.db, on => sqlx::query(INSERT)
            .bind(server.id.to_string())
            .bind(plain(&server.name))
            .bind(server.direction.as_str())
            .bind(server.protocol.as_str())
            .bind(server.security.as_str())
            .bind(plain(&server.host))
            .bind(i64::from(server.port))
            .bind(plain(&server.mailbox))
            .bind(&grant)
            .bind(&password)
            .bind(plain(&server.folder))
            .bind(server.take.as_str())
            .bind(i64::from(server.poll_seconds))
            .bind(i64::from(server.paused))
            .bind(server.health.ok_at.map(micros))
            .bind(&trouble)
            .bind(server.health.failing_since.map(micros))
            .bind(i64::from(server.health.failures))
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

    /// Writes every field but `paused`, the health and the time of adding.
    ///
    /// # Errors
    /// [`Error::Taken`] with `name`; [`Error::Missing`] if there is no such server or grant.
    pub async fn update_mail_server(&self, server: &MailServer) -> Result<(), Error> {
        let (grant, password) = self.sign_in_cells(server.id, &server.sign_in)?;
        let done = executing!(self.db, on => sqlx::query(UPDATE)
            .bind(server.id.to_string())
            .bind(plain(&server.name))
            .bind(server.direction.as_str())
            .bind(server.protocol.as_str())
            .bind(server.security.as_str())
            .bind(plain(&server.host))
            .bind(i64::from(server.port))
            .bind(plain(&server.mailbox))
            .bind(&grant)
            .bind(&password)
            .bind(plain(&server.folder))
            .bind(server.take.as_str())
            .bind(i64::from(server.poll_seconds))
            .execute(on))
        .map_err(|error| Error::taken(error, "name"))?;
        found(done)
    }

    /// Switches a server off or on.
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

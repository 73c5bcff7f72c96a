//! A mail server as its row has it.

use outlink_model::mail_server::{After, MailServer, ServerHealth, SignIn, Take};
use outlink_model::{MailServerId, Secret};

use super::KnownMailServer;
use crate::cell::{damaged, micros, number, parse, parse_some, plain, time, time_some, trouble};
use crate::{Error, Store, Vault};

const PASSWORD: &str = "mail_servers.password";

macro_rules! columns {
    () => {
        "id, name, description, direction, protocol, security, host, port, mailbox, grant_id, password, folders,
            after_handling, move_to, take, take_since, poll_seconds, idle, time_limit_seconds, authserv_id,
            paused, ok_at, trouble, failing_since, failures, note, created_at, updated_at"
    };
}
pub(super) use columns;

#[derive(sqlx::FromRow)]
pub(super) struct ServerRow {
    id: String,
    name: String,
    description: String,
    direction: String,
    protocol: String,
    security: String,
    host: String,
    port: i64,
    mailbox: String,
    grant_id: Option<String>,
    password: Option<Vec<u8>>,
    folders: String,
    after_handling: String,
    move_to: Option<String>,
    take: String,
    take_since: Option<i64>,
    poll_seconds: i64,
    idle: i64,
    time_limit_seconds: i64,
    authserv_id: Option<String>,
    paused: i64,
    ok_at: Option<i64>,
    trouble: Option<String>,
    failing_since: Option<i64>,
    failures: i64,
    note: Option<String>,
    created_at: i64,
    updated_at: i64,
}

impl ServerRow {
    pub(super) fn model(self, vault: &Vault) -> Result<MailServer, Error> {
        let grant = parse_some("mail_servers.grant_id", self.grant_id.as_deref())?;
        let password = vault.open_some(PASSWORD, &self.id, self.password)?;
        let sign_in = match (grant, password) {
            (Some(grant), None) => SignIn::Grant(grant),
            (None, Some(password)) => SignIn::Password(password),
            (None, None) => SignIn::Missing,
            (Some(_), Some(_)) => return Err(damaged("mail_servers", "two ways of signing in")),
        };
        let after = match (self.after_handling.as_str(), self.move_to) {
            ("keep", _) => After::Keep,
            ("move", Some(folder)) => After::Move(folder),
            ("delete", _) => After::Delete,
            (other, _) => return Err(damaged("mail_servers.after_handling", other)),
        };
        let since = time_some("mail_servers.take_since", self.take_since)?;
        let take = match (self.take.as_str(), since) {
            ("new", _) => Take::New,
            ("all", _) => Take::All,
            ("since", Some(since)) => Take::Since(since),
            (other, _) => return Err(damaged("mail_servers.take", other)),
        };
        Ok(MailServer {
            id: parse("mail_servers.id", &self.id)?,
            name: self.name,
            description: self.description,
            direction: parse("mail_servers.direction", &self.direction)?,
            protocol: parse("mail_servers.protocol", &self.protocol)?,
            security: parse("mail_servers.security", &self.security)?,
            host: self.host,
            port: number("mail_servers.port", self.port)?,
            mailbox: self.mailbox,
            sign_in,
            folders: self.folders.lines().map(str::to_owned).collect(),
            after,
            take,
            poll_seconds: number("mail_servers.poll_seconds", self.poll_seconds)?,
            idle: self.idle != 0,
            time_limit_seconds: number("mail_servers.time_limit_seconds", self.time_limit_seconds)?,
            authserv_id: self.authserv_id,
            paused: self.paused != 0,
            health: ServerHealth {
                ok_at: time_some("mail_servers.ok_at", self.ok_at)?,
                trouble: trouble("mail_servers.trouble", self.trouble.as_deref())?,
                failing_since: time_some("mail_servers.failing_since", self.failing_since)?,
                failures: number("mail_servers.failures", self.failures)?,
                note: self.note,
            },
            created_at: time("mail_servers.created_at", self.created_at)?,
            updated_at: time("mail_servers.updated_at", self.updated_at)?,
        })
    }
}

/// The same of one that may have been deleted.
#[derive(sqlx::FromRow)]
pub(super) struct KnownRow {
    #[sqlx(flatten)]
    row: ServerRow,
    deleted_at: Option<i64>,
}

impl KnownRow {
    pub(super) fn known(self, vault: &Vault) -> Result<KnownMailServer, Error> {
        let mut server = self.row.model(vault)?;
        // What stands behind the name has freed it for another.
        let mark = format!(" (deleted {})", server.id);
        if let Some(name) = server.name.strip_suffix(&mark) {
            server.name = name.to_owned();
        }
        Ok(KnownMailServer { server, deleted: self.deleted_at.is_some() })
    }
}

/// The cells of what an administrator sets that are made from more than one value, or sealed.
pub(super) struct Cells {
    pub(super) grant: Option<String>,
    pub(super) password: Option<Vec<u8>>,
    pub(super) folders: String,
    pub(super) move_to: Option<String>,
    pub(super) take_since: Option<i64>,
}

impl Store {
    pub(super) fn server_cells(&self, server: &MailServer) -> Result<Cells, Error> {
        let (grant, password) = match &server.sign_in {
            SignIn::Grant(grant) => (Some(grant.to_string()), None),
            SignIn::Password(password) => (None, Some(self.sealed(server.id, password)?)),
            SignIn::Missing => (None, None),
        };
        let folders: Vec<_> = server.folders.iter().map(|name| plain(name)).collect();
        let move_to = match &server.after {
            After::Move(folder) => Some(plain(folder).into_owned()),
            After::Keep | After::Delete => None,
        };
        let take_since = match server.take {
            Take::Since(since) => Some(micros(since)),
            Take::New | Take::All => None,
        };
        Ok(Cells { grant, password, folders: folders.join("\n"), move_to, take_since })
    }

    fn sealed(&self, id: MailServerId, password: &Secret) -> Result<Vec<u8>, Error> {
        self.vault.seal(PASSWORD, id, password)
    }
}

/// The 21 parameters that adding and editing a server have in common.
macro_rules! bind_fields {
    ($text:expr, $server:expr, $cells:expr) => {
        sqlx::query($text)
            .bind($server.id.to_string())
            .bind(plain(&$server.name))
            .bind(plain(&$server.description))
            .bind($server.direction.as_str())
            .bind($server.protocol.as_str())
            .bind($server.security.as_str())
            .bind(plain(&$server.host))
            .bind(i64::from($server.port))
            .bind(plain(&$server.mailbox))
            .bind(&$cells.grant)
            .bind(&$cells.password)
            .bind(&$cells.folders)
            .bind($server.after.as_str())
            .bind(&$cells.move_to)
            .bind($server.take.as_str())
            .bind($cells.take_since)
            .bind(i64::from($server.poll_seconds))
            .bind(i64::from($server.idle))
            .bind(i64::from($server.time_limit_seconds))
            .bind(plain_some($server.authserv_id.as_deref()))
            .bind(micros($server.updated_at))
    };
}
pub(super) use bind_fields;

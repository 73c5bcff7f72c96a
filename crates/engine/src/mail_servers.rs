//! Mail servers: setting them up, testing them, fetching from them.

use jiff::SignedDuration;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, Trouble, later};
use outlink_model::link::Link;
use outlink_model::mail_server::{
    Direction, MailServer, Protocol, Security, ServerHealth, SignIn, Take,
};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::provider::ProviderKind;
use outlink_model::step::Step;
use outlink_model::{MailServerId, Secret};

use crate::{Caller, Engine, Error, Listed, Page, clock, error, links};

mod edit;
mod walk;

pub use edit::MailServerEdit;
pub(crate) use walk::{MailSession, Opens, Report, no_handler};

/// When a new server is polled first, at the latest. Soon, since somebody waits for it; not at once, so that a script
/// that sets things up and then fetches is told what its own fetch brought.
const FIRST_POLL: SignedDuration = SignedDuration::from_secs(10);

/// What an administrator enters for a new mail server.
#[derive(Debug)]
pub struct NewMailServer {
    /// Unique.
    pub name: String,
    /// Which way mail goes.
    pub direction: Direction,
    /// What is spoken.
    pub protocol: Protocol,
    /// How it is secured.
    pub security: Security,
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The account's address.
    pub mailbox: String,
    /// Id or address of the grant to sign in with.
    pub grant: Option<String>,
    /// The password to sign in with, where there is no grant.
    pub password: Option<Secret>,
    /// `INBOX` where left out.
    pub folder: Option<String>,
    /// Which of the mail that already lies there is taken.
    pub take: Take,
    /// Seconds between two polls; 60 where left out.
    pub poll_seconds: Option<u32>,
}

impl Engine {
    /// Adds a mail server.
    ///
    /// # Errors
    /// A [`Problem`] at the field that is wrong, or when the name is taken.
    pub async fn create_mail_server(
        &self,
        new: NewMailServer,
        by: &Caller,
    ) -> Result<MailServer, Error> {
        if new.direction == Direction::Outgoing {
            return Err(Problem::invalid(
                "direction",
                "direction_unavailable",
                "Outgoing mail servers cannot be set up yet.",
                "Choose the direction `incoming`.",
            )
            .into());
        }
        let host = host("host", &new.host)?;
        let (sign_in, link) = self.sign_in_of(new.grant.as_deref(), new.password).await?;
        if let Some(link) = &link {
            check_token_host(link, &host)?;
        }
        let server = MailServer {
            id: clock::id(),
            name: links::name("name", &new.name)?,
            direction: new.direction,
            protocol: new.protocol,
            security: new.security,
            host,
            port: port(new.port)?,
            mailbox: mailbox(&new.mailbox)?,
            sign_in,
            folder: folder(new.folder.as_deref())?,
            take: new.take,
            poll_seconds: poll_seconds(new.poll_seconds)?,
            paused: false,
            health: ServerHealth::default(),
            created_at: self.now(),
        };
        self.store()
            .create_mail_server(&server)
            .await
            .map_err(|error| error::taken(error, "name", "mail server", &server.name))?;
        let interval = SignedDuration::from_secs(i64::from(server.poll_seconds));
        let first = later(server.created_at, interval.min(FIRST_POLL));
        self.store().set_server_health(server.id, &server.health, first).await?;
        self.allow_token_host(link.as_ref(), &server.host).await?;
        self.record(Event {
            kind: "mail_server.created".into(),
            subject: format!("mail server {}", server.name),
            message: format!(
                "{} added the mail server {} ({}, mailbox {}).",
                by.name(),
                server.name,
                server.host,
                server.mailbox
            ),
            ..self.event(Actor::Nobody)
        })
        .await;
        Ok(server)
    }

    /// For a custom provider, an administrator who attaches a grant to a mail server says by that act that its tokens
    /// may be shown to this host. A preset's link has them all: see [`check_token_host`].
    async fn allow_token_host(&self, link: Option<&Link>, host: &str) -> Result<(), Error> {
        if let Some(link) = link.filter(|link| !link.token_hosts.iter().any(|known| known == host))
        {
            self.store().add_token_host(link.id, host).await?;
        }
        Ok(())
    }

    async fn sign_in_of(
        &self,
        grant: Option<&str>,
        password: Option<Secret>,
    ) -> Result<(SignIn, Option<Link>), Error> {
        match (grant.filter(|named| !named.is_empty()), password.filter(|text| !text.is_empty())) {
            (Some(named), None) => {
                let grant = self.grant(named).await.map_err(|error| match error {
                    Error::Problem(problem) => Problem { field: Some("grant"), ..problem }.into(),
                    other => other,
                })?;
                let link = self.link_by_id(grant.link_id).await?;
                Ok((SignIn::Grant(grant.id), Some(link)))
            }
            (None, Some(password)) => Ok((SignIn::Password(password), None)),
            (Some(_), Some(_)) => Err(Problem::invalid(
                "password",
                "sign_in_twice",
                "Both a grant and a password were given.",
                "Give the grant alone; the password is then not needed.",
            )
            .into()),
            (None, None) => Err(Problem::invalid(
                "grant",
                "sign_in_missing",
                "Neither a grant nor a password was given.",
                "Authorise a link first, and name the grant that comes of it.",
            )
            .into()),
        }
    }

    /// The mail servers, by the order in which they were added.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn mail_servers(&self, page: Page) -> Result<Listed<MailServer>, Error> {
        Ok(self.store().mail_servers(&page).await?)
    }

    /// One mail server, by id or name.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn mail_server(&self, named: &str) -> Result<MailServer, Error> {
        let found = match named.parse::<MailServerId>() {
            Ok(id) => self.store().mail_server(id).await?,
            Err(_) => self.store().mail_server_by_name(named).await?,
        };
        found.ok_or_else(|| Problem::not_found("mail server", named).into())
    }

    /// Tries a mail server, step by step, and changes nothing.
    ///
    /// # Errors
    /// [`Problem::not_found`]. What does not work stands in the report.
    pub async fn test_mail_server(&self, named: &str) -> Result<Vec<Step>, Error> {
        let server = self.mail_server(named).await?;
        let mut report = Report::default();
        if let Ok(session) = self.walk(&server, &mut report).await {
            self.look_at_handlers(&server, &mut report).await;
            session.imap.logout().await;
        }
        Ok(report.complete())
    }

    /// Stops or resumes polling.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn pause_mail_server(
        &self,
        named: &str,
        paused: bool,
        by: &Caller,
    ) -> Result<MailServer, Error> {
        let server = self.mail_server(named).await?;
        self.store().set_paused(server.id, paused).await?;
        let did = if paused { "paused" } else { "resumed" };
        self.record(Event {
            kind: format!("mail_server.{did}"),
            subject: format!("mail server {}", server.name),
            message: format!("{} {did} the mail server {}.", by.name(), server.name),
            ..self.event(Actor::Nobody)
        })
        .await;
        self.0.alarm.notify_waiters();
        Ok(MailServer { paused, ..server })
    }
}

/// A token may go only where the link says. Keeps the invariant **A moved endpoint locks its secrets**: nobody can have
/// a preset's tokens sent to a host of their own by naming it as a mail server.
fn check_token_host(link: &Link, host: &str) -> Result<(), Problem> {
    let known = link.token_hosts.iter().any(|known| known == host);
    if known || link.provider == ProviderKind::Custom {
        return Ok(());
    }
    Err(Problem::invalid(
        "host",
        "host_not_of_provider",
        format!("Tokens of the link {} are not sent to {host}.", link.name),
        format!(
            "Use one of the hosts that it has: {}. If {host} is the provider's too, add it to the link's token hosts \
             (token_hosts) together with them; the client secret is then asked for again.",
            link.token_hosts.join(", ")
        ),
    ))
}

pub(crate) fn host(field: &'static str, text: &str) -> Result<String, Problem> {
    let host = links::required(field, "The host", text)?.to_ascii_lowercase();
    let legal = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
    if legal && host.len() <= 253 {
        return Ok(host.trim_start_matches('[').trim_end_matches(']').to_owned());
    }
    Err(Problem::invalid(
        field,
        "host_unusable",
        format!("{host:?} is no host name."),
        "Write the host alone, like imap.example.org: no https://, no port, no path.",
    ))
}

fn port(port: u16) -> Result<u16, Problem> {
    match port {
        0 => Err(Problem::invalid(
            "port",
            "port_unusable",
            "The port is 0.",
            "IMAP over TLS is usually 993.",
        )),
        port => Ok(port),
    }
}

fn mailbox(text: &str) -> Result<String, Problem> {
    let mailbox = links::required("mailbox", "The mailbox", text)?;
    // The address goes into the sign-in as it is; a control character would end it early.
    if mailbox.len() > 320 || mailbox.chars().any(char::is_control) {
        return Err(Problem::invalid(
            "mailbox",
            "mailbox_unusable",
            "The mailbox is no e-mail address.",
            "Write the account's address, like support@example.org.",
        ));
    }
    Ok(mailbox)
}

fn folder(text: Option<&str>) -> Result<String, Problem> {
    let folder = text.map(str::trim).filter(|text| !text.is_empty()).unwrap_or("INBOX");
    if folder.len() > 1000 || folder.chars().any(char::is_control) {
        return Err(Problem::invalid(
            "folder",
            "folder_unusable",
            "The folder's name is too long or holds a control character.",
            "Write it as your mail program shows it, like INBOX or INBOX/Support.",
        ));
    }
    Ok(folder.to_owned())
}

fn poll_seconds(seconds: Option<u32>) -> Result<u32, Problem> {
    match seconds.unwrap_or(60) {
        seconds @ 2..=86_400 => Ok(seconds),
        seconds => Err(Problem::invalid(
            "poll_seconds",
            "poll_seconds_unusable",
            format!("{seconds} seconds between two polls is not possible."),
            "Choose between 2 seconds and a day (86400).",
        )),
    }
}

/// A trouble as a problem for whoever asked.
pub(crate) fn problem(code: &'static str, trouble: &Trouble) -> Problem {
    Problem::new(ProblemKind::Remote, code, trouble.told("It"), trouble.hint.clone())
}

//! Adding a mail server.

use jiff::SignedDuration;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, later};
use outlink_model::link::Link;
use outlink_model::mail_server::{
    After, Direction, MailServer, Protocol, Security, ServerHealth, SignIn, Take,
};
use outlink_model::problem::Problem;

use super::authorize::waits_for_consent;
use super::delete::unsent;
use super::fields::lay_over;
use super::sign_in::{check_tokens_may_go, sign_in_twice};
use super::{AuthorizeMailServer, Authorized, NewMailServer, SavedMailServer};
use crate::{Caller, Engine, Error, clock, error, links};

/// When a new server is polled first, at the latest. Soon, since somebody waits for it; not at once, so that a script
/// that sets things up and then fetches is told what its own fetch brought.
const FIRST_POLL: SignedDuration = SignedDuration::from_secs(10);

/// A new server, checked and not saved, and where its sign-in comes from.
pub(super) struct Planned {
    pub(super) server: MailServer,
    /// The link of the grant that was named.
    pub(super) of: Option<Link>,
    /// The link that was named in the place of a grant.
    pub(super) by: Option<Link>,
}

impl Engine {
    /// Adds a mail server. With a link in the place of a grant it waits, fetched from by nobody, for the consent that
    /// the answer tells of.
    ///
    /// # Errors
    /// A [`Problem`] at the field that is wrong, or when the name is taken. Nothing is kept then.
    pub async fn create_mail_server(
        &self,
        new: NewMailServer,
        by: &Caller,
    ) -> Result<SavedMailServer, Error> {
        links::name("name", new.draft.name.as_deref().unwrap_or_default())?;
        let Planned { mut server, of, by: link } = self.plan_server(&new).await?;
        let mut authorized = None;
        if let Some(link) = link.as_ref().filter(|link| !link.grant_type.has_consent()) {
            // A grant is not asked for in vain.
            if self.store().mail_server_by_name(&server.name).await?.is_some() {
                return Err(Problem::taken("name", "mail server", &server.name).into());
            }
            let grant = self.grant_at_once(link, &server.mailbox, by).await?;
            server.sign_in = SignIn::Grant(grant.id);
            server.health = ServerHealth::default();
            authorized = Some(Authorized::Attached(grant));
        }
        self.save_new_server(&server).await?;
        let asked = async {
            let asked = match link.as_ref().filter(|link| link.grant_type.has_consent()) {
                Some(link) => {
                    let ask = AuthorizeMailServer::default();
                    Some(self.ask_for_server(&server, link, ask, by).await?)
                }
                None => None,
            };
            self.allow_token_host(of.as_ref().or(link.as_ref()), &server.host).await?;
            Ok::<_, Error>(asked)
        };
        match asked.await {
            Ok(asked) => authorized = authorized.or(asked),
            Err(error) => {
                let unsent = unsent(&server);
                self.store().delete_mail_server(server.id, self.now(), &unsent).await?;
                return Err(error);
            }
        }
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
        Ok(SavedMailServer { server, authorized })
    }

    /// Checks everything about a new server but whether its name is free.
    pub(super) async fn plan_server(&self, new: &NewMailServer) -> Result<Planned, Error> {
        let now = self.now();
        let protocol = new.draft.protocol.unwrap_or(Protocol::Imap);
        let base = MailServer {
            id: clock::id(),
            name: String::new(),
            description: String::new(),
            direction: protocol.direction(),
            protocol,
            security: Security::Tls,
            host: String::new(),
            port: protocol.usual_port(Security::Tls),
            mailbox: String::new(),
            sign_in: SignIn::Missing,
            folders: vec!["INBOX".to_owned()],
            after: After::Keep,
            take: Take::New,
            poll_seconds: 60,
            idle: true,
            time_limit_seconds: 60,
            authserv_id: None,
            paused: false,
            health: ServerHealth::default(),
            created_at: now,
            updated_at: now,
        };
        let mut server = lay_over(&base, &new.draft, &self.0.settings, now)?;
        let entered = self.entered_sign_in(&new.draft).await?;
        let named = new.link.as_deref().filter(|named| !named.is_empty());
        let (of, by) = match (entered, named) {
            (Some((sign_in, of)), None) => {
                server.sign_in = sign_in;
                (of, None)
            }
            (None, Some(named)) => {
                let link = self.link_to_sign_in_with(named).await?;
                server.health = ServerHealth {
                    trouble: Some(waits_for_consent(&server, &link.name)),
                    failing_since: Some(now),
                    ..ServerHealth::default()
                };
                (None, Some(link))
            }
            (Some(_), Some(_)) => {
                return Err(sign_in_twice().into());
            }
            (None, None) => {
                return Err(Problem::invalid(
                    "grant",
                    "sign_in_missing",
                    "Neither a grant nor a password was given.",
                    "Name a grant or enter a password; or name a link, and a consent is asked for.",
                )
                .into());
            }
        };
        if let Some(link) = of.as_ref().or(by.as_ref()) {
            check_tokens_may_go(link, &server)?;
        }
        Ok(Planned { server, of, by })
    }

    async fn save_new_server(&self, server: &MailServer) -> Result<(), Error> {
        let created = self.store().create_mail_server(server).await;
        created.map_err(|error| error::taken(error, "name", "mail server", &server.name))?;
        let interval = SignedDuration::from_secs(i64::from(server.poll_seconds));
        let first = match server.direction {
            Direction::Incoming => later(server.created_at, interval.min(FIRST_POLL)),
            Direction::Outgoing => server.created_at,
        };
        self.store().set_server_health(server.id, &server.health, first).await?;
        Ok(())
    }
}

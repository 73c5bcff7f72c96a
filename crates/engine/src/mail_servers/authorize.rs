//! A grant for a mail server, asked for in place: the consent knows the mail server, and the grant that comes of it is
//! attached. Keeps the invariant **A moved endpoint locks its secrets**: only where the link still lets its tokens go.

use outlink_model::event::Event;
use outlink_model::grant::{Actor, Grant, GrantState, Trouble};
use outlink_model::link::{GrantType, Link};
use outlink_model::mail_server::{Direction, MailServer, Security, ServerHealth, SignIn};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::{GrantId, MailServerId};
use outlink_store::Consent;

use super::sign_in::check_tokens_may_go;
use super::{AuthorizeMailServer, Authorized, SavedMailServer};
use crate::consents::AskConsent;
use crate::grants::{NewGrant, grant_name};
use crate::{Caller, Engine, Error};

/// How often a grant is attached anew to a server that is edited at the same moment.
const ATTEMPTS: usize = 5;

impl Engine {
    /// Asks for the grant of a mail server that stands. Without a link, or with that of its grant, the same grant is
    /// asked for anew; with another one a new grant, which takes the place of the password or grant once it is there.
    ///
    /// # Errors
    /// [`Problem::not_found`]; a [`Problem`] at `link` where one must be named, where it is switched off, or where its
    /// tokens may not go to the server.
    pub async fn authorize_mail_server(
        &self,
        named: &str,
        ask: AuthorizeMailServer,
        by: &Caller,
    ) -> Result<SavedMailServer, Error> {
        let server = self.mail_server(named).await?;
        let link = match ask.link.as_deref().filter(|named| !named.is_empty()) {
            Some(named) => self.link_to_sign_in_with(named).await?,
            None => match &server.sign_in {
                SignIn::Grant(grant) => {
                    let grant = self.grant_by_id(*grant).await?;
                    self.link_by_id(grant.link_id).await?
                }
                SignIn::Password(_) | SignIn::Missing => return Err(link_needed(&server).into()),
            },
        };
        check_tokens_may_go(&link, &server)?;
        let authorized = match link.grant_type.has_consent() {
            true => {
                let asked = self.ask_for_server(&server, &link, ask, by).await?;
                self.allow_token_host(Some(&link), &server.host).await?;
                asked
            }
            false => {
                let grant = self.grant_at_once(&link, &server.mailbox, by).await?;
                // Only then it can be attached.
                self.allow_token_host(Some(&link), &server.host).await?;
                self.attach(server.id, &grant, |_| true).await?;
                Authorized::Attached(grant)
            }
        };
        if matches!(server.sign_in, SignIn::Missing) && server.paused {
            // It was paused together with the loss of its grant, and is fetched from again with the next one.
            self.pause_mail_server(&server.id.to_string(), false, by).await?;
        }
        let server = self.mail_server(&server.id.to_string()).await?;
        Ok(SavedMailServer { server, authorized: Some(authorized) })
    }

    /// Asks for a consent whose grant this server is to sign in with.
    pub(super) async fn ask_for_server(
        &self,
        server: &MailServer,
        link: &Link,
        ask: AuthorizeMailServer,
        by: &Caller,
    ) -> Result<Authorized, Error> {
        let again = match &server.sign_in {
            SignIn::Grant(id) => {
                let grant = self.grant_by_id(*id).await?;
                (grant.link_id == link.id).then_some(grant)
            }
            SignIn::Password(_) | SignIn::Missing => None,
        };
        let known = again.as_ref().and_then(|grant| grant.identity.email.clone());
        let login_hint = ask.login_hint.or(known).or_else(|| Some(server.mailbox.clone()));
        let anew: Option<GrantId> = again.map(|grant| grant.id);
        let at_hand = match anew {
            Some(_) => None,
            None => self.at_hand(link, &server.mailbox).await?,
        };
        let ask = AskConsent { login_hint, expires_in: ask.expires_in };
        let offer = self.offer(link, anew, Some(server.id), ask, by).await?;
        Ok(Authorized::Asked { offer, at_hand })
    }

    /// A grant where nobody consents: the one that stands, or a new one.
    pub(super) async fn grant_at_once(
        &self,
        link: &Link,
        mailbox: &str,
        by: &Caller,
    ) -> Result<Grant, Error> {
        let for_mailbox = link.grant_type == GrantType::JwtBearer;
        let fits = |grant: &Grant| {
            let subject = grant.subject.as_deref();
            let same = !for_mailbox || subject.is_some_and(|of| of.eq_ignore_ascii_case(mailbox));
            same && grant.state == GrantState::Active
        };
        let standing = self.store().grants_of_link(link.id).await?;
        if let Some(grant) = standing.into_iter().find(fits) {
            return Ok(grant);
        }
        let subject = for_mailbox.then(|| mailbox.to_owned());
        let new = NewGrant { subject, ..NewGrant::default() };
        Ok(self.create_grant(&link.id.to_string(), new, by).await?.grant)
    }

    /// The one grant of a link that is the mailbox's own and works.
    async fn at_hand(&self, link: &Link, mailbox: &str) -> Result<Option<Grant>, Error> {
        let mut found = self.store().grants_by_email(mailbox).await?;
        found.retain(|grant| grant.link_id == link.id && grant.state == GrantState::Active);
        Ok(found.pop().filter(|_| found.is_empty()))
    }

    pub(super) async fn link_to_sign_in_with(&self, named: &str) -> Result<Link, Error> {
        self.link(named).await.map_err(|error| match error {
            Error::Problem(problem) => Problem { field: Some("link"), ..problem }.into(),
            other => other,
        })
    }

    /// Attaches the grant that came of a consent to the mail server that it was asked for. A sentence where that could
    /// not be: the grant stands all the same.
    pub(crate) async fn attach_consented(
        &self,
        consent: &Consent,
        grant: &Grant,
    ) -> Option<String> {
        let id = consent.mail_server?;
        // An administrator who has given it another sign-in since then means that one.
        let still_wanted = |server: &MailServer| {
            matches!(server.sign_in, SignIn::Missing) || server.updated_at <= consent.created_at
        };
        match self.attach(id, grant, still_wanted).await {
            Ok(()) => None,
            Err(error) => {
                let problem = error.problem();
                tracing::warn!(%error, server = %id, "a grant could not be attached to its mail server");
                Some(format!("The grant is not attached to the mail server: {problem}"))
            }
        }
    }

    async fn attach(
        &self,
        id: MailServerId,
        grant: &Grant,
        still_wanted: impl Fn(&MailServer) -> bool,
    ) -> Result<(), Error> {
        let mut attempt = 1;
        loop {
            let server = self.mail_server(&id.to_string()).await?;
            if matches!(server.sign_in, SignIn::Grant(now) if now == grant.id) {
                return Ok(());
            }
            let link = self.link_by_id(grant.link_id).await?;
            check_attachable(&server, &link, grant, still_wanted(&server))?;
            let mut edited = MailServer {
                sign_in: SignIn::Grant(grant.id),
                health: ServerHealth { ok_at: server.health.ok_at, ..ServerHealth::default() },
                ..server.clone()
            };
            match self.save_edited(&server, &mut edited, None).await {
                Ok(()) => {}
                Err(Error::Problem(problem))
                    if problem.code == "changed_meanwhile" && attempt < ATTEMPTS =>
                {
                    attempt += 1;
                    continue;
                }
                Err(error) => return Err(error),
            }
            self.record(Event {
                kind: "mail_server.authorized".into(),
                subject: format!("mail server {}", server.name),
                message: format!(
                    "The mail server {} signs in with the grant {} of the link {}.",
                    server.name,
                    grant_name(grant),
                    link.name
                ),
                ..self.event(Actor::Nobody)
            })
            .await;
            return Ok(());
        }
    }
}

fn check_attachable(
    server: &MailServer,
    link: &Link,
    grant: &Grant,
    still_wanted: bool,
) -> Result<(), Problem> {
    let attach = format!("outlink mail-server edit {:?} --grant {}", server.name, grant.id);
    if !still_wanted {
        return Err(Problem::new(
            ProblemKind::Conflict,
            "changed_meanwhile",
            format!("The mail server {} was changed since the consent was asked for.", server.name),
            format!("If it shall sign in with this grant: {attach}"),
        ));
    }
    if server.security == Security::None || !link.token_hosts.contains(&server.host) {
        return Err(Problem::new(
            ProblemKind::Conflict,
            "host_not_of_link",
            format!(
                "The mail server {} has moved to {} since the consent was asked for, where tokens of the link {} may \
                 not go.",
                server.name, server.host, link.name
            ),
            format!("An administrator who is sure of the new address attaches it: {attach}"),
        ));
    }
    Ok(())
}

/// What is wrong with a mail server that was added with a link, until somebody has consented.
pub(super) fn waits_for_consent(server: &MailServer, link: &str) -> Trouble {
    let idle = match server.direction {
        Direction::Incoming => "mail is not fetched",
        Direction::Outgoing => "no mail is sent",
    };
    let name = &server.name;
    Trouble {
        actor: Actor::MailboxOwner,
        reason: format!("Nobody has consented under the link {link} yet, so {idle}."),
        hint: format!(
            "Open the address that was handed out, or ask for another one: outlink mail-server authorize {name:?} \
             --link {link:?}"
        ),
        provider_error: None,
    }
}

fn link_needed(server: &MailServer) -> Problem {
    Problem::invalid(
        "link",
        "missing",
        format!("The mail server {} has no grant that could be asked for anew.", server.name),
        "Name the link under which a consent is to be asked for.",
    )
}

//! The way from a host name to an open folder, step by step. A test and a fetch walk the same way, so a test that
//! passes means a fetch that works.

use std::future::Future;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use outlink_mail::sasl::Mechanism;
use outlink_mail::{Error as MailError, Limits, imap, pop3, smtp, tls};
use outlink_model::grant::{Actor, Tokens, Trouble};
use outlink_model::link::Link;
use outlink_model::mail_server::{Direction, MailServer, Protocol, Security, SignIn};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::step::{Step, StepStatus};
use outlink_model::{GrantId, Secret};

use super::session::MailSession;
use super::wire::Wire;
use crate::refresh::Unrefreshed;
use crate::{Engine, egress};

/// The steps in their order; what was not reached is reported as skipped.
const STEPS: [&str; 9] = [
    "resolve",
    "connect",
    "tls",
    "greeting",
    "token",
    "sign_in",
    "capabilities",
    "folder",
    "handler",
];
/// So many of them there are where mail is only sent: no folders, and nothing that handles.
const STEPS_OUT: usize = 7;

/// So many answers of the mail server, each with its own time limit, fit into the time of a step: one that goes on
/// talking without end is left all the same.
pub(crate) const ANSWERS_IN_A_STEP: u32 = 4;

/// A token is fetched anew when it would end within this time: a session that ends in the middle costs more.
const MIN_TTL: SignedDuration = SignedDuration::from_secs(60);

/// What was found on the way.
#[derive(Default)]
pub(crate) struct Report {
    steps: Vec<Step>,
    /// How long a step may take.
    limit: Duration,
    /// How long the mail server asked us to stay away.
    pub(crate) stay_away: Option<Duration>,
    /// An administrator names grant and host together just now, which for a custom link says that its tokens may go
    /// there.
    pub(super) host_is_admitted: bool,
}

impl Report {
    /// Runs one step and notes how it went. The work's text is what was found.
    pub(super) async fn step<T>(
        &mut self,
        id: &'static str,
        work: impl Future<Output = Result<(T, String), Trouble>>,
    ) -> Result<T, Trouble> {
        let begun = Instant::now();
        let limit = self.limit;
        let went = tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(endless(limit)));
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (status, message, hint, result) = match went {
            Ok((value, message)) => (StepStatus::Ok, message, String::new(), Ok(value)),
            Err(trouble) => {
                (StepStatus::Failed, trouble.told("It"), trouble.hint.clone(), Err(trouble))
            }
        };
        self.steps.push(Step { id, status, message, hint, ms });
        result
    }

    pub(super) fn skip(&mut self, id: &'static str, message: &str) {
        let (status, message) = (StepStatus::Skipped, message.to_owned());
        self.steps.push(Step { id, status, message, hint: String::new(), ms: 0 });
    }

    /// Notes a step that does not apply, with what to do about it.
    pub(super) fn skip_with(&mut self, id: &'static str, message: &str, hint: &str) {
        let (status, message, hint) = (StepStatus::Skipped, message.to_owned(), hint.to_owned());
        self.steps.push(Step { id, status, message, hint, ms: 0 });
    }

    /// Adds to the last step what to do about it.
    pub(super) fn advise(&mut self, hint: &str) {
        if let Some(step) = self.steps.last_mut() {
            hint.clone_into(&mut step.hint);
        }
    }

    /// The whole list for a mail server of this direction: what was not reached is skipped.
    pub(crate) fn complete(mut self, direction: Direction) -> Vec<Step> {
        for id in steps(direction) {
            if !self.steps.iter().any(|step| step.id == id) {
                self.skip(id, "Not tried, since an earlier step failed.");
            }
        }
        self.steps
    }
}

impl Engine {
    /// Walks from the host name to the server's greeting, under TLS unless the operator allows otherwise.
    pub(super) async fn reach(
        &self,
        server: &MailServer,
        report: &mut Report,
    ) -> Result<MailSession, Trouble> {
        let limits = self.0.settings.limits;
        let answer =
            Duration::from_secs(u64::from(server.time_limit_seconds)).min(limits.mail_read);
        report.limit = answer * ANSWERS_IN_A_STEP;
        let (host, port) = (server.host.as_str(), server.port);
        let route = report
            .step("resolve", async {
                let policy = &self.0.settings.egress;
                let route = egress::route(policy, host, port, limits.connect).await?;
                let found = route.found();
                Ok((route, found))
            })
            .await?;
        let stream = report
            .step("connect", async {
                let stream = egress::open(&route, &self.0.tls.config(), limits.connect).await?;
                Ok((stream, route.answered()))
            })
            .await?;
        let limits = Limits { literal: limits.message_size, time: answer, ..Limits::default() };
        match server.security {
            Security::Tls => {
                let securing = async { Ok((self.secure(stream, host).await?, TRUSTED.to_owned())) };
                let wire = report.step("tls", securing).await?;
                self.greeted(server, wire, limits, report).await
            }
            Security::StartTls => {
                // The greeting comes first here, and counts for nothing once TLS is made.
                let session = self.greeted(server, Wire::Plain(stream), limits, report).await?;
                let securing = async {
                    let stream = match session {
                        MailSession::Imap(imap) => imap.upgrade().await,
                        MailSession::Pop3(pop3) => pop3.upgrade().await,
                        MailSession::Smtp(smtp) => smtp.upgrade().await,
                    };
                    let Wire::Plain(stream) = stream.map_err(|error| error.trouble())? else {
                        return Err(endless(answer));
                    };
                    let wire = self.secure(stream, host).await?;
                    let session = match server.protocol {
                        Protocol::Imap => {
                            MailSession::Imap(Box::new(imap::Session::resume(wire, limits)))
                        }
                        Protocol::Pop3 => {
                            MailSession::Pop3(Box::new(pop3::Session::resume(wire, limits)))
                        }
                        Protocol::Smtp => {
                            MailSession::Smtp(Box::new(smtp::Session::resume(wire, limits)))
                        }
                    };
                    Ok((session, format!("{TRUSTED} TLS was made by command.")))
                };
                report.step("tls", securing).await
            }
            Security::None => {
                let allowed = self.0.settings.allows_unencrypted(host);
                if !allowed || matches!(server.sign_in, SignIn::Grant(_)) {
                    return report.step("tls", async { Err(unencrypted(host)) }).await;
                }
                report.skip("tls", "The connection is not encrypted, as the configuration allows.");
                self.greeted(server, Wire::Plain(stream), limits, report).await
            }
        }
    }

    async fn secure(&self, stream: egress::Stream, host: &str) -> Result<Wire, Trouble> {
        let secured = tls::connect_tls(stream, host, self.0.tls.config()).await;
        Ok(Wire::Tls(Box::new(secured.map_err(|error| error.trouble())?)))
    }

    async fn greeted(
        &self,
        server: &MailServer,
        wire: Wire,
        limits: Limits,
        report: &mut Report,
    ) -> Result<MailSession, Trouble> {
        let mut stay_away = None;
        let greeted = report
            .step("greeting", async {
                let greeted = match server.protocol {
                    Protocol::Imap => imap::Session::start(wire, limits)
                        .await
                        .map(|session| MailSession::Imap(Box::new(session))),
                    Protocol::Pop3 => pop3::Session::start(wire, limits)
                        .await
                        .map(|session| MailSession::Pop3(Box::new(session))),
                    Protocol::Smtp => smtp::Session::start(wire, limits)
                        .await
                        .map(|session| MailSession::Smtp(Box::new(session))),
                };
                let mut session = greeted.map_err(|error| {
                    stay_away = error.retry_after();
                    error.trouble()
                })?;
                let ways = session.mechanisms().await.map_err(|error| error.trouble())?;
                let message = match ways.is_empty() {
                    true => "It greets, and does not say how one can sign in.".to_owned(),
                    false => format!("One can sign in by {}.", ways.join(", ")),
                };
                Ok((session, message))
            })
            .await;
        report.stay_away = stay_away;
        greeted
    }

    /// Walks from the host name to a session that is signed in.
    ///
    /// # Errors
    /// What is wrong at the first step that failed.
    pub(crate) async fn walk(
        &self,
        server: &MailServer,
        report: &mut Report,
    ) -> Result<MailSession, Trouble> {
        let mut session = self.reach(server, report).await?;
        let signed_in = self.sign_in_to(server, &mut session, report).await;
        report.stay_away = session.stay_away();
        signed_in?;
        Ok(session)
    }

    async fn sign_in_to(
        &self,
        server: &MailServer,
        session: &mut MailSession,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        match &server.sign_in {
            SignIn::Missing => {
                let why = server.health.trouble.clone().unwrap_or_else(nothing_to_sign_in_with);
                report.step("token", async { Err(why) }).await
            }
            SignIn::Password(password) => {
                report.skip("token", "This mail server is signed in to by password.");
                let signing_in = async {
                    let done = session.login(&server.mailbox, password).await;
                    done.map_err(|error| error.trouble())?;
                    Ok(((), format!("Signed in as {}.", server.mailbox)))
                };
                report.step("sign_in", signing_in).await
            }
            SignIn::Grant(grant) => {
                let admitted = report.host_is_admitted;
                let tokens = report
                    .step("token", async {
                        let tokens = self.token_for(server, *grant, admitted).await?;
                        let message =
                            format!("The access token lives until {}.", tokens.expires_at);
                        Ok((tokens, message))
                    })
                    .await?;
                let signing_in = async {
                    let mechanism = self.present(server, session, *grant, tokens, admitted).await?;
                    let name = mechanism.as_str();
                    Ok(((), format!("Signed in as {} with {name}.", server.mailbox)))
                };
                report.step("sign_in", signing_in).await
            }
        }
    }

    /// A token of this grant, if its link lets it go to this host, or an administrator just now. Keeps **A moved
    /// endpoint locks its secrets**.
    async fn token_for(
        &self,
        server: &MailServer,
        grant: GrantId,
        admitted: bool,
    ) -> Result<Tokens, Trouble> {
        let link = async {
            let grant = self.grant_by_id(grant).await?;
            self.link_by_id(grant.link_id).await
        };
        let link = link.await.map_err(|error| *Unrefreshed::from(error).trouble)?;
        if !admitted && !link.token_hosts.contains(&server.host) {
            return Err(Trouble {
                actor: Actor::LinkAdministrator,
                reason: format!(
                    "Tokens of the link {} may not be sent to {}.",
                    link.name, server.host
                ),
                hint: "Attach the grant to the mail server anew.".into(),
                provider_error: None,
            });
        }
        self.access_token(grant, MIN_TTL).await
    }

    /// Shows the token. One that is refused although it should live is refreshed once and shown once more, since it may
    /// have been taken back. Where the server refused a token in this way at its last fetch too, that was done then, and
    /// the mailbox, not the token, is at fault.
    async fn present(
        &self,
        server: &MailServer,
        session: &mut MailSession,
        grant: GrantId,
        tokens: Tokens,
        admitted: bool,
    ) -> Result<Mechanism, Trouble> {
        let mechanism = session.mechanism().await.map_err(|error| error.trouble())?;
        let first = session.authenticate(server, &tokens.access, mechanism).await;
        match first {
            Ok(()) => return Ok(mechanism),
            Err(error) if error.is_token_refused() && !refused_before(server, &error) => {}
            Err(error) => return Err(error.trouble()),
        }
        let renewed = async {
            let grant = self.grant_by_id(grant).await?;
            match grant.generation == tokens.generation {
                true => self.refresh_if_admitted(&grant).await,
                // Somebody has renewed it since.
                false => Ok(grant),
            }
        };
        renewed.await.map_err(|failed| *failed.trouble)?;
        let tokens = self.token_for(server, grant, admitted).await?;
        let done = session.authenticate(server, &tokens.access, mechanism).await;
        done.map_err(|error| error.trouble())?;
        Ok(mechanism)
    }
}

/// Whether a token opens a mailbox.
pub(crate) enum Opens {
    Yes,
    /// The mail server says no to the token.
    Refused(Trouble),
    /// It could not be asked, or said no to something else.
    Unknown,
}

impl Engine {
    /// Shows a token to a mail server, and leaves again. Keeps **A moved endpoint locks its secrets**: it goes to no host
    /// that the link does not name.
    pub(crate) async fn try_token(
        &self,
        link: &Link,
        server: &MailServer,
        access: &Secret,
    ) -> Opens {
        if !link.token_hosts.contains(&server.host) {
            return Opens::Unknown;
        }
        let mut report = Report::default();
        let Ok(mut session) = self.reach(server, &mut report).await else { return Opens::Unknown };
        let Ok(mechanism) = session.mechanism().await else { return Opens::Unknown };
        match session.authenticate(server, access, mechanism).await {
            Ok(()) => {
                session.leave().await;
                Opens::Yes
            }
            Err(error) if error.is_token_refused() => Opens::Refused(error.trouble()),
            Err(_) => Opens::Unknown,
        }
    }
}

const TRUSTED: &str = "The certificate is trusted.";

/// What is wrong with a connection that nobody allowed to be in the clear.
fn unencrypted(host: &str) -> Trouble {
    Trouble {
        actor: Actor::Operator,
        reason: format!("A connection to {host} that is not encrypted is not allowed."),
        hint: "Choose the security `tls` or `starttls`. For a password alone, and where nothing else is possible, the \
               operator can name the host under mail.unencrypted_hosts in the configuration."
            .into(),
        provider_error: None,
    }
}

/// What is wrong with a mail server whose grant was deleted.
fn nothing_to_sign_in_with() -> Trouble {
    Trouble {
        actor: Actor::LinkAdministrator,
        reason: "The grant that this mail server signed in with was deleted.".into(),
        hint: "Attach another grant to it, or give it a password; then resume it.".into(),
        provider_error: None,
    }
}

/// What is wrong where a server goes on talking without end.
pub(crate) fn endless(limit: Duration) -> Trouble {
    Trouble {
        actor: Actor::Nobody,
        reason: format!("This did not come to an end within {} s.", limit.as_secs_f32()),
        hint: "It is tried again; if it stays so, ask the mail server's operator what it sends at \
               this point."
            .into(),
        provider_error: None,
    }
}

/// Whether the last fetch ended with this very refusal.
fn refused_before(server: &MailServer, error: &MailError) -> bool {
    let now = error.trouble();
    let before = server.health.trouble.as_ref();
    before.is_some_and(|before| before.actor == now.actor && before.reason == now.reason)
}

/// The steps that a test of a mail server of this direction has.
pub(super) fn steps(direction: Direction) -> impl Iterator<Item = &'static str> {
    let count = match direction {
        Direction::Incoming => STEPS.len(),
        Direction::Outgoing => STEPS_OUT,
    };
    STEPS.into_iter().take(count)
}

/// Why a server is not fetched.
pub(crate) fn no_handler(server: &MailServer) -> Problem {
    if server.direction == Direction::Outgoing {
        return Problem::new(
            ProblemKind::Conflict,
            "mail_server_outgoing",
            format!("{} sends mail; there is nothing to fetch from it.", server.name),
            "Name an incoming mail server. What is sent is told by `outlink delivery list`.",
        );
    }
    Problem::new(
        ProblemKind::Conflict,
        "no_handler",
        format!("No handler takes the mail of {}, so it is not fetched.", server.name),
        "Make a handler for it: `outlink handler create`.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_step_without_end_is_left() {
        let limit = Duration::from_millis(20);
        let mut report = Report { limit, ..Report::default() };
        let endless = std::future::pending::<Result<((), String), Trouble>>();
        let trouble = report.step("greeting", endless).await.map(drop);
        assert!(trouble.is_err_and(|trouble| trouble.reason.contains("0.02 s")));
        let steps = report.complete(Direction::Incoming);
        assert_eq!(steps.len(), STEPS.len());
        assert_eq!((steps[0].id, steps[0].status), ("greeting", StepStatus::Failed));
        let out = Report::default().complete(Direction::Outgoing);
        assert_eq!(
            out.last().map(|step| step.id),
            Some("capabilities"),
            "nothing is fetched there"
        );
    }
}

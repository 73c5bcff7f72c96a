//! The way from a host name to an open folder, step by step. A test and a fetch walk the same way, so a test that
//! passes means a fetch that works.

use std::future::Future;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use outlink_mail::imap::{self, Limits, Selected, Session};
use outlink_mail::sasl::{self, Mechanism};
use outlink_mail::tls;
use outlink_model::grant::{Actor, Tokens, Trouble};
use outlink_model::link::Link;
use outlink_model::mail_server::{MailServer, SignIn};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::step::{Step, StepStatus};
use outlink_model::{GrantId, Secret};
use tokio_rustls::client::TlsStream;

use crate::refresh::Unrefreshed;
use crate::{Engine, egress};

/// The steps in their order; what was not reached is reported as skipped.
const STEPS: [&str; 8] =
    ["resolve", "connect", "tls", "greeting", "token", "sign_in", "folder", "handler"];

/// So many answers of the mail server, each with its own time limit, fit into the time of a step: one that goes on
/// talking without end is left all the same.
const ANSWERS_IN_A_STEP: u32 = 4;

/// A token is fetched anew when it would end within this time: a session that ends in the middle costs more.
const MIN_TTL: SignedDuration = SignedDuration::from_secs(60);

/// An open folder.
pub(crate) struct MailSession {
    /// The session.
    pub(crate) imap: Session<TlsStream<egress::Stream>>,
    /// What the server said of the folder.
    pub(crate) selected: Selected,
}

/// What was found on the way.
#[derive(Default)]
pub(crate) struct Report {
    steps: Vec<Step>,
    /// How long a step may take.
    limit: Duration,
    /// How long the mail server asked us to stay away.
    pub(crate) stay_away: Option<Duration>,
}

impl Report {
    /// Runs one step and notes how it went. The work's text is what was found.
    async fn step<T>(
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

    fn skip(&mut self, id: &'static str, message: &str) {
        let (status, message) = (StepStatus::Skipped, message.to_owned());
        self.steps.push(Step { id, status, message, hint: String::new(), ms: 0 });
    }

    /// The whole list: what was not reached is skipped.
    pub(crate) fn complete(mut self) -> Vec<Step> {
        for id in STEPS {
            if !self.steps.iter().any(|step| step.id == id) {
                self.skip(id, "Not tried, since an earlier step failed.");
            }
        }
        self.steps
    }
}

impl Engine {
    /// Walks from the host name to the server's greeting.
    async fn reach(
        &self,
        server: &MailServer,
        report: &mut Report,
    ) -> Result<Session<TlsStream<egress::Stream>>, Trouble> {
        let limits = self.0.settings.limits;
        report.limit = limits.mail_read * ANSWERS_IN_A_STEP;
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
        let stream = report
            .step("tls", async {
                let secured = tls::connect_tls(stream, host, self.0.tls.config()).await;
                let stream = secured.map_err(|error| error.trouble())?;
                Ok((stream, "The certificate is trusted.".to_owned()))
            })
            .await?;
        let mut stay_away = None;
        let greeted = report
            .step("greeting", async {
                let limits = Limits {
                    literal: limits.message_size,
                    time: limits.mail_read,
                    ..Limits::default()
                };
                let greeted = Session::start(stream, limits).await;
                let mut session = greeted.map_err(|error| {
                    stay_away = error.retry_after();
                    error.trouble()
                })?;
                let offered = session.capabilities().await.map_err(|e| e.trouble())?;
                let ways: Vec<_> = offered.mechanisms().collect();
                let message = format!("One can sign in by {}.", ways.join(", "));
                Ok((session, message))
            })
            .await;
        report.stay_away = stay_away;
        greeted
    }

    /// Walks from the host name to the open folder.
    ///
    /// # Errors
    /// What is wrong at the first step that failed.
    pub(crate) async fn walk(
        &self,
        server: &MailServer,
        report: &mut Report,
    ) -> Result<MailSession, Trouble> {
        let mut imap = self.reach(server, report).await?;
        let signed_in = self.sign_in_to(server, &mut imap, report).await;
        report.stay_away = imap.stay_away();
        signed_in?;
        let selected = report
            .step("folder", async {
                let selected = imap.select(&server.folder).await.map_err(|e| e.trouble())?;
                let message = format!("{} holds {} messages.", server.folder, selected.exists);
                Ok((selected, message))
            })
            .await;
        report.stay_away = imap.stay_away();
        Ok(MailSession { imap, selected: selected? })
    }

    async fn sign_in_to(
        &self,
        server: &MailServer,
        imap: &mut Session<TlsStream<egress::Stream>>,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        match &server.sign_in {
            SignIn::Missing => report.step("token", async { Err(nothing_to_sign_in_with()) }).await,
            SignIn::Password(password) => {
                report.skip("token", "This mail server is signed in to by password.");
                let signing_in = async {
                    imap.login(&server.mailbox, password).await.map_err(|e| e.trouble())?;
                    Ok(((), format!("Signed in as {}.", server.mailbox)))
                };
                report.step("sign_in", signing_in).await
            }
            SignIn::Grant(grant) => {
                let tokens = report
                    .step("token", async {
                        let tokens = self.token_for(server, *grant).await?;
                        let message =
                            format!("The access token lives until {}.", tokens.expires_at);
                        Ok((tokens, message))
                    })
                    .await?;
                let signing_in = async {
                    let mechanism = self.present(server, imap, *grant, tokens).await?;
                    let name = mechanism.as_str();
                    Ok(((), format!("Signed in as {} with {name}.", server.mailbox)))
                };
                report.step("sign_in", signing_in).await
            }
        }
    }

    /// A token of this grant, if its link lets it go to this host. Keeps **A moved endpoint locks its secrets**.
    async fn token_for(&self, server: &MailServer, grant: GrantId) -> Result<Tokens, Trouble> {
        let link = async {
            let grant = self.grant_by_id(grant).await?;
            self.link_by_id(grant.link_id).await
        };
        let link = link.await.map_err(|error| *Unrefreshed::from(error).trouble)?;
        if !link.token_hosts.contains(&server.host) {
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
        imap: &mut Session<TlsStream<egress::Stream>>,
        grant: GrantId,
        tokens: Tokens,
    ) -> Result<Mechanism, Trouble> {
        let offered = imap.capabilities().await.map_err(|e| e.trouble())?;
        let Some(mechanism) = sasl::choose(offered) else {
            let offered = offered.mechanisms().map(str::to_owned).collect();
            return Err(imap::Error::NoMechanism { offered }.trouble());
        };
        let (host, port) = (server.host.as_str(), server.port);
        let first = imap.authenticate(&server.mailbox, host, port, &tokens.access, mechanism).await;
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
        let tokens = self.token_for(server, grant).await?;
        imap.authenticate(&server.mailbox, host, port, &tokens.access, mechanism)
            .await
            .map_err(|error| error.trouble())?;
        Ok(mechanism)
    }

    /// The last step of a test: whether anything would become of the mail. A server without a handler is no failure:
    /// it is what everybody has between two steps of the set-up.
    pub(crate) async fn look_at_handlers(&self, server: &MailServer, report: &mut Report) {
        let (status, message, hint) = match self.handler_of(server).await {
            Ok(Some(handler)) => {
                (StepStatus::Ok, format!("{} handles what comes.", handler.name), String::new())
            }
            Ok(None) => {
                let trouble = no_handler(server);
                (StepStatus::Skipped, trouble.message, trouble.hint)
            }
            Err(error) => (StepStatus::Failed, error.problem().message, error.problem().hint),
        };
        report.steps.push(Step { id: "handler", status, message, hint, ms: 0 });
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
        let Ok(mut imap) = self.reach(server, &mut report).await else { return Opens::Unknown };
        let Some(mechanism) = imap.capabilities().await.ok().and_then(sasl::choose) else {
            return Opens::Unknown;
        };
        let (host, port) = (server.host.as_str(), server.port);
        match imap.authenticate(&server.mailbox, host, port, access, mechanism).await {
            Ok(()) => {
                imap.logout().await;
                Opens::Yes
            }
            Err(error) if error.is_token_refused() => Opens::Refused(error.trouble()),
            Err(_) => Opens::Unknown,
        }
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

fn endless(limit: Duration) -> Trouble {
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
fn refused_before(server: &MailServer, error: &imap::Error) -> bool {
    let now = error.trouble();
    let before = server.health.trouble.as_ref();
    before.is_some_and(|before| before.actor == now.actor && before.reason == now.reason)
}

/// Why a server is not fetched.
pub(crate) fn no_handler(server: &MailServer) -> Problem {
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
        let steps = report.complete();
        assert_eq!(steps.len(), STEPS.len());
        assert_eq!((steps[0].id, steps[0].status), ("greeting", StepStatus::Failed));
    }
}

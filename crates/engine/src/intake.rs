//! Taking mail in. Keeps the invariant **A message counts once**.
//!
//! A batch of messages is fetched, read, and committed in one transaction; only then is the mail server told. A crash
//! before the commit leaves nothing, a crash after it leaves flags to be set, and the ledger knows which. While one batch
//! is committed, the next is read and the one after it is on its way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use outlink_model::grant::{Actor, Trouble, later};
use outlink_model::mail_server::MailServer;
use outlink_model::message::Outcome;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_store::Error as StoreError;

use crate::mail_servers::{MailSession, Report, no_handler, problem};
use crate::poll::{Held, Then};
use crate::{Engine, Error};

mod batches;
mod become_of;
mod commit;
mod facts;
mod fetch;
mod files;
mod folder;
mod handling;
mod keys;
mod list;
mod maildrop;
mod outgoing;
mod persons;
mod prepare;
mod replay;
mod returned;
mod row;
mod source;
mod suspects;
mod tell;
mod text;
mod trial;

use commit::Handled;
pub(crate) use handling::{Handling, expression};
use source::Source;
pub(crate) use suspects::Failed;
use suspects::Trail;
pub use trial::{Trial, TrialOf};

/// After how many vain attempts to hold a server its holder is asked again to make room.
const ASK_AGAIN: u32 = 5;

/// What one fetch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Messages that were new to us.
    pub fetched: u64,
    /// Those that became issues.
    pub created: u64,
    /// Those that became comments.
    pub commented: u64,
    /// Those that became nothing, on purpose.
    pub rejected: u64,
    /// Those that could not be handled.
    pub quarantined: u64,
    /// Those that no handler took.
    pub unhandled: u64,
}

impl Fetched {
    fn add(&mut self, other: Self) {
        self.fetched += other.fetched;
        self.created += other.created;
        self.commented += other.commented;
        self.rejected += other.rejected;
        self.quarantined += other.quarantined;
        self.unhandled += other.unhandled;
    }

    fn note(&mut self, outcome: Outcome) {
        self.fetched += 1;
        match outcome {
            Outcome::Created => self.created += 1,
            Outcome::Commented => self.commented += 1,
            Outcome::Rejected => self.rejected += 1,
            Outcome::Quarantined => self.quarantined += 1,
            Outcome::Unhandled => self.unhandled += 1,
            Outcome::Forwarded => {}
        }
    }
}

/// All that stays the same while the messages of one listing are fetched.
struct Job {
    server: MailServer,
    handling: Arc<Handling>,
    source: Source,
    /// In whose name the server is held.
    held: Arc<Held>,
}

/// What the sessions of one fetch have come to, folder by folder.
#[derive(Default)]
struct Trails(BTreeMap<String, Trail>);

impl Trails {
    fn of(&mut self, folder: &str) -> &mut Trail {
        self.0.entry(folder.to_owned()).or_default()
    }

    fn sum(&self) -> Fetched {
        let mut sum = Fetched::default();
        self.0.values().for_each(|trail| sum.add(trail.sum));
        sum
    }
}

/// What a fetch came to, with the session that it was made in.
pub(crate) struct Done {
    /// What was taken in.
    pub(crate) fetched: Fetched,
    /// Something that an administrator should know.
    pub(crate) note: Option<String>,
    /// Still open, with the first folder selected; by POP3 there is none any more.
    pub(crate) session: Option<MailSession>,
}

impl Engine {
    /// Fetches from a mail server now and waits until it is done.
    ///
    /// # Errors
    /// A [`Problem`] when the server has no handler, or with what is wrong on the way to it.
    pub async fn fetch_mail_server(&self, named: &str) -> Result<Fetched, Error> {
        let server = self.mail_server(named).await?;
        if !self.has_handler(&server).await? {
            return Err(no_handler(&server).into());
        }
        // Whoever asked may not wait for the answer; what has begun is brought to its end all the same.
        let engine = self.clone();
        let task = self.spawn(async move { engine.claim_and_fetch(server).await });
        task.await.map_err(|error| Error::Broken(error.to_string()))?
    }

    async fn claim_and_fetch(&self, server: MailServer) -> Result<Fetched, Error> {
        let until = later(self.now(), SignedDuration::from_secs(60));
        let mut tries = 0_u32;
        let held = loop {
            // Where a session is only waiting for new mail, it makes room.
            self.ask_watchers_to_leave(server.id);
            if let Some(held) = self.hold_server(&server).await? {
                break held;
            }
            if tries.is_multiple_of(ASK_AGAIN) {
                // One of another node is told by way of the store; who comes next takes the wish for answered.
                self.store().want_server(server.id, self.now()).await?;
            }
            tries = tries.saturating_add(1);
            if self.0.stopping.is_cancelled() {
                return Err(problem("fetch_failed", &stopping()).into());
            }
            if self.now() > until {
                return Err(Problem::new(
                    ProblemKind::Conflict,
                    "fetch_under_way",
                    format!("{} is being fetched from right now.", server.name),
                    "Wait until that is done; `outlink message list` shows what comes in.",
                )
                .into());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        // Whoever held it before may have written how that went.
        let server = match self.mail_server(&server.id.to_string()).await {
            Ok(server) => server,
            Err(error) => {
                self.give_server_back(&held).await;
                return Err(error);
            }
        };
        let done = self.fetch_held(&server, &held).await;
        done.map_err(|trouble| problem("fetch_failed", &trouble).into())
    }

    /// Whether any handler is at work on this server's mail. Without one nothing is fetched.
    pub(crate) async fn has_handler(&self, server: &MailServer) -> Result<bool, Error> {
        let handlers = self.store().handlers_of_server(server.id).await?;
        Ok(handlers.iter().any(|handler| handler.enabled))
    }

    /// Fetches from a server that is held, keeps how it went, gives the server back, and leaves it.
    async fn fetch_held(&self, server: &MailServer, held: &Arc<Held>) -> Result<Fetched, Trouble> {
        let went = self.fetch_while_held(server, held).await;
        match went {
            Ok(Done { fetched, note, mut session }) => {
                let watches = match &mut session {
                    Some(session) => self.can_watch(server, session).await,
                    None => false,
                };
                let then = if watches { Then::Watch } else { Then::Wait };
                self.keep_health(server, held, Ok((&fetched, note)), then).await;
                if let Some(session) = session {
                    session.leave().await;
                }
                Ok(fetched)
            }
            Err(failed) => {
                match failed.is_over {
                    true => self.give_server_back(held).await,
                    false => {
                        self.keep_health(server, held, Err(&failed), Then::Wait).await;
                    }
                }
                Err(failed.trouble)
            }
        }
    }

    /// Fetches from a server that is held. Left in the middle when it is lost or this server stops; a commit that has begun
    /// is finished all the same.
    pub(crate) async fn fetch_while_held(
        &self,
        server: &MailServer,
        held: &Arc<Held>,
    ) -> Result<Done, Failed> {
        tokio::select! {
            went = self.fetch(server, held) => went,
            why = held.until_lost() => Err(why.into()),
            () = self.0.stopping.cancelled() => Err(Failed::stopping()),
        }
    }

    async fn fetch(&self, server: &MailServer, held: &Arc<Held>) -> Result<Done, Failed> {
        let handling = Arc::new(self.handling(server).await.map_err(inner)?);
        let mut trails = Trails::default();
        let mut has_expired = false;
        loop {
            held.beat();
            let mut report = Report::default();
            let walked = self.walk(server, &mut report).await;
            let retry_after = report.stay_away;
            let session =
                walked.map_err(|trouble| Failed::from(trouble).staying_away(retry_after))?;
            let went = match session {
                MailSession::Imap(_) => {
                    self.fetch_folders(server, held, &handling, session, &mut trails).await
                }
                MailSession::Pop3(_) => {
                    self.fetch_maildrop(server, held, &handling, session, &mut trails).await
                }
                MailSession::Smtp(_) => return Err(no_folders().into()),
            };
            match went {
                Ok(done) => return Ok(done),
                // The session ended together with its token: the next one has a fresh one.
                Err((_, failed)) if failed.is_over && !has_expired => has_expired = true,
                Err((folder, failed)) => {
                    if !trails.of(&folder).goes_on(server.health.failures, &failed) {
                        return Err(failed.with_name());
                    }
                }
            }
        }
    }

    /// Fetches anew in a session that stands, after the server told of new mail or when it is time to look.
    pub(crate) async fn fetch_again(
        &self,
        server: &MailServer,
        held: &Arc<Held>,
        session: MailSession,
    ) -> Result<Done, Failed> {
        let again = async {
            let handling = Arc::new(self.handling(server).await.map_err(inner)?);
            let mut trails = Trails::default();
            let went = self.fetch_folders(server, held, &handling, session, &mut trails).await;
            went.map_err(|(_, failed)| failed.with_name())
        };
        tokio::select! {
            went = again => went,
            why = held.until_lost() => Err(why.into()),
            () = self.0.stopping.cancelled() => Err(Failed::stopping()),
        }
    }
}

/// What only a mistake of ours leads to: a session of one protocol was asked for what the other one has.
fn no_folders() -> Trouble {
    left("The session does not speak the protocol that the mail server is set to.")
}

/// The trouble of work on a mail server, in or out, that was left although nothing is wrong with it.
fn left(reason: &str) -> Trouble {
    Trouble {
        actor: Actor::Nobody,
        reason: reason.to_owned(),
        hint: "Nothing is lost: what is left over is fetched or sent the next time.".to_owned(),
        provider_error: None,
    }
}

pub(crate) fn stopping() -> Trouble {
    left("This server is stopping.")
}

/// The trouble of work that was left since somebody else holds the server.
pub(crate) fn overtaken() -> Trouble {
    left("Somebody else is at this mail server by now, or it was changed.")
}

#[expect(clippy::needless_pass_by_value, reason = "it ends every `map_err`")]
pub(crate) fn inner(error: Error) -> Failed {
    tracing::error!(%error, "mail could not be taken in or sent");
    let problem = error.problem();
    Failed::ours(Trouble {
        actor: Actor::Operator,
        reason: problem.message,
        hint: problem.hint,
        provider_error: None,
    })
}

fn away(error: StoreError) -> Failed {
    inner(error.into())
}

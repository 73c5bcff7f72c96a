//! Taking mail in. Keeps the invariant **A message counts once**.
//!
//! A batch of messages is fetched, read, and committed in one transaction, each message in its savepoint; only then is
//! the mail server told. A crash before the commit leaves nothing, a crash after it leaves flags to be set, and the
//! ledger knows which. While one batch is committed, the next is already on its way.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use outlink_mail::imap::Meta;
use outlink_model::grant::{Actor, Trouble, later};
use outlink_model::handler::Handler;
use outlink_model::mail_server::{Cursor, MailServer};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_store::Error as StoreError;

use crate::mail_servers::{MailSession, Report, no_handler, problem};
use crate::{Engine, Error};

mod commit;
mod fetch;
mod list;
mod prepare;
mod tell;

use commit::Committed;
use prepare::Prepared;

/// How long the right to fetch from a server is held without a sign of life.
pub(crate) const LEASE: SignedDuration = SignedDuration::from_secs(120);

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
}

impl Fetched {
    fn add(&mut self, other: Self) {
        self.fetched += other.fetched;
        self.created += other.created;
        self.commented += other.commented;
        self.rejected += other.rejected;
        self.quarantined += other.quarantined;
    }
}

/// All that stays the same during one fetch.
struct Job {
    server: MailServer,
    /// In whose name the server is held.
    holder: String,
    handler: Handler,
    uid_validity: u32,
}

/// Why a fetch came to nothing, or to nothing more.
pub(crate) struct Failed {
    /// What is wrong.
    pub(crate) trouble: Trouble,
    /// How long the mail server asked us to stay away.
    pub(crate) retry_after: Option<Duration>,
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        Self { trouble, retry_after: None }
    }
}

impl Engine {
    /// Fetches from a mail server now and waits until it is done.
    ///
    /// # Errors
    /// A [`Problem`] when the server has no handler, or with what is wrong on the way to it.
    pub async fn fetch_mail_server(&self, named: &str) -> Result<Fetched, Error> {
        let server = self.mail_server(named).await?;
        if self.handler_of(&server).await?.is_none() {
            return Err(no_handler(&server).into());
        }
        let until = later(self.now(), SignedDuration::from_secs(60));
        let holder = self.holder()?;
        while !self.claim_server(&server, &holder).await? {
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
        }
        // Whoever held it before may have written how that went.
        let server = self.mail_server(&server.id.to_string()).await?;
        let engine = self.clone();
        let task = self.spawn(async move { engine.fetch_claimed(&server, &holder).await });
        let fetched = task.await.map_err(|error| Error::Broken(error.to_string()))?;
        fetched.map_err(|trouble| problem("fetch_failed", &trouble).into())
    }

    /// The handler that takes this server's mail.
    pub(crate) async fn handler_of(&self, server: &MailServer) -> Result<Option<Handler>, Error> {
        Ok(self
            .store()
            .handlers_of_server(server.id)
            .await?
            .into_iter()
            .find(|handler| handler.enabled))
    }

    async fn claim_server(&self, server: &MailServer, holder: &str) -> Result<bool, Error> {
        let now = self.now();
        Ok(self.store().claim_server(server.id, holder, now, later(now, LEASE)).await?)
    }

    /// Fetches from a server that is claimed, keeps how it went, and gives the claim back. Left in the middle when the
    /// claim is lost or this server stops; a commit that has begun is finished all the same.
    pub(crate) async fn fetch_claimed(
        &self,
        server: &MailServer,
        holder: &str,
    ) -> Result<Fetched, Trouble> {
        let went = tokio::select! {
            went = self.fetch(server, holder) => went,
            () = self.until_lease_is_lost(server, holder) => Err(overtaken().into()),
            () = self.0.stopping.cancelled() => {
                self.give_server_back(server, holder).await;
                return Err(left("This server is stopping."));
            }
        };
        self.keep_health(server, holder, went.as_ref().err()).await;
        went.map_err(|failed| failed.trouble)
    }

    async fn fetch(&self, server: &MailServer, holder: &str) -> Result<Fetched, Failed> {
        let Some(handler) = self.handler_of(server).await.map_err(inner)? else {
            return Ok(Fetched::default());
        };
        let mut report = Report::default();
        let walked = self.walk(server, &mut report).await;
        let retry_after = report.stay_away;
        let mut session = walked.map_err(|trouble| Failed { trouble, retry_after })?;
        let went = self.fetch_from(server, holder, handler, &mut session).await;
        let retry_after = session.imap.stay_away();
        let fetched = went.map_err(|trouble| Failed { trouble, retry_after })?;
        session.imap.logout().await;
        Ok(fetched)
    }

    async fn fetch_from(
        &self,
        server: &MailServer,
        holder: &str,
        handler: Handler,
        session: &mut MailSession,
    ) -> Result<Fetched, Trouble> {
        let uid_validity = session.selected.uid_validity;
        let (server, holder) = (server.clone(), holder.to_owned());
        let job = Arc::new(Job { server, holder, handler, uid_validity });
        self.tell_again(&job, session).await?;
        let (id, folder) = (job.server.id, job.server.folder.as_str());
        let cursor = self.store().cursor(id, folder).await.map_err(away)?;
        let cursor = cursor.filter(|cursor| cursor.uid_validity == uid_validity);
        let listing = self.list(&job.server, session, cursor).await?;
        let fetched = self.batches(&job, session, &listing.wanted).await?;
        // All that is wanted is committed: what was passed over need not be looked at again.
        let listed = Cursor { uid_validity, last_uid: listing.last_uid };
        if cursor != Some(listed) {
            self.pass_over(&job.server, &listed).await.map_err(away)?;
        }
        Ok(fetched)
    }

    async fn pass_over(&self, server: &MailServer, cursor: &Cursor) -> Result<(), StoreError> {
        let mut tx = self.store().intake().await?;
        tx.set_cursor(server.id, &server.folder, cursor).await?;
        tx.commit().await
    }

    /// Fetches batch after batch; each is committed while the next is on its way. When this returns `Ok`, all of them
    /// are committed.
    async fn batches(
        &self,
        job: &Arc<Job>,
        session: &mut MailSession,
        wanted: &[Meta],
    ) -> Result<Fetched, Trouble> {
        let largest = self.0.settings.limits.message_size as u64;
        let mut queue = fetch::batches(wanted, largest, job.server.health.failures);
        let mut sum = Fetched::default();
        let mut prepared: Vec<Prepared> = Vec::new();
        while let Some(batch) = queue.pop_front() {
            let next = self.fetch_batch(job, session, batch);
            let (next, committed) = tokio::join!(next, self.commit_apart(job, prepared));
            let committed = committed?;
            sum.add(committed.counts);
            let next = next?;
            prepared = next.prepared;
            if let Some(trouble) = next.ended {
                self.commit_apart(job, prepared).await?;
                return Err(trouble);
            }
            for single in batch[next.taken..].chunks(1).rev() {
                queue.push_front(single);
            }
            self.tell(job, session, &committed.handled).await?;
            if !self.extend(&job.server, &job.holder).await.map_err(away)? {
                // What has arrived is fetched again by whoever holds the server now.
                return Err(overtaken());
            }
        }
        let committed = self.commit_apart(job, prepared).await?;
        sum.add(committed.counts);
        self.tell(job, session, &committed.handled).await?;
        Ok(sum)
    }

    /// Commits a batch in a task of its own, which goes on when the fetch is left.
    async fn commit_apart(
        &self,
        job: &Arc<Job>,
        batch: Vec<Prepared>,
    ) -> Result<Committed, Trouble> {
        if batch.is_empty() {
            return Ok(Committed::default());
        }
        let (engine, job) = (self.clone(), job.clone());
        let task = self.spawn(async move { engine.commit_batch(&job, batch).await });
        let committed = task.await.map_err(|error| inner(Error::Broken(error.to_string())))?;
        committed.map_err(inner)
    }
}

/// The trouble of a fetch that was left although nothing is wrong with it.
fn left(reason: &str) -> Trouble {
    Trouble {
        actor: Actor::Nobody,
        reason: reason.to_owned(),
        hint: "Nothing is lost: what has not been taken in is fetched the next time.".to_owned(),
        provider_error: None,
    }
}

fn overtaken() -> Trouble {
    left("Another fetch from this mail server has begun meanwhile.")
}

#[expect(clippy::needless_pass_by_value, reason = "it ends every `map_err`")]
fn inner(error: Error) -> Trouble {
    tracing::error!(%error, "mail could not be taken in");
    let problem = error.problem();
    Trouble {
        actor: Actor::Operator,
        reason: problem.message,
        hint: problem.hint,
        provider_error: None,
    }
}

fn away(error: StoreError) -> Trouble {
    inner(error.into())
}

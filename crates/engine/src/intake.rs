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
mod suspects;
mod tell;

use commit::Committed;
use prepare::Prepared;
pub(crate) use suspects::Failed;
use suspects::Trail;

/// How long the right to fetch from a server is held without a sign of life.
pub(crate) const LEASE: SignedDuration = SignedDuration::from_secs(120);

/// How often a batch that the database did not take is offered again.
const COMMITS: u32 = 4;

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
        // Whoever asked may not wait for the answer; what has begun is brought to its end all the same.
        let engine = self.clone();
        let task = self.spawn(async move { engine.claim_and_fetch(server).await });
        task.await.map_err(|error| Error::Broken(error.to_string()))?
    }

    async fn claim_and_fetch(&self, server: MailServer) -> Result<Fetched, Error> {
        let until = later(self.now(), SignedDuration::from_secs(60));
        let holder = self.holder()?;
        while !self.claim_server(&server, &holder).await? {
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
        }
        // Whoever held it before may have written how that went.
        let server = match self.mail_server(&server.id.to_string()).await {
            Ok(server) => server,
            Err(error) => {
                self.give_server_back(&server, &holder).await;
                return Err(error);
            }
        };
        let fetched = self.fetch_claimed(&server, &holder).await;
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
                return Err(stopping());
            }
        };
        self.keep_health(server, holder, went.as_ref().err()).await;
        went.map_err(|failed| failed.trouble)
    }

    async fn fetch(&self, server: &MailServer, holder: &str) -> Result<Fetched, Failed> {
        let Some(handler) = self.handler_of(server).await.map_err(inner)? else {
            return Ok(Fetched::default());
        };
        let mut trail = Trail::default();
        loop {
            let mut report = Report::default();
            let walked = self.walk(server, &mut report).await;
            let retry_after = report.stay_away;
            let mut session =
                walked.map_err(|trouble| Failed::from(trouble).staying_away(retry_after))?;
            let went = self.fetch_from(server, holder, &handler, &mut session, &mut trail).await;
            let Err(failed) = went else {
                session.imap.logout().await;
                return Ok(trail.sum);
            };
            let failed = failed.staying_away(session.imap.stay_away());
            if !trail.goes_on(server.health.failures, &failed) {
                return Err(failed.with_name());
            }
        }
    }

    async fn fetch_from(
        &self,
        server: &MailServer,
        holder: &str,
        handler: &Handler,
        session: &mut MailSession,
        trail: &mut Trail,
    ) -> Result<(), Failed> {
        let uid_validity = session.selected.uid_validity;
        trail.begin(uid_validity);
        let (server, holder) = (server.clone(), holder.to_owned());
        let job = Arc::new(Job { server, holder, handler: handler.clone(), uid_validity });
        let (id, folder) = (job.server.id, job.server.folder.as_str());
        let cursor = self.store().cursor(id, folder).await.map_err(away)?;
        let cursor = cursor.filter(|cursor| cursor.uid_validity == uid_validity);
        let listing = self.list(&job.server, session, cursor).await?;
        self.batches(&job, session, trail, &listing.wanted).await?;
        // All that is wanted is committed: what was passed over need not be looked at again.
        let listed = Cursor { uid_validity, last_uid: listing.last_uid };
        if cursor != Some(listed) {
            self.pass_over(&job.server, &listed).await.map_err(away)?;
        }
        if let Err(failed) = self.tell_again(&job, session).await {
            let trouble = failed.trouble;
            tracing::warn!(server = job.server.name, ?trouble, "messages could not be flagged");
        }
        Ok(())
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
        trail: &mut Trail,
        wanted: &[Meta],
    ) -> Result<(), Failed> {
        let largest = self.0.settings.limits.message_size as u64;
        if let Some(last) = trail.last.clone().filter(|_| trail.has_suspects()) {
            let probes = trail.probes(wanted, largest, &[]);
            if !self.gives_any(session, &probes).await? {
                // Nothing tells a message that cannot be had from a server that gives none.
                return Err(last.into());
            }
            trail.is_proven = true;
        }
        let mut queue = fetch::batches(wanted, largest, job.server.health.failures);
        let mut prepared: Vec<Prepared> = Vec::new();
        while let Some(batch) = queue.pop_front() {
            let next = self.fetch_batch(session, trail, wanted, batch);
            let (next, committed) = tokio::join!(next, self.commit_apart(job, prepared));
            let committed = committed?;
            trail.sum.add(committed.counts);
            let next = next?;
            prepared = next.prepared;
            for single in batch[next.taken..].chunks(1).rev() {
                queue.push_front(single);
            }
            self.tell(job, session, &committed.handled).await?;
            if !self.extend(&job.server, &job.holder).await.map_err(away)? {
                // What has arrived is fetched again by whoever holds the server now.
                return Err(overtaken().into());
            }
        }
        let committed = self.commit_apart(job, prepared).await?;
        trail.sum.add(committed.counts);
        self.tell(job, session, &committed.handled).await?;
        Ok(())
    }

    /// Commits a batch in a task of its own, which goes on when the fetch is left.
    async fn commit_apart(
        &self,
        job: &Arc<Job>,
        batch: Vec<Prepared>,
    ) -> Result<Committed, Failed> {
        if batch.is_empty() {
            return Ok(Committed::default());
        }
        let (engine, job) = (self.clone(), job.clone());
        let task = self.spawn(async move { engine.commit_in_turn(&job, &batch).await });
        let committed = task.await.map_err(|error| inner(Error::Broken(error.to_string())))?;
        committed.map_err(inner)
    }

    /// Commits a batch when it is its turn: SQLite has one writer, and hundreds that wait for it at once wait in vain. No
    /// turn is held while a mail server is waited for. A batch that a database did take before it went away counts no
    /// second time, since the ledger knows each message's place.
    async fn commit_in_turn(&self, job: &Job, batch: &[Prepared]) -> Result<Committed, Error> {
        let _turn =
            self.0.commits.acquire().await.map_err(|error| Error::Broken(error.to_string()))?;
        let mut tries = 0;
        loop {
            tries += 1;
            match self.commit_batch(job, batch).await {
                Err(Error::Away(why)) if tries < COMMITS => {
                    tracing::warn!(why, "a batch could not be committed and is offered again");
                    tokio::time::sleep(Duration::from_millis(250) * tries).await;
                }
                committed => return committed,
            }
        }
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

fn stopping() -> Trouble {
    left("This server is stopping.")
}

fn overtaken() -> Trouble {
    left("Another fetch from this mail server has begun meanwhile.")
}

#[expect(clippy::needless_pass_by_value, reason = "it ends every `map_err`")]
fn inner(error: Error) -> Failed {
    tracing::error!(%error, "mail could not be taken in");
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

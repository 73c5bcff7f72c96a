//! Taking mail in. Keeps the invariant **A message counts once**.
//!
//! A batch of messages is fetched, read, and committed in one transaction, each message in its savepoint; only then is
//! the mail server told. A crash before the commit leaves nothing, a crash after it leaves flags to be set, and the
//! ledger knows which. While one batch is committed, the next is already on its way.

use jiff::SignedDuration;
use outlink_mail::imap::{self, Body, Meta};
use outlink_model::Timestamp;
use outlink_model::grant::{Trouble, later};
use outlink_model::handler::Handler;
use outlink_model::mail_server::{Cursor, MailServer, Take};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_store::Error as StoreError;

use crate::mail_servers::{MailSession, Report, no_handler, problem};
use crate::{Engine, Error};

mod commit;
mod prepare;

use prepare::Prepared;

/// At most so many messages in one transaction.
const BATCH_MESSAGES: usize = 64;
/// At most so many octets in one transaction, as far as whole messages allow: two batches are in memory at a time.
const BATCH_OCTETS: u64 = 8 * 1024 * 1024;
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
    /// The folder was rebuilt since it was last seen: UIDs mean other messages now, so each is looked up by what it is.
    rebuilt: bool,
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
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
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

    /// Fetches from a server that is claimed, keeps how it went, and gives the claim back.
    pub(crate) async fn fetch_claimed(
        &self,
        server: &MailServer,
        holder: &str,
    ) -> Result<Fetched, Trouble> {
        let went = self.fetch(server, holder).await;
        self.keep_health(server, holder, went.as_ref().err()).await;
        went
    }

    async fn fetch(&self, server: &MailServer, holder: &str) -> Result<Fetched, Trouble> {
        let Some(handler) = self.handler_of(server).await.map_err(inner)? else {
            return Ok(Fetched::default());
        };
        let mut session = self.walk(server, &mut Report::default()).await?;
        let fetched = self.fetch_from(server, holder, handler, &mut session).await?;
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
        let known = self.store().cursor(server.id, &server.folder).await.map_err(away)?;
        let cursor = known.filter(|cursor| cursor.uid_validity == uid_validity);
        let rebuilt = known.is_some() && cursor.is_none();
        let holder = holder.to_owned();
        let job = Job { server: server.clone(), holder, handler, uid_validity, rebuilt };
        self.tell_again(&job, session).await?;
        let from = cursor.map_or(0, |cursor: Cursor| cursor.last_uid).saturating_add(1);
        let all = self.in_time(session.imap.metadata(from)).await?;
        let wanted: Vec<Meta> = all.iter().filter(|meta| wanted(server, meta)).cloned().collect();
        let fetched = self.batches(&job, session, &wanted).await?;
        if let Some(last) = all.last().filter(|_| !self.0.stopping.is_cancelled()) {
            // What was passed over need not be looked at again.
            let cursor = Cursor { uid_validity, last_uid: last.uid };
            self.pass_over(server, &cursor).await.map_err(away)?;
        }
        Ok(fetched)
    }

    async fn pass_over(&self, server: &MailServer, cursor: &Cursor) -> Result<(), StoreError> {
        let mut tx = self.store().intake().await?;
        tx.set_cursor(server.id, &server.folder, cursor).await?;
        tx.commit().await
    }

    /// Fetches batch after batch; each is committed while the next is on its way.
    async fn batches(
        &self,
        job: &Job,
        session: &mut MailSession,
        wanted: &[Meta],
    ) -> Result<Fetched, Trouble> {
        let mut sum = Fetched::default();
        let mut arrived: Vec<Prepared> = Vec::new();
        for batch in batches(wanted) {
            if self.0.stopping.is_cancelled() {
                break;
            }
            let next = self.fetch_batch(session, batch);
            let (next, committed) = tokio::join!(next, self.commit_batch(job, arrived));
            let committed = committed.map_err(inner)?;
            sum.add(committed.counts);
            arrived = next?;
            self.tell(job, session, &committed.handled).await?;
            let until = later(self.now(), LEASE);
            if !self.store().extend_poll(job.server.id, &job.holder, until).await.map_err(away)? {
                // Somebody else holds the server now; what has arrived is fetched again by them.
                return Ok(sum);
            }
        }
        let committed = self.commit_batch(job, arrived).await.map_err(inner)?;
        sum.add(committed.counts);
        self.tell(job, session, &committed.handled).await?;
        Ok(sum)
    }

    async fn fetch_batch(
        &self,
        session: &mut MailSession,
        batch: &[Meta],
    ) -> Result<Vec<Prepared>, Trouble> {
        let largest = self.0.settings.limits.message_size as u64;
        let uids: Vec<u32> =
            batch.iter().filter(|meta| meta.size <= largest).map(|meta| meta.uid).collect();
        let mut bodies: Vec<(u32, Body)> = Vec::with_capacity(uids.len());
        if !uids.is_empty() {
            let each = |uid, body| bodies.push((uid, body));
            self.in_time(session.imap.bodies(&uids, each)).await?;
        }
        let batch = batch.to_vec();
        let work = tokio::task::spawn_blocking(move || prepare::prepare(&batch, bodies, largest));
        let prepared = work.await.map_err(|error| inner(Error::Broken(error.to_string())))?;
        prepared.map_err(away)
    }

    /// Holds one piece of a fetch to its time, so that a server that goes on talking without end is left all the same.
    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, imap::Error>>,
    ) -> Result<T, Trouble> {
        let limit = self.0.settings.limits.mail_batch;
        match tokio::time::timeout(limit, work).await {
            Ok(done) => done.map_err(|error| error.trouble()),
            Err(_) => {
                Err(imap::Error::TimedOut { doing: "fetching messages", time: limit }.trouble())
            }
        }
    }

    /// Tells the mail server what has been dealt with, after the commit and never before.
    async fn tell(
        &self,
        job: &Job,
        session: &mut MailSession,
        handled: &[u32],
    ) -> Result<(), Trouble> {
        if handled.is_empty() {
            return Ok(());
        }
        session.imap.mark_seen(handled).await.map_err(|error| error.trouble())?;
        let (id, folder) = (job.server.id, job.server.folder.as_str());
        self.store().mark_flagged(id, folder, job.uid_validity, handled).await.map_err(away)
    }

    /// Tells the server what an earlier run committed and did not come to tell.
    async fn tell_again(&self, job: &Job, session: &mut MailSession) -> Result<(), Trouble> {
        let (id, folder) = (job.server.id, job.server.folder.as_str());
        let untold = self.store().unflagged(id, folder, job.uid_validity).await.map_err(away)?;
        for part in untold.chunks(500) {
            self.tell(job, session, part).await?;
        }
        Ok(())
    }
}

/// Whether the administrator wants this message.
fn wanted(server: &MailServer, meta: &Meta) -> bool {
    match server.take {
        Take::All => true,
        // A server that tells no readable date tells 1970: better one message too many than one too few.
        Take::New => {
            meta.internal_date >= server.created_at || meta.internal_date == Timestamp::UNIX_EPOCH
        }
    }
}

/// Cuts the list so that a batch is neither too many messages nor too many octets.
fn batches(metas: &[Meta]) -> Vec<&[Meta]> {
    let mut cut = Vec::new();
    let (mut start, mut octets) = (0, 0_u64);
    for (at, meta) in metas.iter().enumerate() {
        let full = at - start >= BATCH_MESSAGES || octets.saturating_add(meta.size) > BATCH_OCTETS;
        if at > start && full {
            cut.push(&metas[start..at]);
            (start, octets) = (at, 0);
        }
        octets = octets.saturating_add(meta.size);
    }
    if start < metas.len() {
        cut.push(&metas[start..]);
    }
    cut
}

#[expect(clippy::needless_pass_by_value, reason = "it ends every `map_err`")]
fn inner(error: Error) -> Trouble {
    tracing::error!(%error, "mail could not be taken in");
    let problem = error.problem();
    Trouble {
        actor: outlink_model::grant::Actor::Operator,
        reason: problem.message,
        hint: problem.hint,
        provider_error: None,
    }
}

fn away(error: StoreError) -> Trouble {
    inner(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_every_message_once_and_are_bounded() {
        let meta = |uid, size| Meta {
            uid,
            size,
            seen: false,
            internal_date: outlink_model::Timestamp::UNIX_EPOCH,
        };
        let mut metas: Vec<_> = (1..=200).map(|uid| meta(uid, 1000)).collect();
        metas.push(meta(201, 3 * BATCH_OCTETS));
        metas.extend((202..=204).map(|uid| meta(uid, BATCH_OCTETS / 2)));
        let cut = batches(&metas);
        assert_eq!(cut.concat().len(), metas.len());
        assert_eq!(
            cut.iter().map(|batch| batch.len()).collect::<Vec<_>>(),
            [64, 64, 64, 8, 1, 2, 1]
        );
        assert!(batches(&[]).is_empty());
    }
}

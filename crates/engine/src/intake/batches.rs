//! The way of the batches: fetched, then read, then committed, then told. Three batches are on their way at a time, each a
//! stage behind the other, so that neither the wire, the processor nor the disk waits for the other two.

use std::sync::Arc;
use std::time::Duration;

use outlink_mail::imap::Meta;

use super::commit::Committed;
use super::fetch::{self, Arrived};
use super::prepare::{self, Prepared};
use super::suspects::{Failed, Trail};
use super::{Job, away, inner, overtaken};
use crate::mail_servers::MailSession;
use crate::{Engine, Error};

/// How often a batch that the database did not take is offered again.
const COMMITS: u32 = 4;

impl Engine {
    /// Fetches batch after batch. When this returns, all that was fetched is committed, and the server told of it where it
    /// still listens.
    pub(super) async fn batches(
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
        let mut arrived = Arrived::default();
        let mut read = Vec::new();
        let mut told = Vec::new();
        let mut ended = None;
        loop {
            let batch = queue.pop_front().filter(|_| ended.is_none());
            if batch.is_none() && arrived.is_empty() && read.is_empty() {
                break;
            }
            let (next, being_read, committed) = tokio::join!(
                self.fetch_next(session, trail, wanted, batch),
                self.read_apart(std::mem::take(&mut arrived)),
                self.commit_apart(job, std::mem::take(&mut read), std::mem::take(&mut told)),
            );
            let committed = committed?;
            job.held.beat();
            if committed.is_lost {
                // What has arrived is fetched again by whoever holds the server now, and what it was told, told again.
                return Err(overtaken().into());
            }
            trail.sum.add(committed.counts);
            read = being_read?;
            let listens = ended.is_none() && next.is_ok();
            let asked = self.find_returned(job, listens.then_some(&mut *session), &mut read).await;
            // Nothing behind what could not be asked about may be committed.
            match (next, asked) {
                (Ok(next), Ok(())) => {
                    for single in batch.unwrap_or_default()[next.batch.len()..].chunks(1).rev() {
                        queue.push_front(single);
                    }
                    arrived = next;
                }
                // A session that always ends in the middle brings something each time all the same.
                (Err(failed), _) | (_, Err(failed)) => ended = Some(failed),
            }
            if ended.is_none() {
                match self.tell(job, session, trail, committed.handled).await {
                    Ok(uids) => told = uids,
                    Err(failed) => ended = Some(failed),
                }
            }
        }
        self.note_told(job, &told).await?;
        ended.map_or(Ok(()), Err)
    }

    async fn fetch_next(
        &self,
        session: &mut MailSession,
        trail: &Trail,
        wanted: &[Meta],
        batch: Option<&[Meta]>,
    ) -> Result<Arrived, Failed> {
        match batch {
            Some(batch) => self.fetch_batch(session, trail, wanted, batch).await,
            None => Ok(Arrived::default()),
        }
    }

    /// Reads a batch on a thread that nothing else waits for.
    async fn read_apart(&self, arrived: Arrived) -> Result<Vec<Prepared>, Failed> {
        if arrived.is_empty() {
            return Ok(Vec::new());
        }
        let largest = self.0.settings.limits.message_size as u64;
        let work = tokio::task::spawn_blocking(move || {
            prepare::prepare(&arrived.batch, arrived.bodies, largest)
        });
        let prepared = work.await.map_err(|error| inner(Error::Broken(error.to_string())))?;
        prepared.map_err(away)
    }

    /// Commits a batch in a task of its own, which goes on when the fetch is left.
    async fn commit_apart(
        &self,
        job: &Arc<Job>,
        batch: Vec<Prepared>,
        told: Vec<u32>,
    ) -> Result<Committed, Failed> {
        if batch.is_empty() {
            self.note_told(job, &told).await?;
            return Ok(Committed::default());
        }
        let (engine, job) = (self.clone(), job.clone());
        let task = self.spawn(async move { engine.commit_in_turn(&job, &batch, &told).await });
        let committed = task.await.map_err(|error| inner(Error::Broken(error.to_string())))?;
        committed.map_err(inner)
    }

    /// Commits a batch when it is its turn: SQLite has one writer, and hundreds that wait for it at once wait in vain. No
    /// turn is held while a mail server is waited for. A batch that a database did take before it went away counts no
    /// second time, since the ledger knows each message's place.
    async fn commit_in_turn(
        &self,
        job: &Job,
        batch: &[Prepared],
        told: &[u32],
    ) -> Result<Committed, Error> {
        let _turn =
            self.0.commits.acquire().await.map_err(|error| Error::Broken(error.to_string()))?;
        let mut tries = 0;
        loop {
            tries += 1;
            match self.commit_batch(job, batch, told).await {
                Err(Error::Away(why)) if tries < COMMITS => {
                    tracing::warn!(why, "a batch could not be committed and is offered again");
                    tokio::time::sleep(Duration::from_millis(250) * tries).await;
                }
                committed => return committed,
            }
        }
    }
}

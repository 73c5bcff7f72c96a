//! Refreshing ahead of expiry, in the background.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use outlink_model::GrantId;
use outlink_model::grant::{backoff, later};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Engine, Error, clock};

/// Refreshes under way at once. A provider that hangs holds one of these for its time limit and no longer.
const AT_ONCE: usize = 64;
/// Grants looked at in one go.
const BATCH: u32 = 256;
/// The longest sleep: another node, or the command line, may have changed what is due.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

impl Engine {
    /// Refreshes what is due until the engine stops.
    pub(crate) async fn keep_fresh(&self) {
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        let under_way: Arc<Mutex<HashSet<GrantId>>> = Arc::default();
        loop {
            match self.store().due_grants(self.now(), BATCH).await {
                Ok(due) => {
                    for id in due {
                        if self.0.stopping.is_cancelled() {
                            return;
                        }
                        if !locked(&under_way).insert(id) {
                            continue;
                        }
                        let Ok(slot) = slots.clone().acquire_owned().await else { return };
                        let at_work = AtWork { id, all: under_way.clone(), _slot: slot };
                        let engine = self.clone();
                        self.spawn(async move {
                            engine.refresh_due(at_work.id).await;
                            drop(at_work);
                        });
                    }
                }
                Err(error) => tracing::error!(%error, "grants that are due cannot be read"),
            }
            tokio::select! {
                () = self.0.stopping.cancelled() => return,
                () = self.0.alarm.notified() => {}
                () = tokio::time::sleep(self.until_next_due().await) => {}
            }
        }
    }

    async fn until_next_due(&self) -> Duration {
        let next = self.store().next_due().await.ok().flatten();
        let wait = next.map(|at| at.duration_since(self.now()));
        let wait = wait.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or(LONGEST_SLEEP);
        wait.clamp(Duration::from_millis(200), LONGEST_SLEEP)
    }

    async fn refresh_due(&self, id: GrantId) {
        let went = async {
            let grant = self.grant_by_id(id).await?;
            if self.stands_against(&grant).await?.is_none() {
                self.refresh(id, grant.generation).await.map_err(|failed| failed.error)?;
            }
            Ok::<_, Error>(())
        };
        match went.await {
            Ok(()) => {}
            // The provider's refusals stand on the grant, with the time of the next try.
            Err(Error::Problem(problem)) => tracing::debug!(%problem, grant = %id, "not refreshed"),
            Err(Error::Away(why)) => tracing::warn!(why, grant = %id, "not refreshed"),
            Err(Error::Broken(why)) => {
                tracing::error!(why, grant = %id, "not refreshed, for a fault on our side");
                let next = later(self.now(), backoff(6, clock::jitter()));
                if let Err(error) = self.store().postpone_refresh(id, next).await {
                    tracing::error!(%error, grant = %id, "it will be tried again at once");
                }
            }
        }
    }
}

/// A refresh that is under way. Takes itself off the list however it ends.
struct AtWork {
    id: GrantId,
    all: Arc<Mutex<HashSet<GrantId>>>,
    _slot: OwnedSemaphorePermit,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        locked(&self.all).remove(&self.id);
    }
}

fn locked(set: &Mutex<HashSet<GrantId>>) -> std::sync::MutexGuard<'_, HashSet<GrantId>> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Refreshing ahead of expiry, in the background.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use outlink_model::grant::{backoff, later};
use outlink_model::{GrantId, LinkId, Timestamp};
use outlink_store::DueGrant;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::{Unrefreshed, stands_in_the_way};
use crate::{Engine, Error, clock};

/// Refreshes under way at once. A provider that hangs holds one of these for its time limit and no longer.
const AT_ONCE: usize = 64;
/// Refreshes under way at once of one link: whoever waits for a slow provider, or for a turn at a busy one, leaves the
/// other links their places.
const AT_ONCE_EACH: usize = 16;
/// Grants looked at in one go.
const BATCH: u32 = 256;
/// So long a list of what is due is worked off before the next is read.
const LIST_LASTS: Duration = Duration::from_secs(1);
/// The pause after a list was worked off: more than was on it may be due.
const SHORTEST_SLEEP: Duration = Duration::from_millis(10);
/// The pause where something is due that is under way or cannot be helped at the moment.
const SHORT_SLEEP: Duration = Duration::from_millis(200);
/// The longest sleep: another node, or the command line, may have changed what is due.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
/// How often a grant is looked at again whose link is switched off. Whoever needs a token asks at once all the same.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(15);

impl Engine {
    /// Refreshes what is due until the engine stops.
    pub(crate) async fn keep_fresh(&self) {
        let places: Arc<Places> = Arc::default();
        let (mut waiting, mut listed) = (Vec::new(), Instant::now());
        while !self.0.stopping.is_cancelled() {
            if waiting.is_empty() || listed.elapsed() > LIST_LASTS {
                listed = Instant::now();
                waiting =
                    self.store().due_grants(self.now(), BATCH).await.unwrap_or_else(|error| {
                        tracing::error!(%error, "grants that are due cannot be read");
                        Vec::new()
                    });
            }
            let begun = self.take_up(&mut waiting, &places);
            let crowded = !waiting.is_empty();
            let pause = match (crowded, begun) {
                (true, _) => SHORT_SLEEP,
                (false, true) => SHORTEST_SLEEP,
                (false, false) => self.until_next_due().await,
            };
            tokio::select! {
                () = self.0.stopping.cancelled() => return,
                () = places.freed.notified(), if crowded => {}
                () = self.0.alarm.notified() => waiting.clear(),
                () = sleep(pause) => waiting.clear(),
            }
        }
    }

    /// Begins what there are places for, and leaves the others in the list. Whether anything was begun.
    fn take_up(&self, due: &mut Vec<DueGrant>, places: &Arc<Places>) -> bool {
        let mut begun = false;
        due.retain(|due| match Places::take(places, *due) {
            Place::Full => true,
            Place::UnderWay => false,
            Place::Taken(at_work) => {
                begun = true;
                let engine = self.clone();
                self.spawn(async move {
                    engine.refresh_due(at_work.0.id).await;
                    drop(at_work);
                });
                false
            }
        });
        begun
    }

    async fn until_next_due(&self) -> Duration {
        let next = self.store().next_due().await.ok().flatten();
        // What is due already gives no wait at all.
        let wait = next.map(|at| at.duration_since(self.now()).max(SignedDuration::ZERO));
        let wait = wait.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or(LONGEST_SLEEP);
        wait.clamp(SHORT_SLEEP, LONGEST_SLEEP)
    }

    async fn refresh_due(&self, id: GrantId) {
        let went = async {
            let grant = self.grant_by_id(id).await?;
            // Refreshed since the list was read, or about to be, here or by another node.
            if grant.next_refresh_at.is_none_or(|at| at > self.now()) {
                return Ok(None);
            }
            let link = self.link_by_id(grant.link_id).await?;
            if stands_in_the_way(&link, &grant).is_some() {
                return Ok(Some(later(self.now(), LOOK_AGAIN)));
            }
            if self.stands_against(&grant).await?.is_none() {
                match self.refresh(id, grant.generation).await {
                    Ok(_) => {}
                    Err(Unrefreshed { not_before: Some(at), .. }) => return Ok(Some(at)),
                    Err(failed) => return Err(failed.error),
                }
            }
            Ok::<_, Error>(None)
        };
        match went.await {
            Ok(None) => {}
            Ok(Some(at)) => self.postpone(id, at).await,
            // The provider's refusals stand on the grant, with the time of the next try.
            Err(Error::Problem(problem)) => tracing::debug!(%problem, grant = %id, "not refreshed"),
            Err(Error::Away(why)) => tracing::warn!(why, grant = %id, "not refreshed"),
            Err(Error::Broken(why)) => {
                tracing::error!(why, grant = %id, "not refreshed, for a fault on our side");
                self.postpone(id, later(self.now(), backoff(6, clock::jitter()))).await;
            }
        }
    }

    async fn postpone(&self, id: GrantId, next: Timestamp) {
        if let Err(error) = self.store().postpone_refresh(id, next).await {
            tracing::error!(%error, grant = %id, "it will be tried again at once");
        }
    }
}

/// Refreshes that are under way, and who waits for one to end.
#[derive(Default)]
struct Places {
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Default)]
struct Taken {
    grants: HashSet<GrantId>,
    links: HashMap<LinkId, usize>,
}

enum Place {
    Taken(AtWork),
    /// This very grant is being refreshed.
    UnderWay,
    Full,
}

impl Places {
    fn take(all: &Arc<Self>, due: DueGrant) -> Place {
        let mut taken = all.locked();
        let of_link = taken.links.get(&due.link_id).copied().unwrap_or_default();
        if taken.grants.contains(&due.id) {
            return Place::UnderWay;
        }
        if taken.grants.len() >= AT_ONCE || of_link >= AT_ONCE_EACH {
            return Place::Full;
        }
        taken.grants.insert(due.id);
        taken.links.insert(due.link_id, of_link + 1);
        Place::Taken(AtWork(due, all.clone()))
    }

    fn locked(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A refresh that is under way. Gives its place back however it ends.
struct AtWork(DueGrant, Arc<Places>);

impl Drop for AtWork {
    fn drop(&mut self) {
        let Self(due, places) = self;
        let mut taken = places.locked();
        taken.grants.remove(&due.id);
        if let Some(count) = taken.links.get_mut(&due.link_id) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.links.remove(&due.link_id);
            }
        }
        drop(taken);
        places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_link_takes_its_share_of_the_places_and_gives_them_back() {
        let due = |link: u128, grant: u128| DueGrant {
            id: GrantId(Uuid::from_u128(1000 * link + grant)),
            link_id: LinkId(Uuid::from_u128(link)),
        };
        let places = Arc::default();
        let mut at_work = Vec::new();
        for link in 1..=5 {
            for grant in 0..64 {
                if let Place::Taken(place) = Places::take(&places, due(link, grant)) {
                    at_work.push(place);
                }
            }
        }
        let of = |link: u128| {
            at_work.iter().filter(|place: &&AtWork| place.0.link_id == due(link, 0).link_id).count()
        };
        assert_eq!([1, 2, 3, 4, 5].map(of), [16, 16, 16, 16, 0]);
        assert!(matches!(Places::take(&places, due(1, 3)), Place::UnderWay));
        assert!(matches!(Places::take(&places, due(5, 3)), Place::Full));
        drop(at_work.remove(0));
        assert!(matches!(Places::take(&places, due(2, 63)), Place::Full), "its share is taken");
        assert!(matches!(Places::take(&places, due(5, 3)), Place::Taken(_)));
        drop(at_work);
        assert!(places.locked().links.is_empty() && places.locked().grants.is_empty());
    }
}

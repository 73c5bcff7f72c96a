//! The mail servers that this node holds: the leases on them are extended together, those that were lost are left, and one
//! that shows no sign of life for too long is left as well.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use outlink_model::MailServerId;
use outlink_model::grant::{Actor, Trouble, later};
use outlink_model::mail_server::MailServer;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::LEASE;
use crate::intake::overtaken;
use crate::{Engine, Error};

/// How often the leases are extended: a few times before they would lapse.
const EXTEND_EVERY: Duration = Duration::from_secs(30);

/// How often it is asked whether somebody on another node waits for a server that is held here.
const LOOK_WHO_WAITS: Duration = Duration::from_secs(1);

/// The right to fetch from one mail server, or to send through it.
pub(crate) struct Held {
    pub(crate) server: MailServerId,
    /// Names this one piece of work among all of all nodes.
    pub(crate) holder: String,
    /// Somebody else has it, or an administrator changed the server.
    lost: CancellationToken,
    /// No sign of life came for too long.
    stuck: CancellationToken,
    /// Somebody wants a session that only waits to make room.
    pub(crate) leave: Notify,
    began: Instant,
    /// The last sign of life, in milliseconds since it began.
    beat: AtomicU64,
}

impl Held {
    fn new(server: MailServerId, holder: String) -> Self {
        Self {
            server,
            holder,
            lost: CancellationToken::new(),
            stuck: CancellationToken::new(),
            leave: Notify::new(),
            began: Instant::now(),
            beat: AtomicU64::new(0),
        }
    }

    /// Gives a sign of life.
    pub(crate) fn beat(&self) {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.beat.store(since, Ordering::Relaxed);
    }

    fn silent_for(&self) -> Duration {
        let beat = Duration::from_millis(self.beat.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(beat)
    }

    /// Whether this is no longer to go on.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.is_cancelled() || self.stuck.is_cancelled()
    }

    /// Returns when this is no longer to go on, with why.
    pub(crate) async fn until_lost(&self) -> Trouble {
        tokio::select! {
            () = self.lost.cancelled() => overtaken(),
            () = self.stuck.cancelled() => stuck(),
        }
    }
}

/// What this node holds, by the server.
#[derive(Default)]
pub(crate) struct Holding(Mutex<HashMap<MailServerId, Arc<Held>>>);

impl Holding {
    fn with<T>(&self, act: impl FnOnce(&mut HashMap<MailServerId, Arc<Held>>) -> T) -> T {
        // A panic elsewhere leaves nothing half-done in a map of pointers.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Engine {
    /// Takes the right to fetch from this server, due or not; `None` if somebody has it.
    pub(crate) async fn hold_server(
        &self,
        server: &MailServer,
    ) -> Result<Option<Arc<Held>>, Error> {
        let (now, holder) = (self.now(), self.holder()?);
        if !self.store().claim_server(server.id, &holder, now, later(now, LEASE)).await? {
            return Ok(None);
        }
        Ok(Some(self.note_held(server.id, holder)))
    }

    /// Notes that a server is held, so that its lease is extended.
    pub(crate) fn note_held(&self, server: MailServerId, holder: String) -> Arc<Held> {
        let held = Arc::new(Held::new(server, holder));
        self.0.holding.with(|all| all.insert(server, held.clone()));
        held
    }

    /// Notes that a server is no longer held. To be called when the work on it ends, however it ends.
    pub(super) fn note_given_back(&self, held: &Arc<Held>) {
        self.0.holding.with(|all| {
            if all.get(&held.server).is_some_and(|known| Arc::ptr_eq(known, held)) {
                all.remove(&held.server);
            }
        });
    }

    /// Asks a session of this node that only waits for new mail to make room.
    pub(crate) fn ask_watchers_to_leave(&self, server: MailServerId) {
        if let Some(held) = self.0.holding.with(|all| all.get(&server).cloned()) {
            held.leave.notify_one();
        }
    }

    /// Leaves a server at once, since it was changed: whoever is at it here stops. What has been committed stays.
    pub(crate) fn drop_held(&self, server: MailServerId) {
        if let Some(held) = self.0.holding.with(|all| all.remove(&server)) {
            held.lost.cancel();
        }
    }

    /// Extends the leases until the engine stops, sees to it that what is stuck is left, and that whoever waits for room
    /// finds it.
    pub(crate) async fn keep_holding(&self) {
        let mut extended = Instant::now();
        loop {
            tokio::select! {
                () = self.0.stopping.cancelled() => return,
                () = tokio::time::sleep(LOOK_WHO_WAITS) => {}
            }
            if let Err(error) = self.make_room().await {
                tracing::debug!(%error, "it cannot be read who waits for a mail server");
            }
            if extended.elapsed() < EXTEND_EVERY {
                continue;
            }
            extended = Instant::now();
            let mut all: Vec<Arc<Held>> =
                self.0.holding.with(|all| all.values().cloned().collect());
            let longest = self.longest_silence();
            for held in all.iter().filter(|held| held.silent_for() > longest) {
                tracing::warn!(server = %held.server, "the work on a mail server shows no sign of life and is left");
                held.stuck.cancel();
                // Whatever became of the work on it, its lease is to lapse.
                self.note_given_back(held);
            }
            all.retain(|held| !held.stuck.is_cancelled());
            if let Err(error) = self.extend(&all).await {
                tracing::warn!(%error, "leases on mail servers could not be extended");
            }
        }
    }

    /// Has sessions that only wait for new mail leave where somebody waits for their server, on whatever node. One question
    /// for all that is held here.
    async fn make_room(&self) -> Result<(), Error> {
        if self.0.holding.with(|all| all.is_empty()) {
            return Ok(());
        }
        let wanted = self.store().wanted_holders().await?;
        if wanted.is_empty() {
            return Ok(());
        }
        let all: Vec<Arc<Held>> = self.0.holding.with(|all| all.values().cloned().collect());
        for held in all.iter().filter(|held| wanted.contains(&held.holder)) {
            held.leave.notify_one();
        }
        Ok(())
    }

    async fn extend(&self, all: &[Arc<Held>]) -> Result<(), Error> {
        let named: Vec<_> = all.iter().map(|held| (held.server, held.holder.clone())).collect();
        let kept = self.store().extend_polls(&named, later(self.now(), LEASE)).await?;
        for held in all.iter().filter(|held| !kept.contains(&held.server)) {
            held.lost.cancel();
        }
        Ok(())
    }

    /// Every remote call has its own limit, so this is for what nobody thought of.
    fn longest_silence(&self) -> Duration {
        let limits = self.0.settings.limits;
        limits.mail_batch * 2 + limits.mail_read * 4
    }
}

fn stuck() -> Trouble {
    Trouble {
        actor: Actor::Nobody,
        reason: "The work on this mail server showed no sign of life for too long and was left.".to_owned(),
        hint: "It is tried again. If it stays so, ask the mail server's operator what it does meanwhile.".to_owned(),
        provider_error: None,
    }
}

//! Holding a grant while its tokens are changed by other means than a refresh. Keeps **One refresh at a time**: whoever
//! gives tokens back, or puts older ones back, must not meet an answer that is under way.

use outlink_model::GrantId;
use outlink_model::grant::{Grant, Trouble, later};
use outlink_store::{Claim, Error as StoreError, FailedRefresh};
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, sleep};

use super::{LEASE, LOOK_AGAIN};
use crate::{Engine, Error};

/// The place at the head of the line of those who want a grant refreshed.
type InTurn = OwnedMutexGuard<Option<(Instant, Trouble)>>;

/// A grant that nobody else refreshes for the time of a lease.
pub(crate) struct Held {
    /// As it stands.
    pub(crate) grant: Grant,
    holder: String,
    /// Whether a call before was lost on its way, so that the next refresh is its second try.
    unanswered: bool,
    in_turn: InTurn,
}

impl Engine {
    /// Waits until no refresh of the grant is under way, and keeps others from beginning one.
    pub(crate) async fn hold(&self, id: GrantId) -> Result<Held, Error> {
        let mut in_turn = self.0.refreshing.lane(id).lock_owned().await;
        loop {
            let grant = self.grant_by_id(id).await?;
            let (now, holder) = (self.now(), self.holder()?);
            let until = later(now, LEASE);
            let claim =
                self.store().claim_refresh(id, grant.generation, &holder, now, until).await?;
            match claim {
                Claim::Won { previous_intent } => {
                    let unanswered = previous_intent.is_some();
                    let held = Held { grant, holder, unanswered, in_turn };
                    if self.outlasts_a_call(until) {
                        return Ok(held);
                    }
                    in_turn = held.let_go(self).await?;
                }
                Claim::Held { .. } => sleep(LOOK_AGAIN).await,
                Claim::Stale => {}
            }
        }
    }
}

impl Held {
    /// Lets go of the grant as it was.
    pub(crate) async fn release(self, engine: &Engine) -> Result<(), Error> {
        self.let_go(engine).await.map(drop)
    }

    async fn let_go(self, engine: &Engine) -> Result<InTurn, Error> {
        let Self { grant, holder, .. } = &self;
        // Nothing was asked with the refresh token: the intent that the claim has written is void, unless it took the
        // place of one whose answer never came.
        let failed = FailedRefresh {
            holder,
            state: &grant.state,
            next_refresh_at: grant.next_refresh_at,
            clear_intent: !self.unanswered,
        };
        let now = engine.now();
        match engine.store().fail_refresh(grant.id, grant.generation, &failed, now, None).await {
            Ok(()) | Err(StoreError::Stale) => Ok(self.in_turn),
            Err(error) => Err(error.into()),
        }
    }
}

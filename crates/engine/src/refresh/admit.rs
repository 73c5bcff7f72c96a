//! Whether the provider may be asked now. Keeps **A link's fault stays on the link** for every caller that is not a
//! person: the background, a mailbox that needs a token, and one whose token was refused.

use outlink_model::grant::{Grant, Trouble, backoff, later};
use outlink_model::link::{Link, LinkHealth};

use super::LEASE;
use crate::{Engine, Error, clock};

impl Engine {
    /// What stands against asking for this grant now: it failed a moment ago and the time of its next try has not
    /// come, or its link is marked. `None` is leave to ask; while the link is marked, it is given to one caller alone,
    /// who must ask.
    pub(crate) async fn stands_against(&self, grant: &Grant) -> Result<Option<Trouble>, Error> {
        // A call that is under way is worth waiting for, whatever went before.
        let under_way = grant.intent.is_some_and(|intent| self.now() < later(intent.at, LEASE));
        if let (Some(trouble), Some(next)) = (grant.state.trouble(), grant.next_refresh_at)
            && self.now() < next
            && !under_way
        {
            return Ok(Some(trouble.clone()));
        }
        if !grant.renewable || !grant.state.may_refresh() {
            // Nothing will be asked: the grant itself says why not, and no probe is spent on that.
            return Ok(None);
        }
        let link = self.link_by_id(grant.link_id).await?;
        let probes = self.claim_probe(&link).await?;
        Ok(match link.health {
            LinkHealth::Marked { trouble, .. } if !probes => Some(trouble),
            LinkHealth::Healthy | LinkHealth::Marked { .. } => None,
        })
    }

    /// Whether this caller is the one that probes a marked link: whoever moves the time of the next probe first is, and
    /// nobody else.
    async fn claim_probe(&self, link: &Link) -> Result<bool, Error> {
        let LinkHealth::Marked { failures, probe_at, .. } = &link.health else {
            return Ok(false);
        };
        let now = self.now();
        if now < *probe_at {
            return Ok(false);
        }
        let next = later(now, backoff(failures.saturating_add(3), clock::jitter()));
        Ok(self.store().claim_probe(link.id, *probe_at, next).await?)
    }
}

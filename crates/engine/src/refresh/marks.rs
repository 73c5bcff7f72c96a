//! What is told and marked after a refresh: events on a change of state, and the mark on a link that is refused.

use outlink_model::event::Event;
use outlink_model::grant::{Actor, Failure, FailureClass, Grant, GrantState, backoff, later};
use outlink_model::link::{Link, LinkHealth};
use outlink_model::{GrantId, Timestamp};

use super::Call;
use crate::grants::grant_name;
use crate::{Engine, Error, clock};

impl Engine {
    /// Whether another grant of the same link is refused in the same way, so that it is the link's fault. Keeps **A link's
    /// fault stays on the link**.
    pub(super) async fn blames_link(&self, call: &Call, failure: &Failure) -> Result<bool, Error> {
        // Nobody looks at the others first: a link may have very many, and a provider that is away fails them all.
        if !failure.may_be_link || failure.class != FailureClass::Blocked {
            return Ok(false);
        }
        let (link, grant) = (call.link.id, call.grant.id);
        Ok(self.store().another_is_refused_alike(link, grant, &failure.trouble.reason).await?)
    }

    /// Marks a link whose client the provider refuses; when it is probed next. `link` is as the call was made with it: many
    /// calls that fail at the same time mark it once, and one that was made before an edit says nothing about the link
    /// that it has become.
    pub(super) async fn mark_link(
        &self,
        link: &Link,
        failure: &Failure,
    ) -> Result<Timestamp, Error> {
        let failures = match &link.health {
            LinkHealth::Healthy => 1,
            LinkHealth::Marked { failures, .. } => failures.saturating_add(1),
        };
        let now = self.now();
        let probe_at = later(now, backoff(failures.saturating_add(2), clock::jitter()));
        let trouble = failure.trouble.clone();
        let health = LinkHealth::Marked { trouble: trouble.clone(), failures, probe_at };
        let event = (failures == 1).then(|| Event {
            kind: "link.failing".into(),
            subject: format!("link {}", link.name),
            state: Some("marked".into()),
            message: trouble.reason,
            hint: trouble.hint,
            ..self.health_event(trouble.actor)
        });
        if self.store().mark_link(link, &health, event.as_ref()).await? {
            event.iter().for_each(|event| self.recorded(event));
            return Ok(probe_at);
        }
        Ok(match self.link_by_id(link.id).await?.health {
            LinkHealth::Marked { probe_at, .. } => probe_at,
            LinkHealth::Healthy => later(now, backoff(1, clock::jitter())),
        })
    }

    /// A link whose client the provider has just accepted is well again.
    pub(crate) async fn heal_link(&self, link: &Link) {
        if link.health == LinkHealth::Healthy {
            return;
        }
        let event = Event {
            kind: "link.recovered".into(),
            subject: format!("link {}", link.name),
            state: Some("healthy".into()),
            message: format!("The provider accepts the link {} again.", link.name),
            ..self.health_event(Actor::Nobody)
        };
        match self.store().heal_link(link.id, &event).await {
            Ok(true) => self.recorded(&event),
            // Others were served at the same time, and one has said so.
            Ok(false) => return,
            Err(error) => {
                tracing::error!(%error, link = link.name, "the link's recovery could not be kept");
            }
        }
        self.0.alarm.notify_waiters();
    }

    /// The event of a change of state, where it is one: one per change, not one per attempt. Written with the change
    /// itself, so that neither stands without the other.
    pub(crate) fn change(&self, before: &Grant, after: &GrantState) -> Option<Event> {
        let state = after.name();
        if before.state.name() == state || is_being_made(before) {
            return None;
        }
        let name = grant_name(before);
        let trouble = after.trouble();
        let message = match (after, trouble) {
            (GrantState::Active, _) => format!("The grant of {name} works again."),
            (_, Some(trouble)) => format!("The grant of {name}: {}", trouble.reason),
            (_, None) => format!("The grant of {name} was given back."),
        };
        Some(Event {
            kind: format!("grant.{state}"),
            subject: format!("grant {name}"),
            state: Some(state.to_string()),
            message,
            hint: trouble.map(|trouble| trouble.hint.clone()).unwrap_or_default(),
            ..self.health_event(trouble.map_or(Actor::Nobody, |trouble| trouble.actor))
        })
    }

    /// Wakes what waits for a grant that works again.
    pub(crate) async fn wake(&self, id: GrantId) {
        if let Err(error) = self.store().wake_mail_servers(id, self.now()).await {
            tracing::error!(%error, "mail servers of a recovered grant could not be woken");
        }
        self.0.alarm.notify_waiters();
    }
}

/// Whether a grant waits for its very first tokens. If they are refused, whoever makes it is told, and it is taken away
/// again: there is no change to tell others of.
fn is_being_made(grant: &Grant) -> bool {
    grant.generation == 1
        && grant.expires_at == grant.created_at
        && grant.state == GrantState::Active
}

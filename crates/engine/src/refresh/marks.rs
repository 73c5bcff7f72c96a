//! What is told and marked after a refresh: events on a change of state, and the mark on a link that is refused.

use outlink_model::Timestamp;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, Failure, Grant, GrantState, backoff, blames_link, later};
use outlink_model::link::{Link, LinkHealth};

use super::Call;
use crate::grants::grant_name;
use crate::{Engine, Error, clock};

impl Engine {
    /// Whether another grant of the same link is refused in the same way, so that it is the link's fault.
    pub(super) async fn blames_link(&self, call: &Call, failure: &Failure) -> Result<bool, Error> {
        let mut others = self.store().grants_of_link(call.link.id).await?;
        others.retain(|other| other.id != call.grant.id);
        Ok(blames_link(failure, &others))
    }

    /// Marks a link whose client the provider refuses; when it is probed next.
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
        self.store().set_link_health(link.id, &health).await?;
        if failures == 1 {
            self.record(Event {
                kind: "link.failing".into(),
                subject: format!("link {}", link.name),
                state: Some("marked".into()),
                message: trouble.reason,
                hint: trouble.hint,
                ..self.event(trouble.actor)
            })
            .await;
        }
        Ok(probe_at)
    }

    /// A link whose client the provider has just accepted is well again.
    pub(crate) async fn heal_link(&self, link: &Link) {
        if link.health == LinkHealth::Healthy {
            return;
        }
        if let Err(error) = self.store().set_link_health(link.id, &LinkHealth::Healthy).await {
            tracing::error!(%error, link = link.name, "the link's recovery could not be kept");
        }
        self.record(Event {
            kind: "link.recovered".into(),
            subject: format!("link {}", link.name),
            state: Some("healthy".into()),
            message: format!("The provider accepts the link {} again.", link.name),
            ..self.event(Actor::Nobody)
        })
        .await;
        self.0.alarm.notify_waiters();
    }

    /// One event per change of state, not one per attempt.
    pub(super) async fn tell_change(&self, before: &Grant, after: &Grant) {
        let state = after.state.name();
        if before.state.name() == state {
            return;
        }
        let name = grant_name(after);
        let trouble = after.state.trouble();
        let message = match (&after.state, trouble) {
            (GrantState::Active, _) => format!("The grant of {name} works again."),
            (_, Some(trouble)) => format!("The grant of {name}: {}", trouble.reason),
            (_, None) => format!("The grant of {name} was given back."),
        };
        self.record(Event {
            kind: format!("grant.{state}"),
            subject: format!("grant {name}"),
            state: Some(state.to_string()),
            message,
            hint: trouble.map(|trouble| trouble.hint.clone()).unwrap_or_default(),
            ..self.event(trouble.map_or(Actor::Nobody, |trouble| trouble.actor))
        })
        .await;
        if after.state == GrantState::Active {
            if let Err(error) = self.store().wake_mail_servers(after.id, self.now()).await {
                tracing::error!(%error, "mail servers of a recovered grant could not be woken");
            }
            self.0.alarm.notify_waiters();
        }
    }
}

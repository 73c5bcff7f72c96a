//! Watching the ends of client secrets: an administrator is told in time, once for each step.

use std::time::Duration;

use jiff::SignedDuration;
use outlink_model::Timestamp;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, later};
use outlink_model::link::{GrantType, Link, SECRET_WARNINGS, secret_warning};
use outlink_model::provider::ProviderKind;
use outlink_store::EndingSecret;

use crate::{Engine, Error};

const EVERY: Duration = Duration::from_secs(3600);
const DAY: i64 = 86_400;

impl Engine {
    /// Looks at the ends of client secrets until the engine stops.
    pub(crate) async fn keep_watch_on_secrets(&self) {
        loop {
            self.look_at_secrets().await;
            tokio::select! {
                () = self.0.stopping.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Gives each warning about the end of a secret that is due and was not given yet.
    pub(crate) async fn look_at_secrets(&self) {
        if let Err(error) = self.warn_of_secrets().await {
            tracing::warn!(%error, "the ends of client secrets could not be looked at");
        }
    }

    async fn warn_of_secrets(&self) -> Result<(), Error> {
        let now = self.now();
        let days = SECRET_WARNINGS.into_iter().max().unwrap_or_default();
        let before = later(now, SignedDuration::from_hours(24 * days));
        let mut warned = false;
        for ending in self.store().secrets_that_end(before).await? {
            let Some(days) = secret_warning(ending.expires_at, ending.warned, now) else {
                continue;
            };
            let Some(link) = self.store().link(ending.link_id).await? else { continue };
            let event = Event {
                kind: "link.secret_ends".into(),
                subject: format!("link {}", link.name),
                ..words(&link, &ending, now, self.health_event(Actor::LinkAdministrator))
            };
            // On several nodes each looks, and one of them tells.
            if self.store().warn_secret(ending.id, ending.warned, days, &event).await? {
                self.recorded(&event);
                warned = true;
            }
        }
        if warned {
            self.0.alarm.notify_waiters();
        }
        Ok(())
    }
}

/// What is said about the end of a secret.
fn words(link: &Link, ending: &EndingSecret, now: Timestamp, event: Event) -> Event {
    let name = &link.name;
    let (tense, date) = tense(ending.expires_at, now);
    let left = match ending.expires_at.duration_since(now).as_secs() {
        ..=0 => String::new(),
        // A day that has begun counts: nobody has more time than they are told.
        secs => match (secs + DAY - 1) / DAY {
            1 => ", within a day".to_owned(),
            days => format!(", in {days} days"),
        },
    };
    let in_use = link.client_secrets.first().is_none_or(|first| first.id == ending.id);
    if in_use {
        let of_google = link.provider == ProviderKind::Google;
        let flag = match super::secrets::signs(link) {
            true if of_google && link.grant_type == GrantType::JwtBearer => {
                "--service-account-file"
            }
            true => "--private-key-file",
            false => "--client-secret-file",
        };
        return Event {
            message: format!("The client secret of the link {name} {tense} on {date}{left}."),
            hint: format!(
                "Make a new one at the provider and add it; no consent is lost by that: outlink link edit {name:?} \
                 {flag} FILE --add"
            ),
            ..event
        };
    }
    Event {
        message: format!(
            "The second client secret of the link {name} {tense} on {date}{left}. The first one is used before it."
        ),
        hint: "Once the provider has accepted the first one, nothing is to be done.".into(),
        ..event
    }
}

/// Whether something ends or has ended, and the day.
pub(super) fn tense(ends: Timestamp, now: Timestamp) -> (&'static str, String) {
    let date = ends.strftime("%Y-%m-%d").to_string();
    (if ends > now { "ends" } else { "has ended" }, date)
}

//! Calls to providers in which we prove that we are the client. Whatever asks again and again waits for its turn first;
//! a link with two client secrets falls back on the other one when the first is refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use outlink_model::Timestamp;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, Failure, FailureClass, Trouble, later};
use outlink_model::link::Link;
use outlink_oauth::{self as oauth, Fresh, Request, Response};
use outlink_store::{Calls, Reserved};
use tokio::time::{Instant, sleep};

use crate::http::NoAnswer;
use crate::refresh::Unrefreshed;
use crate::{Engine, Error, clock};

/// After a time of rest, so many seconds' worth of calls may go out at once.
const BURST_SECONDS: u32 = 2;
/// Calls that a node asks the store for at once: one write serves so many.
const BATCH: u32 = 10;
/// A batch that was not used up within this time is over: its turns belong to others by then.
const BATCH_LASTS: SignedDuration = SignedDuration::from_secs(1);
/// The longest wait for a turn. Whoever would wait longer is told when to come back.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(5);
/// Over so many seconds those are spread who are told to come back at the same time.
const SPREAD: f64 = 5.0;
/// With less time than this a second client secret is not tried.
const LEAST: Duration = Duration::from_millis(500);
/// The longest rest that a provider's `Retry-After` is granted for all its grants.
const LONGEST_REST: SignedDuration = SignedDuration::from_mins(15);

/// The turns that this node has been given, for each provider's host.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<String, Arc<tokio::sync::Mutex<Batch>>>>);

/// Turns that lie one interval apart.
#[derive(Default)]
struct Batch {
    next: Timestamp,
    left: u32,
}

/// What came of a call.
pub(crate) enum Called {
    /// The provider answered.
    Answered(Response),
    /// No answer reached us; the provider may have acted all the same.
    Lost(Failure),
    /// Nothing was sent.
    Unsent(Failure),
}

impl Called {
    /// The answer, for callers to whom it is all the same why there is none.
    pub(crate) fn answer(self) -> Result<Response, Failure> {
        match self {
            Self::Answered(response) => Ok(response),
            Self::Lost(failure) | Self::Unsent(failure) => Err(failure),
        }
    }
}

/// There is no turn within the time that is worth waiting.
pub(crate) struct NotYet {
    /// When to come back.
    pub(crate) at: Timestamp,
    pub(crate) trouble: Trouble,
}

impl Engine {
    /// Waits until the provider of this link may be asked once more. Keeps the provider's patience over all nodes: a
    /// hundred grants that come due together go out one after the other.
    pub(crate) async fn turn(&self, link: &Link) -> Result<(), NotYet> {
        let host = host_of(&link.token_endpoint);
        let at = match self.next_turn(&host).await {
            Ok(Reserved::From(at)) => at,
            Ok(Reserved::NotBefore(at)) => {
                // Not all at the same moment.
                let spread = SignedDuration::from_secs_f64(SPREAD * clock::jitter());
                return Err(NotYet { at: later(at, spread), trouble: resting(&host, at) });
            }
            Err(error) => {
                // The limit is a courtesy; a store that cannot count does not cost anybody their grant.
                tracing::warn!(%error, "turns at a provider could not be counted");
                return Ok(());
            }
        };
        if let Ok(wait) = Duration::try_from(at.duration_since(self.now())) {
            sleep(wait).await;
        }
        Ok(())
    }

    /// The next turn at this host. One that lies further ahead than anybody waits is not taken: it would be nobody's, and
    /// move everybody else's further away.
    async fn next_turn(&self, host: &str) -> Result<Reserved, Error> {
        let per_second = self.0.settings.limits.provider_calls_per_second.max(1);
        let interval = SignedDuration::from_secs(1) / i32::try_from(per_second).unwrap_or(i32::MAX);
        let burst = per_second.saturating_mul(BURST_SECONDS);
        let batch = {
            let mut all = self.0.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(host.to_owned()).or_default().clone()
        };
        let mut batch = batch.lock().await;
        let now = self.now();
        if batch.left == 0 || later(batch.next, BATCH_LASTS) < now {
            let calls = Calls { interval, burst, count: BATCH, patience: LONGEST_WAIT };
            match self.store().reserve_calls(host, now, calls).await? {
                Reserved::From(next) => *batch = Batch { next, left: BATCH },
                later @ Reserved::NotBefore(_) => return Ok(later),
            }
        }
        let at = batch.next;
        *batch = Batch { next: later(at, interval), left: batch.left - 1 };
        Ok(Reserved::From(at))
    }

    /// Lets a provider rest that has asked us to wait.
    pub(crate) async fn rest(&self, link: &Link, asked: SignedDuration) {
        let until = later(self.now(), asked.min(LONGEST_REST));
        let host = host_of(&link.token_endpoint);
        let batch = {
            let all = self.0.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.get(&host).cloned()
        };
        if let Some(batch) = batch {
            batch.lock().await.left = 0;
        }
        if let Err(error) = self.store().pause_calls(&host, until).await {
            tracing::warn!(%error, "that a provider wants to rest could not be kept");
        }
    }

    /// Sends a request in which we prove that we are the client. Where the link has two client secrets and the first is
    /// refused, the other one is tried at once; it stays the first from then on if it is accepted, so that a secret can
    /// be changed at the provider before or after it is changed here.
    ///
    /// Both calls together have the time of one, since the lease on a refresh is no longer.
    pub(crate) async fn call_as_client(
        &self,
        link: &Link,
        build: impl Fn(&Link, &Fresh) -> Result<Request, Failure>,
    ) -> Called {
        let begun = Instant::now();
        let first = match self.call_once(link, &build, self.0.http.limit()).await {
            Called::Answered(response) => response,
            unanswered => return unanswered,
        };
        let left = self.0.http.limit().saturating_sub(begun.elapsed());
        let refused = oauth::is_client_refused(link.provider, &first) && left > LEAST;
        let [_, _] = link.client_secrets.as_slice() else { return Called::Answered(first) };
        if !refused {
            return Called::Answered(first);
        }
        let mut turned = link.clone();
        turned.client_secrets.reverse();
        match self.call_once(&turned, &build, left).await {
            Called::Answered(second) if !oauth::is_client_refused(link.provider, &second) => {
                // Not waited for: the answer may be the only copy of a refresh token, and goes first.
                let (engine, link) = (self.clone(), link.clone());
                self.spawn(async move { engine.prefer(&link, &first).await });
                Called::Answered(second)
            }
            // Both are refused: what was said of the first is as good as what was said of the second.
            Called::Answered(_) | Called::Unsent(_) => Called::Answered(first),
            lost @ Called::Lost(_) => lost,
        }
    }

    async fn call_once(
        &self,
        link: &Link,
        build: impl Fn(&Link, &Fresh) -> Result<Request, Failure>,
        limit: Duration,
    ) -> Called {
        let fresh = match self.fresh() {
            Ok(fresh) => fresh,
            Err(error) => {
                let trouble = *Unrefreshed::from(error).trouble;
                return Called::Unsent(Failure::new(FailureClass::Passing, trouble));
            }
        };
        let request = match build(link, &fresh) {
            Ok(request) => request,
            Err(failure) => return Called::Unsent(failure),
        };
        match self.0.http.send_within(&request, limit).await {
            Ok(response) => Called::Answered(response),
            Err(NoAnswer { trouble, sent }) => {
                let failure = Failure::new(FailureClass::Passing, trouble);
                if sent { Called::Lost(failure) } else { Called::Unsent(failure) }
            }
        }
    }

    fn fresh(&self) -> Result<Fresh, Error> {
        Ok(Fresh { now: self.now(), jti: clock::random_text()?.expose().to_owned() })
    }

    /// Writes that the second of a link's two secrets was accepted and the first was not.
    async fn prefer(&self, link: &Link, answer: &Response) {
        let [refused, accepted] = link.client_secrets.as_slice() else { return };
        let failure = oauth::parse_token_response(link.provider, answer, self.now()).err();
        let secrets: Vec<_> = link.secrets().collect();
        let said = failure.map(|failure| oauth::without_secrets(failure, &secrets).trouble.reason);
        let now = self.now();
        let kept = self.store().prefer_client_secret(link.id, accepted.id, refused.id, now).await;
        match kept {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::error!(%error, link = link.name, "which secret works could not be kept");
                return;
            }
        }
        self.record(Event {
            kind: "link.secret_refused".into(),
            subject: format!("link {}", link.name),
            message: format!(
                "The provider refuses one of the two client secrets of the link {} and accepts the other, which is \
                 used from now on. {}",
                link.name,
                said.unwrap_or_default()
            ),
            hint: format!(
                "If it was replaced on purpose, nothing is to be done. Otherwise make a new one at the provider and \
                 add it: outlink link edit {:?} --client-secret-file FILE --add",
                link.name
            ),
            ..self.health_event(Actor::LinkAdministrator)
        })
        .await;
    }
}

/// What is said where a request needs an endpoint that the link does not name.
pub(crate) fn not_named(link: &Link, which: &str) -> Failure {
    let trouble = Trouble {
        actor: Actor::LinkAdministrator,
        reason: format!("The link {} names no {which} endpoint.", link.name),
        hint: "Enter the one that the provider documents.".into(),
        provider_error: None,
    };
    Failure::new(FailureClass::Link, trouble)
}

fn host_of(endpoint: &str) -> String {
    let url = url::Url::parse(endpoint).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

fn resting(host: &str, at: Timestamp) -> Trouble {
    Trouble {
        actor: Actor::Nobody,
        reason: format!(
            "{host} is not asked before {at}: it wants to rest, or too many calls wait for it."
        ),
        hint: "It is tried again by itself.".into(),
        provider_error: None,
    }
}

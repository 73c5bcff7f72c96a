//! Fetching mail in the background, each mail server as a task of its own. Keeps the invariant **One slow mailbox holds
//! nobody else**.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use outlink_model::event::Event;
use outlink_model::grant::{Actor, Trouble, backoff, later};
use outlink_model::mail_server::{Connection, Direction, MailServer, ServerHealth};
use outlink_store::Poll;

use crate::intake::{Done, Failed, Fetched};
use crate::{Engine, Error, clock};

mod held;
mod watch;

pub(crate) use held::{Held, Holding};
use watch::Watched;

/// What follows a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The session stays open, and the server held.
    Stay,
    /// The server is given back, for a session that stays open to be begun soon.
    Watch,
    /// The server is given back until its next poll.
    Wait,
}

/// How long the right to fetch from a server is held without a sign of life.
pub(crate) const LEASE: SignedDuration = SignedDuration::from_secs(120);
/// Fetches under way at once. A server that hangs holds one of these until its time limit; one that waits to be told of
/// new mail holds none.
pub(crate) const AT_ONCE: usize = 256;
/// How often it is looked whether a server is due.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Between two connections that are opened: a thousand mailboxes are not all called in the same instant.
const PACE: Duration = Duration::from_millis(10);
/// A session that ends sooner than this by itself is not followed by the next at once.
const SHORT: Duration = Duration::from_secs(60);
/// Before the wait for new mail goes on after a fetch that somebody asked for. Not at once, so that whoever fetches a few
/// times in a row is told what each fetch brought.
const AFTER_A_FETCH: SignedDuration = SignedDuration::from_secs(10);
/// A server that says sooner than this that the token has ended may say so of every one.
const AT_ONCE_OVER: Duration = Duration::from_secs(2);
/// Before a session that ended by itself is followed by the next.
const RECONNECT: SignedDuration = SignedDuration::from_secs(2);

impl Engine {
    /// Fetches from every server that is due until the engine stops.
    pub(crate) async fn keep_polling(&self) {
        // What is given back at a stop is due again at once, and is for others to take.
        while !self.0.stopping.is_cancelled() {
            if let Ok(turn) = self.0.fetching.clone().try_acquire_owned() {
                match self.claim_due().await {
                    Ok(Some((server, held))) => {
                        let engine = self.clone();
                        self.spawn(async move { engine.fetch_and_watch(server, held, turn).await });
                        tokio::time::sleep(PACE).await;
                        continue;
                    }
                    Ok(None) => {}
                    Err(error) => {
                        tracing::error!(%error, "mail servers that are due cannot be read")
                    }
                }
            }
            tokio::select! {
                () = self.0.stopping.cancelled() => return,
                () = self.0.alarm.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    async fn claim_due(&self) -> Result<Option<(MailServer, Arc<Held>)>, Error> {
        let (now, holder) = (self.now(), self.holder()?);
        let due = self.store().claim_poll(now, &holder, later(now, LEASE)).await?;
        Ok(due.map(|server| {
            let held = self.note_held(server.id, holder);
            (server, held)
        }))
    }

    /// Fetches from a server, and stays connected where the server tells of new mail.
    async fn fetch_and_watch(
        &self,
        server: MailServer,
        held: Arc<Held>,
        turn: tokio::sync::OwnedSemaphorePermit,
    ) {
        // A fetch takes much more memory than waiting does, so that it is not to be part of a task that mostly waits.
        match Box::pin(self.fetch_while_held(&server, &held)).await {
            Ok(Done { fetched, note, session: Some(mut session) }) => {
                let stays = self.can_watch(&server, &mut session).await;
                let then = if stays { Then::Stay } else { Then::Wait };
                let still = self.keep_health(&server, &held, Ok((&fetched, note)), then).await;
                drop(turn);
                if !(stays && still) {
                    session.leave().await;
                    if stays {
                        // How it went could not be kept. The right to fetch from there is not to be extended for ever.
                        self.give_server_back_until(&held, RECONNECT).await;
                    }
                    return;
                }
                let server = MailServer { health: ServerHealth::default(), ..server };
                let began = Instant::now();
                let watched = Box::pin(self.watch(&server, &held, session)).await;
                self.after_watching(&server, &held, &watched, began.elapsed()).await;
            }
            Ok(Done { fetched, note, session: None }) => {
                self.keep_health(&server, &held, Ok((&fetched, note)), Then::Wait).await;
            }
            Err(failed) if failed.is_over && !self.0.stopping.is_cancelled() => {
                // It came to its end before anything went wrong; but one that always does is not to be called without end.
                let wait = SignedDuration::from_secs(i64::from(server.poll_seconds));
                self.give_server_back_until(&held, wait).await;
            }
            Err(failed) if failed.is_over => self.give_server_back(&held).await,
            Err(failed) => {
                self.keep_health(&server, &held, Err(&failed), Then::Wait).await;
            }
        }
    }

    async fn after_watching(
        &self,
        server: &MailServer,
        held: &Arc<Held>,
        watched: &Watched,
        lasted: Duration,
    ) {
        let interval = SignedDuration::from_secs(i64::from(server.poll_seconds));
        let wait = match watched {
            Watched::Over if lasted < SHORT => interval,
            Watched::Expired if lasted < AT_ONCE_OVER => RECONNECT * 3,
            Watched::Over | Watched::Expired => RECONNECT.mul_f64(1.0 + clock::jitter()),
            Watched::NotOffered => interval,
            // Whoever asked for room is to find it.
            Watched::Left => SignedDuration::from_secs(5),
            Watched::Failed => return,
        };
        self.give_server_back_until(held, wait).await;
    }

    /// Keeps how a fetch or a session of sending went, tells of a change, and gives the server back or keeps it. Of a
    /// server that somebody else holds by now, nothing is said; false then.
    pub(crate) async fn keep_health(
        &self,
        server: &MailServer,
        held: &Arc<Held>,
        went: Result<(&Fetched, Option<String>), &Failed>,
        then: Then,
    ) -> bool {
        if then != Then::Stay {
            self.note_given_back(held);
        }
        let now = self.now();
        let failed = went.as_ref().err();
        let trouble = failed.map(|failed| &failed.trouble);
        let spares = failed.is_some_and(|failed| failed.is_ours || failed.is_partial);
        let before = &server.health;
        let health = match &went {
            Ok((_, note)) => {
                ServerHealth { ok_at: Some(now), note: note.clone(), ..ServerHealth::default() }
            }
            Err(failed) => ServerHealth {
                ok_at: before.ok_at,
                trouble: Some(failed.trouble.clone()),
                failing_since: before.failing_since.or(Some(now)),
                // These say how the mail server fares; what is wrong here makes none of its messages suspect.
                failures: before.failures.saturating_add(u32::from(!spares)),
                note: before.note.clone(),
            },
        };
        let interval = match server.direction {
            // What is to be sent waits for nothing but trouble.
            Direction::Outgoing if failed.is_none() => SignedDuration::ZERO,
            _ => SignedDuration::from_secs(i64::from(server.poll_seconds)),
        };
        let wait = match health.failures {
            0 if then == Then::Watch => interval.min(AFTER_A_FETCH),
            0 => interval,
            failures => interval.max(backoff(failures, clock::jitter())),
        };
        let asked = failed.and_then(|failed| failed.retry_after);
        let asked = asked.and_then(|asked| SignedDuration::try_from(asked).ok());
        let next = later(now, wait.max(asked.unwrap_or_default()));
        let messages = went.as_ref().map_or(0, |(fetched, _)| fetched.fetched);
        let poll = Poll {
            next_poll_at: (then != Then::Stay).then_some(next),
            connection: Connection {
                id: clock::id(),
                mail_server_id: server.id,
                began_at: now,
                last_at: now,
                trouble: trouble.cloned(),
                polls: 1,
                messages,
            },
            health,
        };
        match self.store().finish_poll(server.id, &held.holder, &poll).await {
            Ok(true) => {
                self.tell_server_change(server, trouble).await;
                true
            }
            Ok(false) => false,
            Err(error) => {
                tracing::error!(%error, server = server.name, "how a fetch or a session of sending went could not be kept");
                false
            }
        }
    }

    /// Gives a server back in the middle of a fetch, to be fetched from again at once by whoever can.
    pub(crate) async fn give_server_back(&self, held: &Arc<Held>) {
        self.give_server_back_until(held, SignedDuration::ZERO).await;
    }

    pub(crate) async fn give_server_back_until(&self, held: &Arc<Held>, wait: SignedDuration) {
        self.note_given_back(held);
        let next = later(self.now(), wait);
        if let Err(error) = self.store().release_poll(held.server, &held.holder, next).await {
            tracing::error!(%error, server = %held.server, "a mail server could not be given back");
        }
    }

    async fn tell_server_change(&self, server: &MailServer, trouble: Option<&Trouble>) {
        let subject = format!("mail server {}", server.name);
        match (server.health.trouble.is_some(), trouble) {
            (false, Some(trouble)) => {
                self.record(Event {
                    kind: "mail_server.failing".into(),
                    subject,
                    state: Some("failing".into()),
                    message: trouble.reason.clone(),
                    hint: trouble.hint.clone(),
                    ..self.health_event(trouble.actor)
                })
                .await;
            }
            (true, None) => {
                self.record(Event {
                    kind: "mail_server.recovered".into(),
                    subject,
                    state: Some("connected".into()),
                    message: match server.direction {
                        Direction::Incoming => {
                            format!("Mail is fetched from {} again.", server.name)
                        }
                        Direction::Outgoing => {
                            format!("Mail is sent through {} again.", server.name)
                        }
                    },
                    ..self.health_event(Actor::Nobody)
                })
                .await;
            }
            (false, None) | (true, Some(_)) => {}
        }
    }
}

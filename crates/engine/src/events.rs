//! Events: the record of who did what, and of what went wrong.

use outlink_model::event::{Event, EventClass};
use outlink_model::grant::Actor;

use crate::{Engine, Error, Listed, Page, clock};

impl Engine {
    /// The events, newest first; of one class, if one is named.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn events(
        &self,
        page: Page,
        class: Option<EventClass>,
    ) -> Result<Listed<Event>, Error> {
        Ok(self.store().events(&page, class).await?)
    }

    /// An event of now, to be filled in: who did what.
    pub(crate) fn event(&self, actor: Actor) -> Event {
        self.event_of(EventClass::Audit, actor)
    }

    /// An event of now, to be filled in: what went wrong or well again. It goes to the webhooks, so there is one for
    /// each change of state, and none for an attempt.
    pub(crate) fn health_event(&self, actor: Actor) -> Event {
        self.event_of(EventClass::Health, actor)
    }

    fn event_of(&self, class: EventClass, actor: Actor) -> Event {
        Event {
            id: clock::id(),
            at: self.now(),
            class,
            kind: String::new(),
            subject: String::new(),
            state: None,
            actor,
            message: String::new(),
            hint: String::new(),
        }
    }

    /// Keeps an event. What it tells of has happened already, so a failure here is logged and goes no further.
    pub(crate) async fn record(&self, event: Event) {
        if let Err(error) = self.store().add_event(&event).await {
            tracing::error!(%error, kind = event.kind, "an event could not be recorded");
        }
        self.recorded(&event);
    }

    /// Passes on an event that the store has: whoever writes one together with what it tells of calls this after the
    /// commit.
    pub(crate) fn recorded(&self, event: &Event) {
        tracing::info!(kind = event.kind, subject = event.subject, "{}", event.message);
        if event.class == EventClass::Health {
            self.0.deliver.notify_one();
        }
    }
}

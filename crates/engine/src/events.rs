//! Events: the record of who did what, and of what went wrong.

use outlink_model::event::Event;
use outlink_model::grant::Actor;

use crate::{Engine, Error, Listed, Page, clock};

impl Engine {
    /// The events, newest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn events(&self, page: Page) -> Result<Listed<Event>, Error> {
        Ok(self.store().events(&page).await?)
    }

    /// An event of now, to be filled in.
    pub(crate) fn event(&self, actor: Actor) -> Event {
        Event {
            id: clock::id(),
            at: self.now(),
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
        tracing::info!(kind = event.kind, subject = event.subject, "{}", event.message);
        if let Err(error) = self.store().add_event(&event).await {
            tracing::error!(%error, kind = event.kind, "an event could not be recorded");
        }
    }
}

//! Events: what is worth telling, either who did what or what went wrong and what to do.

use crate::grant::Actor;
use crate::{EventId, Timestamp};

/// What an event is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventClass {
    /// Who did what.
    Audit,
    /// What went wrong or well again, for whom, and what to do. Sent to the webhooks.
    Health,
}

crate::names!(EventClass, "class", { Audit => "audit", Health => "health" });

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// What it is for.
    pub class: EventClass,
    /// What: `grant.needs_consent`, `link.created`.
    pub kind: String,
    /// Which thing, as people call it: `link Work`, `grant alice@example.org`.
    pub subject: String,
    /// The state that the thing is in now, where it has one.
    pub state: Option<String>,
    /// Who must act.
    pub actor: Actor,
    /// One sentence.
    pub message: String,
    /// One sentence: what to do; may be empty.
    pub hint: String,
}

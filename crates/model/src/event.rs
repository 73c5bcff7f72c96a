//! Events: what is worth telling, either who did what or what went wrong and what to do.

use crate::grant::Actor;
use crate::{EventId, Timestamp};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
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

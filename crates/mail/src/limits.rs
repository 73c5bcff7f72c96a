//! What a session takes at most.

use std::time::Duration;

/// How much a session takes, and how long it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of text in one response, literals and messages apart.
    pub line: usize,
    /// Octets of one message. A larger one is read over without being kept.
    pub literal: usize,
    /// How long a read or a write may take. A response that comes in drops must bring some octets in every such span.
    pub time: Duration,
}

impl Default for Limits {
    /// 64 KiB of text, 50 MiB of message, 60 s.
    fn default() -> Self {
        Self { line: 64 * 1024, literal: 50 * 1024 * 1024, time: Duration::from_secs(60) }
    }
}

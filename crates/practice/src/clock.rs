//! The one place here that asks the system what time it is.

use jiff::Timestamp;

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "these servers are a world of their own, with their own clock"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

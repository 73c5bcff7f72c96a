//! What may be dialled, and the way there. Keeps the invariant **Egress is closed by default**.
//!
//! Whatever dials, HTTP or mail, asks [`route`] for a way and has it opened by [`open`]: there is no second path, so the
//! address that was checked is the one connected to, and a proxy that is configured is never gone around.

mod address;
mod dial;
mod names;
mod policy;
mod proxy;
mod route;
mod tunnel;

pub use names::{Names, Tell};
pub use policy::Policy;
pub(crate) use route::{Route, Stream, open, route};

#[cfg(test)]
pub(crate) mod kit;

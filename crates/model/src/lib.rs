//! What things are: ids, states and decisions.
//!
//! Absent on purpose: I/O, async, SQL, HTTP and the clock. Time and randomness come in as arguments, so everything
//! here can be tested by a table. Domain types are not `Serialize`: what goes over a wire is a type of the layer
//! that sends it. Ids are the exception, since an id is the same text everywhere.

pub mod delivery;
pub mod event;
pub mod grant;
pub mod handler;
pub mod id;
pub mod link;
pub mod mail_server;
pub mod message;
pub mod name;
pub mod problem;
pub mod provider;
pub mod secret;
pub mod step;
pub mod tracker;
pub mod user;
pub mod webhook;

pub use id::*;
pub use secret::Secret;

/// A point in time. The store keeps it as microseconds UTC.
pub use jiff::Timestamp;

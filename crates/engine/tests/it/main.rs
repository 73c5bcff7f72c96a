//! The engine against a real store and a provider on loopback that can be told to misbehave.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected must fail")]

mod bed;
mod callbacks;
mod consents;
mod intake;
mod interrupted;
mod links;
mod marks;
mod refresh;

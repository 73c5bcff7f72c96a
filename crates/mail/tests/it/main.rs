//! Sessions against servers whose every byte is written by hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "every script's task is joined, or told to end")]

mod corpus;
mod fetching;
mod hostile;
mod mails;
mod script;
mod signing_in;

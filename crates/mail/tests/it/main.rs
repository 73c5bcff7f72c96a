//! Sessions against servers whose every byte is written by hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "every script's task is joined, or told to end")]

mod corpus;
mod fetching;
mod folders;
mod headers;
mod hostile;
mod idling;
mod idling_bounds;
mod mails;
mod moving;
mod pictures;
mod pop3;
mod refusals;
mod replies;
mod script;
mod signing_in;
mod smtp;
mod starttls;
mod token_sizes;

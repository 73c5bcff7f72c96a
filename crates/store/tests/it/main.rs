//! The conformance suite: every test runs on SQLite, and on PostgreSQL where `TEST_DATABASE_URL` names a server on which
//! schemas can be made.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking")]

mod alike;
mod bench;
mod client_secrets;
mod consents;
mod due;
mod epoch;
mod events;
mod grant_ends;
mod grants;
mod hand_outs;
mod intake;
mod issues;
mod link_edits;
mod links;
mod mail_servers;
mod messages;
mod previous;
mod provider_calls;
mod refresh;
mod samples;
mod schema;
mod sealing;
mod tokens_now;
mod tracker;
mod upgrade;
mod users;
mod webhooks;

//! The conformance suite: every test runs on SQLite, and on PostgreSQL where `TEST_DATABASE_URL` names a server on which
//! schemas can be made.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking")]

mod bench;
mod consents;
mod grants;
mod intake;
mod issues;
mod links;
mod mail_servers;
mod messages;
mod refresh;
mod samples;
mod schema;
mod sealing;
mod tracker;
mod users;

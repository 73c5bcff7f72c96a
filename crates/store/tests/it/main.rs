//! The conformance suite: every test runs on SQLite, and on PostgreSQL where `TEST_DATABASE_URL` names a server on which
//! schemas can be made.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking")]

mod alike;
mod bench;
mod client_secrets;
mod connections;
mod consents;
mod deliveries;
mod delivery_ends;
mod due;
mod epoch;
mod events;
mod grant_ends;
mod grant_lists;
mod grants;
mod hand_outs;
mod handlers;
mod intake;
mod intake_kept;
mod issue_changes;
mod issues;
mod link_edits;
mod links;
mod mail_key;
mod mail_server_ends;
mod mail_servers;
mod message_changes;
mod message_lists;
mod messages;
mod polls;
mod pop3;
mod previous;
mod provider_calls;
mod raws;
mod refresh;
mod samples;
mod schema;
mod sealing;
mod sender_rules;
mod senders;
mod tokens_now;
mod tracker;
mod upgrade;
mod upgrade_deliveries;
mod upgrade_mail;
mod users;
mod webhooks;

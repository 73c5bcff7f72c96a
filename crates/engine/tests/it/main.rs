//! The engine against a real store and a provider on loopback that can be told to misbehave.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected must fail")]

mod after;
mod bed;
mod callback_cases;
mod callbacks;
mod consents;
mod devices;
mod egress;
mod egress_forms;
mod fairness;
mod first_fetch;
mod grant_ends;
mod grants;
mod hand_outs;
mod handlers;
mod handlers_at_work;
mod handlers_replay;
mod herd;
mod intake;
mod interrupted;
mod late_answers;
mod left_alone;
mod link_delete;
mod link_discover;
mod link_edit;
mod link_report;
mod link_secrets;
mod links;
mod mail_server_authorize;
mod mail_server_edit;
mod mail_server_new;
mod marks;
mod matrix;
mod pop3;
mod provider_words;
mod refresh;
mod renewals;
mod retention;
mod secrets;
mod service_accounts;
mod tokens;
mod turns;
mod watch;
mod webhooks;

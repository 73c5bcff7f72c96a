//! The engine against a real store and a provider on loopback that can be told to misbehave.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected must fail")]

mod bed;
mod callback_cases;
mod callbacks;
mod consents;
mod devices;
mod egress;
mod egress_forms;
mod fairness;
mod grant_ends;
mod grants;
mod hand_outs;
mod herd;
mod intake;
mod interrupted;
mod link_delete;
mod link_discover;
mod link_edit;
mod link_report;
mod link_secrets;
mod links;
mod mail_server_edit;
mod marks;
mod matrix;
mod refresh;
mod renewals;
mod secrets;
mod service_accounts;
mod tokens;
mod turns;
mod webhooks;

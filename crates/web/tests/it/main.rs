//! The real router over a real engine and a real SQLite file. The provider and the mail server are the practice ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where it stands")]

mod api;
mod app;
mod callback_http;
mod consents;
mod console_grants;
mod console_kit;
mod console_links;
mod console_webhooks;
mod grants;
mod hand_outs;
mod links;
mod mail;
mod pages;
mod sign_in;
mod tokens;
mod webhooks;

//! The real router over a real engine and a real SQLite file. The provider and the mail server are the practice ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where it stands")]

mod api;
mod app;
mod callback_http;
mod channels;
mod consents;
mod console_deliveries;
mod console_grants;
mod console_handlers;
mod console_kit;
mod console_link_edits;
mod console_links;
mod console_mail;
mod console_mail_servers;
mod console_webhooks;
mod crowd;
mod deliveries;
mod grants;
mod hand_outs;
mod handlers;
mod link_edits;
mod links;
mod lists;
mod mail;
mod mail_servers;
mod pages;
mod sign_in;
mod tokens;
mod webhooks;

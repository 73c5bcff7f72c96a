//! The real router over a real engine and a real SQLite file. The provider and the mail server are the practice ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where it stands")]

mod api;
mod app;
mod consents;
mod mail;
mod pages;
mod sign_in;
mod tokens;

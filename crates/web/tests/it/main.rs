//! The real router over a real engine and a real SQLite file. The provider and the mail server are the practice ones.

mod api;
mod app;
mod consents;
mod mail;
mod pages;
mod sign_in;
mod tokens;

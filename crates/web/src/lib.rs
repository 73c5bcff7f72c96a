//! How people and programs reach the engine: REST under `/api/v1` and the console, side by side, by the same engine
//! calls. A handler extracts, authorises, makes one engine call and shapes the answer.
//!
//! Absent on purpose: SQL, remote calls and decisions. A page renders from the store alone.

mod api;
mod app;
mod assets;
mod auth;
mod choice;
mod client_ip;
mod consent;
mod console;
mod cookie;
mod csrf;
mod download;
mod error;
mod extract;
mod fallback;
mod form;
mod guard;
mod headers;
mod health;
mod names;
mod page;
#[cfg(test)]
mod samples;
mod words;

pub use app::{Options, app};

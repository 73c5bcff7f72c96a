//! The practice servers from outside: over real sockets, with bytes written by hand.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod code_flow;
mod faults;
mod imap;
mod kit;
mod smtp;
mod tokens;

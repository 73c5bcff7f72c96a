//! The practice servers from outside: over real sockets, with bytes written by hand.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod answers;
mod clients;
mod code_flow;
mod devices;
mod discovery;
mod faults;
mod imap;
mod kit;
mod proxy;
mod receiver;
mod signing;
mod smtp;
mod tokens;

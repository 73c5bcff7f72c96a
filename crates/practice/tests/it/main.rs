//! The practice servers from outside: over real sockets, with bytes written by hand.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod answers;
mod clients;
mod code_flow;
mod devices;
mod discovery;
mod faults;
mod imap;
mod imap_faults;
mod imap_folders;
mod imap_starttls;
mod kit;
mod pop3;
mod proxy;
mod receiver;
mod signing;
mod smtp;
mod tokens;

//! The practice servers from outside: over real sockets, with bytes written by hand.

mod code_flow;
mod faults;
mod imap;
mod kit;
mod smtp;
mod tokens;

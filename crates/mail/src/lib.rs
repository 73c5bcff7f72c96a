//! Mail as bytes and meaning: IMAP, SASL, TLS and MIME.
//!
//! Codecs are pure; sessions are thin loops over any stream. Absent on purpose: dialling (the engine does it, behind
//! its egress guard), the store, and any knowledge of OAuth 2.0 beyond "here is a token".

pub mod imap;
pub mod message;
pub mod sasl;
pub mod tls;

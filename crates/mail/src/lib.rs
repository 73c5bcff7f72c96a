//! Mail as bytes and meaning: IMAP, POP3, SMTP, SASL, TLS and MIME.
//!
//! Codecs are pure; sessions are thin loops over any stream. Absent on purpose: dialling (the engine does it, behind
//! its egress guard), the store, and any knowledge of OAuth 2.0 beyond "here is a token".

mod body;
pub mod compose;
mod error;
pub mod imap;
mod limits;
pub mod message;
pub mod pop3;
mod redact;
pub mod sasl;
pub mod smtp;
pub mod tls;
mod words;

pub use body::Body;
pub use error::{CertificateFault, Error, SendingFault, Spoken, StartTlsFault};
pub use limits::Limits;

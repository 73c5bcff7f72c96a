//! IMAP (RFC 3501, RFC 9051) as a client that reads a folder: sign in, look, fetch, mark as read.
//!
//! Framing is separate from meaning: the codec cuts what arrives into complete responses under fixed caps, the reader
//! says what one response means, and the session is a thin loop around both. What a server says and nobody understands
//! is passed over, never an end of the session.

mod bodies;
mod capabilities;
mod codec;
mod command;
mod error;
mod fetch;
mod folder;
mod redact;
mod refusal;
mod reply;
mod session;
mod sign_in;

pub use bodies::Body;
pub use capabilities::Capabilities;
pub use error::{CertificateFault, Error};
pub use folder::{LISTED, Meta, Selected};
pub use session::{Limits, Session};

pub(crate) use reply::plain;
pub(crate) use session::io_error;

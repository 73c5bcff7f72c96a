//! POP3 (RFC 1939, RFC 2449, RFC 2595, RFC 5034) as a client that reads a mailbox: sign in, look, fetch, delete.
//!
//! Framing is separate from meaning: the codec cuts what arrives into lines and messages under fixed caps, the reader
//! says what a status line means, and the session is a thin loop around both. Message numbers hold within one session
//! only; what stays is the name that [`Session::uidl`] tells.

mod bodies;
mod capabilities;
mod codec;
mod list;
mod refusal;
mod reply;
mod session;
mod sign_in;
mod wire;

pub use capabilities::Capabilities;
pub use list::{LISTED, Stat};
pub use session::Session;

//! IMAP (RFC 3501, RFC 9051) as a client that reads a folder: sign in, look, fetch, mark as read, move away, wait for more.
//!
//! Framing is separate from meaning: the codec cuts what arrives into complete responses under fixed caps, the reader
//! says what one response means, and the session is a thin loop around both. What a server says and nobody understands
//! is passed over, never an end of the session.

mod bodies;
mod capabilities;
mod codec;
mod command;
mod fetch;
mod folder;
mod folders;
mod idle;
mod list;
mod moving;
mod names;
mod refusal;
mod reply;
mod session;
mod sign_in;
mod starttls;
mod utf7;
mod watch;
mod wire;

pub use crate::body::Body;
pub use crate::error::{CertificateFault, Error};
pub use crate::limits::Limits;
pub use capabilities::Capabilities;
pub use folder::{LISTED, Meta, Selected};
pub use folders::{Folder, SpecialUse};
pub use idle::Idle;
pub use moving::Removal;
pub use session::Session;

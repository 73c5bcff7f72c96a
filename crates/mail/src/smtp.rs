//! SMTP (RFC 5321, RFC 6409) as a client that hands in mail: sign in, hand in one mail after the other, leave.
//!
//! Framing is separate from meaning: the reader puts a server's lines together under fixed caps, `refusal` says what an
//! answer means for the session and `verdict` what it means for one mail, and the session is a thin loop around them. An
//! error speaks of the connection, the account or the server; what is wrong with one mail is [`Sent::Refused`], and the
//! session goes on.

mod address;
mod capabilities;
mod data;
mod heard;
mod refusal;
mod reply;
mod send;
mod session;
mod sign_in;
mod verdict;
mod wire;

pub(crate) use address::carried;
pub use address::is_carried;
pub use capabilities::Capabilities;
pub use send::Sent;
pub use session::Session;

//! A message, or what was got in its place.

/// What was got when a message was asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// The message, as it lies on the server.
    Raw(Vec<u8>),
    /// It has so many octets, more than [`crate::Limits::literal`]. They were read over.
    TooLarge(u64),
    /// The server has the message and does not give it; these are its words, or ours.
    Refused(String),
}

//! What is in a mail: who wrote it, what they wrote that is new, and what came with it.
//!
//! Everything here is pure: bytes in, meaning out. It is lenient, because a mail that cannot be read is a customer
//! who is not heard, and bounded, because anybody can send us anything. Absent on purpose: what becomes of the mail.

mod address;
mod automatic;
mod body;
mod charset;
mod encoding;
mod header;
mod html;
mod ids;
pub mod json;
mod keys;
mod parse;
mod part;
mod reply;
mod structure;
mod text;

use outlink_model::Timestamp;
use outlink_model::tracker::PartRange;

pub use encoding::decode_part;
pub use json::ParsedJson;
pub use parse::parse;

/// A mail, read.
///
/// No text in it holds a NUL or another control character but tab and newline (PostgreSQL refuses NUL, terminals obey
/// escapes), and every list is capped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Message-ID, without angle brackets.
    pub message_id: Option<String>,
    /// The ids in In-Reply-To, without angle brackets, as written.
    pub in_reply_to: Vec<String>,
    /// The ids in References, without angle brackets, oldest first.
    pub references: Vec<String>,
    /// The first author.
    pub from: Option<Address>,
    /// Who it is for.
    pub to: Vec<Address>,
    /// Who gets a copy.
    pub cc: Vec<Address>,
    /// The subject, decoded, on one line; may be empty.
    pub subject: String,
    /// When the sender says that it was written.
    pub date: Option<Timestamp>,
    /// The whole readable body.
    pub text: String,
    /// What the sender wrote: the body without quoted history and signature. Never empty where `text` is not.
    pub reply: String,
    /// The rest of the body.
    pub quoted: String,
    /// The files that came with it.
    pub attachments: Vec<Part>,
    /// Why it counts as machine-made, as the end of a sentence: "it says Auto-Submitted: auto-replied".
    pub automatic: Option<String>,
    /// Words in the subject that look like issue keys, in upper case, leftmost first.
    pub keys: Vec<String>,
}

/// A mail address with the name that was written beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The display name; may be empty.
    pub name: String,
    /// The address, as written.
    pub address: String,
}

/// A file within a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The file name, safe to show: no path, no control characters.
    pub name: String,
    /// The media type that the sender claims, in lower case.
    pub media_type: String,
    /// Octets once decoded.
    pub size: u64,
    /// Where its encoded bytes lie.
    pub range: PartRange,
    /// Whether it belongs into the text (a picture in an HTML body) rather than beside it.
    pub inline: bool,
}

/// A mail that cannot be read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unparsable {
    /// There is not one octet.
    #[error("The message is empty.")]
    Empty,
    /// It has none of the headers by which a mail is known: bytes of another kind, or a mail that lost its head.
    #[error(
        "It has no sender, no recipient, no subject and no date, so it is no mail that can be handled."
    )]
    NoHeader,
    /// Offsets would not fit.
    #[error("The message is larger than 1 GiB.")]
    TooLarge,
}

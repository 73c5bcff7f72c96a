//! What is in a mail: who wrote it, what they wrote that is new, and what came with it.
//!
//! Everything here is pure: bytes in, meaning out. It is lenient, because a mail that cannot be read is a customer
//! who is not heard, and bounded, because anybody can send us anything. Absent on purpose: what becomes of the mail.

mod address;
mod authentication;
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
mod pictures;
mod priority;
mod recipients;
mod reply;
mod report;
mod structure;
mod text;

use outlink_model::Timestamp;
use outlink_model::message::Machine;
use outlink_model::tracker::{PartRange, Priority};

pub use address::fold;
pub use authentication::{AuthenticationResults, authentication_by};
pub use encoding::decode_part;
pub use json::ParsedJson;
pub use parse::parse;
pub use report::{Action, DeliveryReport, FailedRecipient};
pub(crate) use text::{clean, one_line};

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
    /// Where reports about it go, by the word of the server that delivered it (Return-Path, RFC 5321 §4.4); absent where
    /// it has none, or an empty one.
    pub return_path: Option<Address>,
    /// Where the sender wants answers to go (Reply-To).
    pub reply_to: Vec<Address>,
    /// Every address that it was sent or delivered to, in lower case, each once.
    pub recipients: Vec<String>,
    /// The subject, decoded, on one line; may be empty.
    pub subject: String,
    /// When the sender says that it was written.
    pub date: Option<Timestamp>,
    /// When the last mail server on its way says that it arrived (the topmost Received, RFC 5321 §4.4).
    pub received: Option<Timestamp>,
    /// The whole readable body.
    pub text: String,
    /// What the sender wrote: the body without quoted history and signature. Never empty where `text` is not.
    pub reply: String,
    /// The rest of the body.
    pub quoted: String,
    /// The files that came with it.
    pub attachments: Vec<Part>,
    /// Why it counts as machine-made, and in what way.
    pub machine: Option<Machine>,
    /// The mark of the outlink that sent it (X-Outlink-Fingerprint), which may be another one or a lie.
    pub fingerprint: Option<String>,
    /// The mailing list that it came through (RFC 2919), in lower case.
    pub list_id: Option<String>,
    /// How urgent the sender says it is.
    pub priority: Option<Priority>,
    /// What mail servers say about the sender, topmost first. Anybody can write these: see [`authentication_by`].
    pub authentication: Vec<AuthenticationResults>,
    /// What became of mail of ours, where this is a mail system's word about it.
    pub report: Option<DeliveryReport>,
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
    /// Whether it only dresses the mail up: a logo in a signature, a picture in quoted history, a tracking pixel. A list
    /// of files can leave it out.
    pub decoration: bool,
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

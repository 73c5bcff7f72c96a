//! What `outlink message parse --json` prints. The names are public: changing one breaks somebody's script.

use outlink_model::Timestamp;
use serde::Serialize;

use super::{Address, Parsed, Part};

/// A mail, read, as JSON.
#[derive(Debug, Serialize)]
pub struct ParsedJson<'a> {
    message_id: Option<&'a str>,
    in_reply_to: &'a [String],
    references: &'a [String],
    from: Option<AddressJson<'a>>,
    to: Vec<AddressJson<'a>>,
    cc: Vec<AddressJson<'a>>,
    subject: &'a str,
    /// RFC 3339.
    date: Option<Timestamp>,
    text: &'a str,
    reply: &'a str,
    quoted: &'a str,
    attachments: Vec<PartJson<'a>>,
    automatic: Option<&'a str>,
    keys: &'a [String],
}

#[derive(Debug, Serialize)]
struct AddressJson<'a> {
    name: &'a str,
    address: &'a str,
}

#[derive(Debug, Serialize)]
struct PartJson<'a> {
    name: &'a str,
    r#type: &'a str,
    size: u64,
    inline: bool,
}

impl<'a> From<&'a Parsed> for ParsedJson<'a> {
    fn from(parsed: &'a Parsed) -> Self {
        Self {
            message_id: parsed.message_id.as_deref(),
            in_reply_to: &parsed.in_reply_to,
            references: &parsed.references,
            from: parsed.from.as_ref().map(AddressJson::from),
            to: parsed.to.iter().map(AddressJson::from).collect(),
            cc: parsed.cc.iter().map(AddressJson::from).collect(),
            subject: &parsed.subject,
            date: parsed.date,
            text: &parsed.text,
            reply: &parsed.reply,
            quoted: &parsed.quoted,
            attachments: parsed.attachments.iter().map(PartJson::from).collect(),
            automatic: parsed.automatic.as_deref(),
            keys: &parsed.keys,
        }
    }
}

impl<'a> From<&'a Address> for AddressJson<'a> {
    fn from(address: &'a Address) -> Self {
        Self { name: &address.name, address: &address.address }
    }
}

impl<'a> From<&'a Part> for PartJson<'a> {
    fn from(part: &'a Part) -> Self {
        Self { name: &part.name, r#type: &part.media_type, size: part.size, inline: part.inline }
    }
}

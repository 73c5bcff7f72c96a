//! From the octets of a mail to what is in it.

use super::header::Headers;
use super::text::one_line;
use super::{Parsed, Unparsable, address, automatic, body, ids, keys, reply, structure};

/// Octets of a message that are taken.
const MAX_RAW: usize = 1 << 30;

/// RFC 5322 §3.6 asks for a date and a sender; real mails lack one or the other, but never all of these.
const KNOWN_BY: [&str; 6] = ["From", "Sender", "To", "Subject", "Date", "Message-ID"];

/// Reads a raw message (RFC 5322), however broken: what cannot be understood is left empty.
///
/// # Errors
/// Only where there is nothing that a mail could be known by, no octet at all, or more than 1 GiB of it.
pub fn parse(raw: &[u8]) -> Result<Parsed, Unparsable> {
    if raw.is_empty() {
        return Err(Unparsable::Empty);
    }
    if raw.len() > MAX_RAW {
        return Err(Unparsable::TooLarge);
    }
    let mail = structure::read(raw);
    let headers = &mail.headers;
    if !KNOWN_BY.iter().any(|name| headers.has(name)) {
        return Err(Unparsable::NoHeader);
    }
    let subject =
        headers.get("Subject").map(|value| address::unstructured(&value)).unwrap_or_default();
    let gathered = body::gather(raw, &mail);
    let body = body::join(gathered.bodies);
    let split = reply::split(&body, reply::is_forward(&subject));
    Ok(Parsed {
        message_id: all_ids(headers, "Message-ID").into_iter().next(),
        in_reply_to: all_ids(headers, "In-Reply-To"),
        references: all_ids(headers, "References"),
        from: ["From", "Sender"]
            .iter()
            .find_map(|name| all_addresses(headers, name).into_iter().next()),
        to: all_addresses(headers, "To"),
        cc: all_addresses(headers, "Cc"),
        date: headers.get("Date").and_then(|value| address::date(&value)),
        automatic: automatic::automatic(headers, &mail.content, &subject)
            .map(|why| one_line(&why, 400)),
        keys: keys::keys(&subject),
        subject,
        reply: split.reply,
        quoted: split.quoted,
        text: body.text,
        attachments: gathered.attachments,
    })
}

fn all_ids(headers: &Headers<'_>, name: &str) -> Vec<String> {
    headers.get(name).map(|value| ids::ids(&value)).unwrap_or_default()
}

fn all_addresses(headers: &Headers<'_>, name: &str) -> Vec<super::Address> {
    headers.get(name).map(|value| address::addresses(&value)).unwrap_or_default()
}

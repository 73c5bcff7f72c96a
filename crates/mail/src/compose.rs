//! Writing mail (RFC 5322, RFC 2045): what outlink sends of its own accord.
//!
//! Nothing that is put into a mail can add a field to its header or end a part of it, whatever it is. The same mail is
//! written the same way every time, so that whoever gets it twice can tell.

mod header;

use lettre::message::header::{ContentDisposition, ContentTransferEncoding, ContentType};
use lettre::message::{Body, MultiPart, SinglePart};
use outlink_model::Timestamp;

use crate::message::clean;

/// The name of the attached mail.
const FILE: &str = "message.eml";
/// Octets of a line, its end apart (RFC 5322 §2.1.1).
const LINE: usize = 998;
/// Characters of a boundary that come from the Message-ID. All of a boundary has 70 at most (RFC 2046 §5.1.1).
const KEY: usize = 40;

/// What a mail says.
#[derive(Clone, Copy, Debug)]
pub struct Mail<'a> {
    /// Who it is from, as people read it; may be empty.
    pub from_name: &'a str,
    /// The address that it is from.
    pub from: &'a str,
    /// The address that it goes to.
    pub to: &'a str,
    /// What it is about. Line breaks become spaces, and a very long one is cut.
    pub subject: &'a str,
    /// When it was written.
    pub date: Timestamp,
    /// Its Message-ID, without angle brackets.
    pub mail_id: &'a str,
    /// The Message-ID that it answers to, without angle brackets. Since strangers write these, one that cannot be written
    /// is left out.
    pub in_reply_to: Option<&'a str>,
    /// What stands in `X-Outlink-Fingerprint`.
    pub fingerprint: &'a str,
    /// Why a machine sends it (RFC 3834 §5): `auto-replied` or `auto-generated`.
    pub auto_submitted: &'a str,
    /// What it says, as plain text.
    pub text: &'a str,
    /// A whole mail that goes along with it, octet for octet.
    pub attached: Option<&'a [u8]>,
}

/// Writes a mail: lines that end in CR LF and have at most 998 octets, all of ASCII unless what is attached is not, or the
/// part of an address before the `@`.
///
/// # Errors
///
/// A sentence, where an address, the Message-ID, the fingerprint or the reason is none that a mail can carry.
pub fn compose(mail: &Mail<'_>) -> Result<Vec<u8>, String> {
    let head = header::header(mail)?;
    let body = match mail.attached {
        None => text(mail.text).formatted(),
        Some(raw) => {
            let boundary = boundary(mail.mail_id, mail.text, raw);
            let mut parts = MultiPart::mixed().boundary(boundary);
            // RFC 2045 §6.4: what holds for a part is said of the whole too.
            if as_it_is(raw) == Some(ContentTransferEncoding::EightBit) {
                parts = parts.header(ContentTransferEncoding::EightBit);
            }
            parts.singlepart(text(mail.text)).singlepart(attached(raw)).formatted()
        }
    };
    let mut written = head.into_bytes();
    written.extend_from_slice(b"MIME-Version: 1.0\r\n");
    written.extend_from_slice(&body);
    Ok(written)
}

fn text(text: &str) -> SinglePart {
    let text = clean(text).replace('\n', "\r\n");
    SinglePart::builder().header(ContentType::TEXT_PLAIN).body(Body::new(text))
}

/// A mail within a mail must not be encoded (RFC 2046 §5.2.1). One that cannot go as it is goes as a file, which loses
/// nothing either, but is not opened by every program.
fn attached(raw: &[u8]) -> SinglePart {
    let disposition = ContentDisposition::attachment(FILE);
    let encoding = match as_it_is(raw) {
        Some(encoding) => encoding,
        None => {
            let encoded = Body::new_with_encoding(raw.to_vec(), ContentTransferEncoding::Base64);
            let file = SinglePart::builder().header(content_type("application/octet-stream"));
            // Base64 takes whatever there is, so that the octets never come back.
            let body = encoded.unwrap_or_else(Body::new);
            return file.header(disposition).body(body);
        }
    };
    SinglePart::builder()
        .header(content_type("message/rfc822"))
        .header(disposition)
        .body(Body::dangerous_pre_encoded(raw.to_vec(), encoding))
}

fn content_type(media_type: &str) -> ContentType {
    ContentType::parse(media_type).unwrap_or(ContentType::TEXT_PLAIN)
}

/// How these octets may stand in a mail without being changed (RFC 2045 §2.7, §2.8). `None` where they cannot: a lone CR
/// or LF, a NUL, a line that is too long.
fn as_it_is(raw: &[u8]) -> Option<ContentTransferEncoding> {
    let lines = raw.split(|&byte| byte == b'\n');
    let mut ahead = lines.peekable();
    while let Some(line) = ahead.next() {
        // Every line but the last ends in a line feed, which a carriage return must precede.
        let line = if ahead.peek().is_some() { line.strip_suffix(b"\r")? } else { line };
        if line.len() > LINE || line.iter().any(|&byte| byte == b'\r' || byte == 0) {
            return None;
        }
    }
    Some(match raw.is_ascii() {
        true => ContentTransferEncoding::SevenBit,
        false => ContentTransferEncoding::EightBit,
    })
}

/// What stands between the parts (RFC 2046 §5.1.1), and begins no line of them.
///
/// It has the end of the Message-ID in it, which is the same at every attempt and known to nobody before: whoever could
/// guess it would write a mail that has to be searched once for each of its lines.
fn boundary(mail_id: &str, text: &str, raw: &[u8]) -> String {
    let (local, _) = mail_id.rsplit_once('@').unwrap_or((mail_id, ""));
    // What needs no care between quotation marks, and is in every Message-ID that is made here.
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || ".-_".contains(*c);
    let mut key: Vec<char> = local.chars().rev().filter(is_plain).take(KEY).collect();
    key.reverse();
    let key = String::from_iter(key);
    let begins = |part: &[u8], delimiter: &str| {
        part.split(|&byte| byte == b'\n').any(|line| line.starts_with(delimiter.as_bytes()))
    };
    // Each that is taken takes at least one line, so that one is free.
    (0_u64..)
        .map(|number| format!("=_{key}_{number}"))
        .find(|boundary| {
            let delimiter = format!("--{boundary}");
            !begins(text.as_bytes(), &delimiter) && !begins(raw, &delimiter)
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;

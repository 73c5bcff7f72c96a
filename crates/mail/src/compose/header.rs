//! The header of a mail. Keeps what is written apart from what it is written between.

use std::fmt::{self, Write as _};

use email_encoding::headers::writer::EmailWriter;
use email_encoding::headers::{quoted_string, rfc2047};

use super::{LINE, Mail};
use crate::message::one_line;
use crate::smtp::carried;

/// Characters of a subject. What is shown of one is shorter.
const SUBJECT: usize = 400;
/// Characters of a name beside an address.
const NAME: usize = 100;
/// Octets of a word that goes out as it is. A longer one cannot be folded.
const WORD: usize = 60;
/// Octets of a fingerprint.
const FINGERPRINT: usize = 200;

/// The fields, each with its end, but for those that tell what the body is.
pub(super) fn header(mail: &Mail<'_>) -> Result<String, String> {
    let mut header = String::new();
    let mut put = |name, value: &str| {
        for part in [name, ": ", value, "\r\n"] {
            header.push_str(part);
        }
    };
    let from = address(mail.from, "sender")?;
    let date = mail.date.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    put("Date", &date);
    put("From", &named(mail.from_name, &from));
    put("To", &address(mail.to, "recipient")?);
    put("Subject", &unstructured("Subject", &one_line(mail.subject, SUBJECT)));
    put("Message-ID", &id(mail.mail_id).ok_or("The Message-ID is none that a mail can have.")?);
    if let Some(answered) = mail.in_reply_to.and_then(self::id) {
        put("References", &answered);
        put("In-Reply-To", &answered);
    }
    let is_reason = matches!(mail.auto_submitted, "auto-replied" | "auto-generated");
    if !is_reason {
        return Err("A mail says auto-replied or auto-generated of itself.".to_owned());
    }
    put("Auto-Submitted", mail.auto_submitted);
    // For Exchange: no receipt and no note of absence in return. What could not be delivered is still told.
    put("X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply");
    let fingerprint = mail.fingerprint;
    let is_word = fingerprint.bytes().all(|byte| byte.is_ascii_graphic());
    if fingerprint.is_empty() || fingerprint.len() > FINGERPRINT || !is_word {
        return Err("The fingerprint is none that a mail can carry.".to_owned());
    }
    put("X-Outlink-Fingerprint", fingerprint);
    Ok(header)
}

/// An address as the envelope has it, so that both name the same mailbox.
fn address(address: &str, whose: &str) -> Result<String, String> {
    let carried = carried(address);
    let carried = carried.ok_or_else(|| format!("The {whose}'s address is none that mail has."))?;
    Ok(carried.address)
}

/// An address with a name beside it (RFC 5322 §3.4).
fn named(name: &str, address: &str) -> String {
    let name = one_line(name, NAME);
    if name.is_empty() {
        return address.to_owned();
    }
    let quoted = |writer: &mut EmailWriter<'_>| match goes_as_it_is(&name) {
        true => quoted_string::encode(&name, writer),
        false => rfc2047::encode(&name, writer),
    };
    match written("From", quoted) {
        Some(name) => format!("{name}\r\n <{address}>"),
        None => address.to_owned(),
    }
}

/// Free text (RFC 5322 §2.2.1). It is read as it was written: what only looks like an encoded word is encoded too.
fn unstructured(field: &'static str, text: &str) -> String {
    let value = written(field, |writer| match goes_as_it_is(text) {
        true => writer.folding().write_str(text),
        false => rfc2047::encode(text, writer),
    });
    value.unwrap_or_default()
}

/// Whether text can stand in a header without being encoded (RFC 2047 §5).
fn goes_as_it_is(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    is_plain && !text.contains("=?") && text.split(' ').all(|word| word.len() <= WORD)
}

fn written(field: &str, write: impl FnOnce(&mut EmailWriter<'_>) -> fmt::Result) -> Option<String> {
    let mut value = String::new();
    let before = field.len() + ": ".len();
    write(&mut EmailWriter::new(&mut value, before, 0, false)).ok()?;
    Some(value)
}

/// An id in its brackets (RFC 5322 §3.6.4), if it can stand in them and on one line.
fn id(id: &str) -> Option<String> {
    let is_id = id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'>');
    let fits = id.len() <= LINE - "In-Reply-To: <>".len();
    (is_id && fits && !id.is_empty()).then(|| format!("<{id}>"))
}

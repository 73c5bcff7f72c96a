//! From the octets of a mail to what is in it.

use outlink_model::message::MachineKind;

use super::header::Headers;
use super::text::one_line;
use super::{
    Parsed, Unparsable, address, authentication, automatic, body, ids, keys, priority, recipients,
    reply, report, structure,
};

/// Octets of a message that are taken.
const MAX_RAW: usize = 1 << 30;

/// Characters of a fingerprint that are kept.
const MAX_FINGERPRINT: usize = 200;

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
    let machine = automatic::machine(headers, &mail.content, &subject);
    let is_report = machine.as_ref().is_some_and(|machine| machine.kind == MachineKind::Report)
        && automatic::is_bounce(headers, &mail.content, &subject);
    let report = is_report.then(|| report::report(raw, &mail, &subject, &body.text)).flatten();
    Ok(Parsed {
        message_id: all_ids(headers, "Message-ID").into_iter().next(),
        in_reply_to: all_ids(headers, "In-Reply-To"),
        references: all_ids(headers, "References"),
        from: ["From", "Sender"]
            .iter()
            .find_map(|name| all_addresses(headers, name).into_iter().next()),
        to: all_addresses(headers, "To"),
        cc: all_addresses(headers, "Cc"),
        received: headers
            .get("Received")
            .and_then(|value| address::date(value.rsplit_once(';')?.1)),
        date: headers.get("Date").and_then(|value| address::date(&value)),
        return_path: all_addresses(headers, "Return-Path").into_iter().next(),
        reply_to: all_addresses(headers, "Reply-To"),
        recipients: recipients::recipients(headers),
        machine,
        fingerprint: headers
            .get("X-Outlink-Fingerprint")
            .map(|value| one_line(&value, MAX_FINGERPRINT))
            .filter(|value| !value.is_empty()),
        list_id: headers.get("List-Id").and_then(|value| ids::list_id(&value)),
        priority: priority::priority(headers),
        authentication: authentication::results(headers, &authors(headers)),
        report,
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

/// Every address in From, of all fields of that name: a second one must not hide from who checks the first.
fn authors(headers: &Headers<'_>) -> Vec<String> {
    let fields = headers.all("From").flat_map(|value| address::addresses(&value));
    fields.map(|author| author.address).collect()
}

fn all_addresses(headers: &Headers<'_>, name: &str) -> Vec<super::Address> {
    headers.get(name).map(|value| address::addresses(&value)).unwrap_or_default()
}

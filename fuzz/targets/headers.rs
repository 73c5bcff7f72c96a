//! Header fields: each line is one, and its first octet says which.

#![no_main]

use libfuzzer_sys::fuzz_target;

const FIELDS: [&str; 26] = [
    "From",
    "Sender",
    "To",
    "Cc",
    "Reply-To",
    "Delivered-To",
    "Return-Path",
    "Subject",
    "Date",
    "Received",
    "Message-ID",
    "In-Reply-To",
    "References",
    "List-Id",
    "Authentication-Results",
    "Content-Type",
    "Content-Disposition",
    "Content-Transfer-Encoding",
    "Content-ID",
    "Auto-Submitted",
    "Precedence",
    "X-Priority",
    "Importance",
    "X-Outlink-Fingerprint",
    "X-Autoreply",
    "X-Failed-Recipients",
];

fuzz_target!(|octets: &[u8]| {
    let mut raw = Vec::new();
    for line in octets.split(|&octet| octet == b'\n') {
        match line {
            // A folded line belongs to the field before it.
            [b' ' | b'\t', ..] => raw.extend_from_slice(line),
            [field, value @ ..] => {
                raw.extend_from_slice(FIELDS[usize::from(*field) % FIELDS.len()].as_bytes());
                raw.extend_from_slice(b": ");
                raw.extend_from_slice(value);
            }
            [] => {}
        }
        raw.push(b'\n');
    }
    outlink_fuzz::mail::check(&raw);
});

//! Everybody whom a mail was sent or delivered to, as far as its headers tell.

use super::address::{addresses, fold};
use super::header::Headers;

/// Addresses that are kept.
const MAX_RECIPIENTS: usize = 200;

/// Where servers note whom they delivered it to comes first: a long To must not push that out.
const FIELDS: [&str; 12] = [
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
    "X-Forwarded-To",
    "Apparently-To",
    "Resent-To",
    "Resent-Cc",
    "Resent-Bcc",
    "To",
    "Cc",
    "Bcc",
];

/// Every address that the mail was sent or delivered to, in lower case, each once. All fields of a name count, since
/// each server on the way adds its own.
pub(super) fn recipients(headers: &Headers<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for value in FIELDS.iter().flat_map(|name| headers.all(name)) {
        for address in addresses(&value).iter().map(|one| fold(&one.address)) {
            if found.len() == MAX_RECIPIENTS {
                return found;
            }
            if address.contains('@') && !found.contains(&address) {
                found.push(address);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Vec<String> {
        recipients(&Headers::read(header.as_bytes()).0)
    }

    #[test]
    fn every_address_is_found_once() {
        let all = FIELDS.map(|name| format!("{name}: {name}@Example.org\n")).concat();
        let expected = FIELDS.map(|name| format!("{}@example.org", name.to_lowercase()));
        assert_eq!(read(&all), expected);
        let table: &[(&str, &[&str])] = &[
            (
                "To: Ann <A@x.example>, a@X.example\nCc: team: b@x.example, c@x.example;",
                &["a@x.example", "b@x.example", "c@x.example"],
            ),
            (
                "Delivered-To: one@x.example\nDelivered-To: two@x.example",
                &["one@x.example", "two@x.example"],
            ),
            ("To: undisclosed-recipients:;\nDelivered-To: mailbox", &[]),
            ("From: a@x.example\nReply-To: b@x.example", &[]),
            ("", &[]),
        ];
        for (header, expected) in table {
            assert_eq!(read(header), *expected, "{header}");
        }
    }

    #[test]
    fn a_long_list_does_not_push_out_whom_it_was_delivered_to() {
        let to: String = (0..500).map(|n| format!("To: {n}@x.example\n")).collect();
        let found = read(&format!("{to}Delivered-To: here@x.example"));
        assert_eq!((found.len(), found[0].as_str()), (MAX_RECIPIENTS, "here@x.example"));
    }
}

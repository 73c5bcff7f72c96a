//! Addresses, the subject and the date: structured fields, read by mail-parser.

use jiff::civil::DateTime as Civil;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::{Offset, TimeZone};
use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, Address as Parsed, DateTime};
use outlink_model::Timestamp;

use super::Address;
use super::text::{cut, one_line};

/// Addresses that are kept of one field.
const MAX_ADDRESSES: usize = 200;
/// Octets of such a field that are read; the parser looks at broken encoded words many times.
const MAX_FIELD: usize = 16 * 1024;
/// Characters of a display name.
const MAX_NAME: usize = 200;
/// Characters of an address: 64 for the local part, 255 for the domain, and the `@` (RFC 5321 §4.5.3.1).
const MAX_ADDRESS: usize = 320;
/// Octets of a subject that are decoded, and characters of it that are kept.
const MAX_SUBJECT: (usize, usize) = (8 * 1024, 1000);

/// The addresses in a value; groups are opened up. Entries without an address are left out: nobody can be known by a
/// display name.
pub(super) fn addresses(value: &str) -> Vec<Address> {
    let line = format!("{}\n", cut(value, MAX_FIELD));
    let Some(parsed) = MessageStream::new(line.as_bytes()).parse_address().into_address() else {
        return Vec::new();
    };
    let addrs: Box<dyn Iterator<Item = &Addr<'_>>> = match &parsed {
        Parsed::List(list) => Box::new(list.iter()),
        Parsed::Group(groups) => Box::new(groups.iter().flat_map(|group| &group.addresses)),
    };
    addrs.filter_map(address).take(MAX_ADDRESSES).collect()
}

fn address(addr: &Addr<'_>) -> Option<Address> {
    let written = one_line(addr.address.as_deref()?, MAX_ADDRESS);
    let mut name = one_line(addr.name.as_deref().unwrap_or_default(), MAX_NAME);
    // `Bob Example bob@example.org`, where the brackets were forgotten.
    let word = written.split(' ').find(|word| word.contains('@')).unwrap_or(&written);
    if name.is_empty() {
        name = written[..written.find(word).unwrap_or(0)].to_owned();
    }
    let name = name.trim_matches(['"', '\'', ' ']).to_owned();
    (!word.is_empty()).then(|| Address { name, address: word.to_owned() })
}

/// An address as it is compared and kept: in lower case. A domain stays in the script that it is written in.
pub fn fold(address: &str) -> String {
    address.trim().to_lowercase()
}

/// The domain of an address in lower case, without the dot of the root; absent where there is none.
pub(super) fn domain(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    let domain = fold(domain.trim_matches(['<', '>', '.', ' ']));
    (!domain.is_empty()).then_some(domain)
}

/// Free text: encoded words (RFC 2047) are decoded.
pub(super) fn unstructured(value: &str) -> String {
    let line = format!("{}\n", cut(value, MAX_SUBJECT.0));
    let text = MessageStream::new(line.as_bytes()).parse_unstructured().into_text();
    one_line(text.as_deref().unwrap_or_default(), MAX_SUBJECT.1)
}

/// The point in time that a Date field means; absent where it means none.
pub(super) fn date(value: &str) -> Option<Timestamp> {
    let value = cut(value, 200);
    let line = format!("{value}\n");
    let date = MessageStream::new(line.as_bytes()).parse_date().into_datetime();
    // The second parser is stricter, but does without the seconds.
    date.and_then(|date| timestamp(&date))
        .or_else(|| DateTimeParser::new().relaxed_weekday(true).parse_timestamp(value).ok())
}

fn timestamp(date: &DateTime) -> Option<Timestamp> {
    let number = |n: u8| i8::try_from(n).ok();
    // A leap second is a second that we do not have.
    let second = number(date.second.min(59))?;
    let year = i16::try_from(date.year).ok()?;
    let (month, day) = (number(date.month)?, number(date.day)?);
    let civil = Civil::new(year, month, day, number(date.hour)?, number(date.minute)?, second, 0);
    let seconds = i32::from(date.tz_hour) * 3600 + i32::from(date.tz_minute) * 60;
    let offset = Offset::from_seconds(if date.tz_before_gmt { -seconds } else { seconds }).ok()?;
    TimeZone::fixed(offset).to_timestamp(civil.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let read = |value| {
            addresses(value)
                .into_iter()
                .map(|a| format!("{}|{}", a.name, a.address))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            read("\"Doe, Jane\" <jane@example.org>, bob@example.org"),
            ["Doe, Jane|jane@example.org", "|bob@example.org"]
        );
        assert_eq!(read("=?utf-8?Q?J=C3=B6rg?= <joerg@example.org>"), ["Jörg|joerg@example.org"]);
        assert_eq!(
            read("Team: a@example.org, b@example.org;"),
            ["|a@example.org", "|b@example.org"]
        );
        assert_eq!(read("undisclosed-recipients:;"), [""; 0]);
        assert_eq!(read("nobody"), [""; 0]);
        assert_eq!(read("Bob Doe bob@example.org"), ["Bob Doe|bob@example.org"]);
        assert_eq!(read(""), [""; 0]);
        assert_eq!(addresses(&"a@example.org, ".repeat(1000)).len(), MAX_ADDRESSES);
    }

    #[test]
    fn addresses_are_compared_in_lower_case() {
        for (written, folded) in [
            ("Ann@Example.ORG", "ann@example.org"),
            (" ann@example.org ", "ann@example.org"),
            ("JÖRG@MÜNCHEN.example", "jörg@münchen.example"),
            ("a@xn--MNCHEN-3ya.example", "a@xn--mnchen-3ya.example"),
            ("", ""),
        ] {
            assert_eq!(fold(written), folded);
        }
        for (address, found) in [
            ("Ann@Example.ORG", Some("example.org")),
            ("\"a@b\"@example.org.", Some("example.org")),
            ("@example.org", Some("example.org")),
            ("ann@", None),
            ("ann", None),
        ] {
            assert_eq!(domain(address).as_deref(), found, "{address}");
        }
    }

    #[test]
    fn subjects_are_decoded_onto_one_line() {
        assert_eq!(
            unstructured("=?utf-8?B?w4RyZ2Vy?= im =?iso-8859-1?Q?B=FCro?="),
            "Ärger im Büro"
        );
        assert_eq!(unstructured("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?="), "日本");
        assert_eq!(unstructured("a =?utf-8?Q?=00=0A=1B?= b"), "a b");
        assert_eq!(unstructured("=?broken"), "=?broken");
    }

    #[test]
    fn dates_are_read() {
        let read = |value| date(value).map(|date| date.to_string());
        assert_eq!(read("Mon, 1 Jan 2024 10:00:00 +0100").as_deref(), Some("2024-01-01T09:00:00Z"));
        assert_eq!(read("1 Jan 2024 10:00:60 -0530 (x)").as_deref(), Some("2024-01-01T15:30:59Z"));
        assert_eq!(read("Mon, 1 Jan 2024 10:00 EST").as_deref(), Some("2024-01-01T15:00:00Z"));
        assert_eq!(read("yesterday"), None);
        assert_eq!(read("99 Foo 99999 99:99:99 +9999"), None);
    }
}

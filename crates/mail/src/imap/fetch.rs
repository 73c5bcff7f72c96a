//! FETCH responses: the attributes of one message, in whatever order the server sends them (RFC 9051 §7.5.2).
//!
//! A loop without recursion. It keeps what it has read when it meets something that it cannot read, so one odd
//! attribute costs neither the message nor the session.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use outlink_model::Timestamp;

use super::codec::Literal;
use super::reply::number;

/// What a FETCH response told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fetch {
    pub(super) uid: Option<u32>,
    pub(super) seen: Option<bool>,
    pub(super) size: Option<u64>,
    pub(super) internal_date: Option<Timestamp>,
    pub(super) content: Option<Content>,
    /// Whether all of it could be read.
    pub(super) whole: bool,
}

/// The message itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Raw(Vec<u8>),
    /// So many octets that they were not kept.
    TooLarge(u64),
    /// `NIL`: the server has none.
    Nothing,
}

/// The value of an attribute.
enum Value<'a> {
    /// What stands between the outer parentheses.
    List(&'a [u8]),
    /// With its escapes undone.
    Quoted(Vec<u8>),
    Literal(Literal),
    Atom(&'a [u8]),
}

/// Reads what follows the word `FETCH`, as far as it can be read.
pub(super) fn read(text: &[u8], literals: Vec<Literal>) -> Fetch {
    let mut fetch = Fetch::default();
    let Some(rest) = text.strip_prefix(b"(") else { return fetch };
    let mut walk = Walk { rest, literals: literals.into_iter() };
    while let Some((name, value)) = walk.attribute() {
        keep(&mut fetch, name, value);
    }
    fetch.whole = walk.rest.trim_ascii() == b")";
    fetch
}

fn keep(fetch: &mut Fetch, name: &[u8], value: Value<'_>) {
    let is = |what: &[u8]| name.eq_ignore_ascii_case(what);
    match value {
        Value::Atom(atom) if is(b"UID") => {
            fetch.uid = number(atom).and_then(|uid| u32::try_from(uid).ok());
        }
        Value::Atom(atom) if is(b"RFC822.SIZE") => fetch.size = number(atom),
        Value::List(flags) if is(b"FLAGS") => {
            let mut flags = flags.split(|&byte| byte == b' ');
            fetch.seen = Some(flags.any(|flag| flag.eq_ignore_ascii_case(b"\\Seen")));
        }
        Value::Quoted(text) if is(b"INTERNALDATE") => fetch.internal_date = date_time(&text),
        value if is(b"BODY[]") || is(b"RFC822") => {
            fetch.content = match value {
                Value::Literal(Literal::Kept(raw)) | Value::Quoted(raw) => Some(Content::Raw(raw)),
                Value::Literal(Literal::Drained(octets)) => Some(Content::TooLarge(octets)),
                Value::Atom(atom) if atom.eq_ignore_ascii_case(b"NIL") => Some(Content::Nothing),
                Value::Atom(_) | Value::List(_) => None,
            };
        }
        _ => {}
    }
}

/// Where we are in the list.
struct Walk<'a> {
    rest: &'a [u8],
    literals: std::vec::IntoIter<Literal>,
}

impl<'a> Walk<'a> {
    /// The next name and value; `None` at the end of the list, and at what cannot be read.
    fn attribute(&mut self) -> Option<(&'a [u8], Value<'a>)> {
        let start = self.rest.trim_ascii_start();
        let mut in_section = false;
        let end = start.iter().position(|&byte| {
            match byte {
                b'[' => in_section = true,
                b']' => in_section = false,
                _ => {}
            }
            // `BODY[HEADER.FIELDS (DATE)]` is one name, spaces and all.
            !in_section && matches!(byte, b' ' | b'(' | b')')
        })?;
        let (name, rest) = start.split_at(end);
        let value_start = rest.trim_ascii_start();
        if name.is_empty() || value_start.len() == rest.len() && !rest.starts_with(b"(") {
            return None;
        }
        let value = self.value(value_start)?;
        Some((name, value))
    }

    fn value(&mut self, text: &'a [u8]) -> Option<Value<'a>> {
        match text.first()? {
            b'(' => {
                let end = self.list_end(text)?;
                self.rest = &text[end..];
                Some(Value::List(&text[1..end - 1]))
            }
            b'"' => {
                let end = quoted_end(text)?;
                self.rest = &text[end..];
                Some(Value::Quoted(unescaped(&text[1..end - 1])))
            }
            b'{' | b'~' => {
                let end = text.iter().position(|&byte| byte == b'}')?;
                self.rest = &text[end + 1..];
                self.literals.next().map(Value::Literal)
            }
            _ => {
                let end = text.iter().position(|byte| matches!(byte, b' ' | b')'))?;
                let (atom, rest) = text.split_at(end);
                self.rest = rest;
                (!atom.is_empty()).then_some(Value::Atom(atom))
            }
        }
    }

    /// Where the list that `text` begins with has ended. Its literals are passed over.
    fn list_end(&mut self, text: &[u8]) -> Option<usize> {
        let (mut at, mut depth) = (0, 0usize);
        loop {
            match *text.get(at)? {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'"' => at += quoted_end(&text[at..])? - 1,
                // An atom may not hold a brace, so this is the place of a literal.
                b'{' => drop(self.literals.next()?),
                _ => {}
            }
            at += 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
}

/// Where the quoted string that `text` begins with has ended.
pub(super) fn quoted_end(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match *text.get(at)? {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// A quoted string without its escapes.
pub(super) fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = text.iter();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(&byte) = bytes.next() {
        let next = if byte == b'\\' { bytes.next() } else { Some(&byte) };
        plain.extend(next);
    }
    plain
}

/// `17-Jul-1996 02:44:25 -0700`, the day perhaps with a space in front (RFC 9051 §9, `date-time`).
fn date_time(text: &[u8]) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let text = std::str::from_utf8(text).ok()?;
    let mut words = text.split_ascii_whitespace();
    let (day, clock, zone) = (words.next()?, words.next()?, words.next()?);
    let mut day = day.split('-');
    let (d, month, y) = (day.next()?.parse().ok()?, day.next()?, day.next()?.parse().ok()?);
    let m = MONTHS.iter().position(|name| month.eq_ignore_ascii_case(name))? + 1;
    let mut clock = clock.split(':').map(|part| part.parse::<i8>().ok());
    let (hours, minutes, seconds) = (clock.next()??, clock.next()??, clock.next()??);
    let shift: i32 = zone.parse().ok()?;
    let shift = (shift / 100 * 60 + shift % 100).checked_mul(60)?;
    // jiff refuses what no calendar and no clock can say.
    let local = Date::new(y, i8::try_from(m).ok()?, d).ok()?;
    let time = Time::new(hours, minutes, seconds.min(59), 0).ok()?;
    Offset::from_seconds(shift).ok()?.to_timestamp(local.to_datetime(time)).ok()
}

#[cfg(test)]
mod tests;

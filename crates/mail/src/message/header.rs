//! Header fields: where they end, and what they say. A broken line costs that line and not the mail.

use std::borrow::Cow;
use std::ops::Range;

use super::charset;

/// Header octets that are read; what follows them is skipped.
const MAX_BLOCK: usize = 256 * 1024;
/// Fields that are read.
const MAX_FIELDS: usize = 1000;
/// Octets of one field's value that are read. Field parsers may look at an octet more than once.
const MAX_VALUE: usize = 64 * 1024;

/// The header fields of a mail or of a part of it.
#[derive(Debug, Default)]
pub(super) struct Headers<'a> {
    text: Cow<'a, str>,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    name: Range<usize>,
    value: Range<usize>,
}

impl<'a> Headers<'a> {
    /// Reads the header at the beginning of `raw`; also gives where the body begins.
    pub(super) fn read(raw: &'a [u8]) -> (Self, usize) {
        let (end, body) = block(raw);
        let bytes = &raw[..end.min(MAX_BLOCK)];
        let text = charset::decode(bytes, named_charset(bytes));
        let fields = fields(&text);
        (Self { text, fields }, body)
    }

    /// Unfolded values of all fields of this name, first one first.
    pub(super) fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = Cow<'s, str>> {
        self.fields
            .iter()
            .filter(move |field| self.text[field.name.clone()].eq_ignore_ascii_case(name))
            .map(|field| unfold(super::text::cut(&self.text[field.value.clone()], MAX_VALUE)))
    }

    /// The first field of this name, unfolded.
    pub(super) fn get<'s>(&'s self, name: &'s str) -> Option<Cow<'s, str>> {
        self.all(name).next()
    }

    /// Whether there is such a field.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// Where the header ends and where the body begins. A line that cannot be a field ends the header, unless a field
/// follows it: then it is the victim of a careless line break.
fn block(raw: &[u8]) -> (usize, usize) {
    let mut at = 0;
    while at < raw.len() {
        let next = next_line(raw, at);
        let line = &raw[at..next];
        if line.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            return (at, next);
        }
        let belongs = is_field(line) || at > 0 && is_folded(line);
        if !belongs && !is_field(&raw[next..next_line(raw, next)]) {
            return (at, at);
        }
        at = next;
    }
    (at, at)
}

/// The charset of the body. Senders that write raw 8-bit headers do not say in which one, but have one.
fn named_charset(block: &[u8]) -> Option<&str> {
    if block.is_ascii() {
        return None;
    }
    let parameter = b"charset=";
    let at =
        block.windows(parameter.len()).position(|window| window.eq_ignore_ascii_case(parameter))?;
    let value = block[at + parameter.len()..].trim_ascii_start();
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let end =
        value.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"-_.:".contains(byte)));
    std::str::from_utf8(&value[..end.unwrap_or(value.len())]).ok()
}

fn next_line(raw: &[u8], from: usize) -> usize {
    raw[from..]
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(raw.len(), |newline| from + newline + 1)
}

fn is_folded(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// A name of printable ASCII, then a colon; blanks before the colon are obsolete but legal (RFC 5322 §4.5).
fn is_field(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return false };
    let name = line[..colon].trim_ascii_end();
    !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
}

fn fields(text: &str) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if is_field(line.as_bytes()) {
            if fields.len() == MAX_FIELDS {
                break;
            }
            let colon = line.find(':').unwrap_or_default();
            fields.push(Field {
                name: start..start + line[..colon].trim_end().len(),
                value: start + colon + 1..at,
            });
        } else if let Some(last) = fields.last_mut() {
            last.value.end = at;
        }
    }
    fields
}

fn unfold(value: &str) -> Cow<'_, str> {
    let value = value.trim();
    if value.contains(['\r', '\n']) {
        Cow::Owned(value.chars().filter(|c| !matches!(c, '\r' | '\n')).collect())
    } else {
        Cow::Borrowed(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> (Vec<String>, String) {
        let (headers, body) = Headers::read(raw.as_bytes());
        let fields = headers.fields.iter();
        let fields = fields.map(|f| {
            format!("{}={}", &headers.text[f.name.clone()], unfold(&headers.text[f.value.clone()]))
        });
        (fields.collect(), raw[body..].to_owned())
    }

    #[test]
    fn headers_end_where_they_should() {
        let table: &[(&str, &[&str], &str)] = &[
            ("A: 1\r\nB: 2\r\n\r\nbody", &["A=1", "B=2"], "body"),
            ("A: 1\n\tmore\n\nbody", &["A=1\tmore"], "body"),
            ("From bob Mon\nA: 1\n\nbody", &["A=1"], "body"),
            ("A: 1\nbroken\nB: 2\n\nbody", &["A=1broken", "B=2"], "body"),
            ("A: 1\nno blank line here\nbody", &["A=1"], "no blank line here\nbody"),
            ("Just some words.\nAnd more.\n", &[], "Just some words.\nAnd more.\n"),
            ("\nbody", &[], "body"),
            ("A : 1", &["A=1"], ""),
            ("", &[], ""),
        ];
        for (raw, fields, body) in table {
            let (got, rest) = read(raw);
            assert_eq!(
                (got.iter().map(String::as_str).collect::<Vec<_>>(), rest.as_str()),
                (fields.to_vec(), *body)
            );
        }
    }

    #[test]
    fn eight_bit_headers_are_read() {
        let (headers, _) = Headers::read(b"Subject: caf\xE9\r\n\r\n");
        assert_eq!(headers.get("subject").unwrap(), "café");
        let raw = b"Subject: \x93\xFA\x96{\nContent-Type: text/plain; charset=\"Shift_JIS\"\n\n";
        assert_eq!(Headers::read(raw).0.get("subject").unwrap(), "日本");
    }
}

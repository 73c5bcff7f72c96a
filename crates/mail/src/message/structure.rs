//! The parts of a mail (RFC 2046): found by their boundaries, nothing decoded.
//!
//! The walk is our own, since what we keep of an attachment is where its encoded octets lie, and since the work must
//! stay linear whatever a sender nests: each level of nesting reads the octets once, and there are few levels.

use std::ops::Range;

use outlink_model::tracker::TransferEncoding;

use super::encoding::encoding_named;
use super::header::Headers;
use super::part::{ContentType, Disposition};

/// How deep multiparts are opened. Deeper ones stay closed: they become one attachment.
const MAX_DEPTH: usize = 16;
/// Parts that are looked at.
const MAX_PARTS: usize = 1000;

/// A mail or a part of it.
#[derive(Debug)]
pub(super) struct Entity<'a> {
    pub(super) headers: Headers<'a>,
    pub(super) content: ContentType,
    pub(super) disposition: Disposition,
    pub(super) encoding: TransferEncoding,
    /// The encoded body within the raw message.
    pub(super) body: Range<usize>,
    /// Empty but for an opened multipart.
    pub(super) children: Vec<Entity<'a>>,
}

impl Entity<'_> {
    /// The name that the sender gives the part.
    pub(super) fn claimed_name(&self) -> Option<&str> {
        self.disposition
            .name
            .as_deref()
            .or(self.content.name.as_deref())
            .filter(|name| !name.trim().is_empty())
    }
}

/// Opens up a raw message.
pub(super) fn read(raw: &[u8]) -> Entity<'_> {
    let mut left = MAX_PARTS;
    entity(raw, 0..raw.len(), 0, "text/plain", &mut left)
}

fn entity<'a>(
    raw: &'a [u8],
    whole: Range<usize>,
    depth: usize,
    default: &str,
    left: &mut usize,
) -> Entity<'a> {
    *left = left.saturating_sub(1);
    let (headers, body) = Headers::read(&raw[whole.clone()]);
    let body = whole.start + body..whole.end;
    let value = headers.get("Content-Type");
    let mut content = ContentType::read(value.as_deref());
    if value.is_none() {
        default.clone_into(&mut content.media_type);
    }
    drop(value);
    let encoding =
        encoding_named(headers.get("Content-Transfer-Encoding").as_deref().unwrap_or_default());
    let disposition = Disposition::read(&headers);
    let mut children = Vec::new();
    if content.is_multipart() && depth < MAX_DEPTH {
        // RFC 2046 §5.1.5: the parts of a digest are mails.
        let default =
            if content.media_type == "multipart/digest" { "message/rfc822" } else { "text/plain" };
        for range in split(raw, body.clone(), content.boundary.as_deref(), *left) {
            children.push(entity(raw, range, depth + 1, default, left));
        }
        if children.is_empty() {
            // No boundary was named or none was met: what there is, is the text.
            "text/plain".clone_into(&mut content.media_type);
        }
    }
    Entity { headers, content, disposition, encoding, body, children }
}

/// The ranges between the lines that are a boundary, at most `max`. A missing last boundary is forgiven.
fn split(raw: &[u8], body: Range<usize>, boundary: Option<&str>, max: usize) -> Vec<Range<usize>> {
    let Some(boundary) = boundary else { return Vec::new() };
    let mut parts = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = body.start;
    while at < body.end {
        let next = raw[at..body.end]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(body.end, |newline| at + newline + 1);
        if let Some(kind) = delimiter(&raw[at..next], boundary.as_bytes()) {
            if let Some(start) = open.take() {
                parts.push(start..before_newline(raw, start, at));
            }
            if kind == Delimiter::Close || parts.len() >= max {
                return parts;
            }
            open = Some(next);
        }
        at = next;
    }
    parts.extend(open.map(|start| start..body.end));
    parts
}

#[derive(PartialEq)]
enum Delimiter {
    Open,
    Close,
}

/// The whole line is compared: `--b1` must not end a part of `--b`.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<Delimiter> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary.trim_ascii_end())?;
    match rest.trim_ascii_end() {
        b"" => Some(Delimiter::Open),
        b"--" => Some(Delimiter::Close),
        _ => None,
    }
}

/// The line end before a boundary belongs to the boundary.
fn before_newline(raw: &[u8], start: usize, boundary: usize) -> usize {
    let end = match &raw[start..boundary] {
        [.., b'\r', b'\n'] => boundary - 2,
        [.., b'\n'] => boundary - 1,
        _ => boundary,
    };
    end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(entity: &Entity<'_>) -> String {
        let children: Vec<String> = entity.children.iter().map(shape).collect();
        let own = &entity.content.media_type;
        if children.is_empty() { own.clone() } else { format!("{own}({})", children.join(" ")) }
    }

    #[test]
    fn broken_boundaries_are_forgiven() {
        let mixed = "Content-Type: multipart/mixed; boundary=b\n\n";
        let inner = "Content-Type: multipart/alternative; boundary=b1\n\n--b1\n\none\n--b1\nContent-Type: text/html\n\ntwo\n";
        for (body, expected) in [
            ("--b\n\none\n--b--\n", "multipart/mixed(text/plain)"),
            ("--b  \r\n\r\none\r\n--b--  \r\nepilogue", "multipart/mixed(text/plain)"),
            ("--b\n\nno end", "multipart/mixed(text/plain)"),
            ("no boundary at all", "text/plain"),
            ("--b\n--b\n\n--b--", "multipart/mixed(text/plain text/plain)"),
            (
                &format!("--b\n{inner}--b\n\nlast\n--b--"),
                "multipart/mixed(multipart/alternative(text/plain text/html) text/plain)",
            ),
        ] {
            assert_eq!(shape(&read(format!("{mixed}{body}").as_bytes())), expected, "{body}");
        }
        assert_eq!(shape(&read(b"Content-Type: multipart/mixed\n\n--b\n\none")), "text/plain");
    }

    #[test]
    fn depth_and_count_are_capped() {
        let deep: String = (0..5000)
            .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"))
            .collect();
        assert_eq!(shape(&read(deep.as_bytes())).matches("multipart").count(), MAX_DEPTH + 1);
        let wide =
            format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(5000));
        assert!(read(wide.as_bytes()).children.len() <= MAX_PARTS);
    }
}

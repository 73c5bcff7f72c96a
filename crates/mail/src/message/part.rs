//! What a part of a mail says about itself, and the file names that come out of it.

use mail_parser::ContentType as Parameters;
use mail_parser::parsers::MessageStream;

use super::header::Headers;
use super::text::{cut, one_line};

/// Octets of a Content-Type or Content-Disposition that are read.
const MAX_VALUE: usize = 8 * 1024;
/// Characters of a file name.
const MAX_NAME: usize = 120;
/// Characters of a media type.
const MAX_TYPE: usize = 100;

/// Content-Type (RFC 2045 §5), as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ContentType {
    /// `text/plain`, in lower case; that is also the default.
    pub(super) media_type: String,
    pub(super) charset: Option<String>,
    pub(super) boundary: Option<String>,
    pub(super) name: Option<String>,
    pub(super) report_type: Option<String>,
    /// RFC 3676.
    pub(super) flowed: bool,
    pub(super) delete_space: bool,
}

impl ContentType {
    /// Reads the header's value. One that is missing or makes no sense means plain text (RFC 2045 §5.2).
    pub(super) fn read(value: Option<&str>) -> Self {
        let read = |value| with_parameters(value, Self::from_parameters);
        value
            .and_then(read)
            .unwrap_or_else(|| Self { media_type: "text/plain".to_owned(), ..Self::default() })
    }

    fn from_parameters(parameters: &Parameters<'_>) -> Self {
        let get = |name| parameters.attribute(name).map(str::to_owned);
        let says = |name, word: &str| {
            parameters.attribute(name).is_some_and(|value| value.eq_ignore_ascii_case(word))
        };
        Self {
            media_type: media_type(parameters.ctype(), parameters.subtype()),
            charset: get("charset"),
            boundary: get("boundary").filter(|boundary| !boundary.trim().is_empty()),
            name: get("name"),
            report_type: get("report-type").map(|kind| kind.to_ascii_lowercase()),
            flowed: says("format", "flowed"),
            delete_space: says("delsp", "yes"),
        }
    }

    pub(super) fn is_multipart(&self) -> bool {
        self.media_type.starts_with("multipart/")
    }
}

fn media_type(kind: &str, subtype: Option<&str>) -> String {
    let token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    match (kind.to_ascii_lowercase(), subtype.unwrap_or_default().to_ascii_lowercase()) {
        (kind, subtype) if kind.len() + subtype.len() >= MAX_TYPE => {
            "application/octet-stream".to_owned()
        }
        (kind, subtype) if token(&kind) && token(&subtype) => format!("{kind}/{subtype}"),
        (kind, _) if kind == "text" || !token(&kind) => "text/plain".to_owned(),
        (kind, _) if kind == "multipart" => "multipart/mixed".to_owned(),
        _ => "application/octet-stream".to_owned(),
    }
}

/// Content-Disposition (RFC 2183).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) attachment: bool,
    pub(super) inline: bool,
    pub(super) name: Option<String>,
}

impl Disposition {
    pub(super) fn read(headers: &Headers<'_>) -> Self {
        let value = headers.get("Content-Disposition");
        let read = |value| with_parameters(value, Self::from_parameters);
        value.as_deref().and_then(read).unwrap_or_default()
    }

    fn from_parameters(parameters: &Parameters<'_>) -> Self {
        let inline = parameters.ctype().eq_ignore_ascii_case("inline");
        // An unknown disposition is to be treated as attachment (RFC 2183 §2.8).
        Self {
            attachment: !inline,
            inline,
            name: parameters.attribute("filename").map(str::to_owned),
        }
    }
}

fn with_parameters<T>(value: &str, read: impl FnOnce(&Parameters<'_>) -> T) -> Option<T> {
    let line = format!("{}\n", cut(value, MAX_VALUE));
    MessageStream::new(line.as_bytes()).parse_content_type().as_content_type().map(read)
}

/// A file name that is safe to show and to store: no path, no control or invisible characters, not too long.
pub(super) fn file_name(claimed: &str) -> Option<String> {
    let base = claimed.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe: String = base
        .chars()
        .filter(|c| !is_deceptive(*c))
        .map(|c| if is_awkward(c) { '_' } else { c })
        .collect();
    let safe = one_line(&safe, usize::MAX);
    let safe = safe.trim_matches(['.', ' ', '_']);
    (!safe.is_empty()).then(|| shorten(safe))
}

/// Characters that turn the reading direction or cannot be seen: `gpj.exe` must not look like `exe.jpg`.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}')
}

/// Characters that some file system refuses.
fn is_awkward(c: char) -> bool {
    matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*')
}

/// Cuts the middle out rather than the extension.
fn shorten(name: &str) -> String {
    let length = name.chars().count();
    if length <= MAX_NAME {
        return name.to_owned();
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let extension = if extension.chars().count() <= 10 { extension } else { "" };
    let kept = MAX_NAME - extension.chars().count() - 1;
    let mut short: String = name.chars().take(kept).collect();
    if !extension.is_empty() {
        short.push('.');
        short.push_str(extension);
    }
    short
}

/// A name for a part that brings none; `number` counts the attachments from 1.
pub(super) fn made_up_name(media_type: &str, number: usize) -> String {
    let extension = match media_type {
        "text/calendar" => return "invite.ics".to_owned(),
        "message/delivery-status" => return "delivery-status.txt".to_owned(),
        "message/disposition-notification" => return "read-receipt.txt".to_owned(),
        "text/rfc822-headers" => return "headers.txt".to_owned(),
        "message/rfc822" | "message/global" => "eml",
        "text/plain" => "txt",
        "text/html" => "html",
        "text/csv" => "csv",
        "text/vcard" | "text/x-vcard" => "vcf",
        "image/jpeg" | "image/jpg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/svg+xml" => "svg",
        "image/webp" => "webp",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        "application/json" => "json",
        _ => "bin",
    };
    format!("attachment-{number}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_made_safe() {
        for (claimed, safe) in [
            ("report.pdf", Some("report.pdf")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Users\\bob\\notes.txt", Some("notes.txt")),
            ("exe\u{202E}gpj.scr", Some("exegpj.scr")),
            ("a\0b\r\nc\t.txt", Some("ab c .txt")),
            ("what?.txt", Some("what_.txt")),
            ("..", None),
            ("dir/", None),
            ("", None),
            (".htaccess", Some("htaccess")),
        ] {
            assert_eq!(file_name(claimed).as_deref(), safe, "{claimed}");
        }
        let long = file_name(&format!("{}.pdf", "ü".repeat(500))).unwrap();
        assert!(long.ends_with("ü.pdf") && long.chars().count() == MAX_NAME, "{long}");
    }

    #[test]
    fn content_types_are_read() {
        let read = |value| ContentType::read(Some(value)).media_type;
        assert_eq!(read("TEXT/HTML; charset=utf-8"), "text/html");
        assert_eq!(read("text"), "text/plain");
        assert_eq!(read("application"), "application/octet-stream");
        assert_eq!(read("multipart"), "multipart/mixed");
        assert_eq!(read("te xt/../<b>"), "text/plain");
        assert_eq!(read(""), "text/plain");
        let flowed =
            ContentType::read(Some("text/plain; format=Flowed; delsp=yes; charset=\"utf-8\""));
        assert!(flowed.flowed && flowed.delete_space);
        assert_eq!(flowed.charset.as_deref(), Some("utf-8"));
    }

    #[test]
    fn long_names_come_in_pieces() {
        let raw = b"Content-Disposition: attachment;\r\n filename*0*=utf-8''%C3%9Cber;\r\n filename*1*=sicht%20;\r\n filename*2=\"2024.pdf\"\r\n\r\n";
        let disposition = Disposition::read(&Headers::read(raw).0);
        assert_eq!(disposition.name.as_deref(), Some("Übersicht 2024.pdf"));
        assert!(disposition.attachment && !disposition.inline);
    }
}

//! Files that strangers sent us. A browser is never to show one as a page of ours: it is saved, never rendered.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};

/// An answer that is saved under `name`.
pub(crate) fn download(name: &str, media_type: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, media_type.to_owned()),
        (CONTENT_DISPOSITION, disposition(name)),
        (CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (headers, bytes).into_response()
}

/// `Content-Disposition` (RFC 6266) with the name twice: in ASCII for old clients, and as RFC 8187 has it.
fn disposition(name: &str) -> String {
    let safe: String = name
        .chars()
        .map(|c| if c.is_control() || matches!(c, '/' | '\\') || is_invisible(c) { '_' } else { c })
        .take(150)
        .collect();
    let safe = match safe.trim_matches(['.', ' ']) {
        "" => "file",
        trimmed => trimmed,
    };
    let plain: String = safe
        .chars()
        .map(|c| match c {
            '"' | '%' => '_',
            ' '..='~' => c,
            _ => '_',
        })
        .collect();
    let mut extended = String::new();
    for byte in safe.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                extended.push(byte.into());
            }
            _ => extended.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{extended}")
}

/// Characters that turn the direction of writing or are not seen: with them `exe.txt` can look like `txt.exe`.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_cannot_break_out_of_its_header() {
        for (name, expected) in [
            ("report.pdf", "attachment; filename=\"report.pdf\"; filename*=UTF-8''report.pdf"),
            (
                "a\"b\r\nX: y",
                "attachment; filename=\"a_b__X: y\"; filename*=UTF-8''a%22b__X%3A%20y",
            ),
            (
                "../../etc/passwd",
                "attachment; filename=\"_.._etc_passwd\"; filename*=UTF-8''_.._etc_passwd",
            ),
            (
                "größe.txt",
                "attachment; filename=\"gr__e.txt\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt",
            ),
            ("…", "attachment; filename=\"_\"; filename*=UTF-8''%E2%80%A6"),
            ("", "attachment; filename=\"file\"; filename*=UTF-8''file"),
            ("a\u{202e}fdp.exe", "attachment; filename=\"a_fdp.exe\"; filename*=UTF-8''a_fdp.exe"),
        ] {
            assert_eq!(disposition(name), expected, "{name:?}");
        }
    }
}

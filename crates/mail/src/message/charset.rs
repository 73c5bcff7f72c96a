//! From octets in some charset to text. Never fails: what no charset explains is read as windows-1252.

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_2022_JP, WINDOWS_1252};

/// Decodes `bytes` by the charset that the sender names, or by what they look like where it names none, an unknown one
/// or one that they are not in.
pub(super) fn decode<'a>(bytes: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    let label =
        label.map(|label| label.trim().trim_matches(['"', '\''])).filter(|label| !label.is_empty());
    // A sender that says "ASCII" and writes 8 bits does not know what it writes.
    let Some(label) = label.filter(|label| !is_ascii_label(label)) else { return guess(bytes) };
    if let Some(encoding) = Encoding::for_label_no_replacement(label.as_bytes()) {
        if encoding == encoding_rs::UTF_8 {
            return guess(bytes);
        }
        return encoding.decode(bytes).0;
    }
    match mail_parser::decoders::charsets::map::charset_decoder(label.as_bytes()) {
        Some(decode) => Cow::Owned(decode(bytes)),
        None => guess(bytes),
    }
}

/// UTF-8 where it is UTF-8, the Japanese of old where it switches to it, windows-1252 otherwise.
pub(super) fn guess(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.windows(2).any(|pair| pair == b"\x1B$") {
        return ISO_2022_JP.decode_without_bom_handling(bytes).0;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

fn is_ascii_label(label: &str) -> bool {
    ["us-ascii", "ascii", "ansi_x3.4-1968", "unknown-8bit", "x-unknown", "8bit"]
        .iter()
        .any(|ascii| label.eq_ignore_ascii_case(ascii))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_odd_charsets() {
        for (bytes, label, text) in [
            (&b"caf\xC3\xA9"[..], Some("utf-8"), "café"),
            (b"caf\xE9", Some("utf-8"), "café"),
            (b"caf\xE9", None, "café"),
            (b"caf\xC3\xA9", Some("us-ascii"), "café"),
            (b"caf\xE9", Some("no-such-charset"), "café"),
            (b"caf\xE9", Some("\"ISO-8859-1\""), "café"),
            (b"\x93\xFA\x96{", Some("shift_jis"), "日本"),
            (b"\x1B$BF|K\\\x1B(B", Some("iso-2022-jp"), "日本"),
            (b"\x1B$BF|K\\\x1B(B", None, "日本"),
            (b"\xC7\xD1\xB1\xDB", Some("ks_c_5601-1987"), "한글"),
            (b"+ZeVnLA-", Some("utf-7"), "日本"),
        ] {
            assert_eq!(decode(bytes, label), text, "{label:?}");
        }
    }
}

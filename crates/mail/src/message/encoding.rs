//! Content-Transfer-Encoding (RFC 2045 §6): decoding, and the decoded size without decoding.
//!
//! Both decoders take what they are given: letters outside the alphabet are skipped, broken escapes stay as written.
//! They agree with their counters octet for octet, since an attachment's size is stored before anybody decodes it.

use outlink_model::tracker::{PartRange, TransferEncoding};

/// The decoded bytes of an attachment. A range that lies outside of `raw` is clipped to it.
pub fn decode_part(raw: &[u8], range: PartRange) -> Vec<u8> {
    let offset = clip(range.offset, raw.len());
    let end = clip(range.offset.saturating_add(range.length), raw.len());
    decode(raw.get(offset..end).unwrap_or_default(), range.encoding)
}

fn clip(offset: u64, len: usize) -> usize {
    usize::try_from(offset).map_or(len, |offset| offset.min(len))
}

pub(super) fn decode(encoded: &[u8], encoding: TransferEncoding) -> Vec<u8> {
    match encoding {
        TransferEncoding::Identity => encoded.to_vec(),
        TransferEncoding::Base64 => base64_decode(encoded),
        TransferEncoding::QuotedPrintable => {
            let mut decoded = Vec::with_capacity(encoded.len());
            quoted_printable(encoded, |byte| decoded.push(byte));
            decoded
        }
    }
}

/// How many octets [`decode`] would give.
pub(super) fn decoded_len(encoded: &[u8], encoding: TransferEncoding) -> u64 {
    let len = match encoding {
        TransferEncoding::Identity => encoded.len(),
        TransferEncoding::Base64 => base64_len(encoded),
        TransferEncoding::QuotedPrintable => {
            let mut len = 0;
            quoted_printable(encoded, |_| len += 1);
            len
        }
    };
    len as u64
}

/// Reads the header's value. Anything unknown is taken as no encoding, which shows the sender's bytes as they are.
pub(super) fn encoding_named(value: &str) -> TransferEncoding {
    let word = value.trim_start().split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next();
    match word {
        Some(word) if word.eq_ignore_ascii_case("base64") => TransferEncoding::Base64,
        Some(word) if word.eq_ignore_ascii_case("quoted-printable") => {
            TransferEncoding::QuotedPrintable
        }
        _ => TransferEncoding::Identity,
    }
}

const PAD: u8 = 64;
const SKIP: u8 = 255;

/// The value of each octet in base64; the alphabet of URLs is not taken, it does not occur in mail.
const BASE64: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [SKIP; 256];
    let mut value = 0;
    while value < 64 {
        table[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    table[b'=' as usize] = PAD;
    table
};

/// Padding ends a group and not the data: some senders pad every line.
fn base64_decode(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len() / 4 * 3 + 3);
    let mut bits: u32 = 0;
    let mut letters = 0;
    for &byte in encoded {
        match BASE64[byte as usize] {
            SKIP => {}
            PAD => {
                base64_rest(&mut decoded, bits, letters);
                (bits, letters) = (0, 0);
            }
            value => {
                bits = bits << 6 | u32::from(value);
                letters += 1;
                if letters == 4 {
                    decoded.extend_from_slice(&bits.to_be_bytes()[1..]);
                    (bits, letters) = (0, 0);
                }
            }
        }
    }
    base64_rest(&mut decoded, bits, letters);
    decoded
}

/// Two letters hold one octet and three hold two; one alone holds none.
fn base64_rest(decoded: &mut Vec<u8>, bits: u32, letters: u32) {
    match letters {
        2 => decoded.push((bits >> 4) as u8),
        3 => decoded.extend_from_slice(&((bits >> 2) as u16).to_be_bytes()),
        _ => {}
    }
}

fn base64_len(encoded: &[u8]) -> usize {
    let octets = |letters: usize| letters * 6 / 8;
    let mut len = 0;
    let mut letters = 0;
    for &byte in encoded {
        match BASE64[byte as usize] {
            SKIP => {}
            PAD => len += octets(std::mem::take(&mut letters)),
            _ => letters += 1,
        }
    }
    len + octets(letters)
}

/// RFC 2045 §6.7, with white space at the end of a line taken off (rule 3) and broken escapes left as they are.
fn quoted_printable(encoded: &[u8], mut emit: impl FnMut(u8)) {
    let mut at = 0;
    while let Some(&byte) = encoded.get(at) {
        match byte {
            b'=' => match escape(&encoded[at + 1..]) {
                Escape::Octet(octet) => {
                    emit(octet);
                    at += 3;
                }
                Escape::SoftBreak(len) => at += 1 + len,
                Escape::Broken => {
                    emit(b'=');
                    at += 1;
                }
            },
            b' ' | b'\t' => {
                let len = spaces(&encoded[at..]);
                if !matches!(encoded.get(at + len), None | Some(b'\r' | b'\n')) {
                    encoded[at..at + len].iter().for_each(|&space| emit(space));
                }
                at += len;
            }
            _ => {
                emit(byte);
                at += 1;
            }
        }
    }
}

enum Escape {
    Octet(u8),
    /// So many octets after the `=`.
    SoftBreak(usize),
    Broken,
}

fn escape(rest: &[u8]) -> Escape {
    if let [high, low, ..] = rest
        && let (Some(high), Some(low)) = (hex(*high), hex(*low))
    {
        return Escape::Octet(high << 4 | low);
    }
    let blank = spaces(rest);
    match &rest[blank..] {
        [] => Escape::SoftBreak(blank),
        [b'\r', b'\n', ..] => Escape::SoftBreak(blank + 2),
        [b'\r' | b'\n', ..] => Escape::SoftBreak(blank + 1),
        _ => Escape::Broken,
    }
}

fn spaces(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

fn hex(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(encoded: &str, encoding: TransferEncoding) -> String {
        String::from_utf8(decode(encoded.as_bytes(), encoding)).unwrap()
    }

    #[test]
    fn base64_takes_what_it_can() {
        for (encoded, decoded) in [
            ("aGVsbG8=", "hello"),
            ("aGVs\r\nbG8=\r\n", "hello"),
            ("aGVsbG8", "hello"),
            ("aGU=bGxv", "hello"),
            ("!aG-VsbG8=!", "hello"),
            ("a", ""),
            ("", ""),
        ] {
            assert_eq!(text(encoded, TransferEncoding::Base64), decoded, "{encoded}");
        }
    }

    #[test]
    fn quoted_printable_takes_what_it_can() {
        for (encoded, decoded) in [
            ("a=3Db", "a=b"),
            ("a=3db", "a=b"),
            ("soft=\r\nbreak", "softbreak"),
            ("soft= \nbreak", "softbreak"),
            ("end  \r\nnext", "end\r\nnext"),
            ("in  between", "in  between"),
            ("bro=ken =zz", "bro=ken =zz"),
            ("at the end=", "at the end"),
            ("one digit=3", "one digit=3"),
        ] {
            assert_eq!(text(encoded, TransferEncoding::QuotedPrintable), decoded, "{encoded}");
        }
    }

    #[test]
    fn encodings_are_found_under_odd_values() {
        assert_eq!(encoding_named(" BASE64 ; x"), TransferEncoding::Base64);
        assert_eq!(encoding_named("quoted-printable "), TransferEncoding::QuotedPrintable);
        assert_eq!(encoding_named("7-bit"), TransferEncoding::Identity);
        assert_eq!(encoding_named(""), TransferEncoding::Identity);
    }

    proptest! {
        #[test]
        fn the_counted_size_is_the_decoded_size(encoded in "[A-Za-z0-9+/= \t\r\n=]{0,200}") {
            for encoding in [TransferEncoding::Base64, TransferEncoding::QuotedPrintable, TransferEncoding::Identity] {
                let decoded = decode(encoded.as_bytes(), encoding);
                prop_assert_eq!(decoded_len(encoded.as_bytes(), encoding), decoded.len() as u64);
            }
        }

        #[test]
        fn no_range_makes_it_panic(raw: Vec<u8>, offset: u64, length: u64) {
            for encoding in [TransferEncoding::Base64, TransferEncoding::QuotedPrintable, TransferEncoding::Identity] {
                let decoded = decode_part(&raw, PartRange { offset, length, encoding });
                prop_assert!(decoded.len() <= raw.len());
            }
        }
    }
}

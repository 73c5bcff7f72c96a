//! Folder names in modified UTF-7 (RFC 3501 §5.1.3), both ways.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Printable ASCII stands for itself, `&` is `&-`, and everything else is UTF-16 in a base64 of its own between `&` and
/// `-`.
pub(super) fn encode(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut units: Vec<u16> = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            shift(&mut text, &mut units);
            text.push(c);
            if c == '&' {
                text.push('-');
            }
        } else {
            units.extend(c.encode_utf16(&mut [0; 2]).iter());
        }
    }
    shift(&mut text, &mut units);
    text
}

/// The name that [`encode`] writes in this way. `None` for everything that it does not write so, even where that could
/// be read: a name is only worth showing if it leads back to the folder. `None`, too, for a name that no terminal and
/// no page could show as it is.
pub(super) fn decode(wire: &str) -> Option<String> {
    let mut name = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((plain, shifted)) = rest.split_once('&') {
        name.push_str(plain);
        let (encoded, after) = shifted.split_once('-')?;
        if encoded.is_empty() {
            name.push('&');
        } else {
            let bytes = STANDARD_NO_PAD.decode(encoded.replace(',', "/")).ok()?;
            let (pairs, odd) = bytes.as_chunks::<2>();
            if !odd.is_empty() {
                return None;
            }
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            name.push_str(&String::from_utf16(&units).ok()?);
        }
        rest = after;
    }
    name.push_str(rest);
    (encode(&name) == wire && !name.contains(char::is_control)).then_some(name)
}

/// Writes out the characters that wait to be encoded.
fn shift(text: &mut String, units: &mut Vec<u16>) {
    if units.is_empty() {
        return;
    }
    let bytes: Vec<u8> = units.drain(..).flat_map(u16::to_be_bytes).collect();
    text.push('&');
    text.push_str(&STANDARD_NO_PAD.encode(bytes).replace('/', ","));
    text.push('-');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: [(&str, &str); 9] = [
        ("INBOX", "INBOX"),
        ("Sent Items", "Sent Items"),
        ("Entwürfe", "Entw&APw-rfe"),
        ("a&b", "a&-b"),
        ("&&", "&-&-"),
        // RFC 3501 §5.1.3's own example.
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("📥", "&2D3c5Q-"),
        ("é-é", "&AOk--&AOk-"),
        ("", ""),
    ];

    #[test]
    fn names_are_written_and_read_in_modified_utf7() {
        for (name, wire) in NAMES {
            assert_eq!(encode(name), wire);
            assert_eq!(decode(wire).as_deref(), Some(name), "{wire}");
        }
        assert_eq!(encode("tab\there"), "tab&AAk-here");
    }

    #[test]
    fn what_is_not_written_so_is_not_read() {
        for wire in [
            "R&D",
            "&",
            "a&AOk",
            "&AO-",
            "&AOk=-",
            // In base64 proper, a slash where a comma belongs.
            "&U/BTFw-",
            // Half of a pair of surrogates.
            "&2D0-",
            // What ASCII would have said, and two shifts where one would do.
            "&AGE-",
            "&AOk-&AOk-",
            // Bits that are left over.
            "&AOl-",
            "Entwürfe",
            // A line break and a zero, hidden.
            "&AA0ACg-",
            "&AAA-",
        ] {
            assert_eq!(decode(wire), None, "{wire}");
        }
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in "\\PC{0,40}") {
            let wire = encode(&name);
            prop_assert!(wire.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{wire:?}");
            prop_assert_eq!(decode(&wire), (!name.contains(char::is_control)).then_some(name));
        }

        #[test]
        fn whatever_is_read_leads_back(wire in "([ -~]|&[A-Za-z0-9+,]{0,6}-?|\\PC){0,12}") {
            if let Some(name) = decode(&wire) {
                prop_assert_eq!(encode(&name), wire);
                prop_assert!(!name.contains(char::is_control));
            }
        }

        #[test]
        fn no_text_is_too_odd(name in any::<String>()) {
            decode(&name);
            let wire = encode(&name);
            prop_assert!(!wire.contains(['\r', '\n', '\0']));
        }
    }
}

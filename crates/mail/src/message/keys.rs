//! Issue keys in a subject.

/// Keys that are kept of one subject; each one costs a look into the store.
const MAX_KEYS: usize = 10;
/// Digits of the number. More would be a telephone number or a hash.
const MAX_DIGITS: usize = 9;

/// Words that look like an issue key (`SUP-12`), in upper case, leftmost first, each once.
///
/// Whether such an issue exists is for the store to say: `UTF-8` looks like a key as well.
pub(super) fn keys(subject: &str) -> Vec<String> {
    let bytes = subject.as_bytes();
    let mut keys = Vec::new();
    for (dash, _) in subject.match_indices('-') {
        if let Some(key) =
            key_around(bytes, dash).map(|(start, end)| subject[start..end].to_ascii_uppercase())
            && !keys.contains(&key)
        {
            keys.push(key);
            if keys.len() == MAX_KEYS {
                break;
            }
        }
    }
    keys
}

/// Where the key around this dash begins and ends, if there is one. A word goes on beyond letters of other scripts:
/// `ÄSUP-12` is not `SUP-12`, but in `工单SUP-12` no space is ever written.
fn key_around(bytes: &[u8], dash: usize) -> Option<(usize, usize)> {
    let letters =
        bytes[..dash].iter().rev().take(11).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let digits = bytes[dash + 1..]
        .iter()
        .take(MAX_DIGITS + 1)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (start, end) = (dash - letters, dash + 1 + digits);
    let name = (2..=10).contains(&letters) && bytes[start].is_ascii_alphabetic();
    let number = (1..=MAX_DIGITS).contains(&digits) && bytes[dash + 1] != b'0';
    let before = start.checked_sub(1).map(|before| bytes[before]);
    let alone_before = !before
        .is_some_and(|byte| matches!(byte, b'-' | b'_' | b'.' | b'@') || latin_tail(bytes, start));
    (name && number && alone_before && ends_word(&bytes[end..])).then_some((start, end))
}

/// Whether a non-ASCII letter of the Latin script (two octets, from `À` on) ends just before `start`.
fn latin_tail(bytes: &[u8], start: usize) -> bool {
    matches!(bytes[..start], [.., 0xC3..=0xC9, 0x80..=0xBF])
}

fn ends_word(rest: &[u8]) -> bool {
    match rest {
        [byte, ..] if byte.is_ascii_alphanumeric() || *byte == b'_' => false,
        [b'-' | b'.', next, ..] => !next.is_ascii_digit(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_found_in_order() {
        let table: &[(&str, &[&str])] = &[
            ("Re: [SUP-12] Printer", &["SUP-12"]),
            ("sup-12: still broken", &["SUP-12"]),
            ("SUP-2 and WEB2-31, SUP-2 again", &["SUP-2", "WEB2-31"]),
            ("(SUP-12)(SUP-13)", &["SUP-12", "SUP-13"]),
            ("AW:SUP-12.", &["SUP-12"]),
            ("工单SUP-12已解决", &["SUP-12"]),
            ("SUP-12-urgent", &["SUP-12"]),
            (
                "S-1 TOOLONGAKEY-1 1A-1 SUP-0 SUP-012 SUP- -12 ISO-8859-1 log4j-2.17 x.SUP-1 ÄSUP-1",
                &[],
            ),
            ("SUP-1234567890", &[]),
            ("SUP_12 SUP–12", &[]),
            ("-", &[]),
            ("", &[]),
        ];
        for (subject, expected) in table {
            assert_eq!(keys(subject), *expected, "{subject}");
        }
    }

    #[test]
    fn they_are_capped() {
        let subject: String = (1..100).map(|n| format!("SUP-{n} ")).collect();
        assert_eq!(keys(&subject).len(), MAX_KEYS);
    }

    proptest! {
        #[test]
        fn every_key_looks_like_one_and_stands_in_the_subject(
            pieces in prop::collection::vec(
                prop_oneof!["[A-Za-z]{0,12}", "[0-9]{0,12}", "[-_.@ \\[:é工]", any::<String>()],
                0..20,
            ),
        ) {
            let subject = pieces.concat();
            let found = keys(&subject);
            prop_assert!(found.len() <= MAX_KEYS);
            let upper = subject.to_ascii_uppercase();
            let mut seen = Vec::new();
            for key in found {
                let (project, number) = key.split_once('-').unwrap();
                prop_assert!(outlink_model::tracker::is_project_key(project), "{}", key);
                prop_assert!(number.parse::<u32>().is_ok_and(|number| number > 0), "{}", key);
                prop_assert!(upper.contains(&key), "{}", key);
                prop_assert!(!seen.contains(&key), "{}", key);
                seen.push(key);
            }
        }

        #[test]
        fn a_key_between_blanks_is_found(key in "[A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,8}", before in "[a-z ]{0,20}") {
            let subject = format!("{before} {} after", key.to_lowercase());
            prop_assert_eq!(keys(&subject), [key]);
        }
    }
}

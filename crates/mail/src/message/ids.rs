//! Message-ID, In-Reply-To and References (RFC 5322 §3.6.4).

use super::text::{cut, one_line};

/// Ids that are kept of one field: threads grow long, but the ends of References are what threads hang on.
const MAX_IDS: usize = 100;
/// Octets of one id; a line of mail is not longer (RFC 5322 §2.1.1), and a database's index must hold it.
const MAX_ID: usize = 998;

/// The ids in a value, without angle brackets. Where there are none in brackets, every word with an `@` is one.
pub(super) fn ids(value: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for piece in value.split('<').skip(1) {
        if let Some((id, _)) = piece.split_once('>') {
            // Some programs fold in the middle of an id.
            let id: String = id.split_whitespace().collect();
            push(&mut ids, &id);
        }
    }
    if ids.is_empty() {
        for word in value.split([' ', '\t', ',', ';']).filter(|word| word.contains('@')) {
            push(&mut ids, word.trim_matches(['<', '>', '"']));
        }
    }
    if ids.len() > MAX_IDS {
        // The first one is the thread's root; the last ones are the nearest ancestors.
        ids.drain(1..ids.len() - MAX_IDS + 1);
    }
    ids
}

fn push(ids: &mut Vec<String>, id: &str) {
    let id = one_line(id, MAX_ID);
    let id = cut(&id, MAX_ID);
    if !id.is_empty() && ids.last().is_none_or(|last| last != id) {
        ids.push(id.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found() {
        assert_eq!(ids("<a@example.org> <b@example.org>"), ["a@example.org", "b@example.org"]);
        assert_eq!(ids("<a@example.org><b@example.org>"), ["a@example.org", "b@example.org"]);
        assert_eq!(ids("Your message of Monday <a@exa mple.org>"), ["a@example.org"]);
        assert_eq!(ids("a@example.org, b@example.org"), ["a@example.org", "b@example.org"]);
        assert_eq!(ids("<broken@example.org"), ["broken@example.org"]);
        assert_eq!(ids(""), [""; 0]);
    }

    #[test]
    fn a_long_id_is_cut_by_its_octets() {
        let ids = ids(&format!("<{}@example.org>", "\u{1f996}".repeat(998)));
        assert_eq!(ids, ["\u{1f996}".repeat(249)]);
    }

    #[test]
    fn a_long_thread_keeps_its_ends() {
        let value: String = (0..500).map(|n| format!("<{n}@example.org> ")).collect();
        let ids = ids(&value);
        assert_eq!(
            (ids.len(), ids[0].as_str(), ids[99].as_str()),
            (100, "0@example.org", "499@example.org")
        );
    }
}

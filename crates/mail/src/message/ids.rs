//! Message-ID, In-Reply-To and References (RFC 5322 §3.6.4), and List-Id (RFC 2919).

use super::text::{cut, one_line};

/// Ids that are kept of one field: threads grow long, but the ends of References are what threads hang on.
const MAX_IDS: usize = 100;
/// Octets of one id; a line of mail is not longer (RFC 5322 §2.1.1), and a database's index must hold it.
const MAX_ID: usize = 998;
/// Characters of a list's name (RFC 2919 §2 allows 255).
const MAX_LIST_ID: usize = 255;

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
        let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>');
        for word in value.split(ends).filter(|word| word.contains('@')) {
            push(&mut ids, word.trim_matches('"'));
        }
    }
    if ids.len() > MAX_IDS {
        // The first one is the thread's root; the last ones are the nearest ancestors.
        ids.drain(1..ids.len() - MAX_IDS + 1);
    }
    ids
}

/// The name of a mailing list: what stands in brackets, in lower case. Where nothing does, the words as they are.
pub(super) fn list_id(value: &str) -> Option<String> {
    let bracketed = value.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>'));
    let id = one_line(bracketed.map_or(value, |(id, _)| id), MAX_LIST_ID).to_lowercase();
    (!id.is_empty()).then_some(id)
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_found() {
        assert_eq!(ids("<a@example.org> <b@example.org>"), ["a@example.org", "b@example.org"]);
        assert_eq!(ids("<a@example.org><b@example.org>"), ["a@example.org", "b@example.org"]);
        assert_eq!(ids("Your message of Monday <a@exa mple.org>"), ["a@example.org"]);
        assert_eq!(ids("a@example.org, b@example.org"), ["a@example.org", "b@example.org"]);
        assert_eq!(ids("<broken@example.org"), ["broken@example.org"]);
        assert_eq!(ids("Ann<broken@example.org"), ["broken@example.org"]);
        assert_eq!(ids(""), [""; 0]);
    }

    #[test]
    fn lists_are_known_by_what_stands_in_brackets() {
        for (value, id) in [
            ("<team.example.org>", Some("team.example.org")),
            ("\"The <b> team\" <Team.Example.org>", Some("team.example.org")),
            ("team.example.org", Some("team.example.org")),
            ("<>", None),
            (" ", None),
        ] {
            assert_eq!(list_id(value).as_deref(), id, "{value}");
        }
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

    proptest! {
        #[test]
        fn every_id_is_a_word_that_can_be_kept(value in any::<String>()) {
            kept(&value)?;
        }

        #[test]
        fn pieces_of_ids_give_ids_that_can_be_kept(
            value in prop::collection::vec(prop::sample::select(PIECES), 0..300),
        ) {
            kept(&value.concat())?;
        }

        #[test]
        fn what_was_written_in_brackets_is_found(
            ids in prop::collection::vec("[a-z0-9.]{1,20}@[a-z0-9.]{1,20}", 1..50),
            gap in "[ \t]{0,3}",
        ) {
            let value: Vec<String> = ids.iter().map(|id| format!("<{id}>")).collect();
            let mut expected = ids;
            expected.dedup();
            prop_assert_eq!(super::ids(&value.join(&gap)), expected);
        }
    }

    const PIECES: &[&str] = &[
        "<", ">", "@", "a", " ", "\t", ",", "\"", "<a@b>", "\u{0}", "\u{7f}", "\u{85}", "é",
        "\u{2028}",
    ];

    fn kept(value: &str) -> Result<(), TestCaseError> {
        let ids = ids(value);
        prop_assert!(ids.len() <= MAX_IDS);
        for id in ids {
            prop_assert!(!id.is_empty() && id.len() <= MAX_ID, "{:?}", id);
            let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>');
            prop_assert!(!id.contains(odd), "{:?}", id);
        }
        if let Some(id) = list_id(value) {
            prop_assert!(!id.is_empty() && !id.contains(char::is_control), "{:?}", id);
        }
        Ok(())
    }
}

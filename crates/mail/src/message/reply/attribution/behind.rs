//! Attributions that stand behind words of the sender's own, on one line with them.

use super::super::words::languages;
use super::{has_time, has_year, is_dressing, joined, opens_with_date, says_wrote};

/// Characters of the word that an attribution opens with, and how many of a line are tried.
const MAX_OPENING: usize = 16;
const MAX_STARTS: usize = 3;

/// Where in a line an attribution begins that stands behind other words: "Thanks! On Monday, Bob wrote:".
///
/// Some programs lose the line break. The opening word is a capital one and what follows it is complete, so that no
/// sentence is taken for one.
///
/// It is for lines that end like an attribution.
pub(in super::super) fn begins_behind_words(line: &str) -> Option<usize> {
    let whole = joined(&[line])?;
    if line.trim_start().starts_with('>') || !has_year(&whole) || !says_wrote(&whole) {
        return None;
    }
    let opens = |start: usize| {
        let word: String = line[start..].chars().take(MAX_OPENING).collect();
        let word = word.to_lowercase();
        languages().flat_map(|language| language.opens).any(|open| word.starts_with(open))
    };
    let mut before = ' ';
    let starts = line.char_indices().filter(|(_, c)| {
        let starts = c.is_uppercase() && (before.is_whitespace() || before == '-');
        before = *c;
        starts
    });
    let mut starts = starts.map(|(start, _)| start).filter(|start| opens(*start)).take(MAX_STARTS);
    let start = starts.find(|start| {
        joined(&[&line[*start..]])
            .is_some_and(|text| has_year(&text) && has_time(&text) && opens_with_date(&text, true))
    })?;
    // The dashes in between belong to what is quoted.
    let words = line[..start].trim_end();
    let words = if words.ends_with("--") { words.trim_end_matches('-') } else { words };
    (!words.trim_matches(is_dressing).is_empty()).then_some(words.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributions_are_found_behind_words() {
        for (line, words) in [
            ("reply On Mon, Jan 1, 2024 at 10:00 AM, bob@example.org wrote:", Some("reply")),
            ("a - b--- On Mon, Jan 1, 2024 at 10:00 AM, bob@example.org wrote:", Some("a - b")),
            ("Danke! Am 01.01.2024 um 10:00 schrieb Bob:", Some("Danke!")),
            ("On Mon, Jan 1, 2024 at 10:00 AM, Bob <bob@example.org> wrote:", None),
            ("I saw that on 2024-01-01 at 10:00 Bob wrote:", None),
            ("See On Liberty, which he wrote:", None),
            ("> reply On Mon, Jan 1, 2024 at 10:00 AM, bob@example.org wrote:", None),
        ] {
            assert_eq!(begins_behind_words(line).map(|end| &line[..end]), words, "{line}");
        }
    }
}

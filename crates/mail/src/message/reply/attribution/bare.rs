//! Attributions that do not end with a colon: Zoho's, Android's, and Google's of old.

use super::super::words::languages;
use super::{
    MAX_LENGTH, ends_with_address, has_time, has_year, is_dressing, joined, names_somebody,
    opens_with_date,
};

/// Words of a line that is only a date, a name and an address.
const MAX_WORDS: usize = 12;

/// Whether it is worth looking: a number and an address, or dashes on both sides.
pub(super) fn could_be_one(line: &str) -> bool {
    line.len() <= MAX_LENGTH
        && (between_dashes(line).is_some()
            || line.contains('@') && line.contains(|c: char| c.is_ascii_digit()))
}

/// Whether the line is such an attribution.
pub(super) fn is_one(line: &str, quoted_below: bool) -> bool {
    if !could_be_one(line) {
        return false;
    }
    let dashed = between_dashes(line);
    let plain = dashed.unwrap_or(line);
    let Some(text) = joined(&[plain]) else { return false };
    let dated = has_year(&text) && has_time(&text) && opens_with_date(&text, quoted_below);
    let address =
        |text: &str| text.split_whitespace().next_back().is_some_and(|word| word.contains('@'));
    match before_verb(&text) {
        // "---- What Bob wrote ----" may be a heading of the sender's, so it takes a date or a quote.
        Some(before) if dashed.is_some() => {
            (quoted_below || dated) && (address(before) || names_somebody(plain))
        }
        // No sentence has the address in brackets before its verb.
        Some(before) => dated && address(before) && ends_with_address(before),
        // 2024/1/1 Bob <bob@example.org>
        None => {
            quoted_below
                && text.starts_with(|c: char| c.is_ascii_digit())
                && has_year(&text)
                && text.ends_with('>')
                && ends_with_address(&text)
                && text.split_whitespace().count() <= MAX_WORDS
        }
    }
}

/// What stands before the verb that ends the text.
fn before_verb(text: &str) -> Option<&str> {
    let mut verbs = languages().flat_map(|language| language.wrote);
    verbs.find_map(|verb| text.strip_suffix(verb.trim_end_matches([':', ' ', '('])))
}

/// What stands between two dashes or more on either side.
fn between_dashes(line: &str) -> Option<&str> {
    let line = line.trim_matches(is_dressing);
    let inside = line.strip_prefix("--")?.strip_suffix("--")?;
    let inside = inside.trim_matches(|c: char| c == '-' || c.is_whitespace());
    (!inside.is_empty()).then_some(inside)
}

//! Lines that stand between what is new and what is old, and what tells a forward from a reply.

use super::words::{ABOVE, languages};

/// Bytes of a separator, at least and at most.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=200;

/// `-----Original Message-----`, or the line of a ticket system above which one should write.
pub(super) fn is_original_marker(line: &str) -> bool {
    let Some(words) = candidate(line) else { return false };
    let said = languages().flat_map(|language| language.original).any(|phrase| words == *phrase);
    said && is_ruled(line)
        || words.starts_with("original message processed by")
        || ABOVE.iter().any(|phrase| words.contains(phrase) && is_ruled(line))
}

/// `---------- Forwarded message ---------` or `Begin forwarded message:`.
pub(super) fn is_forward_marker(line: &str) -> bool {
    let Some(words) = candidate(line) else { return false };
    let bare = words.trim_end_matches([':', '：']).trim_end();
    languages().any(|language| {
        is_ruled(line) && language.forwarded.iter().any(|phrase| words.starts_with(phrase))
            || bare.len() < words.len() && language.begin_forwarded.contains(&bare)
    })
}

/// The words between the dashes, in lower case.
fn candidate(line: &str) -> Option<String> {
    let ends = line.trim().ends_with([':', '：']);
    if !LENGTH.contains(&line.len()) || !(is_ruled(line) || ends || line.starts_with("Original")) {
        return None;
    }
    let words = line.trim_matches(|c: char| c.is_whitespace() || is_rule(c)).to_lowercase();
    (!words.is_empty()).then_some(words)
}

fn is_rule(c: char) -> bool {
    matches!(c, '-' | '_' | '=' | '*' | '#' | '—' | '–' | '─')
}

/// Whether the line begins with a rule: two dashes or more.
fn is_ruled(line: &str) -> bool {
    line.trim_start().chars().take_while(|c| is_rule(*c)).count() >= 2
}

/// Whether the line is only a rule.
pub(super) fn is_rule_line(line: &str, least: usize) -> bool {
    let line = line.trim();
    line.chars().all(is_rule) && line.chars().take(least).count() == least
}

/// The first line of what belongs to a header block: a rule may stand above it.
pub(super) fn rule_above(lines: &[&str], block: usize) -> usize {
    let above = lines[..block].iter().rposition(|line| !line.trim().is_empty());
    above.filter(|above| is_rule_line(lines[*above], 3)).unwrap_or(block)
}

/// Whether a subject begins with the prefix of a forward, in any language, before any prefix of a reply.
pub(in super::super) fn is_forward(subject: &str) -> bool {
    let mut subject = subject.trim_start();
    while let Some((_, rest)) = subject.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        subject = rest.trim_start();
    }
    let Some(colon) = subject.find([':', '：']).filter(|colon| *colon <= 16) else { return false };
    let prefix = subject[..colon].trim().to_lowercase();
    languages().flat_map(|language| language.forward_prefixes).any(|known| prefix == *known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_known() {
        for line in [
            "-----Original Message-----",
            " ---- Ursprüngliche Nachricht ----",
            "-------- Message d'origine --------",
            "-----元のメッセージ-----",
            "## Please type your reply above this line ##",
            "Original Message processed by david®",
        ] {
            assert!(is_original_marker(line), "{line}");
        }
        for line in
            ["Original Message", "--", "-----", "- original message -", "The original message:"]
        {
            assert!(!is_original_marker(line), "{line}");
        }
    }

    #[test]
    fn forwards_are_known() {
        for line in [
            "---------- Forwarded message ---------",
            "Begin forwarded message:",
            "-------- Weitergeleitete Nachricht --------",
            "Début du message transféré :",
        ] {
            assert!(is_forward_marker(line), "{line}");
        }
        assert!(!is_forward_marker("I got your forwarded message:"));
        for (subject, forward) in [
            ("Fwd: x", true),
            ("FW:x", true),
            ("[Team] WG: x", true),
            ("TR : x", true),
            ("Re: Fwd: x", false),
            ("Forward: x", false),
            ("x", false),
            ("", false),
        ] {
            assert_eq!(is_forward(subject), forward, "{subject}");
        }
    }
}

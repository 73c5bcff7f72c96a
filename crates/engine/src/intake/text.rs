//! Texts as the tracker takes them.

/// Longer texts are cut here; the whole mail stays one download away.
const LONGEST_TEXT: usize = 200_000;
/// What one line of an issue list can hold.
const LONGEST_SUMMARY: usize = 255;

/// A subject as the summary of an issue.
pub(super) fn summary(subject: &str) -> String {
    let line = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.chars().count() {
        0 => "(no subject)".to_owned(),
        n if n <= LONGEST_SUMMARY => line,
        _ => line.chars().take(LONGEST_SUMMARY - 1).chain(['…']).collect(),
    }
}

/// A text that is not too long to be kept.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        None => text.to_owned(),
        Some((end, _)) => {
            format!("{}\n\n… (cut here; the whole mail can be downloaded)", &text[..end])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_fit_on_a_line() {
        assert_eq!(summary(" \r\n "), "(no subject)");
        assert_eq!(summary("a\r\n  b\tc"), "a b c");
        let long = summary(&"ä".repeat(300));
        assert_eq!((long.chars().count(), long.ends_with('…')), (255, true));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = cut(&"ü".repeat(LONGEST_TEXT + 1));
        assert!(text.contains("… (cut here") && text.starts_with('ü'));
        assert_eq!(cut("short"), "short");
    }
}

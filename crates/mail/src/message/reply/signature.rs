//! Signatures, footers of mailing lists and "Sent from my phone".
//!
//! "Kind regards, Ann" stays: no rule tells a close from a sentence well enough to throw away what somebody wrote.

use super::Kind;
use super::separator::is_rule_line;
use super::words::{DISCLAIMERS, FOOTERS, LANGUAGES};

/// Lines that may follow `--` without its space, which others use as a divider.
const MAX_AFTER_DASHES: usize = 12;
/// Lines that may follow a rule of underscores; more are a section and not a footer.
const MAX_AFTER_RULE: usize = 25;
/// Bytes of a line about a device.
const MAX_DEVICE: usize = 120;
/// Words of it.
const MAX_DEVICE_WORDS: usize = 8;

/// Marks signatures in every run of the sender's own lines.
pub(super) fn drop_signatures(lines: &[&str], kinds: &mut [Kind]) {
    let mut at = 0;
    while at < kinds.len() {
        let run =
            kinds[at..].iter().take_while(|kind| matches!(kind, Kind::Own | Kind::Blank)).count();
        if run == 0 {
            at += 1;
            continue;
        }
        drop_in_run(&lines[at..at + run], &mut kinds[at..at + run]);
        at += run;
    }
}

fn drop_in_run(lines: &[&str], kinds: &mut [Kind]) {
    if let Some(start) = (0..lines.len()).find(|at| begins_signature(lines, *at)) {
        super::drop_from(kinds, start);
    }
    // What stands last may have another such line above it.
    for _ in 0..3 {
        let Some(last) = kinds.iter().rposition(|kind| *kind == Kind::Own) else { return };
        let alone = last == 0 || kinds[last - 1] != Kind::Own;
        if is_device(lines[last]) || alone && is_dashed_name(lines[last]) {
            kinds[last] = Kind::Dropped;
        } else {
            return;
        }
    }
}

fn begins_signature(lines: &[&str], at: usize) -> bool {
    let line = lines[at];
    let below = || lines[at + 1..].iter().filter(|line| !line.trim().is_empty());
    match line.trim_end() {
        // RFC 3676 §4.3 wants the space.
        "--" | "—" if line.ends_with("- ") => true,
        "--" | "—" => below().take(MAX_AFTER_DASHES + 1).count() <= MAX_AFTER_DASHES,
        rule if rule.starts_with('_') => {
            is_rule_line(rule, 8) && below().take(MAX_AFTER_RULE + 1).count() <= MAX_AFTER_RULE
        }
        rule if rule.starts_with('—') && is_rule_line(rule, 8) => {
            below().take(6).count() < 6 && below().all(|line| line.chars().count() <= 40)
        }
        rule if rule.starts_with(['-', '—', '=', '*', '#']) => {
            is_rule_line(rule, 8) && below().take(3).any(|line| is_footer(line))
        }
        words => DISCLAIMERS.iter().any(|heading| words.trim().eq_ignore_ascii_case(heading)),
    }
}

fn is_footer(line: &str) -> bool {
    let start = super::super::text::cut(line, 500).to_lowercase();
    FOOTERS.iter().any(|phrase| start.contains(phrase))
}

/// "Sent from my iPhone", and not "Sent from my desk, which is easier."
fn is_device(line: &str) -> bool {
    let line = line.trim();
    if line.len() > MAX_DEVICE {
        return false;
    }
    // Links are not words: "Get Outlook for iOS<https://...>".
    let words =
        line.split('<').next().unwrap_or_default().trim_matches([' ', '*', '_', '.', '[', ']']);
    if words.contains([',', '.', '?', '!', ';'])
        || words.split_whitespace().count() > MAX_DEVICE_WORDS
    {
        return false;
    }
    let words = words.to_lowercase();
    LANGUAGES.iter().any(|language| {
        language.device.iter().any(|start| words.starts_with(start))
            || language
                .device_ends
                .iter()
                .any(|end| words.len() > end.len() && words.ends_with(end))
    })
}

/// `-Jane Doe`, as some sign; `- milk` and `-v` are something else.
fn is_dashed_name(line: &str) -> bool {
    let Some(name) = line.trim().strip_prefix(['-', '–', '—']) else { return false };
    let mut words = name.split_whitespace();
    let count = name.split_whitespace().count();
    let capital =
        |word: Option<&str>| word.is_some_and(|word| word.starts_with(char::is_uppercase));
    !name.starts_with([' ', '-'])
        && (2..=4).contains(&count)
        && name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | '\'' | '-'))
        && capital(words.next())
        && capital(words.next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> String {
        let lines: Vec<&str> = text.split('\n').collect();
        let mut kinds: Vec<Kind> = lines
            .iter()
            .map(|line| if line.trim().is_empty() { Kind::Blank } else { Kind::Own })
            .collect();
        drop_signatures(&lines, &mut kinds);
        let kept: Vec<&str> = lines
            .iter()
            .zip(&kinds)
            .filter(|(_, kind)| **kind == Kind::Own)
            .map(|(line, _)| *line)
            .collect();
        kept.join("\n")
    }

    #[test]
    fn signatures_go() {
        for (text, expected) in [
            ("hi\n-- \nAnn\nACME", "hi"),
            ("hi\n--\nAnn", "hi"),
            ("hi\n\nSent from my iPhone", "hi"),
            ("hi\n\nSent from my Verizon Wireless BlackBerry", "hi"),
            ("hi\nVon meinem iPhone gesendet", "hi"),
            ("hi\nEnvoyé de mon iPhone", "hi"),
            ("hi\niPhoneから送信", "hi"),
            ("hi\nGet Outlook for iOS<https://example.org/o>", "hi"),
            ("hi\n\n-Jane van Doe\n\n____________\nlist", "hi"),
            ("hi\n----------\nYou get this from the mailing list", "hi"),
            ("你好\n\n——————————\n\n小满\n活动协调人", "你好"),
            ("hi\n\nDisclaimer\n\nsecret", "hi"),
        ] {
            assert_eq!(kept(text), expected, "{text}");
        }
    }

    #[test]
    fn words_stay() {
        for text in [
            "hi\nSent from my desk, is much easier than my mobile phone.",
            "a -- b",
            "one\n----------\ntwo",
            "one\n——————————\nand a sentence that is too long for a name or a telephone number",
            "hi\n\n- milk",
            "hi\n\n-v",
            "Kind regards\nAnn",
            "the disclaimer",
            "Sent from my iPhone\nis what it said",
        ] {
            assert_eq!(kept(text), text.replace("\n\n", "\n"), "{text}");
        }
    }
}

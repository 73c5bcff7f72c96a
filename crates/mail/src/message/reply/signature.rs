//! Signatures, footers of mailing lists and "Sent from my phone".
//!
//! "Kind regards, Ann" stays: no rule tells a close from a sentence well enough to throw away what somebody wrote.

use super::Kind;
use super::separator::is_rule_line;
use super::words::{BANNERS, DEVICES, DISCLAIMERS, EXCUSES, FOOTERS, languages};

/// Lines that may follow `--` without its space, which others use as a divider.
const MAX_AFTER_DASHES: usize = 12;
/// Lines that may follow a rule of underscores; more are a section and not a footer.
const MAX_AFTER_RULE: usize = 25;
/// Lines below a rule that need nothing but their looks to be a name and an address, and characters of such a line.
const MAX_NAMES: usize = 8;
const MAX_NAMES_WIDTH: usize = 60;
/// Bytes of a line about a device.
const MAX_DEVICE: usize = 120;
/// Words of it.
const MAX_DEVICE_WORDS: usize = 10;
/// Warnings above a mail.
const MAX_BANNERS: usize = 3;
/// Lines that one of them may be wrapped onto, after the first.
const MAX_BANNER_LINES: usize = 4;
/// Words of a name, and lines that may follow a close.
const MAX_NAME_WORDS: usize = 4;
const MAX_CLOSE_LINES: usize = 3;
/// Bytes of a close.
const MAX_CLOSE: usize = 120;

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
    let begins = |at: &usize| begins_signature(lines, *at) || repeats_name(lines, *at);
    if let Some(start) = (0..lines.len()).find(begins) {
        super::drop_from(kinds, start);
    }
    // What stands last may have another such line above it.
    loop {
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
        rule if rule.starts_with('_') && is_rule_line(rule, 8) => {
            let above = lines[..at].iter().rfind(|line| !line.trim().is_empty());
            let few = |most: usize| below().take(most + 1).count() <= most;
            let names = |line: &&&str| {
                line.chars().count() <= MAX_NAMES_WIDTH
                    && !line.trim_end().ends_with(['.', '?', '!', ':'])
            };
            below().take(3).any(|line| is_footer(line)) && few(MAX_AFTER_RULE)
                || above.is_some_and(|line| is_close(line)) && few(MAX_AFTER_RULE)
                || few(MAX_NAMES) && below().all(|line| names(&line))
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

/// Whether a rule stands between a name and the same name with how to reach its owner: no section begins so.
fn repeats_name(lines: &[&str], at: usize) -> bool {
    if !is_rule_line(lines[at], 3) {
        return false;
    }
    let lower = |line: &str| line.trim().to_lowercase();
    let above = lines[..at].iter().rfind(|line| !line.trim().is_empty()).map(|line| lower(line));
    let Some(name) = above.filter(|name| {
        name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | '\'' | '-'))
            && name.split_whitespace().count() <= 3
    }) else {
        return false;
    };
    let below = || lines[at + 1..].iter().filter(|line| !line.trim().is_empty());
    let same = |line: &&str| {
        lower(line).strip_prefix(&name).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    let reachable =
        |line: &&str| line.contains('@') || line.chars().filter(char::is_ascii_digit).count() >= 6;
    let short = |line: &&str| {
        line.chars().count() <= MAX_NAMES_WIDTH && !line.trim_end().ends_with(['.', '?', '!', ':'])
    };
    below().next().is_some_and(same)
        && below().take(MAX_AFTER_DASHES + 1).count() <= MAX_AFTER_DASHES
        && below().any(reachable)
        && below().all(short)
}

fn is_footer(line: &str) -> bool {
    let start = super::super::text::cut(line, 500).to_lowercase();
    FOOTERS.iter().any(|phrase| start.contains(phrase))
}

/// "Sent from my iPhone", and not "Sent from my desk, which is easier."
fn is_device(line: &str) -> bool {
    let line = line.trim().trim_start_matches(['<', '(', '[']);
    if line.len() > MAX_DEVICE {
        return false;
    }
    // Links are not words: "Get Outlook for iOS<https://...>".
    let (line, link) = line.split_once('<').unwrap_or((line, ""));
    let line = line.trim_end_matches(['>', ')', ']']).to_lowercase();
    let words = match line.split_once(". ").or_else(|| line.split_once(", ")) {
        Some((device, rest)) if EXCUSES.iter().any(|excuse| rest.contains(excuse)) => device,
        _ => &line,
    };
    let words = words.trim_matches([' ', '*', '_', '.', '[', ']', '\u{feff}']);
    let said = languages().any(|language| {
        language.device.iter().any(|start| words.starts_with(start))
            || language
                .device_ends
                .iter()
                .any(|end| words.len() > end.len() && words.ends_with(end))
    });
    said && !words.contains([',', '?', '!', ';'])
        && !words.contains(". ")
        && words.split_whitespace().count() <= MAX_DEVICE_WORDS
        // With a link that is an advertisement of a program, known or not; "sent via" may link to a file.
        && (words.starts_with("sent from ") && link.starts_with("http") || DEVICES.iter().any(|device| names(words, device)))
}

/// Whether a word begins like this; where words are not divided by spaces, anywhere.
fn names(words: &str, device: &str) -> bool {
    words
        .match_indices(device)
        .any(|(at, _)| !words[..at].ends_with(|c: char| c.is_ascii_alphanumeric()))
}

/// Marks the warnings about mail from outside that gateways write above everything.
pub(super) fn drop_banners(lines: &[&str], kinds: &mut [Kind]) {
    for _ in 0..MAX_BANNERS {
        let Some(at) = kinds.iter().position(|kind| matches!(kind, Kind::Own | Kind::Quote)) else {
            return;
        };
        if kinds[at] != Kind::Own || !is_banner(lines[at]) {
            return;
        }
        kinds[at] = Kind::Dropped;
        // The rest of it, where it was wrapped.
        let mut last = at;
        while last - at < MAX_BANNER_LINES
            && kinds.get(last + 1) == Some(&Kind::Own)
            && is_wrapped(lines[last])
        {
            last += 1;
            kinds[last] = Kind::Dropped;
        }
    }
}

fn is_banner(line: &str) -> bool {
    let line = line.trim_start_matches(|c: char| !c.is_alphabetic() && c != '[');
    let start = super::super::text::cut(line, 120).to_lowercase();
    BANNERS.iter().any(|banner| start.starts_with(banner))
}

/// Whether a line was full, and breaks off in the middle of a sentence.
fn is_wrapped(line: &str) -> bool {
    let line = line.trim_end();
    (60..=100).contains(&line.chars().count()) && !line.ends_with(['.', '!', '>', ']', ':'])
}

/// Whether a line is nothing but a close: "Kind regards,". What follows is the name, and what firms put below it.
pub(super) fn is_close(line: &str) -> bool {
    if line.len() > MAX_CLOSE {
        return false;
    }
    let words = line.trim_matches(|c: char| c.is_whitespace() || ",.!;،、，。".contains(c));
    let words = words.to_lowercase();
    languages().any(|language| language.close.contains(&words.as_str()))
}

/// Whether these lines, of which some may be blank, are a close with a name below or beside it, and nothing else.
pub(super) fn is_only_close<'a>(lines: impl Iterator<Item = &'a str>) -> bool {
    let mut lines = lines.filter(|line| !line.trim().is_empty());
    let Some(first) = lines.next() else { return false };
    let is_name = |line: &str| {
        line.split_whitespace().count() <= MAX_NAME_WORDS
            && line.split_whitespace().all(|word| word.starts_with(char::is_uppercase))
    };
    let beside =
        first.split_once(',').is_some_and(|(close, name)| is_close(close) && is_name(name));
    let below: Vec<&str> = lines.take(MAX_CLOSE_LINES + 1).collect();
    (is_close(first) || beside)
        && below.len() <= MAX_CLOSE_LINES
        && below.iter().all(|line| is_name(line))
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
            ("hi\nSent from my iPhone. Please excuse typos.", "hi"),
            ("hi\nSent from Yahoo Mail on Android", "hi"),
            ("hi\nSent with Proton Mail secure email", "hi"),
            ("hi\nVon meinem Handy gesendet", "hi"),
            ("hi\nEnviado desde mi iPhone", "hi"),
            ("hi\nInviato da iPhone", "hi"),
            ("hi\nEnviado do meu iPhone", "hi"),
            ("hi\nVerstuurd vanaf mijn iPhone", "hi"),
            ("hi\nSkickat från min iPhone", "hi"),
            ("hi\nSendt fra min iPhone", "hi"),
            ("hi\nWysłane z iPhone'a", "hi"),
            ("hi\nOdesláno z iPhonu", "hi"),
            ("hi\nОтправлено с iPhone", "hi"),
            ("hi\nОтправлено из мобильной Почты Mail.ru", "hi"),
            ("hi\nНадіслано з iPhone", "hi"),
            ("hi\niPhone'umdan gönderildi", "hi"),
            ("hi\n发自我的 iPhone", "hi"),
            ("hi\n從我的 iPhone 傳送", "hi"),
            ("hi\n나의 iPhone에서 보냄", "hi"),
            ("hi\nأرسلت من الـ iPhone", "hi"),
            ("hi\nנשלח מה-iPhone שלי", "hi"),
            ("hi\nDikirim dari iPhone saya", "hi"),
            ("hi\nĐã gửi từ iPhone của tôi", "hi"),
            ("hi\nส่งจาก iPhone ของฉัน", "hi"),
            ("hi\nΣτάλθηκε από το iPhone μου", "hi"),
            ("hi\nTrimis de pe iPhone-ul meu", "hi"),
            ("hi\nLähetetty iPhonesta", "hi"),
            ("hi\nमेरे iPhone से भेजा गया", "hi"),
            ("hi\nGet Outlook for iOS<https://example.org/o>", "hi"),
            ("hi\nSent from SomeApp<https://example.org/o>", "hi"),
            ("hi\n(Sent from my mobile device)\n<<sent by Galaxy>>", "hi"),
            ("hi\nSent from my phone, please excuse any typos.", "hi"),
            ("hi\n\nAnn\n—————\nAnn Example\nManager\nann@example.org", "hi\nAnn"),
            ("hi\n\n-Jane van Doe\n\n____________\nlist", "hi"),
            ("hi\n____________\nAnn\nACME", "hi"),
            (
                "hi\nThanks,\n____________\nAnn\nA long sentence about the firm that she works for, as nobody reads it.",
                "hi\nThanks,",
            ),
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
            "hi\nSent from a magnificent torch of pixels",
            "hi\nVon meinem Bruder",
            "hi\nSent from my iPhone. I will call you",
            "a -- b",
            "one\n----------\ntwo",
            "one\n____________\nThis is the second part of what I want to say.",
            "one\n——————————\nand a sentence that is too long for a name or a telephone number",
            "hi\n\n- milk",
            "hi\n\n-v",
            "Kind regards\nAnn",
            "the disclaimer",
            "Sent from my iPhone\nis what it said",
            "Sent via SomeStore <https://example.org/file>",
            "Overview\n--------\nOverview of what I want\nand more",
            "My data:\n-----\nAnn Example\n+49 123 456789",
        ] {
            assert_eq!(kept(text), text.replace("\n\n", "\n"), "{text}");
        }
    }
}

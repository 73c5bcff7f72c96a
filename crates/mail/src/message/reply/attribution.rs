//! "On Monday, Bob wrote:" and its like.

mod bare;
mod behind;

use super::Kind;
use super::words::{Language, languages};

pub(super) use behind::begins_behind_words;

/// Lines that one attribution may be wrapped onto.
const MAX_LINES: usize = 4;
/// Bytes of an attribution.
const MAX_LENGTH: usize = 500;

/// The first line of the attribution that ends with line `at`, if one does.
pub(super) fn ends_at(lines: &[&str], kinds: &[Kind], at: usize) -> Option<usize> {
    let first = (0..MAX_LINES)
        .map_while(|above| at.checked_sub(above))
        .take_while(|first| kinds[*first] == Kind::Own)
        .last()?;
    // The nearest line that opens like one; failing that, a name first: "Bob <bob@example.org> wrote:".
    let candidates =
        || (first..=at).rev().filter_map(|first| Some((first, joined(&lines[first..=at])?)));
    let quoted_below = super::next_kind(kinds, at + 1) == Some(Kind::Quote);
    if bare::is_one(lines[at], quoted_below) {
        return Some(at);
    }
    if !ends_with_colon(lines[at]) {
        return None;
    }
    // What no `>` follows and no address stands in may be a sentence about a log.
    let sure = |first: usize, text: &str| {
        quoted_below || text.contains('@') || names_somebody(&lines[first..=at].join(" "))
    };
    candidates()
        .find(|(first, text)| opens_with_date(text, quoted_below) && sure(*first, text))
        .or_else(|| {
            candidates()
                .take(2)
                .find(|(first, text)| opens_with_name(text, quoted_below) && sure(*first, text))
        })
        .map(|(first, _)| first)
}

/// Whether a name stands beside the verb: "the server wrote:" has none, and neither has "I wrote:".
fn names_somebody(text: &str) -> bool {
    let words: Vec<&str> = text
        .split_whitespace()
        .rev()
        .map(|word| word.trim_matches(|c: char| is_dressing(c) || ",:：;".contains(c)))
        .filter(|word| !word.is_empty())
        .take(4)
        .collect();
    let of_verb = |word: &str| {
        let word = word.to_lowercase();
        let mut verbs = languages().flat_map(|language| language.wrote);
        let is = |part: &str| word == part || part.len() > 3 && word.starts_with(part);
        verbs.any(|verb| verb.split([' ', ':']).any(is))
    };
    let name = words.iter().find(|word| !of_verb(word)).filter(|name| **name != "I");
    name.and_then(|word| word.chars().find(|c| c.is_alphanumeric()))
        .is_some_and(|first| first.is_alphabetic() && !first.is_lowercase())
}

/// Whether the line could be the last of an attribution: nearly all of them end with a colon.
pub(super) fn ends_like_one(line: &str) -> bool {
    ends_with_colon(line) || bare::could_be_one(line)
}

fn ends_with_colon(line: &str) -> bool {
    line.trim_end_matches(is_dressing).ends_with([':', '：'])
}

/// Whether somebody who introduces a quote ends like this: "I get this error:". No date, no address, no "Bob wrote:".
pub(super) fn introduces(line: &str) -> bool {
    let Some(text) = joined(&[line]).filter(|text| text.ends_with([':', '：'])) else {
        return false;
    };
    let words = text.trim_end_matches([':', '：', ' ']);
    let mut markers = languages()
        .flat_map(|language| [language.original, language.forwarded, language.begin_forwarded])
        .flatten();
    text.split_whitespace().count() > 1
        && !text.contains(|c: char| c.is_numeric() || c == '@')
        && !says_wrote(&text)
        && !markers.any(|marker| words.ends_with(marker))
}

/// White space, emphasis and marks of the reading direction, as they stand around attributions.
fn is_dressing(c: char) -> bool {
    c.is_whitespace() || is_direction(c) || matches!(c, '*' | '_' | '\u{feff}')
}

/// The lines as one, in lower case.
fn joined(lines: &[&str]) -> Option<String> {
    if lines.iter().map(|line| line.len()).sum::<usize>() > MAX_LENGTH {
        return None;
    }
    let mut text = String::new();
    for line in lines {
        // A soft line break that was never decoded.
        if text.ends_with('=') {
            text.pop();
        } else if !text.is_empty() {
            text.push(' ');
        }
        let line = line.trim_matches(is_dressing);
        let undashed = if text.is_empty() && line.starts_with("--") {
            line.trim_start_matches(['-', ' '])
        } else {
            line
        };
        text.push_str(undashed);
    }
    let plain = |c: char| match c {
        '\u{a0}' | '\u{202f}' | '\u{2009}' => Some(' '),
        c if is_direction(c) => None,
        c => Some(ascii_digit(c)),
    };
    Some(text.chars().filter_map(plain).collect::<String>().to_lowercase())
}

/// Arabic, Persian, Indian, Thai and wide digits as those that years are looked for in.
fn ascii_digit(c: char) -> char {
    const ZEROS: [u32; 9] = [0x660, 0x6F0, 0x966, 0x9E6, 0xAE6, 0xBE6, 0xC66, 0xE50, 0xFF10];
    let code = u32::from(c);
    ZEROS
        .iter()
        .find_map(|zero| code.checked_sub(*zero).filter(|digit| *digit < 10))
        .and_then(|digit| char::from_digit(digit, 10))
        .unwrap_or(c)
}

/// Marks of the reading direction.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn opens_with_date(text: &str, quoted_below: bool) -> bool {
    if !text.contains(char::is_numeric) {
        return false;
    }
    // "On the call at 10:30 he wrote:" holds two numbers, the shortest date with a time holds three.
    let dated = has_year(text) || has_time(text) && numbers(text) >= 3;
    let address = quoted_below && text.contains('@');
    // Both words of one language, so that the short words of one do not meet the verb of another.
    let opens = |language: &&Language| language.opens.iter().any(|open| text.starts_with(open));
    let wrote = |language: &Language| language.wrote.iter().any(|verb| text.contains(verb));
    let opened = languages().any(|language| opens(&language));
    let numbered = opens_with_number(text);
    (dated || address) && languages().filter(opens).any(wrote)
        || numbered
            && says_wrote(text)
            && (address || has_year(text) || dated && text.contains('@'))
        || (opened || numbered) && ends_with_address(text) && dated
        || opened && quoted_below && dated && ends_with_address(before_last_word(text))
}

/// A verb that is in no table: with an opening, a date and an address before it, and a quote below, it needs none.
fn before_last_word(text: &str) -> &str {
    let text = text.trim_end_matches([':', '：', ' ']);
    text.rfind(' ').map_or("", |space| &text[..space])
}

/// A number, or a short word and then a number: the day of the week and the date in most languages.
fn opens_with_number(text: &str) -> bool {
    let after_word = text.trim_start_matches(|c: char| c.is_alphabetic());
    let word = text.len() - after_word.len();
    let rest = after_word.trim_start_matches(['.', ',', ' ']);
    word <= 24 && rest.starts_with(char::is_numeric) && (word == 0 || rest.len() < after_word.len())
}

fn opens_with_name(text: &str, quoted_below: bool) -> bool {
    if is_only_name(text) {
        return true;
    }
    let address = text.contains('<') && text.contains('@');
    says_wrote(text)
        && (has_year(text) && (has_time(text) || address)
            || quoted_below && (address || has_year(text)))
}

/// `Bob Example <bob@example.org> wrote:` and not a word more.
fn is_only_name(text: &str) -> bool {
    let Some((name, rest)) = text.split_once('<') else { return false };
    let Some((address, verb)) = rest.split_once('>') else { return false };
    let verb = verb.trim_end_matches([':', '：', ' ']).trim_start();
    let mut verbs = languages().flat_map(|language| language.wrote);
    name.split_whitespace().count() <= 4
        && address.contains('@')
        && verbs.any(|known| known.trim_end_matches([':', ' ']) == verb)
}

fn says_wrote(text: &str) -> bool {
    languages().flat_map(|language| language.wrote).any(|verb| text.contains(verb))
}

/// `<bob@example.org>:`, which is all the verb that some languages have.
fn ends_with_address(text: &str) -> bool {
    let text = text.trim_end_matches([':', '：']).trim_end_matches(is_dressing);
    text.ends_with(['>', ')']) && text.contains('@')
}

fn has_year(text: &str) -> bool {
    let bytes = text.as_bytes();
    let year = |four: &[u8]| matches!(four, [b'1', b'9', c, d] | [b'2', b'0', c, d] if c.is_ascii_digit() && d.is_ascii_digit());
    bytes.windows(4).enumerate().any(|(at, four)| {
        year(four)
            && !at.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_digit())
            && !bytes.get(at + 4).is_some_and(u8::is_ascii_digit)
    })
}

fn has_time(text: &str) -> bool {
    text.as_bytes().windows(4).any(|four| match four {
        [hour, b':' | b'.' | b'h', tens, ones] => {
            hour.is_ascii_digit() && tens.is_ascii_digit() && ones.is_ascii_digit()
        }
        _ => false,
    })
}

fn numbers(text: &str) -> usize {
    text.split(|c: char| !c.is_numeric()).filter(|number| !number.is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, below: Kind) -> Option<usize> {
        let mut lines: Vec<&str> = text.split('\n').collect();
        let at = lines.len() - 1;
        lines.push("below");
        let mut kinds = vec![Kind::Own; lines.len()];
        kinds[at + 1] = below;
        ends_like_one(lines[at]).then(|| ends_at(&lines, &kinds, at)).flatten()
    }

    #[test]
    fn attributions_of_many_languages_are_known() {
        for text in [
            "On Mon, Jan 1, 2024 at 10:00 AM Bob <bob@example.org> wrote:",
            "On 9 Jan 2014, at 2:47, Bob Example wrote:",
            "On 01/03/11 7:07 PM, Bob wrote:",
            "Am Mo., 1. Jan. 2024 um 10:00 Uhr schrieb Bob <bob@example.org>:",
            "Am 01.01.24 um 10:00 schrieb Bob:",
            "Le lun. 1 janv. 2024 à 10:00, Bob <bob@example.org> a écrit :",
            "El lun, 1 ene 2024 a las 10:00, Bob (<bob@example.org>) escribió:",
            "Il giorno lun 1 gen 2024 alle ore 10:00 Bob <bob@example.org> ha scritto:",
            "Op ma 1 jan. 2024 om 10:00 schreef Bob <bob@example.org>:",
            "Em seg., 1 de jan. de 2024 às 10:00, Bob <bob@example.org> escreveu:",
            "pon., 1 sty 2024 o 10:00 Bob <bob@example.org> napisał(a):",
            "W dniu 1.01.2024 o 10:00, Bob pisze:",
            "Den mån 1 jan. 2024 kl 10:00 skrev Bob <bob@example.org>:",
            "man. 1. jan. 2024 kl. 10:00 skrev Bob <bob@example.org>:",
            "ma 1. tammik. 2024 klo 10.00 Bob (bob@example.org) kirjoitti:",
            "po 1. 1. 2024 v 10:00 odesílatel Bob <bob@example.org> napsal:",
            "пн, 1 янв. 2024 г. в 10:00, Bob <bob@example.org>:",
            "1 января 2024 г., 10:00 пользователь Bob <bob@example.org> написал:",
            "1 Oca 2024 Pzt, 10:00 tarihinde Bob <bob@example.org> şunu yazdı:",
            "2024年1月1日(月) 10:00 Bob <bob@example.org>:",
            "Bob <bob@example.org> 于2024年1月1日周一 10:00写道：",
            "在 2024年1月1日，10:00，Bob <bob@example.org> 写道：",
            "2024년 1월 1일 (월) 오전 10:00, Bob <bob@example.org>님이 작성:",
            "Bob Example schrieb am 01.01.2024 um 10:00:",
            "Quoting Bob <bob@example.org>:",
            "Bob <bob@example.org> wrote:",
            "2026. jan. 5., h 14:32 időpontban Bob <bob@example.hu> ezt írta:",
            "пн, 1 січ. 2024 р. о 10:00 Bob <bob@example.org> пише:",
            "На пн, 1.01.2024 г. в 10:00 Bob <bob@example.org> написа:",
            "Понедельник, 1 января 2024, 10:00 +03:00 от Bob <bob@example.org>:",
            "01.01.2024, 10:00, \"Bob\" <bob@example.org>:",
            "01.01.2024 10:00, Bob пишет:",
            "po 1. 1. 2024 o 10:00 Bob <bob@example.org> napísal(a):",
            "Dne 01. 01. 24 v 10:00 Bob napsal(a):",
            "1. 1. 2024 v 10:00, Bob <bob@example.org>:",
            "Wiadomość napisana przez Bob <bob@example.org> w dniu 1 sty 2024, o godz. 10:00:",
            "Missatge de Bob <bob@example.org> del dia dl., 1 de gen. 2024 a les 10:00:",
            "pon, 1. sij 2024. u 10:00 Bob <bob@example.org> napisao je:",
            "пон, 1. јан 2024. у 10:00 Bob <bob@example.org> је написао/ла:",
            "V pon., 1. jan. 2024 ob 10:00 je oseba Bob <bob@example.org> napisala:",
            "2024-01-01, pr, 10:00 Bob <bob@example.org> rašė:",
            "Kuupäev E, 1. jaanuar 2024 kell 10:00 kirjutas Bob <bob@example.org>:",
            "Bob <bob@example.org>, 1 Oca 2024 Pzt, 10:00 tarihinde şunu yazdı:",
            "Bob, 1.01.2024 10:00 tarihinde yazdı:",
            "Στις Δευ 1 Ιαν 2024 στις 10:00 π.μ., ο χρήστης Bob <bob@example.org> έγραψε:",
            "În lun., 1 ian. 2024 la 10:00, Bob <bob@example.org> a scris:",
            "Pe 1 ian. 2024, la 10:00, Bob <bob@example.org> a scris:",
            "Bob kirjoitti 1.1.2024 klo 10.00:",
            "Den 1. jan. 2024 kl. 10.00 skrev Bob <bob@example.org>:",
            "Op 1 jan. 2024 om 10:00 heeft Bob <bob@example.org> het volgende geschreven:",
            "Am Montag, 1. Januar 2024 um 10:00:00 MEZ hat Bob <bob@example.org> Folgendes geschrieben:",
            "Il giorno 1 gen 2024, alle ore 10:00, Bob <bob@example.org> ha scritto:",
            "El lunes, 1 de enero de 2024, 10:00:00 CET, Bob <bob@example.org> escribió:",
            "On Monday, January 1st, 2024 at 10:00\u{202f}AM, Bob <bob@example.org> wrote:",
            "At 2024-01-01 10:00:00, \"Bob\" <bob@example.org> wrote:",
            "في ١ يناير ٢٠٢٤، الساعة ١٠:٠٠، كتب/كتبت Bob <bob@example.org>:",
            "في الاثنين، 1 يناير 2024 في 10:00 ص تمت كتابة ما يلي بواسطة Bob <bob@example.org>:",
            "\u{202b}בתאריך יום ב׳, 1 בינו׳ 2024 ב-10:00 מאת \u{202a}Bob\u{202c}\u{200f} <\u{202a}bob@example.org\u{202c}\u{200f}>:\u{202c}",
            "در تاریخ دوشنبه ۱ ژانویهٔ ۲۰۲۴،\u{200f} ۱۰:۰۰ Bob <bob@example.org> نوشت:",
            "सोम, 1 जन॰ 2024 को 10:00 am बजे को Bob <bob@example.org> ने लिखा:",
            "Pada Sen, 1 Jan 2024 pukul 10.00 Bob <bob@example.org> menulis:",
            "Vào Th 2, 1 thg 1, 2024 vào lúc 10:00 Bob <bob@example.org> đã viết:",
            "ในวันที่ จ. 1 ม.ค. 2024 เวลา 10:00 น. Bob <bob@example.org> เขียนว่า:",
            "เมื่อวันที่ 1 ม.ค. 2567 เวลา 10:00 Bob <bob@example.org> เขียนว่า:",
            "Bob <bob@example.org> 於 2024年1月1日 週一 上午10:00寫道：",
            "2024/01/01 10:00、Bob <bob@example.org>のメール:",
            "2024. 1. 1. 오전 10:00, Bob <bob@example.org> 작성:",
            "Noong Lun, Ene 1, 2024 nang 10:00 AM, isinulat ni Bob <bob@example.org> na:",
            "On Mon, Jan 1, 2024 at 10:00 AM Bob <\nbob@example.org> wrote:",
            "On Dec 16, 2011, at 12:47 PM, Bob\n<bob@example.org>\nwrote:",
        ] {
            let below = if text.contains('@') && !text.starts_with("Quoting") {
                Kind::Own
            } else {
                Kind::Quote
            };
            assert_eq!(found(text, below), Some(0), "{text}");
        }
        assert_eq!(
            found("It was\nOn Mon, Jan 1, 2024 Bob <b@example.org> wrote:", Kind::Own),
            Some(1)
        );
    }

    #[test]
    fn attributions_without_a_colon_are_known() {
        for (text, below) in [
            ("On Mon, 1 Jan 2024 10:00:43 -0200 Bob <bob@example.org> wrote", Kind::Own),
            ("---- On Mon, 1 Jan 2024 10:00:43 -0200 bob@example.org wrote ----", Kind::Own),
            ("------On 1/1/2024 10:00 AM, Bob Example wrote-----", Kind::Own),
            ("---- Bob Example wrote ----", Kind::Quote),
            ("2024/1/1 Bob via the Forum <bob@example.org>", Kind::Quote),
            ("On 1-Jan-2024, at 10:00 AM, Bob <bob@example.org> penned:", Kind::Quote),
        ] {
            assert_eq!(found(text, below), Some(0), "{text}");
        }
    }

    #[test]
    fn a_name_beside_the_verb_stands_for_the_marks_below() {
        for text in
            ["On 9 Jan 2014, at 2:47, Bob Example wrote:", "Am 01.01.24 um 10:00 schrieb Bob:"]
        {
            assert_eq!(found(text, Kind::Own), Some(0), "{text}");
        }
    }

    #[test]
    fn sentences_are_not_attributions() {
        for text in [
            "On your remote host you can run:",
            "One outstanding question I had:",
            "On Monday Bob wrote this: 12",
            "He wrote:",
            "In version 3.2 he wrote:",
            "2 things that I wrote:",
            "The log of 10:00 says:",
            "On the call at 10:30 he wrote:",
            "On 3 May I asked bob@example.org, and he wrote:",
            "On 2024-01-01 at 10:30:12 our server wrote:",
            "The server at 10:30 on 2024-01-01 wrote:",
            "A line of the log of 2024-01-01 10:30 wrote:",
            "I asked Bob <bob@example.org> and he wrote:",
            "On 2024-01-01 at 10:30 I wrote:",
            "On 2024-01-01 at 10:30 I read what bob@example.org wrote",
            "---- What Bob wrote ----",
            "2024-01-01 Bob <bob@example.org>",
        ] {
            assert_eq!(found(text, Kind::Own), None, "{text}");
        }
    }
}

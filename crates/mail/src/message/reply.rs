//! What the sender wrote anew, and what is history.
//!
//! The lines are read once from the top. History that runs to the end begins at a separator, at the header block of a
//! quoted mail, or at an attribution ("On Monday Bob wrote:") without `>` below it. Quotes with `>` are history as
//! well, unless the sender wrote something below them: then they are what is being answered, and stay. The words are
//! in a table by language. There is no expression that could backtrack; each line is looked at a bounded number of
//! times.

mod attribution;
mod header_block;
mod pictures;
mod quotes;
mod separator;
mod signature;
mod words;

use super::body::Body;
use super::html::Mark;
use super::text::trim_lines;

pub(super) use pictures::{aside, is_icon, is_pixel};
pub(super) use separator::is_forward;

/// A text, divided.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Split {
    /// What is new.
    pub(super) reply: String,
    /// The rest, in its order.
    pub(super) quoted: String,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Blank,
    /// The sender's own.
    Own,
    /// Somebody else's, marked by `>` or by the markup.
    Quote,
    /// Says whose the quote below is; stays with it, and goes with it.
    Attribution,
    /// A signature, a footer, or history.
    Dropped,
}

/// Divides a text. `forward`: the subject says that the mail is a forward.
///
/// What is forwarded is what the sender wants to say, so a forward keeps its text; and so does a mail of which
/// nothing else would be left.
pub(super) fn split(body: &Body, forward: bool) -> Split {
    let (lines, marks) = lines_of(body);
    let Division::Parts(kinds) = divide(&lines, &marks, forward) else {
        return Split { reply: body.text.clone(), quoted: String::new() };
    };
    let own = |kind: &Kind| matches!(kind, Kind::Own | Kind::Quote);
    let pick = |wanted: bool| {
        let picked = lines
            .iter()
            .zip(&kinds)
            .filter(|(_, kind)| **kind == Kind::Blank || own(kind) == wanted);
        tidy(picked.map(|(line, _)| *line))
    };
    Split { reply: pick(true), quoted: pick(false) }
}

/// The lines with their marks; an attribution that stands behind the sender's words begins a line of its own.
fn lines_of(body: &Body) -> (Vec<&str>, Vec<Mark>) {
    let mut lines = Vec::new();
    let mut marks = Vec::new();
    let mut candidates = 0;
    for (index, line) in body.text.split('\n').enumerate() {
        let candidate = candidates < MAX_CANDIDATES && attribution::ends_like_one(line);
        candidates += usize::from(candidate);
        let end = candidate.then(|| attribution::begins_behind_words(line)).flatten();
        let (words, rest) = line.split_at(end.unwrap_or(line.len()));
        let pieces = [Some(words), end.map(|_| rest)];
        for piece in pieces.into_iter().flatten() {
            lines.push(piece);
            marks.extend(body.marks.get(index).copied());
        }
    }
    (lines, marks)
}

/// How a mail is to be read.
#[derive(Debug, PartialEq)]
enum Division {
    /// It is a forward: all of it counts.
    Forward,
    /// Nothing in it would be the sender's own, so all of it counts too.
    Undivided,
    /// What each line is.
    Parts(Vec<Kind>),
}

fn divide(lines: &[&str], marks: &[Mark], forward: bool) -> Division {
    let mut kinds = classify(lines, marks);
    if forward && (marks.contains(&Mark::Quoted) || kinds.contains(&Kind::Quote)) {
        return Division::Forward;
    }
    if let Some(first) = marks.iter().position(|mark| *mark == Mark::Quoted) {
        let rule = separator::rule_above(lines, first);
        kinds[rule..first].fill(Kind::Dropped);
    }
    signature::drop_banners(lines, &mut kinds);
    let Found::Marked(history) = find_history(lines, &mut kinds, forward) else {
        return Division::Forward;
    };
    quotes::mend_wrapped(lines, &mut kinds);
    signature::drop_signatures(lines, &mut kinds);
    quotes::settle(lines, &mut kinds, history);
    if kinds.contains(&Kind::Own) { Division::Parts(kinds) } else { Division::Undivided }
}

fn classify(lines: &[&str], marks: &[Mark]) -> Vec<Kind> {
    let kind = |(index, line): (usize, &&str)| match marks.get(index) {
        _ if line.trim().is_empty() => Kind::Blank,
        Some(Mark::Quoted) => Kind::Quote,
        Some(Mark::Signature) => Kind::Dropped,
        _ if line.trim_start().starts_with('>') => Kind::Quote,
        Some(Mark::Attribution) => Kind::Attribution,
        _ => Kind::Own,
    };
    lines.iter().enumerate().map(kind).collect()
}

#[derive(Debug, PartialEq)]
enum Found {
    /// The mail is a forward: all of it counts.
    Forward,
    /// Whatever history was found is marked; the first line of what runs to the end.
    Marked(Option<usize>),
}

/// Lines that end like an attribution and are looked at for one. Nobody writes as many.
const MAX_CANDIDATES: usize = 500;

/// Marks attributions, and everything from where the history begins that runs to the end.
fn find_history(lines: &[&str], kinds: &mut [Kind], forward: bool) -> Found {
    let mut candidates = 0;
    let mut head = 0..0;
    for at in 0..lines.len() {
        if kinds[at] == Kind::Quote && quotes::is_forward(lines, kinds, at) {
            return Found::Forward;
        }
        if !matches!(kinds[at], Kind::Own | Kind::Attribution) || head.contains(&at) {
            continue;
        }
        if separator::is_forward_marker(lines[at]) {
            return Found::Forward;
        }
        let block = header_block::ends_at(lines, kinds, at);
        if let Some(end) = block.filter(|_| !forward && is_on_top(lines, kinds, at)) {
            // A header with nothing above it is no history, but the head of all that there is.
            head = at..end + 1;
            continue;
        }
        let block = block.is_some();
        if block || separator::is_original_marker(lines[at]) {
            if forward {
                return Found::Forward;
            }
            let first = if block { separator::rule_above(lines, at) } else { at };
            drop_from(kinds, first);
            return Found::Marked(Some(first));
        }
        if kinds[at] == Kind::Own
            && candidates < MAX_CANDIDATES
            && attribution::ends_like_one(lines[at])
        {
            candidates += 1;
            if let Some(first) = attribution::ends_at(lines, kinds, at) {
                kinds[first..=at].fill(Kind::Attribution);
            }
        }
        let last_of_attribution =
            kinds[at] == Kind::Attribution && kinds.get(at + 1) != Some(&Kind::Attribution);
        let below = next_kind(kinds, at + 1);
        if last_of_attribution && !matches!(below, Some(Kind::Quote | Kind::Attribution)) {
            let first = kinds[..=at]
                .iter()
                .rposition(|kind| *kind != Kind::Attribution)
                .map_or(0, |before| before + 1);
            drop_from(kinds, first);
            return Found::Marked(Some(first));
        }
    }
    Found::Marked(None)
}

/// Whether nothing but rules stands above.
fn is_on_top(lines: &[&str], kinds: &[Kind], at: usize) -> bool {
    let mut above = lines[..at].iter().zip(kinds);
    above.all(|(line, kind)| {
        matches!(kind, Kind::Blank | Kind::Dropped) || separator::is_rule_line(line, 3)
    })
}

fn drop_from(kinds: &mut [Kind], at: usize) {
    kinds[at..]
        .iter_mut()
        .filter(|kind| **kind != Kind::Blank)
        .for_each(|kind| *kind = Kind::Dropped);
}

/// What the next line that is not blank is.
fn next_kind(kinds: &[Kind], from: usize) -> Option<Kind> {
    kinds[from..].iter().copied().find(|kind| *kind != Kind::Blank)
}

/// The lines as a text; where lines were taken out, no more than one blank line is left.
fn tidy<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let mut blanks = 0;
    for line in lines {
        let blank = line.trim().is_empty();
        blanks = if blank { blanks + 1 } else { 0 };
        if blanks <= 1 {
            text.push_str(if blank { "" } else { line });
            text.push('\n');
        }
    }
    trim_lines(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> String {
        split(&Body { text: text.to_owned(), ..Body::default() }, false).reply
    }

    #[test]
    fn the_rests_of_wrapped_quotes_are_no_answers() {
        let quote = "> This line of the quote was full when somebody quoted it once more, so its\nend stands alone.\n> Next.";
        assert_eq!(reply(&format!("Thanks!\n\n{quote}")), "Thanks!");
        assert!(
            reply(&format!("Thanks!\n\n{}", quote.replace("its\nend", "end.\nYes")))
                .contains("Yes")
        );
        assert!(reply(quote).contains("end stands alone"));
    }

    #[test]
    fn unanswered_quotes_go_and_answered_ones_stay() {
        for (text, expected) in [
            ("new\n> old", "new"),
            ("> a\nb\n> c\nd\n> e", "> a\nb\n> c\nd"),
            ("> a\n\nb", "b"),
            ("> a\nb\n> c", "> a\nb"),
            ("new\n\nOn 2024-01-01 10:00 Bob <b@example.org> wrote:\nold, not marked", "new"),
            ("new\n\n-----Original Message-----\nold", "new"),
            ("new\n-- \nme\n\n> old", "new"),
            (
                "Hi\nOn 2024-01-01 Bob <b@x> wrote:\n> a\nb",
                "Hi\nOn 2024-01-01 Bob <b@x> wrote:\n> a\nb",
            ),
            ("On 2024-01-01 Bob <b@x> wrote:\n> a\nb", "b"),
            (
                "From: Bob\nSent: Monday\nSubject: x\n\nnew\n\nFrom: Ann\nSent: Sunday\nTo: Bob\nSubject: x\n\nold",
                "From: Bob\nSent: Monday\nSubject: x\n\nnew",
            ),
            ("CAUTION: This email originated from outside.\n\nnew\n\n> old", "new"),
            (
                "You don't often get email from bob@example.org. Learn why this is\nimportant<https://example.org/why>\nnew",
                "new",
            ),
            (
                "CAUTION: This email originated from outside.",
                "CAUTION: This email originated from outside.",
            ),
            ("## Reply above this line ##\nold", "## Reply above this line ##\nold"),
            ("new\n> a\n\nOn 2024-01-01 Bob <b@x> wrote:\n> old", "new\n> a"),
            ("I get this error:\n\n> error 5", "I get this error:\n\n> error 5"),
            ("new\n\nOn 2024-01-01 Bob <b@x> wrote:\n> a\n\nRegards, Ann", "new\n\nRegards, Ann"),
            ("new\n\n> a\n\nBest regards\nAnn Example", "new\n\nBest regards\nAnn Example"),
            ("> a\n\nBest regards\nAnn Example", "Best regards\nAnn Example"),
            (
                "new\n\n> a\n\nThanks, that is what I need",
                "new\n\n> a\n\nThanks, that is what I need",
            ),
            (
                "see\n\n> Begin forwarded message:\n>\n> old",
                "see\n\n> Begin forwarded message:\n>\n> old",
            ),
            ("new On 2024-01-01 10:00 Bob <b@x> wrote:\n> old", "new"),
            ("", ""),
            ("\n", "\n"),
        ] {
            assert_eq!(reply(text), expected, "{text}");
        }
    }
}

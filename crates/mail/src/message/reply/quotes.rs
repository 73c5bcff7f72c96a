//! Which quotes are history, and which are being answered or are the sender's own.

use super::{Kind, attribution, separator, signature};

/// Width at which mail is wrapped, in characters.
const WRAP: usize = 72;

/// Whether a mail that is forwarded as a quote begins with this line: `> Begin forwarded message:`, and nobody named.
pub(super) fn is_forward(lines: &[&str], kinds: &[Kind], at: usize) -> bool {
    let above = kinds[..at].iter().rfind(|kind| **kind != Kind::Blank);
    above == Some(&Kind::Own)
        && separator::is_forward_marker(lines[at].trim_start_matches(['>', ' ']))
}

/// Gives the rests of wrapped lines back to the quote that they were torn from.
///
/// Such a rest is one line between two of a quote, after one that was full, and goes on in the middle of a sentence;
/// or it is the end of a link in brackets. Where nothing stands above the quote the sender answers below, so there
/// such a line may well be an answer.
pub(super) fn mend_wrapped(lines: &[&str], kinds: &mut [Kind]) {
    let Some(first_quote) = kinds.iter().position(|kind| *kind == Kind::Quote) else { return };
    if !kinds[..first_quote].contains(&Kind::Own) {
        return;
    }
    for at in first_quote + 1..lines.len().saturating_sub(1) {
        let torn = kinds[at - 1..=at + 1] == [Kind::Quote, Kind::Own, Kind::Quote];
        if torn && (goes_on(lines[at - 1], lines[at]) || closes_link(lines[at - 1], lines[at])) {
            kinds[at] = Kind::Quote;
        }
    }
}

fn goes_on(full: &str, rest: &str) -> bool {
    let word = rest.split_whitespace().next().unwrap_or_default().chars().count();
    full.chars().count() + 1 + word > WRAP
        && !full.trim_end().ends_with(['.', '?', '!', ':', '。', '？'])
        && !rest.trim_start().starts_with(|c: char| c.is_uppercase() || c.is_numeric())
}

/// Whether the line above ends within a link, and this one is the rest of it.
fn closes_link(open: &str, rest: &str) -> bool {
    let link = open.split_whitespace().next_back().unwrap_or_default();
    let rest = rest.trim();
    let pair = if link.starts_with("(http") { ['(', ')'] } else { ['<', '>'] };
    link.starts_with(pair[0])
        && link[1..].starts_with("http")
        && !link.contains(pair[1])
        && rest.ends_with(pair[1])
        && !rest.contains([' ', pair[0]])
}

/// Keeps the quotes that are answered below or are the sender's own, with the lines that say whose they are, and drops
/// the others. `history`: where the history begins that runs to the end.
///
/// A mail that consists of one quote with the whole answer below it is not answered point by point: that quote is the
/// history, only on top.
pub(super) fn settle(lines: &[&str], kinds: &mut [Kind], history: Option<usize>) {
    let runs = runs(kinds);
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else {
        return keep_attributions(kinds);
    };
    let own_above = kinds[..first.start].contains(&Kind::Own);
    let own_between = kinds[first.start..last.end].contains(&Kind::Own);
    let answered = answered_until(lines, kinds, &runs, own_above);
    // Nothing above the last attribution is what it speaks of.
    let named = kinds.iter().rposition(|kind| *kind == Kind::Attribution).max(history);
    for run in &runs {
        let above = kinds[..run.start].iter().rposition(|kind| *kind != Kind::Blank);
        let own = above.filter(|above| kinds[*above] == Kind::Own);
        let kept = run.start < answered && (own_above || own_between)
            || own.is_some_and(|above| {
                named.is_some_and(|named| run.start < named)
                    || attribution::introduces(lines[above])
            });
        if !kept {
            let quotes = kinds[run.clone()].iter_mut().filter(|kind| **kind == Kind::Quote);
            quotes.for_each(|kind| *kind = Kind::Dropped);
        }
    }
    keep_attributions(kinds);
}

/// Each run of quoted lines, from its first line to behind its last one; between them nothing but blank lines.
fn runs(kinds: &[Kind]) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    let mut within = false;
    for (at, kind) in kinds.iter().enumerate() {
        match (kind, runs.last_mut()) {
            (Kind::Quote, Some(run)) if within => run.end = at + 1,
            (Kind::Quote, _) => {
                runs.push(at..at + 1);
                within = true;
            }
            (Kind::Blank, _) => {}
            (Kind::Own | Kind::Attribution | Kind::Dropped, _) => within = false,
        }
    }
    runs
}

/// The last line that answers something quoted above it. "Regards, Ann" below the history answers nothing.
fn answered_until(
    lines: &[&str],
    kinds: &[Kind],
    runs: &[std::ops::Range<usize>],
    own_above: bool,
) -> usize {
    let last_own = kinds.iter().rposition(|kind| *kind == Kind::Own).unwrap_or(0);
    let Some(last) = runs.last().filter(|last| own_above && last.end <= last_own) else {
        return last_own;
    };
    let own = |range: std::ops::Range<usize>| range.filter(|at| kinds[*at] == Kind::Own);
    let below = own(last.end..lines.len()).map(|at| lines[at]);
    if signature::is_only_close(below) {
        own(0..last.start).next_back().unwrap_or(0)
    } else {
        last_own
    }
}

/// Lines that say whose a quote is stay with it.
fn keep_attributions(kinds: &mut [Kind]) {
    let mut quote_below = false;
    for kind in kinds.iter_mut().rev() {
        match kind {
            Kind::Attribution if quote_below => *kind = Kind::Quote,
            Kind::Blank => {}
            Kind::Own | Kind::Quote | Kind::Attribution | Kind::Dropped => {
                quote_below = *kind == Kind::Quote;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_of_links_are_told_from_answers() {
        assert!(closes_link("> see (http://example.org/a", "_b=3dd518)"));
        assert!(closes_link("> <https://example.org/a", "b>"));
        for (open, rest) in [
            ("> see (http://example.org/a)", "here (http://example.org/b)"),
            ("> see (this", "that)"),
            ("> see (http://example.org/a", "I do :)"),
            ("> where?", "http://example.org/b"),
        ] {
            assert!(!closes_link(open, rest), "{rest}");
        }
    }
}

//! Lines of text under construction: white space, quoting, lists and links.

use mail_parser::decoders::html::add_html_token;

use super::super::body::{Body, Picture};
use super::super::text;
use super::Mark;
use super::tokens::Tag;

/// Quotes within quotes that are told apart.
const MAX_QUOTES: usize = 10;
/// Lists within lists that are told apart.
const MAX_LISTS: usize = 10;
/// The longest address of a link that is shown.
const MAX_LINK: usize = 2000;
/// Pictures of one text that are looked at.
const MAX_PICTURES: usize = 1000;

/// Text by lines.
#[derive(Default)]
pub(super) struct Lines {
    lines: Vec<Line>,
    current: String,
    /// White space was met that has not been written.
    space: bool,
    /// A blank line is due before the next text.
    margin: bool,
    quotes: usize,
    preformatted: usize,
    lists: Vec<List>,
    /// The bullet that the next text begins with.
    bullet: Option<String>,
    /// Where the text of the open links began in `current`.
    links: Vec<usize>,
    attributions: usize,
    /// An attribution is over once its quote begins.
    quote_seen: bool,
    history_boxes: usize,
    signatures: usize,
    history: bool,
    pictures: Vec<Picture>,
    /// How many of the pictures stand on a line, or between two; those after them are on the line under construction.
    placed: usize,
}

/// An open list.
struct List {
    /// The number of its next item, if it has numbers.
    number: Option<u32>,
    empty: bool,
}

struct Line {
    text: String,
    quotes: usize,
    mark: Mark,
}

impl Lines {
    /// Text between tags. White space means only that there is some, but in a preformatted element.
    pub(super) fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let len = match c {
                '&' => entity(rest),
                c => c.len_utf8(),
            };
            let (piece, after) = rest.split_at(len);
            rest = after;
            if len > 1 && c == '&' {
                let mut decoded = String::new();
                add_html_token(&mut decoded, piece.as_bytes(), false);
                decoded.chars().for_each(|c| self.character(c));
            } else {
                self.character(c);
            }
        }
    }

    fn character(&mut self, c: char) {
        match c {
            '\n' if self.preformatted > 0 => self.line_break(),
            ' ' | '\t' if self.preformatted > 0 => self.push(c),
            ' ' | '\t' | '\n' | '\r' | '\u{c}' => self.space = true,
            // Wanted as it is: it indents, and fills lines that are to be blank.
            '\u{a0}' => self.push(' '),
            '\u{ad}' | '\u{200b}' | '\u{200c}' | '\u{34f}' => {}
            c => self.push(c),
        }
    }

    fn push(&mut self, c: char) {
        if self.current.is_empty() {
            self.margin();
            self.space = false;
            self.current.extend(self.bullet.take());
        }
        if std::mem::take(&mut self.space) && !self.current.ends_with(' ') {
            self.current.push(' ');
        }
        self.current.push(c);
    }

    fn margin(&mut self) {
        if std::mem::take(&mut self.margin)
            && self.lines.last().is_some_and(|last| !last.text.is_empty())
        {
            let quotes = self.quotes.min(self.lines.last().map_or(0, |last| last.quotes));
            self.lines.push(Line { text: String::new(), quotes, mark: self.mark() });
        }
    }

    fn mark(&self) -> Mark {
        if self.history || self.history_boxes > 0 {
            Mark::Quoted
        } else if self.attributions > 0 && !self.quote_seen && self.quotes == 0 {
            Mark::Attribution
        } else if self.signatures > 0 && self.quotes == 0 {
            Mark::Signature
        } else {
            Mark::Own
        }
    }

    pub(super) fn line_break(&mut self) {
        if self.current.is_empty() {
            self.margin();
        }
        self.flush();
    }

    fn flush(&mut self) {
        let mark = self.mark();
        let text = std::mem::take(&mut self.current);
        self.space = false;
        self.links.iter_mut().for_each(|start| *start = 0);
        self.placed = self.pictures.len();
        self.lines.push(Line { text: text.trim_end().to_owned(), quotes: self.quotes, mark });
    }

    /// Begins a new line if there is anything on this one.
    pub(super) fn block(&mut self, margin: bool) {
        if !self.current.is_empty() {
            self.flush();
        }
        self.pictures[self.placed..].iter_mut().for_each(|picture| picture.between = true);
        self.placed = self.pictures.len();
        self.space = false;
        self.margin |= margin && self.bullet.is_none();
    }

    pub(super) fn cell(&mut self) {
        if !self.current.trim_end().is_empty() {
            self.current.truncate(self.current.trim_end().len());
            self.current.push_str("  ");
            self.space = false;
        }
    }

    /// Notes a picture that came with the mail.
    pub(super) fn picture(&mut self, tag: &Tag<'_>, hidden: bool) {
        let source = tag.get("src").unwrap_or_default().trim();
        let scheme = source.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("cid:"));
        if !scheme || source.len() > MAX_LINK || self.pictures.len() == MAX_PICTURES {
            return;
        }
        let mut decoded = Self::default();
        decoded.text(&source[4..]);
        let pixels = |name| tag.get(name).and_then(|size| size.trim_end_matches("px").parse().ok());
        self.pictures.push(Picture {
            id: decoded.current.replace("%40", "@"),
            line: self.lines.len(),
            between: false,
            set_aside: self.quotes > 0 || !matches!(self.mark(), Mark::Own | Mark::Attribution),
            hidden,
            size: (pixels("width"), pixels("height")),
        });
    }

    pub(super) fn image(&mut self, alt: &str) {
        let mut words = String::new();
        std::mem::swap(&mut self.current, &mut words);
        let (space, margin) = (self.space, self.margin);
        (self.space, self.margin) = (false, false);
        self.text(alt);
        std::mem::swap(&mut self.current, &mut words);
        (self.space, self.margin) = (space, margin);
        let words = words.trim();
        if words.is_empty() {
            return;
        }
        // An emoji as a picture stays an emoji.
        let symbol = words.chars().count() <= 3 && !words.is_ascii();
        let shown = if symbol { words.to_owned() } else { format!("[{words}]") };
        shown.chars().for_each(|c| self.push(c));
    }

    pub(super) fn list_start(&mut self, ordered: bool, start: Option<u32>) {
        self.lists.push(List { number: ordered.then_some(start.unwrap_or(1)), empty: true });
    }

    pub(super) fn list_end(&mut self) {
        self.lists.pop();
    }

    pub(super) fn list_depth(&self) -> usize {
        self.lists.len()
    }

    /// Begins an item. Items stand close together even where they are paragraphs.
    pub(super) fn item(&mut self) {
        let indent = "  ".repeat(self.lists.len().clamp(1, MAX_LISTS) - 1);
        let Some(list) = self.lists.last_mut() else {
            self.bullet = Some("- ".to_owned());
            return;
        };
        self.margin &= std::mem::take(&mut list.empty);
        self.bullet = Some(match &mut list.number {
            Some(number) => {
                let bullet = format!("{indent}{number}. ");
                *number = number.saturating_add(1);
                bullet
            }
            None => indent + "- ",
        });
    }

    pub(super) fn quote_start(&mut self) {
        self.quotes += 1;
        self.quote_seen = true;
    }

    pub(super) fn quote_end(&mut self) {
        self.quotes -= 1;
    }

    pub(super) fn preformatted(&mut self, on: bool) {
        self.preformatted = if on { self.preformatted + 1 } else { self.preformatted - 1 };
    }

    pub(super) fn link_start(&mut self) {
        self.links.push(self.current.len());
    }

    /// Shows where a link leads, if that is somewhere and its text does not say so.
    pub(super) fn link_end(&mut self, target: &str) {
        let start = self.links.pop().unwrap_or_default();
        let label = self.current.get(start..).unwrap_or_default().trim();
        if label.is_empty() {
            return;
        }
        let mut decoded = Self::default();
        decoded.text(text::cut(target, MAX_LINK + 1));
        let target: String =
            decoded.current.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        if !leads_somewhere(&target) || bare(&target) == bare(label) {
            return;
        }
        let space = std::mem::take(&mut self.space);
        self.current.truncate(self.current.trim_end().len());
        let target = target.strip_prefix("mailto:").unwrap_or(&target);
        self.current.push_str(" <");
        self.current.push_str(target);
        self.current.push('>');
        self.space = space;
    }

    pub(super) fn attribution(&mut self, on: bool) {
        if self.quotes > 0 && on {
            // Within a quote it is part of the quote; counted all the same, for the end.
            self.attributions += 1;
            return;
        }
        if on && self.attributions == 0 {
            self.quote_seen = false;
        }
        self.attributions = if on { self.attributions + 1 } else { self.attributions - 1 };
    }

    /// A box that turned out to hold no quote held no attribution either: it is a forward, or the sender's own words.
    pub(super) fn quote_box_end(&mut self) {
        if !self.quote_seen && self.attributions == 0 {
            let marked =
                self.lines.iter_mut().rev().take_while(|line| line.mark == Mark::Attribution);
            marked.for_each(|line| line.mark = Mark::Own);
        }
    }

    pub(super) fn history_box(&mut self, on: bool) {
        self.history_boxes = if on { self.history_boxes + 1 } else { self.history_boxes - 1 };
    }

    pub(super) fn signature(&mut self, on: bool) {
        self.signatures = if on { self.signatures + 1 } else { self.signatures - 1 };
    }

    /// What follows is history, unless this is within a quote, which is marked as such anyway.
    pub(super) fn history(&mut self) {
        self.history |= self.quotes == 0;
    }

    /// All lines, with their quotation marks, cleaned, without blank ones at the ends.
    pub(super) fn finish(mut self) -> Body {
        self.block(false);
        let blank = |line: &Line| line.text.is_empty();
        let start = self.lines.iter().position(|line| !blank(line)).unwrap_or(self.lines.len());
        let end = self.lines.iter().rposition(|line| !blank(line)).map_or(start, |last| last + 1);
        let mut body = Body::default();
        for line in &self.lines[start..end] {
            // A mark is kept for each line, so a line must stay one.
            let words: String = text::clean(&line.text).replace('\n', " ");
            if !body.marks.is_empty() {
                body.text.push('\n');
            }
            let quotes = line.quotes.min(MAX_QUOTES);
            body.text.push_str(&">".repeat(quotes));
            if quotes > 0 && !words.is_empty() {
                body.text.push(' ');
            }
            body.text.push_str(&words);
            body.marks.push(line.mark);
        }
        if body.marks.is_empty() {
            body.marks.push(Mark::Own);
        }
        body.pictures = self.pictures;
        body.pictures
            .iter_mut()
            .for_each(|picture| picture.line = picture.line.saturating_sub(start));
        body
    }
}

/// The length of the entity at the beginning of `rest`, or 1.
fn entity(rest: &str) -> usize {
    let name = rest
        .as_bytes()
        .iter()
        .skip(1)
        .take(32)
        .position(|byte| *byte == b';' || byte.is_ascii_whitespace());
    match name {
        Some(len)
            if len > 0 && rest.as_bytes()[len + 1] == b';' && rest.is_char_boundary(len + 2) =>
        {
            len + 2
        }
        _ => 1,
    }
}

fn leads_somewhere(target: &str) -> bool {
    let known = ["http://", "https://", "mailto:", "tel:", "ftp://", "sip:"];
    target.len() <= MAX_LINK
        && known.iter().any(|scheme| {
            target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })
}

/// What is left when `https://`, `www.` and the last slash are not looked at.
fn bare(link: &str) -> String {
    let link = link.trim().to_lowercase();
    let link = ["https://", "http://", "mailto:", "tel:"]
        .iter()
        .find_map(|scheme| link.strip_prefix(scheme))
        .unwrap_or(&link);
    link.strip_prefix("www.").unwrap_or(link).trim_end_matches('/').to_owned()
}

//! HTML made readable: paragraphs, lists, quotes and links as plain text, and what the markup says about replies.
//!
//! Our own walk over the tags rather than a tree: work and memory stay linear in the input whatever is nested, text
//! is not wrapped, and marks that mail programs leave around quoted history are met on the way. Scripts, styles,
//! comments and hidden elements are not shown.

mod elements;
mod lines;
mod tokens;

use elements::{Effect, begins_history, display_hidden, effect_of, is_void};
use lines::Lines;
use tokens::{Tag, Token, tokens};

use super::body::Body;

/// Whose a line of text is, as far as the markup tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing is known: the sender's, or what the words tell.
    Own,
    /// "On Monday Bob wrote:", above a quote.
    Attribution,
    /// History.
    Quoted,
    /// The sender's signature.
    Signature,
}

/// Elements that are open at a time. More are let through without being tracked.
const MAX_OPEN: usize = 200;

/// An open element.
struct Open<'a> {
    name: &'a str,
    effect: Effect<'a>,
}

#[derive(Default)]
struct Walk<'a> {
    lines: Lines,
    open: Vec<Open<'a>>,
    /// How many hidden elements are open.
    hidden: usize,
}

/// Renders HTML. The text has no blank lines at its ends, and one mark for each line.
pub(super) fn render(html: &str) -> Body {
    let mut walk = Walk::default();
    for token in tokens(html) {
        match token {
            Token::Text(text) if walk.hidden == 0 => walk.lines.text(text),
            Token::Text(_) => {}
            Token::Start(tag) => walk.start(&tag),
            Token::End(name) => walk.end(name),
        }
    }
    while !walk.open.is_empty() {
        walk.pop();
    }
    walk.lines.finish()
}

impl<'a> Walk<'a> {
    fn start(&mut self, tag: &Tag<'a>) {
        // `<p>a<p>b` has no end tags.
        if matches!(tag.name.len(), 1 | 2)
            && ["p", "li", "td", "th", "tr", "dt", "dd"].iter().any(|name| tag.is(name))
            && self.open.last().is_some_and(|open| open.name.eq_ignore_ascii_case(tag.name))
        {
            self.pop();
        }
        if is_void(tag.name) {
            if self.hidden == 0 && !display_hidden(tag) {
                self.void(tag);
            } else if tag.is("img") {
                self.lines.picture(tag, true);
            }
            return;
        }
        if self.open.len() == MAX_OPEN {
            return;
        }
        let effect =
            if self.hidden > 0 || display_hidden(tag) { Effect::Hidden } else { effect_of(tag) };
        self.enter(tag, &effect);
        self.open.push(Open { name: tag.name, effect });
    }

    fn void(&mut self, tag: &Tag<'a>) {
        if tag.is("br") {
            self.lines.line_break();
        } else if tag.is("hr") {
            self.lines.block(false);
            if begins_history(tag) {
                self.lines.history();
            }
            self.lines.text("---");
            self.lines.block(false);
        } else if tag.is("img") {
            self.lines.picture(tag, false);
            self.lines.image(tag.get("alt").unwrap_or_default());
        }
    }

    fn enter(&mut self, tag: &Tag<'a>, effect: &Effect<'a>) {
        match effect {
            Effect::None => {}
            Effect::Hidden => self.hidden += 1,
            Effect::Block { margin } => self.lines.block(*margin),
            Effect::Cell => self.lines.cell(),
            Effect::Item => {
                self.lines.block(false);
                self.lines.item();
            }
            Effect::List { ordered } => {
                self.lines.block(self.lines.list_depth() == 0);
                self.lines
                    .list_start(*ordered, tag.get("start").and_then(|start| start.parse().ok()));
            }
            Effect::Quote => {
                self.lines.block(true);
                self.lines.quote_start();
            }
            Effect::Pre => {
                self.lines.block(true);
                self.lines.preformatted(true);
            }
            Effect::Link(_) => self.lines.link_start(),
            Effect::Attribution | Effect::QuoteBox => {
                self.lines.block(false);
                self.lines.attribution(true);
            }
            Effect::HistoryBox => {
                self.lines.block(false);
                self.lines.history_box(true);
            }
            Effect::SignatureBox => {
                self.lines.block(false);
                self.lines.signature(true);
            }
            Effect::History => {
                self.lines.block(false);
                self.lines.history();
            }
        }
    }

    /// Closes the innermost open element of this name and those within it; an end tag without a start is nothing.
    fn end(&mut self, name: &str) {
        if name.eq_ignore_ascii_case("br") || name.eq_ignore_ascii_case("p") && !self.is_open(name)
        {
            return;
        }
        if self.is_open(name) {
            while self.pop().is_some_and(|closed| !closed.eq_ignore_ascii_case(name)) {}
        }
    }

    fn is_open(&self, name: &str) -> bool {
        self.open.iter().rev().any(|open| open.name.eq_ignore_ascii_case(name))
    }

    fn pop(&mut self) -> Option<&'a str> {
        let Open { name, effect } = self.open.pop()?;
        match effect {
            Effect::None | Effect::Cell => {}
            Effect::Hidden => self.hidden -= 1,
            Effect::History => self.lines.block(false),
            Effect::Block { margin } => self.lines.block(margin),
            Effect::Item => self.lines.block(false),
            Effect::List { .. } => {
                self.lines.list_end();
                self.lines.block(self.lines.list_depth() == 0);
            }
            Effect::Quote => {
                self.lines.block(false);
                self.lines.quote_end();
                self.lines.block(true);
            }
            Effect::Pre => {
                self.lines.preformatted(false);
                self.lines.block(true);
            }
            Effect::Link(target) => self.lines.link_end(target),
            Effect::Attribution | Effect::QuoteBox => {
                self.lines.block(false);
                self.lines.attribution(false);
                if matches!(effect, Effect::QuoteBox) {
                    self.lines.quote_box_end();
                }
            }
            Effect::HistoryBox => {
                self.lines.block(false);
                self.lines.history_box(false);
            }
            Effect::SignatureBox => {
                self.lines.block(false);
                self.lines.signature(false);
            }
        }
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_readable() {
        for (html, text) in [
            (
                "<p>Hello,</p><p>the   printer\n is <b>broken</b>.</p>",
                "Hello,\n\nthe printer is broken.",
            ),
            ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
            ("one<br>two<br/>three", "one\ntwo\nthree"),
            (
                "<ul><li>a</li><li>b<ol><li>x<li>y</ol></li></ul>end",
                "- a\n- b\n  1. x\n  2. y\n\nend",
            ),
            ("<ol start=3><li>c</ol>", "3. c"),
            (
                "<table><tr><td>Name</td><td>Qty</td></tr><tr><td>Ink</td><td>2</td></tr></table>",
                "Name  Qty\nInk  2",
            ),
            ("<pre>a\n  b\n</pre>", "a\n  b"),
            ("a &amp; b &lt;c&gt; &#8364; &uuml; &nosuch; &", "a & b <c> € ü &nosuch; &"),
            ("<style>p{}</style><script>alert('</p>')</script><title>T</title><!-- c --><p>x", "x"),
            ("<![if !mso]>a<![endif]><!--[if mso]>no<![endif]-->b", "ab"),
            ("a<div style='display: none'>no<div>no</div></div>b", "ab"),
            ("<span style=\"mso-hide:all\">no</span>yes", "yes"),
            ("<div style='max-height: 0; overflow: hidden'>no</div>yes", "yes"),
            ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
            ("<a href='https://example.org/a'>the page</a>.", "the page <https://example.org/a>."),
            ("<a href=\"https://example.org/\">https://example.org</a>", "https://example.org"),
            ("<a href=mailto:bob@example.org>bob@example.org</a>", "bob@example.org"),
            (
                "<a href=' java\tscript:alert(1)'>click</a> <a href='data:x'>x</a> <a href='#top'>top</a>",
                "click x top",
            ),
            ("<a href='https://example.org/logo'><img src=x alt=''></a>x", "x"),
            ("<img alt='a chart'> <img src=x><img alt='🙂'>", "[a chart] 🙂"),
            (
                "<blockquote type=cite><p>a</p><blockquote>b</blockquote></blockquote>c",
                "> a\n>\n>> b\n\nc",
            ),
            ("<blockquote style='margin:0 0 0 40px;border:none'>indented</blockquote>", "indented"),
            (
                "<p class=MsoNormal>a</p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>b</p>",
                "a\n\nb",
            ),
            ("</div></p></b>x", "x"),
            ("a<unclosed", "a"),
            ("<p>x\0\u{1b}y</p>", "xy"),
            ("", ""),
        ] {
            let body = render(html);
            assert_eq!(body.text, text, "{html}");
            assert_eq!(body.marks.len(), body.text.split('\n').count(), "{html}");
        }
    }

    #[test]
    fn markup_tells_history() {
        use Mark::{Attribution as A, Own as O, Quoted as Q, Signature as S};
        let table: &[(&str, &[Mark])] = &[
            (
                "me<div class=gmail_quote><div class=gmail_attr>He:</div><blockquote>q</blockquote></div>",
                &[O, A, O, O],
            ),
            ("me<div class='gmail_quote'>no quote in it</div>", &[O, O]),
            (
                "me<div class=gmail_quote>He:<blockquote>q</blockquote>mine</div>",
                &[O, A, O, O, O, O],
            ),
            (
                "me<div class=moz-cite-prefix>He:<br></div><blockquote type=cite>q</blockquote>",
                &[O, A, O, O],
            ),
            ("me<div id=appendonsend></div><hr><div id=divRplyFwdMsg>He</div>it", &[O, Q, Q, Q]),
            ("me<div class=yahoo_quoted>He:<div>q</div></div>bottom", &[O, Q, Q, O]),
            ("me<div class=gmail_signature>Ann<br>ACME</div>more", &[O, S, S, O]),
            ("me<div id=x_Signature>Ann</div><hr id=zwchr>q", &[O, S, Q, Q]),
            ("me<div name=quote>q</div><p name=quote>me</p>", &[O, Q, O, O]),
        ];
        for (html, marks) in table {
            let body = render(html);
            assert_eq!(body.marks, *marks, "{html}\n{}", body.text);
        }
    }

    #[test]
    fn nesting_is_harmless() {
        for (open, close) in [
            ("<div>", "</div>"),
            ("<blockquote>", "</blockquote>"),
            ("<table><tr><td>", ""),
            ("<ul><li>", ""),
            ("<a href=x>", "</b>"),
        ] {
            let body = render(&format!("{}x{}", open.repeat(50_000), close.repeat(50_000)));
            assert!(
                body.text.contains('x') && body.text.len() < 1000,
                "{open} {}",
                body.text.len()
            );
        }
    }
}

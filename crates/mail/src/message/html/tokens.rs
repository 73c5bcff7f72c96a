//! HTML as tags and text. Forgiving like a browser where that is cheap; every octet is passed once.

/// A piece of HTML.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// Between tags, entities not yet decoded.
    Text(&'a str),
    Start(Tag<'a>),
    End(&'a str),
}

/// A start tag.
#[derive(Debug, PartialEq)]
pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    attributes: &'a str,
}

/// Attributes that are looked at in one tag.
const MAX_ATTRIBUTES: usize = 40;

impl<'a> Tag<'a> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value of an attribute, entities not decoded.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.attributes;
        for _ in 0..MAX_ATTRIBUTES {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if rest.is_empty() {
                return None;
            }
            let key = rest
                .find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/'))
                .unwrap_or(rest.len());
            // A stray `=` must not stop the walk.
            let key = key.max(rest.chars().next().map_or(1, char::len_utf8));
            let (found, after) = rest.split_at(key);
            let after = after.trim_start();
            let value;
            (value, rest) = match after.strip_prefix('=') {
                Some(after) => attribute_value(after.trim_start()),
                None => ("", after),
            };
            if found.eq_ignore_ascii_case(name) {
                return Some(value);
            }
        }
        None
    }
}

fn attribute_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    text.split_at(text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len()))
}

/// Elements whose content is not text for people.
const RAW: &[&str] = &["script", "style", "title", "template", "xml", "svg", "iframe", "noframes"];

/// Takes HTML apart.
pub(super) fn tokens(html: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = html;
    let mut raw_until: Option<&str> = None;
    std::iter::from_fn(move || {
        loop {
            if let Some(name) = raw_until.take() {
                rest = skip_raw(rest, name);
            }
            if rest.is_empty() {
                return None;
            }
            if !begins_markup(rest) {
                // `<` before anything else is only a `<`.
                let next = rest.bytes().skip(1).position(|byte| byte == b'<');
                let end = next.map_or(rest.len(), |at| at + 1);
                let (text, after) = rest.split_at(end);
                rest = after;
                return Some(Token::Text(text));
            }
            let (token, after) = markup(rest);
            rest = after;
            if let Some(Token::Start(tag)) = &token {
                raw_until = RAW.iter().copied().find(|name| tag.is(name));
                if raw_until.is_some() {
                    continue;
                }
            }
            if token.is_some() {
                return token;
            }
        }
    })
}

fn begins_markup(rest: &str) -> bool {
    match rest.as_bytes() {
        [b'<', b'/' | b'!' | b'?', ..] => true,
        [b'<', letter, ..] => letter.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Reads the tag or comment at the beginning of `rest`. What is never closed reaches to the end.
fn markup(rest: &str) -> (Option<Token<'_>>, &str) {
    if let Some(comment) = rest.strip_prefix("<!--") {
        // `<!-->` is a whole comment.
        if let Some(after) = comment.strip_prefix('>').or_else(|| comment.strip_prefix("->")) {
            return (None, after);
        }
        return (None, comment.split_once("-->").map_or("", |(_, after)| after));
    }
    let end = tag_end(rest);
    let (tag, after) = (&rest[1..end], rest.get(end + 1..).unwrap_or_default());
    if let Some(name) = tag.strip_prefix('/') {
        let name =
            name.split(|c: char| c.is_ascii_whitespace() || c == '/').next().unwrap_or_default();
        return (Some(Token::End(name)), after);
    }
    if tag.starts_with(['!', '?']) {
        return (None, after);
    }
    let name_end = tag.find(|c: char| c.is_ascii_whitespace() || c == '/').unwrap_or(tag.len());
    let (name, attributes) = tag.split_at(name_end);
    (Some(Token::Start(Tag { name, attributes })), after)
}

/// Where the `>` is that ends this tag; one between quotation marks does not, if they follow a `=`.
fn tag_end(rest: &str) -> usize {
    let mut quote = None;
    let mut after_equals = false;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return at,
            (None, b'"' | b'\'') if after_equals => quote = Some(byte),
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            after_equals = byte == b'=';
        }
    }
    rest.len()
}

/// Skips to the end tag of an element whose content is not text.
fn skip_raw<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut at = 0;
    while let Some(found) = rest[at..].find("</") {
        at += found + 2;
        if rest.as_bytes()[at..]
            .get(..name.len())
            .is_some_and(|bytes| bytes.eq_ignore_ascii_case(name.as_bytes()))
        {
            return rest[at..].split_once('>').map_or("", |(_, after)| after);
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found() {
        let html = r#"<a x href = "a>b" Class='c d' id=e / data-x>"#;
        let Some(Token::Start(tag)) = tokens(html).next() else { panic!("no tag") };
        assert_eq!(
            ["href", "class", "id", "data-x", "none"].map(|name| tag.get(name)),
            [Some("a>b"), Some("c d"), Some("e"), Some(""), None]
        );
    }

    #[test]
    fn text_and_tags_alternate() {
        let pieces: Vec<Token<'_>> = tokens("a<<b>c</b >< d<!-->e<?xml?><é>").collect();
        assert_eq!(
            format!("{pieces:?}"),
            r#"[Text("a"), Text("<"), Start(Tag { name: "b", attributes: "" }), Text("c"), End("b"), Text("< d"), Text("e"), Text("<é>")]"#
        );
    }
}

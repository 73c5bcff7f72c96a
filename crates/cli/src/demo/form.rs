//! Reads the form of a page. Only for pages that this program serves itself: it is no HTML parser.

/// A form as it would be sent if nothing were typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// Where it goes; empty means the page itself.
    pub(crate) action: String,
    /// Its fields with what they hold. Buttons are not among them, since nobody has pressed one.
    pub(crate) fields: Vec<(String, String)>,
}

/// The first form of a page that is sent by POST.
pub(crate) fn first(html: &str) -> Option<Form> {
    let mut rest = html;
    while let Some(start) = rest.find("<form") {
        rest = &rest[start..];
        let end = rest.find("</form>").unwrap_or(rest.len());
        let (form, after) = rest.split_at(end);
        let head = tag(form);
        if attribute(head, "method").is_some_and(|method| method.eq_ignore_ascii_case("post")) {
            return Some(Form {
                action: attribute(head, "action").unwrap_or_default(),
                fields: fields(form),
            });
        }
        rest = after;
    }
    None
}

fn fields(form: &str) -> Vec<(String, String)> {
    form.match_indices("<input")
        .map(|(at, _)| tag(&form[at..]))
        .filter_map(|tag| {
            Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))
        })
        .collect()
}

/// From `<` to the end of the tag.
fn tag(text: &str) -> &str {
    &text[..text.find('>').unwrap_or(text.len())]
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = &tag[start..];
    Some(unescape(&value[..value.find('"')?]))
}

fn unescape(text: &str) -> String {
    // The ampersand comes last: what it brings forth must not be read again.
    [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&#x2f;", "/"),
        ("&#47;", "/"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The words of a page without its tags, for a failure's message.
pub(crate) fn words(html: &str) -> String {
    let body = html.find("<main").map_or(html, |at| &html[at..]);
    let mut text = String::new();
    for piece in body.split('<') {
        text.push(' ');
        text.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
    }
    let words: Vec<&str> = text.split_whitespace().take(60).collect();
    unescape(&words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_that_is_posted_is_found_with_what_it_holds() {
        let html = r#"<form action="/search"><input name="q"></form>
            <form method="post" action="/login?a=1&amp;b=2">
              <input type="hidden" name="request" value="R&#x27;1&amp;lt;"><input name="username" autofocus>
              <button name="decision" value="allow">Allow</button></form>"#;
        let form = first(html).expect("a form");
        assert_eq!(form.action, "/login?a=1&b=2");
        let fields = [("request", "R'1&lt;"), ("username", "")];
        assert_eq!(form.fields, fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(first("<p>nothing</p>"), None);
    }

    #[test]
    fn a_page_in_words() {
        assert_eq!(
            words("<title>x</title><main><h1>No</h1> <p>It&#x27;s over.</p></main>"),
            "No It's over."
        );
    }
}

//! A browser without a script: it reads the forms of a page, fills them in and sends them.

use std::time::Duration;

use crate::app::{Answer, TestApp};

/// Somebody who is signed in, and clicks.
pub(crate) struct Person<'a> {
    app: &'a TestApp,
    cookie: String,
}

impl<'a> Person<'a> {
    pub(crate) async fn new(app: &'a TestApp) -> Self {
        Self { app, cookie: app.signed_in().await }
    }

    /// The session.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    pub(crate) async fn open(&self, path: &str) -> Answer {
        self.app.get(path).cookie(&self.cookie).send().await.expect(200)
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.app.post(path).cookie(&self.cookie).form(fields).send().await
    }

    /// Sends a form, by the button that says where to.
    pub(crate) async fn send_to(&self, form: &PageForm, action: &str) -> Answer {
        let fields: Vec<_> = form.0.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        self.post(action, &fields).await
    }

    /// The page that an answer leads to.
    pub(crate) async fn follow(&self, answer: Answer) -> Answer {
        let answer = answer.expect(303);
        self.open(answer.header("location")).await
    }

    /// Looks at a page until it shows something.
    pub(crate) async fn wait_for(&self, path: &str, text: &str) -> Answer {
        for _ in 0..100 {
            let page = self.open(path).await;
            if page.body.contains(text) {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{path} never shows {text:?}: {}", self.open(path).await.body);
    }
}

/// The fields of a form, as a browser would send them.
#[derive(Clone, Debug)]
pub(crate) struct PageForm(Vec<(String, String)>);

impl PageForm {
    /// The form of a page that goes to `action`.
    #[track_caller]
    pub(crate) fn of(page: &Answer, action: &str) -> Self {
        let start = format!("<form method=\"post\" action=\"{action}\"");
        let at = page.body.find(&start).unwrap_or_else(|| panic!("no {start}: {}", page.body));
        let form = &page.body[at..];
        let form = &form[..form.find("</form>").unwrap()];
        Self(fields(form))
    }

    #[track_caller]
    pub(crate) fn value(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// The same form with this typed, chosen or ticked; a field that the page does not have cannot be.
    #[track_caller]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let field = self.0.iter_mut().find(|(key, _)| key == name);
        field.unwrap_or_else(|| panic!("the form has no {name}")).1 = value.to_owned();
        self
    }

    /// The same form without this: a box that is not ticked any more.
    #[track_caller]
    pub(crate) fn without(mut self, name: &str) -> Self {
        let before = self.0.len();
        self.0.retain(|(key, _)| key != name);
        assert!(self.0.len() < before, "the form has no {name}");
        self
    }

    /// The same form with one more box ticked.
    pub(crate) fn tick(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }
}

fn fields(form: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (at, _) in form.match_indices('<') {
        let rest = &form[at + 1..];
        let tag = &rest[..rest.find('>').unwrap()];
        let Some(name) = attribute(tag, "name") else { continue };
        if tag.starts_with("input") {
            let boxed = matches!(attribute(tag, "type").as_deref(), Some("checkbox" | "radio"));
            if !boxed || tag.contains(" checked") {
                all.push((name, attribute(tag, "value").unwrap_or_default()));
            }
        } else if tag.starts_with("textarea") {
            let text = &rest[tag.len() + 1..rest.find("</textarea>").unwrap()];
            // A line feed right after the tag does not count (HTML, "newlines in textarea").
            all.push((name, unescape(text.strip_prefix('\n').unwrap_or(text))));
        } else if tag.starts_with("select") {
            let list = &rest[..rest.find("</select>").unwrap()];
            let options: Vec<_> = list.split("<option").skip(1).collect();
            let chosen = options
                .iter()
                .find(|option| option[..option.find('>').unwrap()].contains(" selected"));
            let chosen = chosen.or(options.first()).map(|option| attribute(option, "value"));
            all.push((name, chosen.flatten().unwrap_or_default()));
        }
    }
    all
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = &tag[start..];
    Some(unescape(&value[..value.find('"')?]))
}

fn unescape(text: &str) -> String {
    let pairs = [("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

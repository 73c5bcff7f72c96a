//! What people see: tables, lines and failures. With `--json`, what the server said, as it said it.
//!
//! Subjects, names and reasons come from outside. Control characters are taken out before anything reaches a terminal,
//! since a terminal obeys some of them.

mod qr;
mod steps;
mod table;

use std::io::Write as _;

use outlink_model::problem::Problem;
use serde_json::Value;

use crate::client::{Answer, Refused};
pub(crate) use qr::qr;
pub(crate) use steps::steps;
pub(crate) use table::table;

/// How a command shows what it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// A column of a table: its heading, and the field that it shows.
pub(crate) type Column = (&'static str, &'static str);

/// Writes a line. A reader that has gone away (`outlink … | head`) is no failure.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes bytes as they are.
pub(crate) fn bytes(bytes: &[u8]) {
    let _ = std::io::stdout().lock().write_all(bytes);
}

/// Shows a list as a table, with the cursor of the next page below it.
pub(crate) fn list(format: Format, answer: &Answer, columns: &[Column]) {
    if format == Format::Json {
        return line(answer.text.trim_end());
    }
    let items = answer.value["items"].as_array().map_or(&[][..], Vec::as_slice);
    if items.is_empty() {
        line("There are none.");
    } else {
        line(&table(items, columns));
    }
    if let Some(next) = answer.value["next"].as_str() {
        line(&format!("next: {}  (for more: --after {})", clean(next), clean(next)));
    }
}

/// Shows one thing, a line for each of its fields. What the server warns of goes to stderr, out of the way of scripts.
pub(crate) fn one(format: Format, answer: &Answer) {
    warnings(&answer.value["warnings"]);
    match format {
        Format::Json => line(answer.text.trim_end()),
        Format::Text => line(&fields(&answer.value)),
    }
}

/// Shows what the server warns of, a sentence each.
pub(crate) fn warnings(sentences: &Value) {
    for sentence in sentences.as_array().into_iter().flatten() {
        warning(&cell(sentence));
    }
}

/// Shows that something is not as it might be, though what was asked for is done.
pub(crate) fn warning(sentence: &str) {
    eprintln!("warning: {}", clean(sentence));
}

/// Shows why a command failed, on stderr, with what to do about it.
pub(crate) fn failure(error: &anyhow::Error) {
    let (message, hint) = told(error);
    eprintln!("error: {}", clean_lines(&message));
    if !hint.is_empty() {
        eprintln!("hint: {}", clean_lines(&hint));
    }
}

/// What went wrong, from the outermost cause inwards, and what to do.
fn told(error: &anyhow::Error) -> (String, String) {
    let mut words: Vec<String> = Vec::new();
    let mut hint = String::new();
    for cause in error.chain() {
        let text = if let Some(refused) = cause.downcast_ref::<Refused>() {
            hint.clone_from(&refused.hint);
            refused.message.clone()
        } else if let Some(problem) = cause.downcast_ref::<Problem>() {
            hint.clone_from(&problem.hint);
            problem.message.clone()
        } else if let Some(outlink_engine::Error::Problem(_)) = cause.downcast_ref() {
            // The problem itself comes next in the chain.
            continue;
        } else {
            cause.to_string()
        };
        // Some errors say what their cause says, too.
        if !words.last().is_some_and(|said| said.contains(&text)) {
            words.push(text);
        }
    }
    (words.join(": "), hint)
}

/// Every field with its value, aligned; fields without a value are left out, and what people call the thing comes first.
pub(crate) fn fields(value: &Value) -> String {
    let Some(object) = value.as_object() else { return cell(value) };
    let mut shown: Vec<(String, String)> = Vec::new();
    for (name, value) in object.iter().filter(|(name, _)| *name != "warnings") {
        match value {
            Value::Object(inner) => shown
                .extend(inner.iter().map(|(part, value)| (format!("{name}.{part}"), cell(value)))),
            value => shown.push((name.clone(), cell(value))),
        }
    }
    shown.retain(|(_, text)| !text.is_empty());
    let first = |name: &str| FIRST.iter().position(|known| *known == name).unwrap_or(FIRST.len());
    shown.sort_by_key(|(name, _)| first(name));
    let width = shown.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines = shown.iter().map(|(name, text)| format!("{name:width$}  {text}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The fields that say which thing it is.
const FIRST: [&str; 6] = ["key", "name", "identity", "subject", "state", "id"];

/// A value as a person reads it. Of an identity or a project, that is the one name that people use for it.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => clean(text),
        Value::Array(items) => {
            // Words go on with a blank; things that have fields themselves need something wider between them.
            let between = if items.iter().any(Value::is_object) { "; " } else { " " };
            items.iter().map(cell).collect::<Vec<_>>().join(between)
        }
        Value::Object(object) => {
            ["email", "key", "name", "address", "reason", "message", "subject", "state"]
                .iter()
                .filter_map(|field| object.get(*field))
                .map(cell)
                .find(|text| !text.is_empty())
                .unwrap_or_else(|| parts(object))
        }
    }
}

/// A thing without a name of its own, by all that is known of it.
fn parts(object: &serde_json::Map<String, Value>) -> String {
    let parts = object.iter().map(|(name, value)| (name, cell(value)));
    let parts = parts.filter(|(_, text)| !text.is_empty());
    parts.map(|(name, text)| format!("{name} {text}")).collect::<Vec<_>>().join(", ")
}

/// One line, without what a terminal would obey.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { ' ' } else { c }).collect()
}

/// The same for a text of several lines.
pub(crate) fn clean_lines(text: &str) -> String {
    text.chars().map(|c| if c != '\n' && is_harmful(c) { ' ' } else { c }).collect()
}

/// Control characters, and those that turn the direction of writing and so show one thing as another.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_reaches_a_terminal_that_it_would_obey() {
        assert_eq!(clean("a\u{1b}[2J\u{202e}b\n\u{7}"), "a [2J b  ");
        assert_eq!(clean_lines("a\nb\r\u{9b}c"), "a\nb  c");
    }

    #[test]
    fn a_failure_is_told_once_with_what_to_do() {
        let problem = Problem::taken("name", "token", "ops");
        let error = anyhow::Error::from(outlink_engine::Error::from(problem)).context("It failed");
        let (message, hint) = told(&error);
        assert_eq!(message, "It failed: There is already a token called \"ops\".");
        assert_eq!(hint, "Choose another name, or use the one that exists.");
        let refused = Refused { message: "No.".into(), hint: "Ask.".into() };
        assert_eq!(told(&refused.into()), ("No.".into(), "Ask.".into()));
    }

    #[test]
    fn things_without_a_name_are_told_by_their_parts() {
        let value = json!({
            "name": "Work",
            "client_secrets": [
                { "id": "1", "expires_at": "2027-05-01T23:59:59Z", "key_id": null },
                { "id": "2", "has_certificate": true },
            ],
            "authorization_params": { "prompt": "consent" },
            "warnings": ["They go to standard error."],
        });
        let lines = [
            "name                         Work",
            "authorization_params.prompt  consent",
            "client_secrets               expires_at 2027-05-01T23:59:59Z, id 1; has_certificate yes, id 2",
        ];
        assert_eq!(fields(&value), lines.join("\n"));
    }

    #[test]
    fn fields_without_a_value_are_left_out() {
        let value = json!({
            "created_at": "now", "id": "1", "name": "Work", "issuer": null, "scopes": ["a", "b"],
            "health": { "state": "failing", "reason": "No.", "hint": null },
        });
        let lines = [
            "name           Work",
            "id             1",
            "created_at     now",
            "health.reason  No.",
            "health.state   failing",
            "scopes         a b",
        ];
        assert_eq!(fields(&value), lines.join("\n"));
    }
}

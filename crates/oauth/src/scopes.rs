//! Scopes: reading the many ways in which they are written, and comparing what was asked for with what was granted.

use serde_json::Value;

/// Scopes that say what else comes with the answer, not what the access token may do. Providers leave them out of
/// their answers or rewrite them, although they were granted.
const ABOUT_THE_ANSWER: [&str; 4] = ["offline_access", "openid", "profile", "email"];

/// Which scopes were asked for and not granted, in the order of asking. An empty answer means "as requested"
/// (RFC 6749 §5.1); more than was asked for is no fault; letter case is not compared, since Microsoft answers in its
/// own.
pub fn missing_scopes(asked: &str, granted: &[String]) -> Vec<String> {
    if granted.is_empty() {
        return Vec::new();
    }
    let matters = |scope: &str| {
        // `…/.default` stands for whatever the registration lists; the answer names the single permissions.
        !ABOUT_THE_ANSWER.contains(&scope) && !scope.ends_with("/.default")
    };
    let is_granted = |scope: &str| granted.iter().any(|given| given.eq_ignore_ascii_case(scope));
    let missing = asked.split_whitespace().filter(|scope| matters(scope) && !is_granted(scope));
    missing.map(str::to_owned).collect()
}

/// Reads the `scope` of an answer: a text separated by spaces (RFC 6749 §3.3), by commas or by plus signs, or a list.
/// `None` where it says nothing.
pub(crate) fn read_scopes(value: &Value) -> Option<Vec<String>> {
    let texts: Vec<&str> = match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    };
    let mut scopes: Vec<String> = Vec::new();
    for scope in texts.into_iter().flat_map(split) {
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    (!scopes.is_empty()).then_some(scopes)
}

fn split(text: &str) -> Vec<&str> {
    let spaced = |c: char| c.is_whitespace() || c == ',';
    // A plus sign may stand within a scope, so it separates only where nothing else does.
    let plus = text.contains('+') && !text.trim().contains(spaced);
    let parts = text.split(move |c: char| spaced(c) || (plus && c == '+'));
    parts.filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scopes_are_read_however_they_are_written() {
        let table = [
            (json!("a b"), Some(vec!["a", "b"])),
            (json!(" a  b a "), Some(vec!["a", "b"])),
            (json!("a,b"), Some(vec!["a", "b"])),
            (json!("a, b"), Some(vec!["a", "b"])),
            (json!("a+b"), Some(vec!["a", "b"])),
            (json!("a+b c"), Some(vec!["a+b", "c"])),
            (json!(["a", "b c", 7]), Some(vec!["a", "b", "c"])),
            (json!(""), None),
            (json!([]), None),
            (json!(null), None),
            (json!({"a": 1}), None),
        ];
        for (value, expected) in table {
            let expected = expected.map(|list| list.into_iter().map(str::to_owned).collect());
            assert_eq!(read_scopes(&value), expected, "{value}");
        }
    }

    #[test]
    fn what_was_asked_for_and_not_granted() {
        const IMAP: &str = "https://outlook.office.com/IMAP.AccessAsUser.All";
        const SMTP: &str = "https://outlook.office.com/SMTP.Send";
        let asked = format!("offline_access openid profile email {IMAP} {SMTP}");
        let missing = |granted: &[&str]| {
            missing_scopes(&asked, &granted.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(missing(&[IMAP]), [SMTP], "reduced");
        assert!(missing(&[SMTP, IMAP]).is_empty(), "re-ordered, and without offline_access");
        assert!(missing(&[IMAP, SMTP, "more"]).is_empty(), "extended");
        assert!(missing(&[&IMAP.to_lowercase(), SMTP]).is_empty(), "in another letter case");
        assert!(missing(&[]).is_empty(), "an empty answer means as requested");
        let default = "https://outlook.office365.com/.default";
        assert!(missing_scopes(default, &["IMAP.AccessAsApp".to_owned()]).is_empty());
    }
}

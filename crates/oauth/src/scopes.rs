//! Scopes: reading the many ways in which they are written, and comparing what was asked for with what was granted.

use outlink_model::link::{Link, ScopeSeparator};
use outlink_model::provider::MailService;
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

/// What each missing scope would have allowed, in words: `sending mail was not granted (https://…/SMTP.Send)`.
pub fn missing_scope_words(scopes: &[String]) -> Vec<String> {
    let said = |scope: &String| match allows(scope) {
        Some(what) => format!("{what} was not granted ({scope})"),
        None => format!("{scope} was not granted"),
    };
    scopes.iter().map(said).collect()
}

/// What a scope of a known mail provider allows.
fn allows(scope: &str) -> Option<&'static str> {
    let scope = scope.trim_end_matches('/').to_ascii_lowercase();
    Some(match scope.rsplit('/').next().unwrap_or_default() {
        "imap.accessasuser.all"
        | "imap.accessasapp"
        | "protocol-imap"
        | "mail:imap_full"
        | "mail:imap_ro"
        | "mail.imap" => "reading mail by IMAP",
        "pop.accessasuser.all" | "pop.accessasapp" | "protocol-pop" => "reading mail by POP3",
        "smtp.send" | "smtp.sendasapp" | "protocol-smtp" | "mail:smtp" | "gmail.send" => {
            "sending mail"
        }
        "mail.google.com" | "mail-w" => "reading and sending mail",
        "mail-r" | "gmail.readonly" | "gmail.imap_admin" => "reading mail",
        _ => return None,
    })
}

/// The protocols that a scope of a known mail provider lets a token in by; none where the scope is not known.
pub fn mail_services(scope: &str) -> &'static [MailService] {
    use MailService::{Imap, Pop3, Smtp};
    let scope = scope.trim_end_matches('/').to_ascii_lowercase();
    match scope.rsplit('/').next().unwrap_or_default() {
        "imap.accessasuser.all"
        | "imap.accessasapp"
        | "protocol-imap"
        | "mail:imap_full"
        | "mail:imap_ro"
        | "mail.imap"
        | "gmail.imap_admin" => &[Imap],
        "pop.accessasuser.all" | "pop.accessasapp" | "protocol-pop" => &[Pop3],
        "smtp.send" | "smtp.sendasapp" | "protocol-smtp" | "mail:smtp" => &[Smtp],
        "mail.google.com" | "mail-w" => &[Imap, Pop3, Smtp],
        "mail-r" => &[Imap, Pop3],
        _ => &[],
    }
}

/// The scopes of a link as a request says them.
pub(crate) fn joined(link: &Link) -> String {
    let separator = match link.scope_separator {
        ScopeSeparator::Space => " ",
        ScopeSeparator::Comma => ",",
        ScopeSeparator::Plus => "+",
    };
    link.scope.split_whitespace().collect::<Vec<_>>().join(separator)
}

/// Scopes that are read of one answer; each is compared with those before it.
const MOST: usize = 1000;

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
        if scopes.len() == MOST {
            break;
        }
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
    fn a_mail_scope_says_which_protocols_it_is_good_for() {
        use MailService::{Imap, Pop3, Smtp};
        assert_eq!(mail_services("https://mail.google.com/"), [Imap, Pop3, Smtp]);
        assert_eq!(mail_services("https://outlook.office.com/IMAP.AccessAsUser.All"), [Imap]);
        assert_eq!(mail_services("https://outlook.office.com/POP.AccessAsUser.All"), [Pop3]);
        assert_eq!(mail_services("https://outlook.office365.com/.default"), []);
        assert_eq!(mail_services("openid"), []);
    }

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
        let many: String = (0..5000).map(|n| format!("s{n} ")).collect();
        assert_eq!(read_scopes(&json!(many)).map(|scopes| scopes.len()), Some(MOST));
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

    #[test]
    fn what_was_not_granted_is_said_in_words() {
        let table = [
            ("https://outlook.office.com/SMTP.Send", "sending mail was not granted (…)"),
            (
                "https://outlook.office365.us/imap.accessasuser.all",
                "reading mail by IMAP was not granted (…)",
            ),
            (
                "https://outlook.office.com/POP.AccessAsUser.All",
                "reading mail by POP3 was not granted (…)",
            ),
            ("https://mail.google.com/", "reading and sending mail was not granted (…)"),
            ("https://www.fastmail.com/dev/protocol-smtp", "sending mail was not granted (…)"),
            ("mail:imap_full", "reading mail by IMAP was not granted (…)"),
            ("read_repository", "read_repository was not granted"),
        ];
        for (scope, expected) in table {
            assert_eq!(missing_scope_words(&[scope.to_owned()]), [expected.replace('…', scope)]);
        }
        assert!(missing_scope_words(&[]).is_empty());
    }

    #[test]
    fn scopes_are_joined_as_the_provider_wants() {
        let mut link = crate::token::tests::link();
        link.scope = "a b c".into();
        for (separator, expected) in [
            (ScopeSeparator::Space, "a b c"),
            (ScopeSeparator::Comma, "a,b,c"),
            (ScopeSeparator::Plus, "a+b+c"),
        ] {
            link.scope_separator = separator;
            assert_eq!(joined(&link), expected);
        }
    }
}

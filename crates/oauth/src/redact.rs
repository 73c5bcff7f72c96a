//! Cutting secrets out of other people's text, before it is stored, shown or logged.
//!
//! Providers repeat what they were sent, and a proxy's error page may repeat a whole request. Keeps the invariant
//! **Secrets stay in**.

use outlink_model::Secret;
use url::form_urlencoded::byte_serialize;

/// What stands where a secret stood.
const MARK: &str = "[secret]";
/// Characters that are kept. Enough for the longest error text seen (Microsoft's, about 600).
const LONGEST: usize = 1000;
/// Octets that are looked at.
const MOST: usize = 16 * 1024;
/// A run of letters and digits of this length is taken for a token. Words are shorter; ids with hyphens are let through.
const TOKEN_LENGTH: usize = 24;
/// A `code` below this length is an error number.
const CODE_LENGTH: usize = 12;

/// Names whose values are always secret.
const NAMES: [&str; 13] = [
    "access_token",
    "refresh_token",
    "id_token",
    "token",
    "client_secret",
    "client_assertion",
    "assertion",
    "code",
    "code_verifier",
    "device_code",
    "password",
    "bearer",
    "basic",
];

/// Cuts `secrets`, and whatever looks like a token or follows a name such as `refresh_token`, out of `text`. The answer is
/// one line of at most 1000 characters without control characters.
pub fn redact(text: &str, secrets: &[&Secret]) -> String {
    let mut text = shortened(text).to_owned();
    // Below four characters a "secret" would shred the text and protect nothing.
    let mut known: Vec<&str> =
        secrets.iter().map(|s| s.expose()).filter(|s| s.len() >= 4).collect();
    known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    for secret in known {
        let encoded: String = byte_serialize(secret.as_bytes()).collect();
        text = text.replace(secret, MARK).replace(&encoded, MARK);
    }
    one_line(&cut(&text))
}

/// The first octets of `text`, up to where the last word that fits whole ends, so that no secret is cut in two.
fn shortened(text: &str) -> &str {
    if text.len() <= MOST {
        return text;
    }
    let end = (0..=MOST).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    text[..end].trim_end_matches(|c: char| c.is_ascii() && is_word(c as u8))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._~+/%-".contains(&byte)
}

/// Goes from word to word; a word is cut for what it follows or for how it looks. Linear in the length of the text.
fn cut(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut previous = "";
    let mut at = 0;
    while at < bytes.len() {
        let gap = at + bytes[at..].iter().take_while(|&&byte| !is_word(byte)).count();
        let separator = &text[at..gap];
        let end = gap + bytes[gap..].iter().take_while(|&&byte| is_word(byte)).count();
        let word = &text[gap..end];
        out.push_str(separator);
        at = end;
        if word.is_empty() {
            break;
        }
        // What was cut before stays as it is, so that text can be passed through here twice.
        let cut_before =
            word == "secret" && separator.ends_with('[') && text[end..].starts_with(']');
        match value_end(text, previous, separator, gap) {
            _ if cut_before => out.push_str(word),
            Some(value_end) => {
                out.push_str(MARK);
                at = value_end;
            }
            None => push_word(&mut out, word, separator),
        }
        previous = word;
    }
    out
}

/// Where the value that begins at `start` ends, if `name` and `separator` before it say that it is a secret.
fn value_end(text: &str, name: &str, separator: &str, start: usize) -> Option<usize> {
    let name = name.rsplit(['.', '/']).next().unwrap_or_default().to_ascii_lowercase();
    if !NAMES.contains(&name.as_str()) {
        return None;
    }
    let scheme = name == "bearer" || name == "basic";
    let assigned = separator.contains('=');
    let quote = separator.chars().last().filter(|c| *c == '"' || *c == '\'');
    let quoted = separator.contains(':') && quote.is_some();
    let rest = &text[start..];
    let length = match quote.filter(|_| assigned || quoted) {
        Some(quote) => rest.find([quote, '\\']).unwrap_or(rest.len()),
        None => {
            rest.find(|c: char| c.is_whitespace() || "&,;\"'<>\\".contains(c)).unwrap_or(rest.len())
        }
    };
    let said = assigned || quoted;
    // `code: expired` is prose, `error?code=70011` a number, and `Bearer token` two words.
    let secret = match name.as_str() {
        "code" => said && length >= CODE_LENGTH,
        "token" => said && length >= 8,
        _ if scheme => separator == " " && length >= 16,
        _ => said || (separator.contains(':') && length >= CODE_LENGTH),
    };
    secret.then_some(start + length)
}

fn push_word(out: &mut String, word: &str, separator: &str) {
    let is_path = word.starts_with('/') || (word.starts_with("//") && separator.ends_with(':'));
    if is_path {
        // Of an address only the parts that look secret are cut; the rest says where to look.
        for (n, part) in word.split('/').enumerate() {
            if n > 0 {
                out.push('/');
            }
            out.push_str(if looks_secret(part) { MARK } else { part });
        }
    } else {
        out.push_str(if looks_secret(word) { MARK } else { word });
    }
}

fn looks_secret(word: &str) -> bool {
    // Every JSON object begins with `{"`, which is `eyJ` in base64: a JSON web token or a part of one.
    if word.len() >= 10 && word.starts_with("eyJ") {
        return true;
    }
    word.split(['.', '/']).any(|part| {
        part.len() >= TOKEN_LENGTH
            && part.bytes().any(|byte| byte.is_ascii_digit())
            && part.bytes().any(|byte| byte.is_ascii_alphabetic())
            && !is_uuid(part)
    })
}

/// Trace and correlation ids: an administrator needs these to ask the provider.
fn is_uuid(text: &str) -> bool {
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn one_line(text: &str) -> String {
    // Marks that turn the reading direction could make the text say something else on a screen.
    let turns = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let plain: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !turns(*c)).collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_are_cut_and_the_rest_stays() {
        let table = [
            // What an administrator needs stays.
            (
                "AADSTS70000: bad\r\nTrace ID: 0b6ca5d1-3f7c-4f4c-9a35-5a1a0d1e2b00\r\nTimestamp: 2016-01-09 02:02:12Z",
                "AADSTS70000: bad Trace ID: 0b6ca5d1-3f7c-4f4c-9a35-5a1a0d1e2b00 Timestamp: 2016-01-09 02:02:12Z",
            ),
            (
                "see https://login.microsoftonline.com/error?code=70011 now",
                "see https://login.microsoftonline.com/error?code=70011 now",
            ),
            (
                "scope https://outlook.office365.com/IMAP.AccessAsUser.All is not known",
                "scope https://outlook.office365.com/IMAP.AccessAsUser.All is not known",
            ),
            ("Missing parameter: refresh_token", "Missing parameter: refresh_token"),
            ("client_secret: is missing", "client_secret: is missing"),
            ("use a Bearer token", "use a Bearer token"),
            // Secrets do not.
            (r#"{"access_token":"a!b c","x":1}"#, r#"{"access_token":"[secret]","x":1}"#),
            (r#"{\"refresh_token\": \"1//x\"}"#, r#"{\"refresh_token\": \"[secret]\"}"#),
            ("grant_type=x&refresh_token=r-1&a=b", "grant_type=x&refresh_token=[secret]&a=b"),
            ("code=4/0AbCdEfGhIjKl&x=1", "code=[secret]&x=1"),
            ("Authorization: Basic aWQ6c2VjcmV0MTIzNDU2 x", "Authorization: Basic [secret] x"),
            ("got eyJhbGciOi.eyJpc3Mi.sig here", "got [secret] here"),
            ("token ya29.a0AfH6SMBx1234567890abcdefgh is bad", "token [secret] is bad"),
            (
                "https://as.example/revoke/abcdefghijklmnopqrstuvwxyz0123/x",
                "https://as.example/revoke/[secret]/x",
            ),
            ("id hunter2! and form hunter2%21.", "id [secret] and form [secret]."),
            ("a\u{202e}b\0c\n\n d", "ab c d"),
            ("", ""),
        ];
        let known = Secret::new("hunter2!");
        for (text, expected) in table {
            assert_eq!(redact(text, &[&known]), expected);
            assert_eq!(redact(expected, &[&known]), expected, "a second time changes nothing");
        }
    }

    #[test]
    fn the_answer_is_short_and_no_secret_is_cut_in_two() {
        let long = "word ".repeat(10_000);
        assert_eq!(redact(&long, &[]).chars().count(), LONGEST + 1);
        let straddling = format!("{}{}", " ".repeat(MOST - 10), "a1b2c3d4e5".repeat(5));
        assert_eq!(redact(&straddling, &[]), "");
        let secret = Secret::new("abc");
        assert_eq!(redact("abcabc", &[&secret]), "abcabc", "too short to be one");
    }

    proptest! {
        #[test]
        fn a_known_secret_never_comes_out(
            before in ".{0,40}", secret in "[a-zA-Z0-9!:+/= ]{6,40}", after in ".{0,40}",
        ) {
            let known = Secret::new(secret.clone());
            let line = redact(&format!("{before}{secret}{after}"), &[&known]);
            prop_assert!(before.contains(&secret) || !line.contains(&secret), "{line}");
        }

        #[test]
        fn any_text_gives_one_line(text in "\\PC{0,200}|[\\x00-\\xff]{0,200}") {
            let line = redact(&text, &[]);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}

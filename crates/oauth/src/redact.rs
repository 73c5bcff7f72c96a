//! Cutting secrets out of other people's text, before it is stored, shown or logged.
//!
//! Providers repeat what they were sent, and a proxy's error page may repeat a whole request. Keeps the invariant
//! **Secrets stay in**.

use std::iter;

use outlink_model::Secret;
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

/// What stands where a secret stood.
const MARK: &str = "[secret]";
/// Characters that are kept. Enough for the longest error text seen (Microsoft's, about 600).
const LONGEST: usize = 1000;
/// Octets that are looked at.
pub(crate) const MOST: usize = 16 * 1024;
/// A run of letters and digits of this length is taken for a token. Words are shorter; ids with hyphens are let through.
const TOKEN_LENGTH: usize = 24;
/// A `code` below this length is an error number.
const CODE_LENGTH: usize = 12;

/// Names whose values are always secret.
const NAMES: [&str; 17] = [
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
    "jwt",
    "private_key",
    "initial_access_token",
    "registration_access_token",
    "password",
    "bearer",
    "basic",
];

/// Cuts `secrets`, and whatever looks like a token or follows a name such as `refresh_token`, out of `text`. The answer is
/// one line of at most 1000 characters without control characters.
pub fn redact(text: &str, secrets: &[&Secret]) -> String {
    let mut text = without_private_keys(shortened(text));
    // A key may come back with other ends of lines, or without its first one, so each line of it is a secret. Below four
    // characters a "secret" would shred the text and protect nothing.
    let lines = |text| str::lines(text).map(str::trim).filter(|line| !line.starts_with("-----"));
    let mut known: Vec<&str> = secrets
        .iter()
        .map(|secret| secret.expose())
        .flat_map(|text| iter::once(text).chain(lines(text)))
        .filter(|text| text.len() >= 4)
        .collect();
    known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    for secret in &known {
        let encoded: String = byte_serialize(secret.as_bytes()).collect();
        let escaped = Value::from(*secret).to_string();
        let escaped = &escaped[1..escaped.len() - 1];
        text = text.replace(secret, MARK).replace(&encoded, MARK).replace(escaped, MARK);
    }
    for secret in known {
        text = without_remains(text, secret);
    }
    one_line(&cut(&text))
}

/// Cuts what is left of a secret where the text was cut by shape or shortened before the secret was known: its beginning
/// before a mark or at the very end, and its end behind a mark.
fn without_remains(mut text: String, secret: &str) -> String {
    let parts = |c: char| !c.is_ascii() || !is_word(c as u8) || "/.".contains(c);
    for (at, c) in secret.char_indices().skip(1).filter(|(_, c)| parts(*c)) {
        text = text.replace(&format!("{MARK}{}", &secret[at..]), MARK);
        let begin = &secret[..at + c.len_utf8()];
        if begin.len() >= 4 {
            text = text.replace(&format!("{begin}{MARK}"), MARK);
        }
    }
    let shown = text.trim_end_matches('…').trim_end();
    let left = (4..secret.len())
        .rev()
        .filter_map(|length| secret.get(..length))
        .find(|begin| shown.ends_with(begin));
    match left {
        Some(begin) => format!("{}{MARK}", &shown[..shown.len() - begin.len()]),
        None => text,
    }
}

/// Cuts private keys as PEM out, however their lines end and whether or not they do.
fn without_private_keys(text: &str) -> String {
    // The label is followed by what stands for a space where the text was encoded for a form or an address.
    let label = |rest: &str| {
        let end = rest.find("-----")?;
        let label = &rest[..end];
        (label.len() <= 40 && label.contains("PRIVATE") && label.contains("KEY")).then_some(end)
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("-----BEGIN") {
        let begun = &rest[at + "-----BEGIN".len()..];
        let Some(end) = label(begun) else {
            out.push_str(&rest[..at + "-----BEGIN".len()]);
            rest = begun;
            continue;
        };
        out.push_str(&rest[..at]);
        out.push_str(MARK);
        let body = &begun[end + "-----".len()..];
        let after = body.split_once("-----END").map(|(_, after)| after);
        rest = after.and_then(|after| after.split_once("-----")).map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
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
mod tests;

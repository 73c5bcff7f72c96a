//! The value of an Authentication-Results field (RFC 8601 §2.2), read as leniently as servers write it.

use crate::message::text::{cut, one_line};

/// Octets of one field that are read.
const MAX_FIELD: usize = 8 * 1024;
/// Results that are read of one field.
const MAX_RESULTS: usize = 50;
/// Words of one result that are read.
const MAX_WORDS: usize = 30;
/// Characters of one word.
const MAX_WORD: usize = 320;

/// What one method found: `dkim=pass header.d=example.org`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// `dkim`, in lower case, without a version.
    pub(super) method: String,
    /// `pass`, in lower case.
    pub(super) result: String,
    /// `header.d` in lower case, and its value.
    properties: Vec<(String, String)>,
}

impl Found {
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        let mut properties = self.properties.iter();
        properties.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Who writes (empty where the field begins with a result), and what was found.
pub(super) fn read(value: &str) -> (String, Vec<Found>) {
    let mut scanner = Scanner { rest: cut(value, MAX_FIELD) };
    let mut server = String::new();
    let mut results = Vec::new();
    for index in 0..=MAX_RESULTS {
        let mut words = scanner.segment();
        if index == 0 && words.first().is_some_and(|(_, value)| value.is_none()) {
            server = words.remove(0).0.to_lowercase();
        }
        results.extend(found(words));
        let Some(rest) = scanner.rest.strip_prefix(';') else { break };
        scanner.rest = rest;
    }
    (server, results)
}

/// Bare words count for nothing: the version behind the server's name, or `none` where nothing was looked at.
fn found(words: Vec<Word>) -> Option<Found> {
    let mut pairs = words.into_iter().filter_map(|(key, value)| Some((key.to_lowercase(), value?)));
    let (method, result) = pairs.next()?;
    let method = method.split('/').next().unwrap_or_default().to_owned();
    Some(Found { method, result: result.to_lowercase(), properties: pairs.collect() })
}

/// A word, with the value that stands behind an equals sign.
type Word = (String, Option<String>);

struct Scanner<'a> {
    rest: &'a str,
}

impl Scanner<'_> {
    /// The words up to the next semicolon.
    fn segment(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        loop {
            self.skip();
            if self.rest.is_empty() || self.rest.starts_with(';') {
                return words;
            }
            let key = self.word(true);
            self.skip();
            let value = self.rest.strip_prefix('=').map(|rest| {
                self.rest = rest;
                self.skip();
                self.word(false)
            });
            if words.len() < MAX_WORDS {
                words.push((key, value));
            }
        }
    }

    /// Passes over blanks and comments.
    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('(') {
                return;
            }
            self.rest = &self.rest[comment(self.rest)..];
        }
    }

    /// Reads up to a blank, a comment, a semicolon or, in a key, an equals sign. Values may hold those: `header.b=a0==`.
    fn word(&mut self, is_key: bool) -> String {
        let mut word = String::new();
        while let Some(c) = self.rest.chars().next() {
            match c {
                '"' => word.push_str(&self.quoted()),
                ';' | '(' => break,
                '=' if is_key => break,
                c if c.is_whitespace() => break,
                c => {
                    word.push(c);
                    self.rest = &self.rest[c.len_utf8()..];
                }
            }
        }
        one_line(&word, MAX_WORD)
    }

    /// What stands between two quotation marks.
    fn quoted(&mut self) -> String {
        let inside = &self.rest[1..];
        let mut text = String::new();
        let mut escaped = false;
        for (at, c) in inside.char_indices() {
            match c {
                c if std::mem::take(&mut escaped) => text.push(c),
                '\\' => escaped = true,
                '"' => {
                    self.rest = &inside[at + 1..];
                    return text;
                }
                c => text.push(c),
            }
        }
        let end = inside.find(';').unwrap_or(inside.len());
        let text = inside[..end].to_owned();
        self.rest = &inside[end..];
        text
    }
}

/// The length of the comment that `text` begins with; comments nest. One that is never closed ends with its result, as
/// an unclosed quotation does: what a sender wrote must not hide what the server found.
fn comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if std::mem::take(&mut escaped) => {}
            b'\\' => escaped = true,
            b'(' => depth += 1,
            b')' if depth == 1 => return at + 1,
            b')' => depth -= 1,
            _ => {}
        }
    }
    text.find(';').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let (server, results) = read(value);
        let results = results.iter().map(|found| {
            let properties: String =
                found.properties.iter().map(|(key, value)| format!(" {key}={value}")).collect();
            format!("|{}={}{properties}", found.method, found.result)
        });
        format!("{server}{}", results.collect::<String>())
    }

    #[test]
    fn results_are_read_as_servers_write_them() {
        for (value, expected) in [
            ("example.org; none", "example.org"),
            ("Example.ORG 1; spf=pass smtp.mailfrom=a@b", "example.org|spf=pass smtp.mailfrom=a@b"),
            (
                "mx.example; dkim=pass (2048-bit key; unprotected) header.d=b.example header.b=\"a0/=\";\
                 \tDMARC=Pass(p=NONE (sp=x)) header.from=b.example",
                "mx.example|dkim=pass header.d=b.example header.b=a0/=|dmarc=pass header.from=b.example",
            ),
            (
                "spf=pass (sender IP is 192.0.2.1)\tsmtp.mailfrom=b.example; dmarc=fail action=none",
                "|spf=pass smtp.mailfrom=b.example|dmarc=fail action=none",
            ),
            ("mx.example dkim = pass header.d = b", "mx.example|dkim=pass header.d=b"),
            (
                "mx.example; dkim/1=pass reason=\"a \\\"good\\\" one; yes\"",
                "mx.example|dkim=pass reason=a \"good\" one; yes",
            ),
            ("mx.example; dkim=pass header.b=ab==", "mx.example|dkim=pass header.b=ab=="),
            ("(x) \"mx.example\" (y); spf=none", "mx.example|spf=none"),
            ("mx.example; spf=pass (oh; dmarc=fail", "mx.example|spf=pass|dmarc=fail"),
            (
                "mx.example; spf=pass smtp.mailfrom=\"oh; dmarc=fail",
                "mx.example|spf=pass smtp.mailfrom=oh|dmarc=fail",
            ),
            ("mx.example;;; ; =x; spf=", "mx.example|=x|spf="),
            ("", ""),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
    }

    #[test]
    fn they_are_capped() {
        let (_, results) = read(&format!("mx.example{}", ";a=b".repeat(1000)));
        assert_eq!(results.len(), MAX_RESULTS);
        let (_, results) = read(&format!("mx.example;a=b{}", " c=d".repeat(1000)));
        assert_eq!(results[0].properties.len(), MAX_WORDS - 1);
    }
}

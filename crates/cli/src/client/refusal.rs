//! What is said when there is no good answer.

use std::fmt;

use serde_json::Value;
use url::Url;

/// A refusal: by the server, in its own words, or on the way to it.
#[derive(Debug)]
pub(crate) struct Refused {
    /// What was wrong.
    pub(crate) message: String,
    /// What to do; may be empty.
    pub(crate) hint: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

/// The words for an answer that did not come.
pub(super) fn no_answer(base: &Url, error: &reqwest::Error) -> anyhow::Error {
    // Without a connection, nothing has been asked yet.
    if error.is_timeout() && !error.is_connect() {
        return still_working(base).into();
    }
    unreachable_server(base, error).into()
}

/// The words for an answer that did not come to its end.
pub(super) fn broken_off(base: &Url, error: reqwest::Error) -> anyhow::Error {
    if error.is_timeout() {
        return still_working(base).into();
    }
    anyhow::Error::new(error).context("The answer broke off")
}

/// What was asked for goes on, even though nobody waits for it any more.
fn still_working(base: &Url) -> Refused {
    Refused {
        message: format!("{base} has not answered in time, and is probably still working on it."),
        hint: "Look at `outlink message list` for the mail that has come in, and at `outlink event list`.".into(),
    }
}

/// The words for a server that is not there: the innermost cause is the one that helps.
fn unreachable_server(base: &Url, error: &reqwest::Error) -> Refused {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let what = if error.is_timeout() {
        "it does not take the connection".into()
    } else {
        cause.to_string()
    };
    let hint = if what.contains("UnknownIssuer") || what.contains("certificate") {
        "Its certificate is not trusted: name the authority's file with --ca or OUTLINK_CA."
    } else {
        "Is it running, and is --url or OUTLINK_URL its address?"
    };
    Refused { message: format!("{base} cannot be reached: {what}."), hint: hint.into() }
}

/// The words for a question that only those who are known may ask.
pub(super) fn no_token() -> Refused {
    Refused {
        message: "The server wants to know who asks, and there is no API token to tell it.".into(),
        hint: "Set OUTLINK_TOKEN or --token-file; `outlink token create --local` on the server's machine makes one."
            .into(),
    }
}

/// Reads RFC 9457 `application/problem+json`; anything else is told by its status.
pub(super) fn refused(base: &Url, status: u16, body: &[u8]) -> Refused {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let message = [text("detail"), text("title")].into_iter().find(|text| !text.is_empty());
    Refused {
        message: message.unwrap_or_else(|| format!("{base} answered with status {status}.")),
        hint: text("hint"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_in_the_servers_words_and_anything_else_by_its_status() {
        let base = Url::parse("http://localhost:1").expect("a URL");
        let problem =
            br#"{"title":"Conflict","detail":"It is taken.","hint":"Choose another.","code":"x"}"#;
        let told = refused(&base, 409, problem);
        assert_eq!(
            (told.message.as_str(), told.hint.as_str()),
            ("It is taken.", "Choose another.")
        );
        let odd = refused(&base, 502, b"<html>");
        assert_eq!(odd.message, "http://localhost:1/ answered with status 502.");
    }
}

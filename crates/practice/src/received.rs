//! A request as it came, for tests that want to look at it.

use axum::http::request::Parts;

use crate::provider::form;

/// A request that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// The method.
    pub method: String,
    /// The path, with the query if there is one.
    pub path: String,
    /// The header fields in order, their names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Received {
    pub(crate) fn new(parts: &Parts, body: &[u8]) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields = parts.headers.iter();
        Self {
            method: parts.method.to_string(),
            path: parts.uri.to_string(),
            headers: fields
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
            body: body.to_vec(),
        }
    }

    /// The first header field with this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first parameter with this name, if the body is a form.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let pairs = form::pairs(&self.body)?;
        pairs.into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

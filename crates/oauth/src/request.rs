//! What to send and what came back. Sending is the caller's part, with its time and size limits.

use std::fmt;

use outlink_model::Secret;

use crate::redact::redact;

/// The HTTP methods that OAuth 2.0 has a client use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
}

/// One HTTP request. No redirect may be followed: it could carry the credentials to another host.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The endpoint as it was saved, its query kept (RFC 6749 §3.2).
    pub url: String,
    /// Header fields. Values are secrets, since `Authorization` is among them.
    pub headers: Vec<(&'static str, Secret)>,
    /// The body, already encoded.
    pub body: Option<Secret>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An administrator may have put a key into the query, since it is kept.
        let address = self.url.split(['?', '#']).next().unwrap_or_default();
        let fields: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &redact(address, &[]))
            .field("headers", &fields)
            .finish_non_exhaustive()
    }
}

/// One HTTP response.
#[derive(Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header fields in their order.
    pub headers: Vec<(String, String)>,
    /// The body. May hold tokens, so this type's `Debug` shows nothing but its length.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header field of this name, in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} octets)", self.status, self.body.len())
    }
}

/// Encodes pairs as `application/x-www-form-urlencoded`.
pub(crate) fn form(pairs: &[(&str, &str)]) -> Secret {
    Secret::new(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_body_or_a_credential_is_printed() {
        let response = Response {
            status: 200,
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: b"tok-body".to_vec(),
        };
        let request = Request {
            method: Method::Post,
            url: "https://as.example/token?key=tok-query".into(),
            headers: vec![("Authorization", Secret::new("tok-header"))],
            body: Some(form(&[("refresh_token", "tok-form")])),
        };
        let printed = format!("{response:?} {request:?}");
        assert!(!printed.contains("tok-"), "{printed}");
        assert!(printed.contains("https://as.example/token") && printed.contains("Authorization"));
        assert_eq!(response.header("content-TYPE"), Some("application/json"));
    }
}

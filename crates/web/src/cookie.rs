//! Cookies: opaque values that a browser keeps for us.

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};
use outlink_model::Secret;

/// The cookies that we set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// Who is signed in.
    Session,
    /// Binds the `state` of a consent to the browser that began it (RFC 9700 §2.1).
    Consent,
    /// How a consent went, for the page at its end.
    Outcome,
    /// The page that a consent was asked for on, to which the page at its end leads back.
    Back,
}

impl Cookie {
    /// The name on the wire. `__Host-` keeps sibling host names from setting the cookie, but needs `Secure`, and only
    /// browsers send such cookies to a plain-http loopback address. There, and only there, the prefix is left out so
    /// that other clients work too.
    pub(crate) fn name(self, https: bool) -> &'static str {
        match (self, https) {
            (Self::Session, true) => "__Host-outlink",
            (Self::Session, false) => "outlink",
            (Self::Consent, true) => "__Host-outlink-consent",
            (Self::Consent, false) => "outlink-consent",
            (Self::Outcome, true) => "__Host-outlink-outcome",
            (Self::Outcome, false) => "outlink-outcome",
            (Self::Back, true) => "__Host-outlink-back",
            (Self::Back, false) => "outlink-back",
        }
    }

    /// The `Set-Cookie` value. `SameSite` is `Lax`, since `Strict` would not survive the way back from a provider.
    /// Without `max_age` (seconds) the cookie ends with the browser.
    pub(crate) fn set(
        self,
        https: bool,
        value: &Secret,
        max_age: Option<u64>,
    ) -> Option<HeaderValue> {
        let mut text =
            format!("{}={}; HttpOnly; SameSite=Lax; Path=/", self.name(https), value.expose());
        if https {
            text.push_str("; Secure");
        }
        if let Some(seconds) = max_age {
            text.push_str(&format!("; Max-Age={seconds}"));
        }
        let mut header = HeaderValue::from_str(&text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// The `Set-Cookie` value that makes the browser forget it.
    pub(crate) fn clear(self, https: bool) -> Option<HeaderValue> {
        self.set(https, &Secret::new(""), Some(0))
    }

    /// The value that the browser sent.
    pub(crate) fn read(self, https: bool, headers: &HeaderMap) -> Option<String> {
        let name = self.name(https);
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_https_a_cookie_is_bound_to_the_host() {
        let set = Cookie::Session.set(true, &Secret::new("abc"), None).unwrap();
        assert_eq!(set, "__Host-outlink=abc; HttpOnly; SameSite=Lax; Path=/; Secure");
        let local = Cookie::Consent.set(false, &Secret::new("x"), Some(60)).unwrap();
        assert_eq!(local, "outlink-consent=x; HttpOnly; SameSite=Lax; Path=/; Max-Age=60");
        assert!(Cookie::Session.set(true, &Secret::new("a\r\nb"), None).is_none());
    }

    #[test]
    fn the_right_cookie_is_read_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=b; outlink-consent=c"));
        headers.append(COOKIE, HeaderValue::from_static("outlink=s; x=y"));
        assert_eq!(Cookie::Session.read(false, &headers).as_deref(), Some("s"));
        assert_eq!(Cookie::Consent.read(false, &headers).as_deref(), Some("c"));
        assert_eq!(Cookie::Session.read(true, &headers), None);
    }
}

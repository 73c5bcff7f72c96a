//! Headers that every answer carries.

use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// What a page may do: show our own style, script and icon, and send forms to us. Nothing inline, nothing from outside.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Puts the headers on, where the handler has not chosen its own. `https` is whether people reach us by it.
pub(crate) fn put_on(response: &mut Response, https: bool) {
    let headers = response.headers_mut();
    headers.reserve(8);
    let mut put = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    put(CONTENT_SECURITY_POLICY, const { HeaderValue::from_static(POLICY) });
    put(X_CONTENT_TYPE_OPTIONS, const { HeaderValue::from_static("nosniff") });
    // Addresses hold one-time tokens; none may leave to another site in a Referer. Not `no-referrer`: with it browsers
    // send our own forms with `Origin: null`, and those could not be told from other sites' where `Sec-Fetch-Site` is
    // missing.
    put(REFERRER_POLICY, const { HeaderValue::from_static("same-origin") });
    put(X_FRAME_OPTIONS, const { HeaderValue::from_static("DENY") });
    put(
        const { HeaderName::from_static("cross-origin-opener-policy") },
        const { HeaderValue::from_static("same-origin") },
    );
    put(
        const { HeaderName::from_static("cross-origin-resource-policy") },
        const { HeaderValue::from_static("same-origin") },
    );
    // Pages and answers hold mail and states: they are not left in a shared browser's cache.
    put(CACHE_CONTROL, const { HeaderValue::from_static("no-store") });
    if https {
        put(STRICT_TRANSPORT_SECURITY, const { HeaderValue::from_static("max-age=31536000") });
    }
}

/// The policy of the consent start page. Browsers apply `form-action` to the redirects that follow a form as well, and
/// a provider may send people on to hosts that nobody here knows (their company's sign-in), so any https address is
/// allowed; a provider on plain http (a loopback one, in trials) by its origin.
pub(crate) fn consent_policy(provider_origin: &str) -> Option<HeaderValue> {
    let origin = match provider_origin.starts_with("http://") {
        true => format!(" {provider_origin}"),
        false => String::new(),
    };
    let form_action = format!("form-action 'self' https:{origin}");
    HeaderValue::from_str(&POLICY.replace("form-action 'self'", &form_action)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_page_may_lead_to_the_provider() {
        let policy = consent_policy("https://id.example.org").unwrap();
        assert!(policy.to_str().unwrap().contains("form-action 'self' https:; frame"));
        let local = consent_policy("http://127.0.0.1:9000").unwrap();
        assert!(local.to_str().unwrap().contains("https: http://127.0.0.1:9000; frame"));
    }
}

//! Cross-site request forgery: no other site may act with a browser's session.

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};

/// Whether a request was made by a page of another site, as far as the browser tells.
///
/// `Sec-Fetch-Site` decides where it is sent: current browsers send it to https and loopback addresses. `Origin` decides
/// otherwise, which browsers send with every form, and as `null` where a page may tell nobody its address. A request
/// with neither comes from a program that is no browser, and carries no cookie that it was not given on purpose.
pub(crate) fn is_cross_site(headers: &HeaderMap, own_origin: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    headers.get("origin").is_some_and(|origin| origin != own_origin)
}

/// Whether a request that this browser's cookie would authorise must be refused: it changes something and comes from
/// another site.
///
/// A bearer token is not sent by a browser of its own accord, so calls of the API with one are let through. Other
/// schemes prove nothing: a browser repeats a password that a proxy in front asked for on every request. Nor does a
/// token prove anything outside of the API, where only cookies are looked at.
pub(crate) fn must_refuse(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    own_origin: &str,
) -> bool {
    let by_token = path.starts_with("/api/") && bearer(headers).is_some();
    !method.is_safe() && !by_token && is_cross_site(headers, own_origin)
}

/// The bearer token of a request (RFC 6750 §2.1), where it has one.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn refused(method: &Method, lines: &[(&'static str, &'static str)]) -> bool {
        refused_at("/projects", method, lines)
    }

    fn refused_at(path: &str, method: &Method, lines: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        must_refuse(method, path, &headers, "https://outlink.example")
    }

    #[test]
    fn other_sites_may_look_but_not_act() {
        let cross = ("sec-fetch-site", "cross-site");
        assert!(refused(&Method::POST, &[cross]));
        assert!(refused(&Method::DELETE, &[("sec-fetch-site", "same-site")]));
        assert!(refused(&Method::POST, &[("origin", "https://evil.example")]));
        assert!(refused(&Method::POST, &[("origin", "null")]));
        assert!(!refused(&Method::GET, &[cross]));
        assert!(!refused(&Method::POST, &[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(!refused(&Method::POST, &[("origin", "https://outlink.example")]));
        assert!(!refused(&Method::POST, &[]));
    }

    #[test]
    fn only_a_bearer_token_and_only_in_the_api_lets_other_sites_act() {
        let cross = ("sec-fetch-site", "cross-site");
        for (path, authorization, expected) in [
            ("/api/v1/links", "Bearer olk_x", false),
            ("/api/v1/links", "bearer olk_x", false),
            ("/api/v1/links", "Basic YTpi", true),
            ("/api/v1/links", "Bearer", true),
            ("/projects", "Bearer olk_x", true),
            ("/projects", "Basic YTpi", true),
        ] {
            let lines = [cross, ("authorization", authorization)];
            assert_eq!(refused_at(path, &Method::POST, &lines), expected, "{path} {authorization}");
        }
    }
}

//! Cross-site request forgery: no other site may act with a browser's session.

use http::{HeaderMap, Method};

/// Whether a request was made by a page of another site, as far as the browser tells.
///
/// `Sec-Fetch-Site` decides where it is sent, and every current browser sends it to https and loopback addresses, the
/// only ones that we are reached by. `Origin` decides otherwise. A request with neither comes from a program that is no
/// browser, and carries no cookie that it was not given on purpose.
pub(crate) fn is_cross_site(headers: &HeaderMap, own_origin: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    headers.get("origin").is_some_and(|origin| origin != own_origin)
}

/// Whether a request that this browser's cookie would authorise must be refused: it changes something and comes from
/// another site. A bearer token is not sent by a browser of its own accord, so requests with one are let through.
pub(crate) fn must_refuse(method: &Method, headers: &HeaderMap, own_origin: &str) -> bool {
    !method.is_safe()
        && !headers.contains_key(http::header::AUTHORIZATION)
        && is_cross_site(headers, own_origin)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn refused(method: &Method, lines: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        must_refuse(method, &headers, "https://outlink.example")
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
        assert!(!refused(&Method::POST, &[cross, ("authorization", "Bearer olk_x")]));
    }
}

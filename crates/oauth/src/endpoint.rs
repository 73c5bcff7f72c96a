//! Endpoint addresses: which ones are taken, and the redirect URL that follows from them.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use outlink_model::problem::Problem;
use url::Url;

/// No endpoint of a real provider comes near this many octets.
const LONGEST: usize = 2048;

/// Characters of the hash in a redirect URL: 132 bits, so two pairs of endpoints never share one by chance.
const REFERENCE_LENGTH: usize = 22;

/// Checks an endpoint as somebody typed it: https (http only where `http_allowed` says so of the host, which is passed
/// as a URL writes it, IPv6 in brackets), a host, no user or password, no fragment (RFC 6749 §3.1). The text that is
/// saved stays as typed, trimmed; the parsed form is for looking at.
///
/// URL libraries mend a lot silently (tabs, backslashes, missing slashes). What would be mended is refused here, so
/// that the text that people see is the address that is dialled.
pub fn check_endpoint(
    field: &'static str,
    text: &str,
    http_allowed: impl Fn(&str) -> bool,
) -> Result<Url, Problem> {
    let text = text.trim();
    // What people are told is named as they know it.
    let (noun, example) = match field {
        "issuer" => ("issuer", "https://provider.example"),
        "instance" => ("address of the instance", "https://git.example.com"),
        _ => ("endpoint", "https://provider.example/token"),
    };
    if text.is_empty() {
        return Err(Problem::invalid(
            field,
            "endpoint_missing",
            format!("The {noun} is empty."),
            format!("Enter the address that the provider documents, for example {example}."),
        ));
    }
    let unreadable = || {
        Problem::invalid(
            field,
            "endpoint_invalid",
            format!("The {noun} is not a web address."),
            format!("Enter a full address such as {example}, without spaces."),
        )
    };
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    if text.len() > LONGEST || text.contains(odd) {
        return Err(unreadable());
    }
    let (scheme, rest) = text.split_once("://").ok_or_else(unreadable)?;
    let url = Url::parse(text).map_err(|_| unreadable())?;
    // `https:host/x://y` is mended to `https://host/x://y`, so the first `://` must be the one behind the scheme.
    if !scheme.eq_ignore_ascii_case(url.scheme()) {
        return Err(unreadable());
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(unreadable)?;
    // `https:///host` is mended to `https://host`; an empty host is refused instead.
    if rest.starts_with(['/', '?', '#']) {
        return Err(unreadable());
    }
    // `https://@host` parses to an empty user, so the text is looked at and not the parsed form.
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(Problem::invalid(
            field,
            "endpoint_userinfo",
            format!("The {noun} holds a user name or a password before the host."),
            "Remove everything before the @ sign, and the sign itself.",
        ));
    }
    if url.fragment().is_some() {
        return Err(Problem::invalid(
            field,
            "endpoint_fragment",
            format!("The {noun} has a fragment (a part after #), which OAuth 2.0 does not allow."),
            "Remove the # and everything after it.",
        ));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if http_allowed(host) => Ok(url),
        _ => Err(Problem::invalid(
            field,
            "endpoint_not_https",
            format!("The {noun} at {host} is not https; secrets would travel in the clear."),
            "Use the provider's https address.",
        )),
    }
}

/// The name of a pair of endpoints in the redirect URL: the first 22 base64url characters of SHA-256 over both strings
/// as saved, with a line feed between them.
///
/// It can be shown before a link is saved, is the same for every link to that pair, and changes when an endpoint does.
/// One redirect URL for each pair is a defence against mix-up (RFC 9700 §4.4.2).
pub fn redirect_ref(authorization_endpoint: &str, token_endpoint: &str) -> String {
    let both = format!("{authorization_endpoint}\n{token_endpoint}");
    let mut text = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, both.as_bytes()));
    text.truncate(REFERENCE_LENGTH);
    text
}

/// The redirect URL of a pair of endpoints, as it must be registered at the provider, letter by letter.
pub fn redirect_url(base_url: &str, authorization_endpoint: &str, token_endpoint: &str) -> String {
    let base = base_url.trim_end_matches('/');
    format!("{base}/oauth2/callback/{}", redirect_ref(authorization_endpoint, token_endpoint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        let loopback = |host: &str| host == "127.0.0.1" || host == "[::1]";
        check_endpoint("token_endpoint", text, loopback)
            .map_or_else(|problem| problem.code, |_| "ok")
    }

    #[test]
    fn endpoints_are_taken_or_refused() {
        let table = [
            ("https://as.example/token", "ok"),
            ("  https://as.example/token\n", "ok"),
            ("https://as.example/token?tenant=a", "ok"),
            ("https://as.example:8443", "ok"),
            ("https://as.example/@me", "ok"),
            ("HTTPS://as.example/token", "ok"),
            ("http://127.0.0.1:9000/token", "ok"),
            ("http://[::1]:9000/token", "ok"),
            ("http://as.example/token", "endpoint_not_https"),
            ("ftp://as.example/token", "endpoint_not_https"),
            ("https://as.example/token#", "endpoint_fragment"),
            ("https://as.example/token#x", "endpoint_fragment"),
            ("https://user:pw@as.example/token", "endpoint_userinfo"),
            ("https://@as.example/token", "endpoint_userinfo"),
            ("", "endpoint_missing"),
            ("as.example/token", "endpoint_invalid"),
            ("https:as.example/token", "endpoint_invalid"),
            ("https:///as.example/token", "endpoint_invalid"),
            ("https:user:pw@as.example/x://y", "endpoint_invalid"),
            ("https:/as.example/x://y", "endpoint_invalid"),
            ("https:\\\\as.example\\token", "endpoint_invalid"),
            ("https://as.exa\tmple/token", "endpoint_invalid"),
            ("https://as .example/token", "endpoint_invalid"),
            ("https://", "endpoint_invalid"),
            ("javascript://%0aalert(1)", "endpoint_not_https"),
        ];
        for (text, expected) in table {
            assert_eq!(code(text), expected, "{text:?}");
        }
        assert_eq!(code(&format!("https://as.example/{}", "a".repeat(3000))), "endpoint_invalid");
    }

    #[test]
    fn a_password_in_an_endpoint_is_not_repeated() {
        let problem =
            check_endpoint("token_endpoint", "https://user:hunter2@as.example/", |_| true)
                .expect_err("refused");
        assert!(!problem.to_string().contains("hunter2"));
        assert_eq!(problem.field, Some("token_endpoint"));
    }

    #[test]
    fn the_redirect_url_follows_from_both_endpoints() {
        // printf 'https://as.example/authorize\nhttps://as.example/token' | openssl dgst -sha256 -binary | basenc --base64url
        let reference = redirect_ref("https://as.example/authorize", "https://as.example/token");
        assert_eq!(reference, "bh__ewGf7EyjrC61kDLucx");
        assert_eq!(
            redirect_url(
                "https://outlink.example/",
                "https://as.example/authorize",
                "https://as.example/token"
            ),
            format!("https://outlink.example/oauth2/callback/{reference}")
        );
        let moved = redirect_ref("https://as.example/authorize", "https://as.example/token/");
        assert_ne!(moved, reference, "changes when an endpoint does");
    }
}

//! What a grant's tokens are bound to: the client and the addresses of its link. Keeps **A moved endpoint locks its secrets**.

use outlink_model::grant::BoundTo;
use outlink_model::link::Link;
use url::Url;

/// The client that tokens of `link` are given to and the addresses that they may be sent to, as they are now: the token
/// endpoint byte for byte, and the
/// origins of the others where they are not the token endpoint's own.
pub fn bound_to(link: &Link) -> BoundTo {
    let others = [
        &link.revocation_endpoint,
        &link.userinfo_endpoint,
        &link.introspection_endpoint,
        &link.device_authorization_endpoint,
    ];
    bound_to_addresses(&link.client_id, &link.token_endpoint, link.issuer.as_deref(), others)
}

/// [`bound_to`] of a link that is known by its client and its addresses alone. `others` are the endpoints besides the token endpoint
/// that are shown tokens.
pub fn bound_to_addresses(
    client_id: &str,
    token_endpoint: &str,
    issuer: Option<&str>,
    others: [&Option<String>; 4],
) -> BoundTo {
    let own = origin(token_endpoint);
    let mut origins: Vec<String> = others.into_iter().flatten().map(|text| origin(text)).collect();
    origins.retain(|origin| *origin != own);
    origins.sort();
    origins.dedup();
    BoundTo {
        client_id: client_id.to_owned(),
        token_endpoint: token_endpoint.to_owned(),
        issuer: issuer.map(str::to_owned),
        origins,
    }
}

/// Whether the second address is on another host (or port, or scheme) than the first.
pub fn is_elsewhere(before: &str, after: &str) -> bool {
    origin(before) != origin(after)
}

/// Scheme, host and port, as URL libraries compare them. A text that is no address stands for itself, so that it equals
/// nothing else.
fn origin(text: &str) -> String {
    match Url::parse(text.trim()).map(|url| url.origin()) {
        Ok(origin) if origin.is_tuple() => origin.ascii_serialization(),
        _ => text.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::tests::link;

    #[test]
    fn other_hosts_are_named_and_the_same_one_is_not() {
        let mut link = link();
        link.issuer = Some("https://as.example".into());
        assert_eq!(bound_to(&link).origins, Vec::<String>::new());
        link.revocation_endpoint = Some("https://as.example:443/revoke".into());
        link.userinfo_endpoint = Some(" HTTPS://Api.Example/me ".into());
        link.introspection_endpoint = Some("https://api.example/introspect".into());
        link.device_authorization_endpoint = Some("http://as.example/device".into());
        let bound = bound_to(&link);
        assert_eq!(bound.token_endpoint, "https://as.example/token");
        assert_eq!(bound.issuer.as_deref(), Some("https://as.example"));
        assert_eq!(bound.origins, ["http://as.example", "https://api.example"]);
        link.userinfo_endpoint = Some("nonsense".into());
        link.introspection_endpoint = None;
        assert_eq!(bound_to(&link).origins, ["http://as.example", "nonsense"]);
    }

    #[test]
    fn a_moved_endpoint_is_not_permitted() {
        let before = bound_to(&link());
        let mut moved = link();
        moved.revocation_endpoint = Some("https://evil.example/revoke".into());
        assert!(!before.permits(&bound_to(&moved)), "another host");
        moved.revocation_endpoint = Some("https://as.example/revoke".into());
        assert!(before.permits(&bound_to(&moved)), "the same host is shown nothing new");
        moved.token_endpoint = "https://as.example/token/".into();
        assert!(!before.permits(&bound_to(&moved)), "the token endpoint is compared byte for byte");
        let mut other = link();
        other.client_id = "another client".into();
        assert!(!before.permits(&bound_to(&other)), "the tokens were given to one client");
    }
}

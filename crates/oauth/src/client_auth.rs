//! How a client proves at the token endpoint that it is the client (RFC 6749 §2.3).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use outlink_model::Secret;
use outlink_model::link::{ClientAuth, Link};
use url::form_urlencoded::byte_serialize;

use crate::request::{Method, Request, form};

/// Builds the POST to the token endpoint that carries `parameters` and the client's credentials, by one method and
/// never by two: RFC 6749 §2.3 forbids it, and some servers answer `invalid_request`.
pub(crate) fn token_request(link: &Link, parameters: &[(&str, &str)]) -> Request {
    let id = link.client_id.as_str();
    let secret = link.client_secret.as_ref().map_or("", Secret::expose);
    let mut headers = vec![
        // Some servers answer in form encoding unless they are asked for JSON.
        ("Accept", Secret::new("application/json")),
        ("Content-Type", Secret::new("application/x-www-form-urlencoded")),
    ];
    let mut pairs = parameters.to_vec();
    match link.client_auth {
        // Each part is encoded by itself before they are joined (RFC 6749 §2.3.1), so a colon in either is safe.
        ClientAuth::Basic => headers.push(basic(&encoded(id), &encoded(secret))),
        ClientAuth::BasicRaw => headers.push(basic(id, secret)),
        ClientAuth::Post => {
            pairs.push(("client_id", id));
            // An empty secret may be left out (RFC 6749 §2.3.1).
            if !secret.is_empty() {
                pairs.push(("client_secret", secret));
            }
        }
        ClientAuth::None => pairs.push(("client_id", id)),
    }
    Request {
        method: Method::Post,
        url: link.token_endpoint.trim().to_owned(),
        headers,
        body: Some(form(&pairs)),
    }
}

fn basic(id: &str, secret: &str) -> (&'static str, Secret) {
    let joined = Secret::new(format!("{id}:{secret}"));
    let value = format!("Basic {}", BASE64_STANDARD.encode(joined.expose()));
    ("Authorization", Secret::new(value))
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::tests::link;

    fn sent(method: ClientAuth, id: &str, secret: Option<&str>) -> (Option<String>, String) {
        let mut link = link();
        link.client_auth = method;
        link.client_id = id.into();
        link.client_secret = secret.map(Secret::new);
        let request = token_request(&link, &[("grant_type", "refresh_token")]);
        let found = request.headers.iter().find(|(name, _)| *name == "Authorization");
        let header = found.map(|(_, value)| value.expose().to_owned());
        (header, request.body.expect("a body").expose().to_owned())
    }

    #[test]
    fn each_method_sends_the_credentials_once() {
        const ID: &str = "1PpG/Q 1";
        const SECRET: &str = "z/tZ9VwFZqApmIQ+ZH1I5pLk/uB4ud:X2/8bL+wfFTt1rFw=";
        let (header, body) = sent(ClientAuth::Basic, ID, Some(SECRET));
        assert_eq!(
            header.as_deref(),
            Some(
                "Basic MVBwRyUyRlErMTp6JTJGdFo5VndGWnFBcG1JUSUyQlpIMUk1cExrJTJGdUI0dWQlM0FYMiUyRjhiTCUyQndmRlR0MXJGdyUzRA=="
            )
        );
        assert_eq!(body, "grant_type=refresh_token");

        let (header, body) = sent(ClientAuth::BasicRaw, ID, Some(SECRET));
        let expected = format!("Basic {}", BASE64_STANDARD.encode(format!("{ID}:{SECRET}")));
        assert_eq!((header, body.as_str()), (Some(expected), "grant_type=refresh_token"));

        let (header, body) = sent(ClientAuth::Post, ID, Some("a b&c"));
        assert_eq!(header, None);
        assert_eq!(body, "grant_type=refresh_token&client_id=1PpG%2FQ+1&client_secret=a+b%26c");

        let (header, body) = sent(ClientAuth::None, ID, Some(SECRET));
        assert_eq!(header, None, "a public client sends no secret, even where one is stored");
        assert_eq!(body, "grant_type=refresh_token&client_id=1PpG%2FQ+1");
    }

    #[test]
    fn an_absent_secret_is_an_empty_one() {
        assert_eq!(sent(ClientAuth::Basic, "id", None).0.as_deref(), Some("Basic aWQ6"));
        assert_eq!(sent(ClientAuth::Post, "id", None).1, "grant_type=refresh_token&client_id=id");
    }
}

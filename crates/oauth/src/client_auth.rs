//! How a client proves at the token endpoint that it is the client (RFC 6749 §2.3).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use outlink_model::Secret;
use outlink_model::grant::Failure;
use outlink_model::link::{ClientAuth, Link};
use outlink_model::problem::Problem;
use url::form_urlencoded::byte_serialize;

use crate::assertion::{CLIENT_ASSERTION_TYPE, Fresh, cannot_sign, client_assertion};
use crate::keys::is_private_key;
use crate::request::{Method, Request, form};
use crate::reserved::{Place, check_params, is_reserved};

/// Checks the additional parameters of a link's token requests: none may be empty, and none may be one that is set here.
pub fn check_token_params(params: &[(String, String)]) -> Result<(), Problem> {
    check_params("token_params", Place::Token, params)
}

/// Builds the POST to the token endpoint that carries `parameters`, those of the link, and the client's credentials.
pub(crate) fn token_request(
    link: &Link,
    fresh: &Fresh,
    parameters: &[(&str, &str)],
) -> Result<Request, Failure> {
    client_request(link, fresh, &link.token_endpoint, &with_token_params(link, parameters))
}

/// `parameters`, and those that the link adds to each token request. What is said already is not said again.
pub(crate) fn with_token_params<'a>(
    link: &'a Link,
    parameters: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let set_by_link = link.token_params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let new = set_by_link.filter(|(name, _)| {
        !is_reserved(Place::Token, name)
            && !parameters.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    });
    parameters.iter().copied().chain(new).collect()
}

/// Builds a POST that carries `parameters` and the client's credentials, by one method and never by two: RFC 6749 §2.3
/// forbids it, and some servers answer `invalid_request`.
pub(crate) fn client_request(
    link: &Link,
    fresh: &Fresh,
    url: &str,
    parameters: &[(&str, &str)],
) -> Result<Request, Failure> {
    let id = link.client_id.as_str();
    let secret = link.client_secret().map_or("", Secret::expose);
    let mut pairs = parameters.to_vec();
    let mut authorization = None;
    let assertion;
    match link.client_auth {
        // What signs must never leave, whatever the method says.
        ClientAuth::Basic | ClientAuth::BasicRaw | ClientAuth::Post if is_private_key(secret) => {
            return Err(cannot_sign(
                "The link's client secret is a private key, which must not be sent to anybody.",
                "Choose private_key_jwt as the link's client authentication, or enter the client secret.",
            ));
        }
        // Each part is encoded by itself before they are joined (RFC 6749 §2.3.1), so a colon in either is safe.
        ClientAuth::Basic => authorization = Some(basic(&encoded(id), &encoded(secret))),
        ClientAuth::BasicRaw => authorization = Some(basic(id, secret)),
        ClientAuth::Post => {
            pairs.push(("client_id", id));
            // An empty secret may be left out (RFC 6749 §2.3.1).
            if !secret.is_empty() {
                pairs.push(("client_secret", secret));
            }
        }
        ClientAuth::PrivateKeyJwt => {
            assertion = client_assertion(link, fresh)?;
            // RFC 7521 §4.2 lets the id be left out, and Entra does not.
            pairs.push(("client_id", id));
            pairs.push(("client_assertion_type", CLIENT_ASSERTION_TYPE));
            pairs.push(("client_assertion", assertion.expose()));
        }
        ClientAuth::None => pairs.push(("client_id", id)),
    }
    let mut request = open_request(url, &pairs);
    request.headers.extend(authorization);
    Ok(request)
}

/// Builds a POST without credentials.
pub(crate) fn open_request(url: &str, parameters: &[(&str, &str)]) -> Request {
    Request {
        method: Method::Post,
        url: url.trim().to_owned(),
        headers: vec![
            // Some servers answer in form encoding unless they are asked for JSON.
            ("Accept", Secret::new("application/json")),
            ("Content-Type", Secret::new("application/x-www-form-urlencoded")),
        ],
        body: Some(form(parameters)),
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
    use crate::assertion::tests::fresh;
    use crate::keys::tests::{p256, pem};
    use crate::token::tests::{client_secret, link};

    fn sent(method: ClientAuth, id: &str, secret: Option<&str>) -> (Option<String>, String) {
        let mut link = link();
        link.client_auth = method;
        link.client_id = id.into();
        link.client_secrets = secret.map(client_secret).into_iter().collect();
        let request =
            token_request(&link, &fresh(), &[("grant_type", "refresh_token")]).expect("a request");
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

    #[test]
    fn a_private_key_is_never_sent() {
        let mut link = link();
        link.client_secrets = vec![client_secret(&pem(p256()))];
        for method in [ClientAuth::Basic, ClientAuth::BasicRaw, ClientAuth::Post] {
            link.client_auth = method;
            let failure = token_request(&link, &fresh(), &[]).expect_err("refused");
            assert!(failure.trouble.reason.contains("private key"), "{failure:?}");
            assert!(failure.trouble.hint.contains("private_key_jwt"), "{failure:?}");
        }
        for method in [ClientAuth::PrivateKeyJwt, ClientAuth::None] {
            link.client_auth = method;
            let request = token_request(&link, &fresh(), &[]).expect("a request");
            assert!(!request.body.expect("a body").expose().contains("PRIVATE"), "{method}");
        }
    }

    #[test]
    fn a_signed_proof_goes_with_the_id_and_without_a_secret() {
        let mut link = link();
        link.client_auth = ClientAuth::PrivateKeyJwt;
        link.client_secrets = vec![client_secret(&pem(p256()))];
        let request = token_request(&link, &fresh(), &[("grant_type", "x")]).expect("a request");
        assert!(request.headers.iter().all(|(name, _)| *name != "Authorization"));
        let body = request.body.expect("a body");
        let rest = body.expose().strip_prefix(
            "grant_type=x&client_id=client-1&client_assertion_type=\
             urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=",
        );
        assert_eq!(rest.map(|token| token.split('.').count()), Some(3), "{}", body.expose());

        link.client_secrets.clear();
        let failure = token_request(&link, &fresh(), &[]).expect_err("there is no key");
        assert!(failure.trouble.reason.contains("no private key"), "{failure:?}");
        link.client_secrets = vec![client_secret("secret-1")];
        let failure = token_request(&link, &fresh(), &[]).expect_err("that is no key");
        assert!(!format!("{failure:?}").contains("secret-1"), "{failure:?}");
    }

    #[test]
    fn parameters_of_the_link_are_added_once() {
        let mut link = link();
        link.client_auth = ClientAuth::None;
        let param = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        link.token_params = vec![
            param("audience", "https://api.example"),
            param("resource", "a"),
            param("resource", "b"),
            param("scope", "of the link"),
            param("client_secret", "smuggled"),
            param("Client_Assertion", "smuggled"),
        ];
        let body = |parameters: &[(&str, &str)]| {
            let request = token_request(&link, &fresh(), parameters).expect("a request");
            request.body.expect("a body").expose().to_owned()
        };
        const ADDED: &str = "audience=https%3A%2F%2Fapi.example&resource=a&resource=b";
        assert_eq!(body(&[("scope", "s")]), format!("scope=s&{ADDED}&client_id=client-1"));
        assert_eq!(body(&[]), format!("{ADDED}&scope=of+the+link&client_id=client-1"));
    }

    #[test]
    fn reserved_parameters_are_refused() {
        for name in ["grant_type", "Client_Assertion", "code", "assertion"] {
            let problem =
                check_token_params(&[(name.to_owned(), "x".to_owned())]).expect_err("refused");
            assert_eq!((problem.code, problem.field), ("parameter_reserved", Some("token_params")));
        }
        for name in ["", "a b", "a\n"] {
            let problem =
                check_token_params(&[(name.to_owned(), "x".to_owned())]).expect_err("refused");
            assert_eq!(problem.code, "parameter_invalid", "{name:?}");
        }
        assert_eq!(check_token_params(&[("resource".into(), "a".into())]), Ok(()));
    }
}

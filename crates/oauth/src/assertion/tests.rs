//! Each algorithm's signature is verified, and every claim and header field compared.

use super::*;
use crate::keys::tests::{certificate, p256, pem, rsa};
use crate::token::jwt_bearer_request;
use crate::token::tests::{client_secret, link};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, TokenData, Validation, decode, decode_header};
use outlink_model::link::ClientAuth;
use rcgen::KeyPair;

/// The time and the random text of every test.
pub(crate) fn fresh() -> Fresh {
    let now = "2027-01-01T00:00:00Z".parse().expect("a time");
    Fresh { now, jti: "jti-1".into() }
}

const NOW: i64 = 1_798_761_600;

/// Verifies a token as a provider does, but for the time.
fn verify(token: &Secret, key: &KeyPair, alg: Algorithm) -> TokenData<Value> {
    let octets = key.public_key_raw();
    let key = match alg {
        Algorithm::ES256 => DecodingKey::from_ec_der(octets),
        _ => DecodingKey::from_rsa_der(octets),
    };
    let mut validation = Validation::new(alg);
    validation.validate_exp = false;
    validation.set_audience(&["https://as.example/token"]);
    decode::<Value>(token.expose(), &key, &validation).expect("a good signature")
}

fn signing_link(key: &KeyPair, alg: Option<SigningAlg>) -> Link {
    let mut link = link();
    link.client_auth = ClientAuth::PrivateKeyJwt;
    link.client_secrets = vec![client_secret(&pem(key))];
    link.signing_alg = alg;
    link
}

#[test]
fn every_algorithm_signs_what_verifies() {
    let table = [
        (rsa(), None, Algorithm::RS256),
        (rsa(), Some(SigningAlg::Rs256), Algorithm::RS256),
        (rsa(), Some(SigningAlg::Ps256), Algorithm::PS256),
        (p256(), None, Algorithm::ES256),
        (p256(), Some(SigningAlg::Es256), Algorithm::ES256),
    ];
    for (key, wanted, alg) in table {
        let mut link = signing_link(key, wanted);
        link.token_endpoint = " https://as.example/token\n".into();
        let token = client_assertion(&link, &fresh()).expect("a token");
        let token = verify(&token, key, alg);
        assert_eq!(
            token.claims,
            json!({
                "iss": "client-1", "sub": "client-1", "aud": "https://as.example/token",
                "jti": "jti-1", "iat": NOW - 30, "nbf": NOW - 30, "exp": NOW + 270,
            })
        );
        assert_eq!(token.header, Header::new(alg), "no kid, no thumbprint");
    }
}

#[test]
fn the_key_is_named_as_the_provider_knows_it() {
    for (key, alg) in [(rsa(), Algorithm::PS256), (p256(), Algorithm::ES256)] {
        let (pem, der) = certificate(key);
        let mut link = signing_link(key, (alg == Algorithm::PS256).then_some(SigningAlg::Ps256));
        link.client_secrets[0].key_id = Some("key-1".into());
        link.client_secrets[0].certificate = Some(pem);
        let token = client_assertion(&link, &fresh()).expect("a token");
        let header = verify(&token, key, alg).header;
        assert_eq!(header.kid.as_deref(), Some("key-1"));
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, &der));
        assert_eq!(header.x5t_s256.as_deref(), Some(thumbprint.as_str()));
        assert_eq!(header.typ.as_deref(), Some("JWT"));
        let written = token.expose().split('.').next().expect("a header");
        let written = BASE64_URL_SAFE_NO_PAD.decode(written).expect("base64");
        assert!(String::from_utf8_lossy(&written).contains(r#""x5t#S256":"#));
    }
}

fn bearer(link: &Link, subject: Option<&str>) -> (Secret, Vec<(String, String)>) {
    let request = jwt_bearer_request(link, &fresh(), subject).expect("a request");
    assert!(request.headers.iter().all(|(name, _)| *name != "Authorization"));
    let body = request.body.expect("a body");
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(body.expose().as_bytes()).into_owned().collect();
    assert_eq!(pairs[0].1, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert_eq!(pairs[1].0, "assertion");
    (Secret::new(pairs[1].1.clone()), pairs)
}

#[test]
fn a_bearer_names_whose_tokens_are_wanted() {
    let mut link = signing_link(rsa(), None);
    link.client_id = "robot@p.iam.gserviceaccount.com".into();
    link.client_secrets[0].key_id = Some("abc123".into());
    link.scope = "https://mail.google.com/ email".into();
    for method in [ClientAuth::None, ClientAuth::Post, ClientAuth::Basic, ClientAuth::BasicRaw] {
        link.client_auth = method;
        let (token, pairs) = bearer(&link, Some("alice@example.org"));
        assert_eq!(pairs.len(), 2, "{method}: the assertion alone");
        let token = verify(&token, rsa(), Algorithm::RS256);
        assert_eq!(token.header.kid.as_deref(), Some("abc123"));
        assert_eq!(
            token.claims,
            json!({
                "iss": "robot@p.iam.gserviceaccount.com", "sub": "alice@example.org",
                "aud": "https://as.example/token", "scope": "https://mail.google.com/ email",
                "jti": "jti-1-grant", "iat": NOW - 30, "exp": NOW + 3570,
            })
        );
    }
    link.scope = String::new();
    let (token, _) = bearer(&link, None);
    let claims = verify(&token, rsa(), Algorithm::RS256).claims;
    assert_eq!(claims["sub"], "robot@p.iam.gserviceaccount.com", "the client itself");
    assert!(claims.get("scope").is_none(), "{claims}");

    let mut google = link.clone();
    google.provider = ProviderKind::Google;
    let claims = verify(&bearer(&google, None).0, rsa(), Algorithm::RS256).claims;
    assert!(claims.get("sub").is_none(), "{claims}");
    let custom = |endpoint: &str| Link { token_endpoint: endpoint.into(), ..link.clone() };
    assert!(is_google(&custom("https://oauth2.googleapis.com/token")));
    assert!(!is_google(&custom("https://oauth2.googleapis.com.evil.example/token")));

    link.client_auth = ClientAuth::PrivateKeyJwt;
    let (token, pairs) = bearer(&link, None);
    let proof = pairs.iter().find(|(name, _)| name == "client_assertion").expect("a proof");
    let proof = verify(&Secret::new(proof.1.clone()), rsa(), Algorithm::RS256).claims;
    assert_ne!(proof["jti"], verify(&token, rsa(), Algorithm::RS256).claims["jti"]);
}

#[test]
fn a_key_that_cannot_sign_is_the_links_fault() {
    let mut without = signing_link(rsa(), None);
    without.client_secrets.clear();
    let mut odd_certificate = signing_link(rsa(), None);
    odd_certificate.client_secrets[0].certificate = Some("nonsense".into());
    let mut text = signing_link(rsa(), None);
    text.client_secrets = vec![client_secret("hunter2-hunter2")];
    for link in [without, odd_certificate, text, signing_link(rsa(), Some(SigningAlg::Es256))] {
        for failure in [
            client_assertion(&link, &fresh()).expect_err("it cannot sign"),
            jwt_bearer_request(&link, &fresh(), None).expect_err("it cannot sign"),
        ] {
            assert_eq!(failure.class, FailureClass::Link);
            assert_eq!(failure.trouble.actor, Actor::LinkAdministrator);
            assert!(!failure.trouble.reason.is_empty() && !failure.trouble.hint.is_empty());
            assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
        }
    }
}

#[test]
fn two_signatures_of_one_moment_differ_in_nothing_but_what_is_random() {
    let link = signing_link(rsa(), None);
    let one = client_assertion(&link, &fresh()).expect("a token");
    let two = client_assertion(&link, &fresh()).expect("a token");
    assert_eq!(one.expose(), two.expose(), "RS256 has no randomness of its own");
    let other = Fresh { jti: "jti-2".into(), ..fresh() };
    assert_ne!(one.expose(), client_assertion(&link, &other).expect("a token").expose());
    assert!(decode_header(one.expose()).is_ok());
}

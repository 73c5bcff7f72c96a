//! Id tokens, signed with a key of the run (OpenID Connect Core 1.0 §2, RFC 7515, ES256).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::error::Error;
use crate::settings::Settings;
use crate::state::User;

const KEY_ID: &str = "practice-1";

/// An id token lives an hour, as is usual; it is read once, right after it is made.
const LIFETIME_SECONDS: i64 = 3600;

/// Makes id tokens.
pub(crate) struct Mint {
    key: EcdsaKeyPair,
    random: SystemRandom,
}

/// For whom an id token is, and what it answers.
pub(crate) struct Request<'a> {
    pub(crate) client: &'a str,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) scopes: &'a [String],
}

impl Mint {
    pub(crate) fn new() -> Result<Self, Error> {
        let key =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| Error::Keys)?;
        Ok(Self { key, random: SystemRandom::new() })
    }

    /// An id token about this user; `None` only if the system has run out of random numbers.
    pub(crate) fn id_token(
        &self,
        user: &User,
        request: &Request<'_>,
        settings: &Settings,
        now: Timestamp,
    ) -> Option<String> {
        let mut claims = json!({
            "iss": settings.issuer,
            "aud": request.client,
            "sub": user.subject,
            "iat": now.as_second(),
            "exp": now.as_second() + LIFETIME_SECONDS,
        });
        for (name, value) in profile(user, request.scopes) {
            claims[name] = value;
        }
        if let Some(nonce) = request.nonce {
            claims["nonce"] = nonce.into();
        }
        for (name, value) in &settings.id_token_claims {
            claims[name] = value.clone();
        }
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": KEY_ID });
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = self.key.sign(&self.random, signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }

    /// The public key, for those who check signatures (RFC 7517).
    pub(crate) fn key_set(&self) -> Value {
        // The key is an uncompressed point: one octet 4, then x and y of 32 octets each (SEC 1 §2.3.3).
        let point = self.key.public_key().as_ref();
        let coordinate = |from, to| URL_SAFE_NO_PAD.encode(point.get(from..to).unwrap_or_default());
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID,
            "x": coordinate(1, 33), "y": coordinate(33, 65),
        }] })
    }
}

/// The claims that the scopes give away (OpenID Connect Core 1.0 §5.4), for id tokens and for userinfo.
pub(crate) fn profile(user: &User, scopes: &[String]) -> Vec<(&'static str, Value)> {
    let mut claims = Vec::new();
    if scopes.iter().any(|scope| scope == "email") {
        claims.push(("email", user.address.clone().into()));
        claims.push(("email_verified", true.into()));
    }
    if scopes.iter().any(|scope| scope == "profile") {
        claims.push(("name", user.name.clone().into()));
    }
    claims
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

//! Signed statements of others (RFC 7515, RFC 7519): reading them, and checking who signed.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use rustls::server::ParsedCertificate;
use serde_json::{Map, Value};

/// Clocks may differ by this much where something is not yet to begin.
const SKEW_SECONDS: i64 = 5;

/// A statement that is well-formed; nobody knows yet whether it is true.
pub(crate) struct Jwt {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

/// A public key, as it lies in a certificate.
pub(crate) struct Key {
    info: Vec<u8>,
    /// SHA-256 of the certificate in base64url, if it came in one.
    pub(crate) thumbprint: Option<String>,
}

impl Key {
    /// A key from `PUBLIC KEY` or `CERTIFICATE` in PEM.
    pub(crate) fn read(pem: &str) -> Option<Self> {
        if let Ok(info) = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()) {
            return Some(Self { info: info.as_ref().to_vec(), thumbprint: None });
        }
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
        let info = ParsedCertificate::try_from(&certificate).ok()?.subject_public_key_info();
        let hash = digest::digest(&digest::SHA256, &certificate);
        let thumbprint = Some(URL_SAFE_NO_PAD.encode(hash));
        Some(Self { info: info.as_ref().to_vec(), thumbprint })
    }
}

impl Jwt {
    /// Reads the compact form (RFC 7515 §7.1).
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let object = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
            serde_json::from_slice::<Map<String, Value>>(&bytes).ok()
        };
        let (header, claims) = (object(header)?, object(claims)?);
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        // What must be understood and is not makes the whole invalid (RFC 7515 §4.1.11).
        let plain = !header.contains_key("crit");
        plain.then(|| Self { header, claims, signed: signed.to_owned(), signature })
    }

    /// Whether this key signed it, by an algorithm that both agree on (RFC 7518 §3.1).
    pub(crate) fn signed_by(&self, key: &Key) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match self.header_text("alg") {
            Some("RS256") => &RSA_PKCS1_2048_8192_SHA256,
            Some("PS256") => &RSA_PSS_2048_8192_SHA256,
            Some("ES256") => &ECDSA_P256_SHA256_FIXED,
            _ => return false,
        };
        let key = UnparsedPublicKey::new(algorithm, &key.info);
        key.verify(self.signed.as_bytes(), &self.signature).is_ok()
    }

    /// A text in the header.
    pub(crate) fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// A text among the claims.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// Seconds since 1970 among the claims.
    pub(crate) fn seconds(&self, name: &str) -> Option<i64> {
        self.claims.get(name)?.as_i64()
    }

    /// Whether it is meant for one of these (RFC 7519 §4.1.3).
    pub(crate) fn is_for(&self, audiences: &[String]) -> bool {
        let known = |value: &Value| audiences.iter().any(|one| value.as_str() == Some(one));
        match self.claims.get("aud") {
            Some(Value::Array(values)) => values.iter().any(known),
            Some(value) => known(value),
            None => false,
        }
    }

    /// Whether it holds now, and is over no more than `longest` seconds after it began.
    pub(crate) fn holds(&self, now: Timestamp, longest: i64) -> bool {
        let now = now.as_second();
        let begins = |name| self.seconds(name).is_none_or(|second| second <= now + SKEW_SECONDS);
        let from = self.seconds("iat").unwrap_or(now);
        let ends = |end: i64| end > now && end.saturating_sub(from) <= longest;
        begins("nbf") && begins("iat") && self.seconds("exp").is_some_and(ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(header: &Value, claims: &Value) -> Option<Jwt> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        Jwt::read(&format!("{}.{}.c2ln", part(header), part(claims)))
    }

    #[test]
    fn what_is_no_statement_is_not_read() {
        for text in
            ["", "a.b", "a.b.c", "e30.e30.*", "e30.W10.e30", "e30.e30.e30=", "x.e30.e30.e30"]
        {
            assert!(Jwt::read(text).is_none(), "{text}");
        }
        let critical = serde_json::json!({ "alg": "RS256", "crit": ["b64"] });
        assert!(jwt(&critical, &serde_json::json!({})).is_none());
    }

    #[test]
    fn times_and_audiences_are_checked() {
        let now = Timestamp::from_second(1000).unwrap();
        let audience = ["https://a.example/token".to_owned()];
        for (claims, holds) in [
            (serde_json::json!({ "iat": 1000, "nbf": 970, "exp": 1300 }), true),
            (serde_json::json!({ "exp": 1300 }), true),
            (serde_json::json!({ "iat": 1000 }), false),
            (serde_json::json!({ "iat": 1000, "exp": "1300" }), false),
            (serde_json::json!({ "iat": 700, "exp": 1000 }), false),
            (serde_json::json!({ "iat": 1006, "exp": 1300 }), false),
            (serde_json::json!({ "nbf": 1006, "exp": 1300 }), false),
            (serde_json::json!({ "iat": 1000, "exp": 1301 }), false),
        ] {
            let read = jwt(&serde_json::json!({}), &claims).unwrap();
            assert_eq!(read.holds(now, 300), holds, "{claims}");
        }
        for (value, is_for) in [
            (serde_json::json!("https://a.example/token"), true),
            (serde_json::json!(["https://b.example", "https://a.example/token"]), true),
            (serde_json::json!("https://a.example"), false),
            (serde_json::json!(null), false),
        ] {
            let read = jwt(&serde_json::json!({}), &serde_json::json!({ "aud": value })).unwrap();
            assert_eq!(read.is_for(&audience), is_for, "{value}");
        }
    }
}

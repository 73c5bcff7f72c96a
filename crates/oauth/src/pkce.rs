//! Proof Key for Code Exchange (RFC 7636), by S256 alone.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use outlink_model::Secret;

/// The code verifier of one consent. Made anew for each, and kept on this side until the code is exchanged.
#[derive(Debug)]
pub struct Verifier(Secret);

impl Verifier {
    /// Makes a verifier of 43 characters from random octets (RFC 7636 §4.1).
    pub fn from_random(octets: [u8; 32]) -> Self {
        Self(Secret::new(BASE64_URL_SAFE_NO_PAD.encode(octets)))
    }

    /// Takes back one that was kept.
    pub fn from_secret(secret: Secret) -> Self {
        Self(secret)
    }

    /// The code challenge by S256 (RFC 7636 §4.2).
    pub fn challenge(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, self.0.expose().as_bytes()))
    }

    /// The verifier, to be kept or sent.
    pub fn expose(&self) -> &Secret {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636() {
        const OCTETS: [u8; 32] = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212,
            37, 77, 105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
        ];
        let verifier = Verifier::from_random(OCTETS);
        assert_eq!(verifier.expose().expose(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let kept = Verifier::from_secret(verifier.expose().clone());
        assert_eq!(kept.challenge(), verifier.challenge());
        assert!(!format!("{kept:?}").contains("dBjf"), "a verifier does not print");
    }
}

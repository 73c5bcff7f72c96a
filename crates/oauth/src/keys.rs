//! Private keys and certificates as administrators paste them: what can be used, and what to do about the rest.

mod pem;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RsaKeyPair,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use outlink_model::link::SigningAlg;
use outlink_model::problem::Problem;
use outlink_model::{Secret, Timestamp};
pub(crate) use pem::is_private_key;
use x509_parser::parse_x509_certificate;

use pem::{certificate_der, damaged, no_certificate, private_block, to_pem};

/// A private key that can sign.
pub(crate) struct SigningKey {
    /// What signs.
    pub encoding: EncodingKey,
    /// Its public half (SubjectPublicKeyInfo, RFC 5280 §4.1.2.7).
    public: Vec<u8>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
}

impl SigningKey {
    /// Reads a key in PKCS#8 or in the older forms of RSA (PKCS#1) and of elliptic curves (SEC 1).
    pub(crate) fn read(field: &'static str, pem: &Secret) -> Result<Self, Problem> {
        let (label, der) = private_block(field, pem.expose())?;
        let unusable = |message: &str, hint: &str| {
            Problem::invalid(field, "key_unusable", message.to_owned(), hint.to_owned())
        };
        let rsa = match label {
            "EC PRIVATE KEY" => None,
            "RSA PRIVATE KEY" => Some(RsaKeyPair::from_der(&der)),
            _ => Some(RsaKeyPair::from_pkcs8(&der)),
        };
        let too_small = match rsa {
            Some(Ok(pair)) => return Self::rsa(&pair, label, &der).ok_or_else(|| damaged(field)),
            Some(Err(refused)) => refused.to_string() == "TooSmall",
            None => false,
        };
        if too_small {
            return Err(unusable(
                "The RSA key is shorter than 2048 bits, so what it signs could be forged.",
                "Make a key of at least 2048 bits: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out key.pem",
            ));
        }
        let curve = match label {
            "RSA PRIVATE KEY" => return Err(damaged(field)),
            "EC PRIVATE KEY" => {
                EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der)
            }
            _ => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der),
        };
        let curve = curve.map_err(|_| {
            unusable(
                "The private key is neither an RSA key nor one on the curve P-256, or it is damaged.",
                "Make one of these: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out key.pem",
            )
        })?;
        Self::p256(&curve).ok_or_else(|| damaged(field))
    }

    fn rsa(pair: &RsaKeyPair, label: &str, der: &[u8]) -> Option<Self> {
        // The library takes the older form alone where it is given octets, and either where it is given text.
        let encoding = if label == "RSA PRIVATE KEY" {
            EncodingKey::from_rsa_der(der)
        } else {
            EncodingKey::from_rsa_pem(to_pem("PRIVATE KEY", der).as_bytes()).ok()?
        };
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
        Some(Self { encoding, public: public.as_ref().to_vec(), kind: Kind::Rsa })
    }

    fn p256(pair: &EcdsaKeyPair) -> Option<Self> {
        let encoding = EncodingKey::from_ec_der(pair.to_pkcs8v1().ok()?.as_ref());
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
        Some(Self { encoding, public: public.as_ref().to_vec(), kind: Kind::P256 })
    }

    /// How this key signs: as `wanted`, where it can.
    pub(crate) fn alg(
        &self,
        field: &'static str,
        wanted: Option<SigningAlg>,
    ) -> Result<SigningAlg, Problem> {
        match (self.kind, wanted) {
            (Kind::Rsa, None) => Ok(SigningAlg::Rs256),
            (Kind::Rsa, Some(alg @ (SigningAlg::Rs256 | SigningAlg::Ps256))) => Ok(alg),
            (Kind::P256, None | Some(SigningAlg::Es256)) => Ok(SigningAlg::Es256),
            (Kind::Rsa, Some(alg)) => Err(misfit(field, "an RSA key", alg, "RS256 or PS256")),
            (Kind::P256, Some(alg)) => Err(misfit(field, "a key on P-256", alg, "ES256")),
        }
    }
}

/// Checks a private key as PEM and says how it signs: RSA of at least 2048 bits by RS256, or by PS256 where `alg` says
/// so; a key on P-256 by ES256.
pub fn check_signing_key(
    field: &'static str,
    pem: &Secret,
    alg: Option<SigningAlg>,
) -> Result<SigningAlg, Problem> {
    SigningKey::read(field, pem)?.alg(field, alg)
}

/// When a certificate ends. Also checks that `pem` is one certificate and nothing besides.
pub fn certificate_ends(field: &'static str, pem: &str) -> Result<Timestamp, Problem> {
    let der = certificate_der(field, pem)?;
    let (_, certificate) = parse_x509_certificate(&der).map_err(|_| no_certificate(field))?;
    Timestamp::from_second(certificate.validity().not_after.timestamp())
        .map_err(|_| no_certificate(field))
}

/// Checks that a certificate is that of a private key. A provider that knows the key by another certificate would refuse
/// every assertion, and say no more than `invalid_client`.
pub fn check_certificate(
    field: &'static str,
    certificate: &str,
    key: &Secret,
) -> Result<(), Problem> {
    let der = certificate_der(field, certificate)?;
    let (_, certificate) = parse_x509_certificate(&der).map_err(|_| no_certificate(field))?;
    let key = SigningKey::read("private_key", key)?;
    if certificate.public_key().raw == key.public {
        return Ok(());
    }
    Err(Problem::invalid(
        field,
        "certificate_of_another_key",
        "The certificate belongs to another private key.",
        "Enter the certificate that was made with this key, and upload the same one at the provider.",
    ))
}

/// The name of a certificate in a token's header: SHA-256 over its octets (`x5t#S256`, RFC 7515 §4.1.8).
pub(crate) fn thumbprint(field: &'static str, certificate: &str) -> Result<String, Problem> {
    let der = certificate_der(field, certificate)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, &der)))
}

fn misfit(field: &'static str, key: &str, alg: SigningAlg, can: &str) -> Problem {
    Problem::invalid(
        field,
        "key_misfit",
        format!("This is {key}, which cannot sign by {alg}."),
        format!("Choose {can}, or enter another key."),
    )
}

#[cfg(test)]
pub(crate) mod tests;

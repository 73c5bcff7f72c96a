//! Keys as people paste them. RSA keys take a while to make, so all tests share one.

use std::sync::OnceLock;

use super::pem::LONGEST;
use super::*;
use aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};

const FIELD: &str = "private_key";

/// An RSA key of 2048 bits.
pub(crate) fn rsa() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key"))
}

/// A key on P-256.
pub(crate) fn p256() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key"))
}

/// A key as PKCS#8.
pub(crate) fn pem(key: &KeyPair) -> String {
    key.serialize_pem()
}

/// A certificate of a key that ends on 1 May 2027, and its octets.
pub(crate) fn certificate(key: &KeyPair) -> (String, Vec<u8>) {
    let mut params = CertificateParams::new(["outlink.example".to_owned()]).expect("a name");
    params.not_after = rcgen::date_time_ymd(2027, 5, 1);
    let certificate = params.self_signed(key).expect("a certificate");
    (certificate.pem(), certificate.der().to_vec())
}

/// The older form of an RSA key (PKCS#1).
fn rsa_older() -> String {
    let key = EncodingKey::from_rsa_pem(pem(rsa()).as_bytes()).expect("a key");
    to_pem("RSA PRIVATE KEY", key.as_bytes()).to_string()
}

/// The older form of a key on a curve (SEC 1).
fn p256_older() -> String {
    use aws_lc_rs::encoding::EcPrivateKeyRfc5915Der;
    let der = p256().serialize_der();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).expect("a key");
    let der: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().expect("octets");
    to_pem("EC PRIVATE KEY", der.as_ref()).to_string()
}

fn check(pem: &str, alg: Option<SigningAlg>) -> Result<SigningAlg, &'static str> {
    let result = check_signing_key(FIELD, &Secret::new(pem), alg);
    if let Err(problem) = &result {
        assert_eq!(problem.field, Some(FIELD));
        assert!(!problem.hint.is_empty(), "{problem:?}");
        // Whatever is refused, nothing of it is repeated.
        for line in pem.lines().filter(|line| line.len() > 20 && !line.starts_with('-')) {
            assert!(!format!("{problem:?}").contains(line), "{problem:?}");
        }
    }
    result.map_err(|problem| problem.code)
}

#[test]
fn keys_in_every_usual_form_sign() {
    use SigningAlg::{Es256, Ps256, Rs256};
    let (certificate, _) = certificate(rsa());
    let rsa_forms = [
        pem(rsa()),
        rsa_older(),
        pem(rsa()).replace('\n', "\r\n"),
        pem(rsa()).replace('\n', "\\n"),
        format!("Bag Attributes\n  x: y\n{}\n{certificate}", pem(rsa())),
        format!("\u{feff}  {}  ", pem(rsa())),
    ];
    for text in rsa_forms {
        assert_eq!(check(&text, None), Ok(Rs256), "{}", text.len());
        assert_eq!(check(&text, Some(Rs256)), Ok(Rs256));
        assert_eq!(check(&text, Some(Ps256)), Ok(Ps256));
        assert_eq!(check(&text, Some(Es256)), Err("key_misfit"));
    }
    let parameters =
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    for text in [pem(p256()), p256_older(), format!("{parameters}{}", p256_older())] {
        assert_eq!(check(&text, None), Ok(Es256));
        assert_eq!(check(&text, Some(Es256)), Ok(Es256));
        assert_eq!(check(&text, Some(Ps256)), Err("key_misfit"));
    }
}

#[test]
fn keys_that_cannot_be_used_are_refused_with_the_way_out() {
    let p384 = {
        let pkcs8 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).expect("a key");
        let pkcs8 = pkcs8.to_pkcs8v1().expect("octets");
        to_pem("PRIVATE KEY", pkcs8.as_ref()).to_string()
    };
    let ed25519 = pem(&KeyPair::generate_for(&PKCS_ED25519).expect("a key"));
    let cut = pem(rsa()).replace("-----END PRIVATE KEY-----", "");
    let damaged = pem(rsa()).replacen("MII", "M!I", 1);
    let shortened: String = {
        let text = pem(rsa());
        let mut lines: Vec<&str> = text.lines().collect();
        lines.remove(3);
        lines.join("\n")
    };
    let (certificate, _) = certificate(rsa());
    let table = [
        (RSA_1024.to_owned(), "key_unusable"),
        (p384, "key_unusable"),
        (ed25519, "key_unusable"),
        (shortened, "key_unusable"),
        (damaged, "key_damaged"),
        (rsa_older().replacen("MII", "MIA", 1), "key_damaged"),
        (cut, "key_cut_off"),
        (format!("{}{}", pem(rsa()), pem(rsa())), "key_twice"),
        (format!("{}{}", pem(rsa()), p256_older()), "key_twice"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII\n".into(), "key_encrypted"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nMII\n".into(),
            "key_encrypted",
        ),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb\n".into(), "key_form"),
        (certificate, "key_missing"),
        ("-----BEGIN PUBLIC KEY-----\nMII\n-----END PUBLIC KEY-----".into(), "key_missing"),
        ("hunter2".into(), "key_missing"),
        (String::new(), "key_missing"),
        (" ".repeat(LONGEST + 1), "key_too_long"),
    ];
    for (text, code) in table {
        assert_eq!(check(&text, None), Err(code), "{text}");
    }
    let hint =
        |text: &str| check_signing_key(FIELD, &Secret::new(text), None).expect_err("refused").hint;
    assert!(hint("-----BEGIN ENCRYPTED PRIVATE KEY-----").contains("-topk8 -nocrypt"));
    assert!(hint("-----BEGIN OPENSSH PRIVATE KEY-----").contains("ssh-keygen"));
    let short = check_signing_key(FIELD, &Secret::new(RSA_1024), None).expect_err("too short");
    assert!(short.message.contains("2048"), "{short}");
}

#[test]
fn a_certificate_says_when_it_ends() {
    let (text, der) = certificate(p256());
    let ends = certificate_ends("certificate", &text).expect("a certificate");
    assert_eq!(ends.to_string(), "2027-05-01T00:00:00Z");
    let expected = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, &der));
    assert_eq!(thumbprint("certificate", &format!("\n {text}\n")), Ok(expected));

    let table = [
        (String::new(), "certificate_invalid"),
        ("MII".into(), "certificate_invalid"),
        (text.replacen("MII", "MIA", 1), "certificate_invalid"),
        (text.replace("-----END CERTIFICATE-----", ""), "certificate_invalid"),
        (
            "-----BEGIN PUBLIC KEY-----\nMII=\n-----END PUBLIC KEY-----".into(),
            "certificate_invalid",
        ),
        (format!("{text}{text}"), "certificate_twice"),
        (format!("{text}{}", pem(p256())), "certificate_with_key"),
        ("a".repeat(LONGEST + 1), "certificate_invalid"),
    ];
    for (text, code) in table {
        let problem = certificate_ends("certificate", &text).expect_err(code);
        assert_eq!((problem.code, problem.field), (code, Some("certificate")), "{text}");
    }
}

#[test]
fn a_certificate_must_be_of_the_key() {
    for (key, other) in [(rsa(), p256()), (p256(), rsa())] {
        let (text, _) = certificate(key);
        assert_eq!(check_certificate("certificate", &text, &Secret::new(pem(key))), Ok(()));
        let problem = check_certificate("certificate", &text, &Secret::new(pem(other)));
        assert_eq!(problem.expect_err("of another key").code, "certificate_of_another_key");
    }
}

/// A key that is too short; it guards nothing.
const RSA_1024: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBAMIa2MAsd3pQAEdR\n\
42GWRYWW/q4orQLp8O1t+47xd1i2QoGVBdavUhpfr/nscQIwYf3PvVYGaJ0aa9rm\n\
TuHi2VjNnKinF7hjmvGEVKvYKI+9ALa5aBdqLaHT9Ny45kctpbzueV4v0Jy+n70t\n\
QpKGxSUfDcpRLifSlWD49OiTMtS7AgMBAAECgYB6jf7a33iUhpyWa1K40+uTXHHz\n\
PoV2eIUBNFcHutgS8AjvzkrAcTPSqSXwE+SKcEf+vEKcZTF6OCtvK8kUgGmfuMZ0\n\
PWp6ybrrN9uW7jaFMBaMq9SmJb4EjZ7h1XqyNrAqUITfOGPPNm3jt+vg4NVtCzxc\n\
/joOYVie4MOc3tMzSQJBAPIbqEgZ8rUwfO6Pnu1usx1ZNpelMs+ycu+uJxSZ7SOm\n\
sHPFzAxhC8JykN3FVWeSVAqKWXXDtVC1P++xtyr19pUCQQDNPhE7DFjJpTeV3rIY\n\
4Ej2K8Ff5g7y9miF7q0NadVTUzZ4cTBkloB1ePcxS1tFgTcrTxf5oaQyTuUCo8BU\n\
dVoPAkEA2PJbmzBVQnNOn97mhNAbhIL63mxT2bWINKoTruw3iSjHGRb3P2h+xyEu\n\
GuvHGeYPlNpgS5yxjr67qifPgJmi+QJBAKVNyDL2zswZ9ZsPsgG3IwyiUS0b7g5h\n\
x+2XPmn/Q4HJE6YOBBv/25bBxtY9C1X/rJ+FJJo6RjT+thRaLx3XJqECQQCqR7Bv\n\
cjxMtSNxP+3Gavm7V31wWGWEndGTYFchHycO6FHX8Pp06uzgaT36PTesFn0kps0p\n\
9x2ySlG903U/fkv9\n\
-----END PRIVATE KEY-----\n";

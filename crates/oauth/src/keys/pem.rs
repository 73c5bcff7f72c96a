//! The texts that keys and certificates come in (RFC 7468).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use outlink_model::problem::Problem;
use x509_parser::pem::Pem;
use zeroize::Zeroizing;

/// No key or certificate comes near this many octets.
pub(super) const LONGEST: usize = 64 * 1024;

/// What every block begins with.
const BEGIN: &str = "-----BEGIN ";

/// Whether a text is a private key, and so must never be sent as a client secret is.
pub(crate) fn is_private_key(text: &str) -> bool {
    text.contains(BEGIN) && text.contains("PRIVATE KEY-----")
}

/// The one private key of a PEM text, with its label. A certificate beside it does no harm: many files hold both.
pub(super) fn private_block(
    field: &'static str,
    text: &str,
) -> Result<(&'static str, Zeroizing<Vec<u8>>), Problem> {
    let refused = |code, message: &str, hint: &str| {
        Err(Problem::invalid(field, code, message.to_owned(), hint.to_owned()))
    };
    if text.len() > LONGEST {
        return refused(
            "key_too_long",
            "The text is too long for a private key.",
            "Enter the private key alone.",
        );
    }
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return refused(
            "key_encrypted",
            "The private key is protected by a passphrase, which nobody would be there to type.",
            "Remove the passphrase: openssl pkcs8 -topk8 -nocrypt -in key.pem -out plain.pem. Then enter plain.pem; it is \
             kept sealed.",
        );
    }
    if text.contains("BEGIN OPENSSH PRIVATE KEY") {
        return refused(
            "key_form",
            "The private key is in the form of OpenSSH.",
            "Convert a copy of it: ssh-keygen -p -N '' -m PKCS8 -f key",
        );
    }
    // The value of a JSON member, as it stands in the file of a service account.
    let text = Zeroizing::new(text.replace("\\n", "\n"));
    let mut found = None;
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
        let (begin, end) = (format!("{BEGIN}{label}-----"), format!("-----END {label}-----"));
        if text.matches(&begin).count() > 1 || (found.is_some() && text.contains(&begin)) {
            return refused(
                "key_twice",
                "The text holds more than one private key.",
                "Enter the one whose public half the provider knows.",
            );
        }
        let body = text.split_once(&begin).map(|(_, rest)| rest.split_once(&end));
        match body {
            Some(Some((body, _))) => found = Some((label, body)),
            Some(None) => {
                return refused(
                    "key_cut_off",
                    &format!("The private key is cut off: there is no line {end}."),
                    "Enter the whole of the file, from its first line to its last.",
                );
            }
            None => {}
        }
    }
    let Some((label, body)) = found else {
        let mut other = ["CERTIFICATE", "PUBLIC KEY"].into_iter();
        let other = other.find(|kind| text.contains(&format!("{kind}-----")));
        let message = match other {
            Some("CERTIFICATE") => "This is a certificate, and no private key is with it.",
            Some(_) => "This is a public key; what signs is the private one.",
            None => "This is no private key in PEM form.",
        };
        return refused(
            "key_missing",
            message,
            "Enter a text that begins with -----BEGIN PRIVATE KEY-----. A file in another form is converted by: openssl \
             pkcs8 -topk8 -nocrypt -in key.file -out key.pem (with -inform DER where it is not text).",
        );
    };
    let base64: Zeroizing<String> =
        Zeroizing::new(body.chars().filter(|c| !c.is_whitespace()).collect());
    match BASE64_STANDARD.decode(base64.as_bytes()) {
        Ok(der) => Ok((label, Zeroizing::new(der))),
        Err(_) => Err(damaged(field)),
    }
}

/// A key that cannot be read.
pub(super) fn damaged(field: &'static str) -> Problem {
    Problem::invalid(
        field,
        "key_damaged",
        "The private key cannot be read; characters of it are missing or changed.",
        "Enter the whole of the file again. An older form is converted by: openssl pkcs8 -topk8 -nocrypt -in key.pem \
         -out plain.pem",
    )
}

/// Writes octets as PEM.
pub(super) fn to_pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(BASE64_STANDARD.encode(der));
    Zeroizing::new(format!("{BEGIN}{label}-----\n{}\n-----END {label}-----\n", body.as_str()))
}

/// The octets of the one certificate of a PEM text.
pub(super) fn certificate_der(field: &'static str, text: &str) -> Result<Vec<u8>, Problem> {
    if text.len() > LONGEST {
        return Err(no_certificate(field));
    }
    if is_private_key(text) {
        return Err(Problem::invalid(
            field,
            "certificate_with_key",
            "There is a private key beside the certificate; a certificate is shown to others.",
            "Enter the certificate alone here, and the private key in its own field.",
        ));
    }
    let mut blocks = Vec::new();
    for block in Pem::iter_from_buffer(text.trim().as_bytes()) {
        let block = block.map_err(|_| no_certificate(field))?;
        if block.label != "CERTIFICATE" {
            return Err(no_certificate(field));
        }
        blocks.push(block.contents);
    }
    match (blocks.pop(), blocks.is_empty()) {
        (Some(der), true) => Ok(der),
        (Some(_), false) => Err(Problem::invalid(
            field,
            "certificate_twice",
            "The text holds more than one certificate.",
            "Enter the certificate of the key alone, without those of the authorities that signed it.",
        )),
        (None, _) => Err(no_certificate(field)),
    }
}

/// A text that is no certificate.
pub(super) fn no_certificate(field: &'static str) -> Problem {
    Problem::invalid(
        field,
        "certificate_invalid",
        "This is no certificate in PEM form.",
        "Enter a text that begins with -----BEGIN CERTIFICATE-----. A file in another form is converted by: openssl x509 \
         -inform DER -in cert.cer -out cert.pem",
    )
}

//! Keys, certificates and key files, as people paste them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outlink_fuzz::shown;
use outlink_model::Secret;
use outlink_model::problem::Problem;
use outlink_oauth::{
    certificate_ends, check_certificate, check_signing_key, parse_service_account,
};

fuzz_target!(|octets: &[u8]| {
    let text = String::from_utf8_lossy(octets);
    let (key, certificate) = text.split_once('\u{1}').unwrap_or((&text, &text));
    let key = Secret::new(key);
    refused(check_signing_key("client_secret", &key, None));
    refused(certificate_ends("certificate", certificate));
    refused(check_certificate("certificate", certificate, &key));
    if let Some(account) = refused(parse_service_account(&Secret::new(&*text))) {
        assert!(!account.client_email.is_empty() && !account.private_key.is_empty());
    }
});

fn refused<T>(checked: Result<T, Problem>) -> Option<T> {
    checked.inspect_err(shown::problem).ok()
}

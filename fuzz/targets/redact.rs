//! Other people's words, out of which our secrets are cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outlink_fuzz::shown::{self, SECRET, with_secret};
use outlink_model::Secret;
use outlink_oauth::{network_failure, redact, without_secrets};

fuzz_target!(|octets: &[u8]| {
    let words = with_secret(octets);
    let words = String::from_utf8_lossy(&words);
    let secret = Secret::new(SECRET);
    for cut in [redact(&words, &[&secret]), redact(&redact(&words, &[]), &[&secret])] {
        shown::line(&cut);
        shown::no_secret(&cut);
        assert!(cut.chars().count() <= 1001);
    }
    shown::failure(&without_secrets(network_failure(&words), &[&secret]));
});

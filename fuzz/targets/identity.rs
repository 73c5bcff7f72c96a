//! Who consented: id_tokens, and the answers of the userinfo and introspection endpoints.

#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use outlink_fuzz::link::{link, now, provider};
use outlink_fuzz::shown;
use outlink_model::Secret;
use outlink_oauth::{identity_from_id_token, identity_from_userinfo, parse_introspection};

fuzz_target!(|octets: &[u8]| {
    let [kind, claims @ ..] = octets else { return };
    let link = link(provider(*kind));
    let payload = BASE64_URL_SAFE_NO_PAD.encode(claims);
    let as_is = String::from_utf8_lossy(claims).into_owned();
    for token in [format!("eyJhbGciOiJub25lIn0.{payload}."), as_is] {
        for nonce in [None, Some("n-1")] {
            match identity_from_id_token(&Secret::new(&*token), &link, nonce, now()) {
                Ok(identity) => {
                    assert!(identity.subject.is_some());
                    shown::identity(&identity);
                }
                Err(problem) => shown::problem(&problem),
            }
        }
    }
    match identity_from_userinfo(claims) {
        Ok(identity) => shown::identity(&identity),
        Err(problem) => shown::problem(&problem),
    }
    match parse_introspection(claims) {
        Ok(found) => shown::identity(&found.identity),
        Err(problem) => shown::problem(&problem),
    }
});

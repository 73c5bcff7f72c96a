//! What an authorization server says of itself: the issuer is the first line, the document the rest.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outlink_fuzz::shown;
use outlink_oauth::{check_endpoint, cloud_of, metadata_urls, parse_metadata};

/// Stands for the issuer in the document, which must name it.
const ISSUER_MARK: char = '\u{1}';

fuzz_target!(|octets: &[u8]| {
    let text = String::from_utf8_lossy(octets);
    let (issuer, document) = text.split_once('\n').unwrap_or((&text, ""));
    let _ = cloud_of(issuer);
    match metadata_urls(issuer) {
        Ok(urls) => {
            assert!(!urls.is_empty());
            for url in urls {
                let checked = check_endpoint("issuer", &url, |_| true);
                assert!(checked.is_ok(), "{issuer:?} leads to {url:?}");
            }
        }
        Err(problem) => shown::problem(&problem),
    }
    let document = document.replace(ISSUER_MARK, issuer);
    match parse_metadata(issuer, document.as_bytes()) {
        Ok(found) => {
            assert!(!found.issuer.is_empty() && !found.token_endpoint.is_empty());
            assert!(found.scopes_supported.len() <= 500);
        }
        Err(problem) => shown::problem(&problem),
    }
});

//! Addresses as people type them: endpoints, redirect URLs and what is known of them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outlink_fuzz::shown;
use outlink_model::provider::ProviderKind;
use outlink_oauth::{
    check_endpoint, check_endpoint_query, cloud_of, is_elsewhere, redirect_url, redirect_warnings,
};

const FIELDS: [&str; 4] =
    ["authorization_endpoint", "token_endpoint", "device_authorization_endpoint", "issuer"];

fuzz_target!(|octets: &[u8]| {
    let text = String::from_utf8_lossy(octets);
    for field in FIELDS {
        match check_endpoint(field, &text, |host| host == "localhost") {
            Ok(url) => {
                assert!(url.scheme() == "https" || url.host_str() == Some("localhost"));
                assert!(url.username().is_empty() && url.password().is_none(), "{url}");
                assert!(
                    url.fragment().is_none() && url.host_str().is_some_and(|host| !host.is_empty())
                );
                assert!(!is_elsewhere(&text, url.as_str()), "{text:?} is dialled as {url}");
            }
            Err(problem) => shown::problem(&problem),
        }
        if let Err(problem) = check_endpoint_query(field, &text) {
            shown::problem(&problem);
        }
    }
    let _ = cloud_of(&text);
    for kind in ProviderKind::ALL {
        redirect_warnings(kind, &text).iter().for_each(|warning| shown::line(warning));
    }
    let (base, endpoint) = text.split_once('\n').unwrap_or((&text, ""));
    let url = redirect_url(base, endpoint, &text);
    let (_, reference) = url.rsplit_once('/').expect("a path");
    assert!(reference.len() == 22 && reference.is_ascii(), "{url:?}");
});

//! Scopes as people type them and as providers answer them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outlink_fuzz::link::{link, provider};
use outlink_model::link::GrantType;
use outlink_oauth::{check_scopes, mail_services, missing_scope_words, missing_scopes};

fuzz_target!(|octets: &[u8]| {
    let [kind, rest @ ..] = octets else { return };
    let text = String::from_utf8_lossy(rest);
    let (asked, granted) = text.split_once('\n').unwrap_or((&text, ""));
    let provider = provider(*kind);
    let endpoint = link(provider).token_endpoint;
    for grant_type in GrantType::ALL {
        match check_scopes(provider, grant_type, &endpoint, asked) {
            Ok(warnings) => assert!(warnings.iter().all(|warning| !warning.is_empty())),
            Err(problem) => assert!(!problem.message.is_empty() && !problem.hint.is_empty()),
        }
    }
    let granted: Vec<String> = granted.split_whitespace().map(str::to_owned).collect();
    let missing = missing_scopes(asked, &granted);
    assert!(missing.iter().all(|scope| !granted.contains(scope)));
    assert_eq!(missing_scope_words(&missing).len(), missing.len());
    for scope in asked.split_whitespace() {
        assert!(mail_services(scope).len() <= 3);
    }
});

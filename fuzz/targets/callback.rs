//! What a browser brings back from a provider, and the parameters that it was sent with.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outlink_fuzz::link::{link, provider};
use outlink_fuzz::shown;
use outlink_oauth::{
    Authorize, authorization_url, callback_trouble, check_authorization_params, check_issuer,
    check_token_params, parse_callback,
};

fuzz_target!(|octets: &[u8]| {
    let [kind, rest @ ..] = octets else { return };
    let text = String::from_utf8_lossy(rest);
    let pairs: Vec<(String, String)> = text
        .split('\n')
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    match parse_callback(&pairs) {
        Ok(params) => {
            assert_ne!(params.code.is_some(), params.error.is_some());
            if let Err(problem) = check_issuer(Some("https://as.example"), params.iss.as_deref()) {
                shown::problem(&problem);
            }
            let trouble = callback_trouble(provider(*kind), &params);
            assert_eq!(trouble.is_some(), params.error.is_some());
            trouble.iter().for_each(shown::trouble);
        }
        Err(problem) => shown::problem(&problem),
    }
    for check in [check_authorization_params, check_token_params] {
        if let Err(problem) = check(&pairs) {
            shown::problem(&problem);
        }
    }
    let mut link = link(provider(*kind));
    link.scope = "openid offline_access".to_owned();
    link.authorization_params = pairs;
    let request = Authorize {
        link: &link,
        redirect_url: "https://outlink.example/oauth2/callback/x",
        state: "state-1",
        challenge: Some("challenge-1"),
        nonce: Some("nonce-1"),
        login_hint: Some(&text),
    };
    match authorization_url(&request) {
        Ok(url) => {
            assert!(url.starts_with("https://as.example/authorize?"), "{url}");
            assert_eq!(url.matches("state=state-1").count(), 1, "{url}");
            shown::no_secret(&url);
        }
        Err(problem) => shown::problem(&problem),
    }
});

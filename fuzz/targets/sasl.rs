//! What is said in a sign-in: challenges, first responses, and what servers offer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outlink_fuzz::shown;
use outlink_mail::sasl::{Mechanism, choose, initial_response, parse_challenge};
use outlink_mail::{imap, pop3};
use outlink_model::Secret;

fuzz_target!(|octets: &[u8]| {
    let text = String::from_utf8_lossy(octets);
    let challenge = parse_challenge(&text);
    assert!(challenge.text.chars().count() <= 2048 + 2);
    for words in [&challenge.status, &challenge.scope].into_iter().flatten() {
        assert!(words.chars().count() <= 202, "{words:?}");
        shown::line(words);
    }
    shown::line(&challenge.text);

    let mut words = text.split(['\u{fffd}', '\n']);
    let mut next = || words.next().unwrap_or_default();
    let (user, host, token) = (next(), next(), Secret::new(next()));
    for (mechanism, parts) in [(Mechanism::XOAuth2, 3), (Mechanism::OAuthBearer, 5)] {
        if let Ok(first) = initial_response(mechanism, user, host, 993, &token) {
            let said = first.expose();
            // Nobody can add a part of their own.
            assert_eq!(said.matches('\x01').count(), parts, "{said:?}");
            assert!(!said.contains(['\r', '\n', '\0']), "{said:?}");
        }
    }

    let offered = imap::Capabilities::parse(&text);
    if let Some(mechanism) = choose(&offered) {
        assert!(offered.mechanisms().any(|one| one == mechanism.as_str()));
    }
    let offered = pop3::Capabilities::parse(&text);
    let _ = offered.mechanism();
    assert!(offered.login_delay().is_none_or(|delay| delay.as_secs() <= 24 * 3600));
});

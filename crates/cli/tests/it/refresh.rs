//! Tokens end, and consents do. The first must go unnoticed; the second must be told.

use std::time::Duration;

use super::mail::plain;
use super::rig::desk::{ALICE, Desk, Options};

#[test]
fn an_access_token_expires_and_nobody_notices() {
    let desk = Desk::start(&Options::default());
    let grant = desk.set_up(3);
    for round in 1..=3 {
        let id = format!("round-{round}@x.example");
        desk.dovecot.deliver(ALICE, &round.to_string(), &plain(&id, "Again", "", "And again.\n"));
        // Whatever is held by now has ended: every round needs another token.
        std::thread::sleep(Duration::from_millis(3500));
        let fetched = desk.outlink.run(&["mail-server", "fetch", "Inbox"]);
        assert_eq!(fetched.code, Some(0), "round {round}: {fetched:?}\n{}", desk.dovecot.log());
        assert_eq!(desk.outlink.list("issue").len(), round, "{}", desk.outlink.log());
        let grant = desk.outlink.json(&["grant", "show", &grant]);
        assert_eq!(grant["state"], "active", "{grant}");
    }
    assert!(desk.provider.count("refresh_token") >= 3, "{}", desk.provider.log());
    // Rotation with reuse detection is on: had one refresh token been shown twice, the consent would be dead.
    assert_eq!(desk.provider.count("refresh_token refused"), 0, "{}", desk.provider.log());
    let refused = desk.dovecot.log().matches("Authentication failed").count();
    assert_eq!(refused, 0, "no expired token was shown to the mail server: {}", desk.dovecot.log());
}

#[test]
fn a_revoked_grant_asks_for_consent_again_and_the_mail_stays() {
    let desk = Desk::start(&Options::default());
    let grant = desk.set_up(3600);
    desk.dovecot.deliver(ALICE, "1", &plain("before@x.example", "Before", "", "Fetched.\n"));
    desk.fetch_until_issues(1);

    desk.provider.revoke(ALICE);
    desk.dovecot.deliver(ALICE, "2", &plain("after@x.example", "After", "", "Kept.\n"));
    let said = desk.outlink.refused(&["mail-server", "fetch", "Inbox"]);
    assert!(said.contains("consent"), "it says what to do: {said}");
    let ended = desk.grant_becomes(&grant, "needs_consent", Duration::from_secs(30));
    assert!(
        ended.to_string().contains("invalid_grant"),
        "the provider's own words are kept: {ended}"
    );
    assert_eq!(desk.outlink.list("issue").len(), 1, "the issues that stand, stand");
    let mailbox = desk.dovecot.mailbox(ALICE);
    assert_eq!(
        mailbox,
        [("1".to_owned(), true), ("2".to_owned(), false)],
        "the mail stays as it is"
    );
    let events = desk.outlink.list("event");
    let told = events.iter().any(|event| event["state"] == "needs_consent");
    assert!(told, "{events:?}");

    // The same grant, anew: whatever hangs on it goes on by itself.
    let offer = desk.outlink.json(&["grant", "authorize", &grant]);
    let page = desk.consent(offer["url"].as_str().expect("an address"), ALICE);
    assert_eq!(page.status, 200, "{page:?}");
    desk.grant_becomes(&grant, "active", Duration::from_secs(5));
    assert_eq!(desk.outlink.list("grant").len(), 1, "no second grant");
    desk.fetch_until_issues(2);
}

#[test]
fn a_grant_without_a_refresh_token_is_kept_and_says_when_it_ends() {
    let desk = Desk::start(&Options::default());
    let client = desk.register(3600, "client_secret_basic");
    desk.create_link("Short", &client, &["--scope", "openid email mail.imap"]);
    let offer = desk.outlink.json(&["link", "authorize", "Short"]);
    let page = desk.consent(offer["url"].as_str().expect("an address"), ALICE);
    assert!(
        page.status == 200 && page.body.contains("refresh token"),
        "it says so, and why: {page:?}"
    );
    let grant = &desk.outlink.list("grant")[0];
    assert_eq!(grant["state"], "active", "{grant}");
    assert_eq!(grant["renewable"], false, "{grant}");
    assert!(grant["expires_at"].is_string(), "{grant}");
}

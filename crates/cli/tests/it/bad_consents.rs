//! Consents that come to nothing: no grant stays behind, and whoever gave it is told why on a page.

use serde_json::Value;

use super::rig::browser::{Browser, Page};
use super::rig::desk::{ALICE, Desk, Options};

/// A desk with a link, and a start page for it.
fn offered(desk: &Desk) -> String {
    let offer = desk.outlink.json(&["link", "authorize", "Work", "--login-hint", ALICE]);
    offer["url"].as_str().expect("an address").to_owned()
}

/// Presses the button of the start page and tells where it leads: the provider, with our `state`.
fn begin(browser: &Browser, start_url: &str) -> (Page, String) {
    let page = browser.get(start_url);
    let begun = browser.submit_once(&page, &[]);
    assert_eq!(begun.status, 303, "{begun:?}");
    let location = reqwest::Url::parse(begun.header("location")).expect("an address");
    let state =
        location.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
    (begun, state)
}

fn ends_badly(desk: &Desk, page: &Page, says: &str) {
    assert!((400..500).contains(&page.status), "{page:?}");
    assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
    assert!(page.body.contains(says), "{says:?} is missing in {page:?}");
    assert!(page.form().is_none(), "the page at the end has no form: {page:?}");
    assert!(desk.outlink.list("grant").is_empty(), "no grant stays behind");
}

#[test]
fn a_consent_that_is_not_given_leaves_nothing_behind() {
    let desk = Desk::start(&Options::default());
    let client = desk.register(3600, "client_secret_basic");
    let link = desk.create_link("Work", &client, &["--issuer", desk.provider.issuer()]);
    let callback = link["redirect_url"].as_str().expect("an address");
    let alice = &desk.alice;

    // Looking at the start page changes nothing, however often a mail scanner does it.
    let start = offered(&desk);
    for _ in 0..3 {
        assert_eq!(alice.get(&start).status, 200);
    }
    assert!(alice.get(&start).body.contains("Work"), "it says for what");

    // A state that nobody handed out.
    let page =
        alice.get(&format!("{callback}?code=c&state=made-up&iss={}", desk.provider.issuer()));
    ends_badly(&desk, &page, "consent");

    // Another browser: the state alone is not enough.
    let (_, state) = begin(alice, &start);
    let mallory = Browser::new(&desk.certs().join("ca.crt"));
    let answer = |code: &str, iss: &str| format!("{callback}?{code}&state={state}&iss={iss}");
    let page = mallory.get(&answer("code=c", desk.provider.issuer()));
    ends_badly(&desk, &page, "another browser");

    // Denied: the person pressed the provider's "cancel".
    let (begun, _) = begin(alice, &start);
    let mut page = alice.get(begun.header("location"));
    while !page.body.contains("/abort\"") {
        page = alice.submit(&page, &[("login", ALICE), ("password", "whatever")]);
    }
    let abort =
        page.body.split('"').find(|text| text.ends_with("/abort")).expect("a way out").to_owned();
    let page = alice.get(page.url.join(&abort).expect("an address").as_str());
    ends_badly(&desk, &page, "denied");

    // An error of another kind, then the same state again: it works once.
    let start = offered(&desk);
    let (_, state) = begin(alice, &start);
    let refused = format!(
        "{callback}?error=server_error&error_description=It+rains&state={state}&iss={}",
        desk.provider.issuer()
    );
    ends_badly(&desk, &alice.get(&refused), "It rains");
    ends_badly(&desk, &alice.get(&refused), "used already");

    // An answer of another issuer, though everything else is right, is not even looked at.
    let start = offered(&desk);
    let (_, state) = begin(alice, &start);
    let mixed_up = format!("{callback}?error=access_denied&state={state}&iss=https://evil.example");
    ends_badly(&desk, &alice.get(&mixed_up), "issuer");

    // An answer to the address of another pair of endpoints.
    let start = offered(&desk);
    let (_, state) = begin(alice, &start);
    let elsewhere = format!("{}/oauth2/callback/AAAAAAAAAAAAAAAAAAAAAA", desk.outlink.base_url);
    let page =
        alice.get(&format!("{elsewhere}?code=c&state={state}&iss={}", desk.provider.issuer()));
    ends_badly(&desk, &page, "address");

    // A code that the provider does not know.
    let start = offered(&desk);
    let (_, state) = begin(alice, &start);
    let page =
        alice.get(&format!("{callback}?code=made-up&state={state}&iss={}", desk.provider.issuer()));
    assert!(page.status >= 400 && page.body.contains("invalid_grant"), "{page:?}");
    assert!(desk.outlink.list("grant").is_empty());

    // After all that, a consent still comes to a grant; and its start page is spent.
    let start = offered(&desk);
    assert_eq!(desk.consent(&start, ALICE).status, 200);
    let grants = desk.outlink.list("grant");
    assert_eq!(grants.len(), 1);
    let page = alice.get(&start);
    assert!(page.status >= 400 && page.form().is_none(), "{page:?}");
}

#[test]
fn whoever_waits_for_a_consent_is_told_how_it_went() {
    let desk = Desk::start(&Options::default());
    let client = desk.register(3600, "client_secret_basic");
    let link = desk.create_link("Work", &client, &[]);
    let callback = link["redirect_url"].as_str().expect("an address").to_owned();

    // `--wait` prints the address first, so that somebody can open it, and the grant at the end.
    let (waiting, start) = desk.outlink.authorize_and_wait("Work");
    let page = desk.consent(&start, ALICE);
    assert_eq!(page.status, 200, "{page:?}");
    let ran = waiting.finish();
    let last = ran.succeeded().lines().last().expect("it prints");
    let told: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    assert_eq!(told["grant"]["state"], "active", "{told}");
    assert!(told["grant"]["identity"].to_string().contains(ALICE), "{told}");

    let (waiting, start) = desk.outlink.authorize_and_wait("Work");
    let (_, state) = begin(&desk.alice, &start);
    desk.alice.get(&format!("{callback}?error=access_denied&state={state}"));
    let ran = waiting.finish();
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("not given"), "{ran:?}");
}

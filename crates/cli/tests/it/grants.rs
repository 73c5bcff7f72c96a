//! Grants without a browser: imported, refreshed, handed to programs, given back and deleted by commands.

use std::time::Duration;

use outlink_model::Secret;
use outlink_practice::TokenState;

use super::rig::bench::{ALICE, Bench};
use super::rig::eventually;

#[test]
fn a_refresh_token_from_elsewhere_becomes_a_grant() {
    let bench = Bench::start();
    let outlink = &bench.outlink;
    bench.create_link("Work", &[]);
    let grant = bench.import("Work");
    let shown = outlink.json(&["grant", "show", &grant]);
    assert_eq!((&shown["state"], &shown["link"]), (&"active".into(), &"Work".into()), "{shown}");

    let before = bench.practice.counters().refreshes;
    let ran = outlink.run(&["grant", "refresh", &grant]);
    assert!(ran.succeeded().contains("active"), "{ran:?}");
    assert_eq!(bench.practice.counters().refreshes, before + 1, "one request, one fresh token");

    bench.practice.revoke_all(ALICE);
    let ran = outlink.run(&["grant", "refresh", &grant]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.stderr.contains("error: ") && ran.stderr.contains("hint: "), "{ran:?}");

    // The list is narrowed by state and by link.
    let listed = |filter: &[&str]| {
        let listed = outlink.json(&[&["grant", "list"], filter].concat());
        listed["items"].as_array().map(Vec::len)
    };
    assert_eq!(listed(&["--state", "needs_consent", "--link", "Work"]), Some(1));
    assert_eq!(listed(&["--link", "Work"]), Some(1));
    assert_eq!(listed(&["--state", "active"]), Some(0));
    let said = outlink.refused(&["grant", "list", "--state", "dead"]);
    assert!(said.contains("needs_consent"), "it says which there are: {said}");
    outlink.refused(&["grant", "list", "--link", "Nowhere"]);

    // What the provider refuses leaves nothing behind.
    let stale = bench.secret_file("stale", &Secret::new("nobody-gave-this-out"));
    let said = outlink.refused(&["grant", "create", "Work", "--refresh-token-file", &stale]);
    assert!(!said.contains("nobody-gave-this-out"), "{said}");
    assert_eq!(outlink.list("grant").len(), 1);
    let said = outlink.refused(&["grant", "create", "Work"]);
    assert!(said.contains("refresh token"), "it says what is missing: {said}");
}

#[test]
fn a_grant_for_the_application_itself_needs_nobody() {
    let bench = Bench::start();
    let more = ["--grant-type", "client_credentials", "--scope", "mail.imap"];
    let secret = bench.secret_file("app", &bench.practice.client_secret);
    let flags = [
        "link",
        "create",
        "--name",
        "App",
        "--provider",
        "custom",
        "--token-endpoint",
        &bench.practice.token_endpoint,
        "--client-id",
        &bench.practice.client_id,
        "--client-secret-file",
        &secret,
    ];
    bench.outlink.json(&[&flags[..], &more].concat());
    let grant = bench.outlink.json(&["grant", "create", "App"]);
    assert_eq!((&grant["state"], &grant["renewable"]), (&"active".into(), &true.into()), "{grant}");
    let said = bench.outlink.refused(&["link", "authorize", "App"]);
    assert!(said.contains("client_credentials"), "nobody consents there: {said}");
}

#[test]
fn access_tokens_go_to_the_program_that_was_named_and_nobody_else() {
    let bench = Bench::start();
    let outlink = &bench.outlink;
    bench.create_link("Work", &[]);
    let (grant, other) = (bench.import("Work"), bench.import("Work"));

    let made = outlink.run(&[
        "token",
        "create",
        "--name",
        "program",
        "--scope",
        "grant_token",
        "--grant",
        &grant,
    ]);
    let token = made.succeeded().trim().to_owned();
    let handed = outlink.run_with(&token, &["grant", "token", &grant, "--min-ttl", "300"]);
    let access = handed.succeeded().strip_suffix('\n').expect("one line");
    assert!(!access.is_empty() && !access.contains(char::is_whitespace), "it stands alone");
    assert!(handed.stderr.is_empty(), "{}", handed.stderr);
    let state = bench.practice.token_state(&Secret::new(access));
    assert!(matches!(state, TokenState::Live), "the provider knows it: {state:?}");
    let whole = outlink.run_with(&token, &["grant", "token", &grant, "--json"]);
    let whole: serde_json::Value = serde_json::from_str(whole.succeeded()).expect("JSON");
    assert_eq!(whole["token_type"], "Bearer");
    assert!(whole["expires_at"].is_string() && whole["scopes"].is_array());

    // Neither an administrator's token nor another grant.
    for refused in [
        outlink.run(&["grant", "token", &grant]),
        outlink.run_with(&token, &["grant", "token", &other]),
        outlink.run_with(&token, &["grant", "show", &grant]),
        outlink.run_with(&token, &["link", "list"]),
    ] {
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused:?}");
        assert!(refused.stderr.starts_with("error: "), "{refused:?}");
    }

    // The record is written within a second or two.
    let kept = eventually("the hand-outs", Duration::from_secs(10), || {
        let listed = outlink.json(&["hand-out", "list", "--grant", &grant]);
        let items = listed["items"].as_array().expect("items").clone();
        let count: u64 = items.iter().filter_map(|item| item["count"].as_u64()).sum();
        (count >= 2).then_some(items)
    });
    assert_eq!(kept[0]["token"], "program", "{kept:?}");
    let shown = outlink.run(&["hand-out", "list"]);
    assert!(
        shown.succeeded().contains("program") && shown.stdout.contains("127.0.0.1"),
        "{shown:?}"
    );
    let listed = outlink.run(&["token", "list"]);
    assert!(listed.succeeded().contains(&grant), "{listed:?}");

    // Grants must be named: without, the scope means nothing.
    let said = outlink.refused(&["token", "create", "--name", "x", "--scope", "grant_token"]);
    assert!(said.contains("grant"), "{said}");
    outlink.run(&["token", "delete", "program"]).succeeded();
    let gone = outlink.run_with(&token, &["grant", "token", &grant]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
}

#[test]
fn a_grant_is_given_back_and_deleted() {
    let bench = Bench::start();
    let outlink = &bench.outlink;
    bench.create_link("Work", &[]);
    let grant = bench.import("Work");
    let made = outlink.run(&[
        "token",
        "create",
        "--name",
        "program",
        "--scope",
        "grant_token",
        "--grant",
        &grant,
    ]);
    let token = made.succeeded().trim().to_owned();

    let said = outlink.refused(&["grant", "restore", &grant]);
    assert!(said.contains("hint: "), "nothing stood before: {said}");
    let revoked = outlink.run(&["grant", "revoke", &grant]);
    assert!(revoked.succeeded().contains("revoked"), "{revoked:?}");
    assert!(revoked.stderr.is_empty(), "the provider took it: {revoked:?}");
    let handed = outlink.run_with(&token, &["grant", "token", &grant]);
    assert_eq!((handed.code, handed.stdout.as_str()), (Some(1), ""), "{handed:?}");
    let deleted = outlink.run(&["grant", "delete", &grant]);
    assert_eq!(deleted.succeeded(), format!("The grant {grant:?} is deleted.\n"));

    // Where the provider has no way to be told, that is said.
    outlink.json(&["link", "edit", "Work", "--revocation-endpoint", ""]);
    let grant = bench.import("Work");
    let revoked = outlink.run(&["grant", "delete", &grant, "--revoke"]);
    assert_eq!(revoked.succeeded(), format!("The grant {grant:?} is deleted.\n"));
    assert!(revoked.stderr.starts_with("warning: "), "{revoked:?}");
    assert!(outlink.list("grant").is_empty());
}

//! The life of a link, by commands: discovered, registered, tested, its secret rolled over, switched off, deleted.

use outlink_model::Secret;
use serde_json::Value;

use super::rig::bench::{Bench, SCOPE};
use super::rig::free_port;

#[test]
fn a_link_is_discovered_registered_changed_and_deleted() {
    let bench = Bench::start();
    let outlink = &bench.outlink;

    let told = outlink.json(&["link", "discover", &bench.practice.issuer]);
    assert_eq!(told["token_endpoint"], bench.practice.token_endpoint, "{told}");

    // The server gives out id and secret by itself; neither is typed anywhere.
    let link = outlink.json(&[
        "link",
        "create",
        "--name",
        "Work",
        "--provider",
        "custom",
        "--discover",
        &bench.practice.issuer,
        "--register",
        "--scope",
        SCOPE,
    ]);
    assert_eq!(link["token_endpoint"], bench.practice.token_endpoint, "{link}");
    assert_eq!(link["revocation_endpoint"], bench.practice.revocation_endpoint, "{link}");
    assert_eq!(
        (&link["direction"], &link["enabled"]),
        (&"outgoing".into(), &true.into()),
        "{link}"
    );
    assert!(link["client_id"].as_str().is_some_and(|id| !id.is_empty()), "{link}");
    assert_eq!(link["client_secrets"].as_array().map(Vec::len), Some(1), "{link}");

    // The second secret stands beside the first, until the end of the day that was named.
    let secret = bench.secret_file("new", &Secret::new("n3w-secret-of-the-test"));
    let edited = outlink.json(&[
        "link",
        "edit",
        "Work",
        "--client-secret-file",
        &secret,
        "--client-secret-expires",
        "2099-05-01",
        "--add",
    ]);
    let secrets = edited["client_secrets"].as_array().expect("secrets");
    assert_eq!(secrets.len(), 2, "{edited}");
    let ends: Vec<&Value> = secrets.iter().map(|secret| &secret["expires_at"]).collect();
    assert!(ends.contains(&&"2099-05-01T23:59:59Z".into()), "{edited}");

    let shown = outlink.run(&["link", "show", "Work"]);
    let shown = shown.succeeded();
    assert!(shown.contains("client_secrets") && shown.contains("2099-05-01"), "{shown}");
    assert!(!shown.contains("n3w-secret"), "a secret is shown: {shown}");

    let edited = outlink.json(&["link", "edit", "Work", "--name", "Office", "--disable"]);
    assert_eq!((&edited["name"], &edited["enabled"]), (&"Office".into(), &false.into()));
    let said = outlink.refused(&["link", "authorize", "Office"]);
    assert!(said.contains("disabled") || said.contains("switched off"), "{said}");
    assert_eq!(outlink.json(&["link", "edit", "Office", "--enable"])["enabled"], true);

    let deleted = outlink.run(&["link", "delete", "Office"]);
    assert_eq!(deleted.succeeded(), "The link \"Office\" is deleted.\n");
    assert!(outlink.list("link").is_empty());
}

#[test]
fn a_link_that_is_in_use_is_deleted_only_with_what_hangs_on_it() {
    let bench = Bench::start();
    let outlink = &bench.outlink;
    bench.create_link("Work", &[]);
    let grant = bench.import("Work");
    let port = bench.practice.imap.port().to_string();
    let server = [
        "mail-server",
        "create",
        "--name",
        "Inbox",
        "--host",
        "localhost",
        "--port",
        &port,
        "--mailbox",
        "alice@example.org",
        "--grant",
        &grant,
    ];
    outlink.json(&server);

    let said = outlink.refused(&["link", "delete", "Work"]);
    assert!(said.contains("Inbox") && said.contains("--with-grants"), "it names them: {said}");
    let said = outlink.refused(&["grant", "delete", &grant]);
    assert!(said.contains("Inbox"), "it names them: {said}");

    let deleted = outlink.run(&["link", "delete", "Work", "--with-grants", "--revoke"]);
    let told = deleted.succeeded();
    assert!(told.contains("and one grant with it") && told.contains(": Inbox"), "{deleted:?}");
    assert!(deleted.stderr.is_empty(), "everything was given back: {deleted:?}");
    assert!(outlink.list("grant").is_empty() && outlink.list("link").is_empty());
    let server = outlink.json(&["mail-server", "show", "Inbox"]);
    assert_eq!(server["paused"], true, "{server}");

    // Another link and another grant, and the mailbox goes on.
    bench.create_link("Again", &[]);
    let grant = bench.import("Again");
    let server = outlink.json(&["mail-server", "edit", "Inbox", "--grant", &grant, "--resume"]);
    assert_eq!(server["paused"], false, "{server}");
    let edited = outlink.json(&["mail-server", "edit", "Inbox", "--poll-seconds", "120"]);
    assert_eq!(edited["poll_seconds"], 120, "{edited}");
    let deleted = outlink.run(&["grant", "delete", &grant, "--detach"]);
    assert!(deleted.succeeded().contains("Inbox"), "{deleted:?}");
}

#[test]
fn a_test_tells_step_by_step_what_works() {
    let bench = Bench::start();
    let outlink = &bench.outlink;
    bench.create_link("Work", &[]);
    let ran = outlink.run(&["link", "test", "Work"]);
    assert!(ran.stdout.starts_with("STATUS"), "{ran:?}");
    let report: Value =
        serde_json::from_str(&outlink.run(&["link", "test", "Work", "--json"]).stdout)
            .expect("JSON either way");
    assert_eq!(ran.code, Some(if report["ok"] == true { 0 } else { 1 }), "{ran:?}");

    // Nobody listens where this one's tokens come from.
    let nowhere = format!("https://localhost:{}/token", free_port());
    let secret = bench.secret_file("dead", &bench.practice.client_secret);
    outlink.json(&[
        "link",
        "create",
        "--name",
        "Dead",
        "--provider",
        "custom",
        "--authorization-endpoint",
        &bench.practice.authorization_endpoint,
        "--token-endpoint",
        &nowhere,
        "--client-id",
        "id",
        "--client-secret-file",
        &secret,
        "--scope",
        SCOPE,
    ]);
    let ran = outlink.run(&["link", "test", "Dead"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let failed = ran.stdout.lines().find(|line| line.starts_with("failed"));
    assert!(failed.is_some_and(|line| line.contains("connect")), "{ran:?}");
    assert!(ran.stdout.contains("skipped"), "what comes after it is not tried: {ran:?}");
    assert!(ran.stderr.contains("does not work yet"), "{ran:?}");
    let ran = outlink.run(&["link", "test", "Dead", "--json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let report: Value =
        serde_json::from_str(&ran.stdout).expect("the report is there all the same");
    assert_eq!(report["ok"], false, "{report}");
}

#[test]
fn providers_and_redirect_urls_are_shown_before_a_link_stands() {
    let bench = Bench::start();
    let outlink = &bench.outlink;
    let shown = outlink.run(&[
        "provider",
        "show",
        "microsoft",
        "--cloud",
        "gcc_high",
        "--tenant",
        "8f1c2a34-0000-4000-8000-1234567890ab",
        "--protocol",
        "imap,smtp",
        "--grant-type",
        "client_credentials",
    ]);
    let page = shown.succeeded();
    for part in [
        "https://login.microsoftonline.us/8f1c2a34-0000-4000-8000-1234567890ab/",
        ".default",
        "How to register there:\n 1. ",
        "PowerShell",
        "New-ServicePrincipal",
    ] {
        assert!(page.contains(part), "{part:?} is missing in {page}");
    }
    let url = outlink.run(&["link", "redirect-url", "--provider", "google"]);
    assert!(url.succeeded().starts_with(&outlink.base_url), "{url:?}");
    assert_eq!(url.stdout.lines().count(), 1, "it stands alone: {url:?}");
    let said = outlink.refused(&["provider", "show", "google", "--grant-type", "nonsense"]);
    assert!(said.contains("nonsense"), "{said}");
}

#[test]
fn what_the_server_warns_of_goes_to_standard_error() {
    let bench = Bench::start();
    let outlink = &bench.outlink;
    bench.create_link("Work", &[]);
    let elsewhere = "https://as.example/authorize";
    let edit = ["link", "edit", "Work", "--authorization-endpoint", elsewhere];
    let ran = outlink.run(&edit);
    assert!(ran.succeeded().contains(elsewhere), "{ran:?}");
    assert!(ran.stderr.contains("warning: The redirect URL has changed."), "{ran:?}");
    assert!(!ran.stdout.contains("warning"), "scripts read standard output: {ran:?}");
    let back = [
        "link",
        "edit",
        "Work",
        "--authorization-endpoint",
        &bench.practice.authorization_endpoint,
        "--json",
    ];
    let ran = outlink.run(&back);
    let told: Value = serde_json::from_str(ran.succeeded()).expect("JSON");
    let warnings = told["warnings"].as_array().expect("a list");
    assert!(!warnings.is_empty(), "programs get them, too: {told}");
    assert_eq!(ran.stderr.lines().count(), warnings.len(), "{ran:?}");

    // What cannot work at all is refused.
    let secret = bench.secret_file("bad", &Secret::new("s"));
    let said = outlink.refused(&[
        "link",
        "create",
        "--name",
        "Bad",
        "--provider",
        "microsoft",
        "--tenant",
        "common",
        "--grant-type",
        "client_credentials",
        "--client-id",
        "id",
        "--client-secret-file",
        &secret,
    ]);
    assert!(said.contains("tenant") && said.contains("hint: "), "{said}");
}

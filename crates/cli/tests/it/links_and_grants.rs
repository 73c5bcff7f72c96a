//! The contract of links and grants, line by line as it is promised to whoever scripts the commands: what is taken,
//! what comes back, and with which exit code. Against npm's `oidc-provider`, which knows nothing of us.

use std::collections::BTreeSet;

use serde_json::Value;

use super::rig::bench::Bench;
use super::rig::desk::{ALICE, Desk, Options, SCOPE};

/// Who can be the one to act.
const ACTORS: [&str; 5] =
    ["nobody", "link_administrator", "tenant_administrator", "mailbox_owner", "operator"];

/// Asserts that a thing has each of these fields, with a value or `null`.
fn has(thing: &Value, fields: &[&str]) {
    for field in fields {
        assert!(thing.get(*field).is_some(), "{field:?} is missing in {thing}");
    }
}

/// Asserts that a report is `{"ok", "steps": [{"id", "status", "message", "hint", "ms"}]}` and agrees with itself.
fn is_report(report: &Value) {
    let steps = report["steps"].as_array().expect("steps");
    assert!(!steps.is_empty(), "{report}");
    for step in steps {
        let fields: BTreeSet<&str> =
            step.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(fields, BTreeSet::from(["hint", "id", "message", "ms", "status"]), "{step}");
        let status = step["status"].as_str().expect("a text");
        assert!(["ok", "failed", "skipped"].contains(&status), "{step}");
        assert!(step["ms"].is_u64() && step["hint"].is_string(), "{step}");
        assert!(step["message"].as_str().is_some_and(|text| !text.is_empty()), "{step}");
        let says_what_to_do = step["hint"].as_str().is_some_and(|hint| !hint.is_empty());
        assert!(status != "failed" || says_what_to_do, "it failed, and nothing is said: {step}");
    }
    let failed = steps.iter().any(|step| step["status"] == "failed");
    assert_eq!(report["ok"], !failed, "{report}");
}

#[test]
fn a_link_and_its_grant_answer_as_promised() {
    let desk = Desk::start(&Options::default());
    let outlink = &desk.outlink;

    // link create … --client-auth client_secret_post --issuer URL
    let client = desk.register(3600, "client_secret_post");
    let issuer = desk.provider.issuer();
    let more = ["--client-auth", "client_secret_post", "--issuer", issuer];
    let link = desk.create_link("Work", &client, &more);
    assert_eq!(link["client_auth"], "client_secret_post", "{link}");
    assert_eq!(link["issuer"], issuer, "{link}");
    has(
        &link,
        &["id", "name", "direction", "enabled", "redirect_url", "client_secrets", "warnings"],
    );

    // link test Work --json
    let report = outlink.json(&["link", "test", "Work"]);
    is_report(&report);
    assert_eq!(report["ok"], true, "{report}");
    let ids: Vec<&str> = report["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .filter_map(|s| s["id"].as_str())
        .collect();
    for id in [
        "base_url",
        "clock",
        "resolve",
        "connect",
        "tls",
        "authorization_endpoint",
        "token_endpoint",
        "client",
        "scope",
        "redirect_url",
    ] {
        assert!(ids.contains(&id), "{id} is missing in {ids:?}");
    }

    // grant show ID --json
    let grant = desk.grant("Work", ALICE)["id"].as_str().expect("an id").to_owned();
    let shown = outlink.json(&["grant", "show", &grant]);
    has(
        &shown,
        &[
            "id",
            "link",
            "identity",
            "state",
            "since",
            "actor",
            "reason",
            "hint",
            "provider_error",
            "scopes",
            "missing_scopes",
            "expires_at",
            "next_refresh_at",
        ],
    );
    assert_eq!((&shown["state"], &shown["identity"]), (&"active".into(), &ALICE.into()), "{shown}");
    assert_eq!(shown["missing_scopes"], Value::Array(Vec::new()), "{shown}");

    // grant refresh ID: 0 only with a fresh token.
    let before = desk.provider.count("refresh_token");
    let expires = shown["expires_at"].clone();
    let refreshed = outlink.json(&["grant", "refresh", &grant]);
    assert_eq!(desk.provider.count("refresh_token"), before + 1);
    assert_ne!(refreshed["expires_at"], expires, "{refreshed}");

    // grant token ID --min-ttl 300: the access token alone.
    let token = outlink.run(&[
        "token",
        "create",
        "--name",
        "p",
        "--scope",
        "grant_token",
        "--grant",
        &grant,
    ]);
    let token = token.succeeded().trim().to_owned();
    let handed = outlink.run_with(&token, &["grant", "token", &grant, "--min-ttl", "300"]);
    let handed = handed.succeeded().trim_end().to_owned();
    assert!(desk.provider.tokens().contains(&handed), "the provider gave it out");

    // link edit Work --client-secret-file F --client-secret-expires 2027-05-01 [--add]
    let file = desk.secret_file("second", "a-second-secret-of-this-test");
    let edit = [
        "link",
        "edit",
        "Work",
        "--client-secret-file",
        &file,
        "--client-secret-expires",
        "2097-05-01",
    ];
    let edited = outlink.json(&[&edit[..], &["--add"]].concat());
    let secrets = edited["client_secrets"].as_array().expect("secrets");
    assert_eq!(secrets.len(), 2, "{edited}");
    for secret in secrets {
        has(secret, &["id", "expires_at", "refused_at", "key_id", "has_certificate", "created_at"]);
    }
    // The provider knows but one of them, and nobody notices.
    outlink.run(&["grant", "refresh", &grant]).succeeded();

    // The owner takes it back: 1, the reason on standard error, and one event that says who must act.
    desk.provider.revoke(ALICE);
    let ran = outlink.run(&["grant", "refresh", &grant, "--json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.stderr.contains("error: ") && ran.stderr.contains("hint: "), "{ran:?}");
    let ended = outlink.json(&["grant", "show", &grant]);
    assert_eq!(ended["state"], "needs_consent", "{ended}");
    assert_eq!(ended["actor"], "mailbox_owner", "{ended}");
    assert!(
        ended["provider_error"].as_str().is_some_and(|e| e.contains("invalid_grant")),
        "{ended}"
    );

    // event list --json
    let events = outlink.json(&["event", "list"]);
    has(&events, &["items", "next"]);
    let items = events["items"].as_array().expect("items");
    for event in items {
        has(event, &["at", "kind", "subject", "state", "actor", "message", "hint"]);
        assert!(event["actor"].as_str().is_some_and(|actor| ACTORS.contains(&actor)), "{event}");
    }
    let told = items.iter().filter(|event| event["state"] == "needs_consent").count();
    assert_eq!(told, 1, "one event for one change: {events}");

    // Nothing that was printed or logged on the way holds a secret.
    let said =
        [link, report, shown, refreshed, edited, ended, events.clone()].map(|v| v.to_string());
    let said = said.join("\n") + &outlink.log();
    for secret in desk.provider.tokens().iter().chain([&client.secret, &token]) {
        assert!(!said.contains(secret.as_str()), "a secret is shown");
    }
    assert!(!said.contains("a-second-secret-of-this-test"), "a secret is shown");
}

#[test]
fn a_link_is_made_from_its_issuer_alone() {
    let desk = Desk::start(&Options::default());
    let outlink = &desk.outlink;
    let issuer = desk.provider.issuer();
    // link create … --discover URL
    let link = outlink.json(&[
        "link",
        "create",
        "--name",
        "Found",
        "--provider",
        "custom",
        "--discover",
        issuer,
        "--register",
        "--scope",
        SCOPE,
    ]);
    assert_eq!(link["authorization_endpoint"], desk.provider.authorization_endpoint(), "{link}");
    assert_eq!(link["token_endpoint"], desk.provider.token_endpoint(), "{link}");
    let report = outlink.json(&["link", "test", "Found"]);
    assert_eq!(report["ok"], true, "the registration works: {report}");
    let grant = desk.grant("Found", ALICE);
    assert_eq!((&grant["state"], &grant["identity"]), (&"active".into(), &ALICE.into()), "{grant}");

    // link create … --provider microsoft --cloud gcc_high --tenant ID --protocol imap,smtp
    let secret = desk.secret_file("gov", "s");
    let tenant = "8f1c2a34-0000-4000-8000-1234567890ab";
    let link = outlink.json(&[
        "link",
        "create",
        "--name",
        "Gov",
        "--provider",
        "microsoft",
        "--cloud",
        "gcc_high",
        "--tenant",
        tenant,
        "--protocol",
        "imap,smtp",
        "--client-id",
        "id",
        "--client-secret-file",
        &secret,
    ]);
    assert_eq!((&link["cloud"], &link["tenant"]), (&"gcc_high".into(), &tenant.into()), "{link}");
    let scope = link["scope"].as_str().expect("a scope");
    for part in ["offline_access", "IMAP.AccessAsUser.All", "SMTP.Send", "office365.us"] {
        assert!(scope.contains(part), "{part} is missing in {scope}");
    }
}

#[test]
fn a_grant_without_a_browser_answers_as_promised() {
    let bench = Bench::start();
    bench.create_link("Work", &[]);
    // grant create Work --refresh-token-file F --json
    let id = bench.import("Work");
    let grant = bench.outlink.json(&["grant", "show", &id]);
    assert_eq!(grant["state"], "active", "{grant}");
    has(&grant, &["subject", "refresh_expires_at", "has_previous", "locked", "renewable"]);
    let report = bench.outlink.run(&["link", "test", "Work", "--json"]);
    is_report(&serde_json::from_str(&report.stdout).expect("JSON"));
}

//! Webhooks by commands, and what arrives at them.

use std::time::Duration;

use outlink_practice::{Receiver, Reply};

use super::rig::bench::{ALICE, Bench};

#[test]
fn a_webhook_is_told_what_goes_wrong() {
    let bench = Bench::start();
    let outlink = &bench.outlink;
    let receiver = bench.runtime.block_on(Receiver::start()).expect("it starts");
    let made = outlink.run(&["webhook", "create", "--name", "ops", "--to", &receiver.url("/in")]);
    let secret = made.succeeded().lines().find_map(|line| line.strip_prefix("secret"));
    let secret = secret.expect("the secret is shown once").trim().to_owned();
    assert!(secret.starts_with("whsec_"), "{made:?}");
    assert!(made.stderr.contains("not shown again"), "{made:?}");
    for shown in [outlink.run(&["webhook", "show", "ops"]), outlink.run(&["webhook", "list"])] {
        assert!(shown.succeeded().contains("/in") && !shown.stdout.contains(&secret), "{shown:?}");
    }

    let tested = outlink.run(&["webhook", "test", "ops"]);
    assert_eq!(tested.succeeded(), "The webhook \"ops\" took the test event.\n");
    let came = receiver.received();
    assert_eq!(came.len(), 1);
    assert!(came[0].header("webhook-signature").is_some(), "{came:?}");
    receiver.next_replies(1, &Reply::Status(500));
    let said = outlink.refused(&["webhook", "test", "ops"]);
    assert!(said.contains("500"), "the receiver's answer is told: {said}");

    // A grant that ends is told there without anybody asking.
    bench.create_link("Work", &[]);
    let grant = bench.import("Work");
    bench.practice.revoke_all(ALICE);
    outlink.refused(&["grant", "refresh", &grant]);
    let told = bench.runtime.block_on(receiver.wait_for(3, Duration::from_secs(20)));
    let told: Vec<_> = told.iter().map(|came| String::from_utf8_lossy(&came.body)).collect();
    assert!(told.iter().any(|body| body.contains("needs_consent")), "{told:?}");
    let listed = outlink.json(&["event", "list", "--class", "health"]);
    let items = listed["items"].as_array().expect("items");
    assert!(!items.is_empty() && items.iter().all(|event| event["class"] == "health"), "{listed}");

    let edited = outlink.json(&["webhook", "edit", "ops", "--disable"]);
    assert_eq!(edited["enabled"], false, "{edited}");
    let deleted = outlink.run(&["webhook", "delete", "ops"]);
    assert_eq!(deleted.succeeded(), "The webhook \"ops\" is deleted.\n");
    assert!(outlink.list("webhook").is_empty());
    let said = outlink.refused(&["webhook", "create", "--name", "x", "--to", "ftp://x.example"]);
    assert!(said.contains("https"), "{said}");
}

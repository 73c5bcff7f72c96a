//! Consents for machines without a browser (RFC 8628): a code is shown here and typed somewhere else.

use std::time::Duration;

use super::rig::bench::{ALICE, Bench};
use super::rig::eventually;

#[test]
fn a_code_that_is_typed_elsewhere_becomes_a_grant() {
    let bench = Bench::start();
    bench.practice.set(|settings| settings.device_interval = Duration::from_secs(1));
    let outlink = &bench.outlink;
    bench.create_link("Rack", &["--grant-type", "device_code"]);

    let offer = outlink.json(&["link", "authorize", "Rack"]);
    let device = &offer["device"];
    assert!(offer.get("url").is_none_or(serde_json::Value::is_null), "{offer}");
    let code = device["user_code"].as_str().expect("a code");
    assert!(device["verification_uri"].as_str().is_some_and(|uri| uri.starts_with("http")));
    assert!(bench.practice.approve_device(code, ALICE), "{offer}");
    let grant = eventually("the grant", Duration::from_secs(30), || outlink.list("grant").pop());
    assert_eq!((&grant["identity"], &grant["state"]), (&ALICE.into(), &"active".into()), "{grant}");

    // For people: address and code, and no picture where there is no terminal.
    let shown = outlink.run(&["grant", "authorize", grant["id"].as_str().expect("an id")]);
    let lines: Vec<&str> = shown.succeeded().lines().collect();
    assert_eq!(lines.len(), 2, "{shown:?}");
    assert!(
        lines[0].starts_with("address  http") && lines[1].starts_with("code     "),
        "{shown:?}"
    );
    assert!(!shown.stdout.contains('\u{1b}'), "no colours in a pipe: {shown:?}");
}

#[test]
fn a_command_waits_for_the_code_to_be_typed_or_refused() {
    let bench = Bench::start();
    bench.practice.set(|settings| settings.device_interval = Duration::from_secs(1));
    bench.create_link("Rack", &["--grant-type", "device_code"]);

    let (mut waiting, _) = bench.outlink.authorize_and_wait("Rack");
    assert!(bench.practice.approve_device(&waiting.line(), ALICE));
    let ran = waiting.finish();
    let told: serde_json::Value = serde_json::from_str(ran.succeeded()).expect("the grant alone");
    assert_eq!(told["grant"]["identity"], ALICE, "{ran:?}");

    let (mut waiting, _) = bench.outlink.authorize_and_wait("Rack");
    assert!(bench.practice.deny_device(&waiting.line()));
    let ran = waiting.finish();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.stderr.contains("error: The consent was not given"), "{ran:?}");
}

//! Handlers by commands: made, tried, put in order, changed; and what they left is handled anew.

use super::mail;
use super::rig::bench::{ALICE, Bench};

/// A bench with a mailbox and two projects, and mail in it: one to Alice, one to a list of sales.
fn ready() -> Bench {
    let bench = Bench::start();
    let outlink = &bench.outlink;
    bench.create_link("Work", &[]);
    let grant = bench.import("Work");
    for (key, name) in [("SUP", "Support"), ("SAL", "Sales")] {
        outlink.json(&["project", "create", key, "--name", name]);
    }
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
        ALICE,
        "--grant",
        &grant,
        "--take",
        "all",
    ];
    outlink.json(&server);
    let support = mail::plain("<a@customer.example>", "The printer is on fire", "", "Help!");
    assert!(bench.practice.deliver(ALICE, support));
    let more = "Cc: Sales <sales@example.org>\r\n";
    let sales = mail::plain("<b@customer.example>", "An order", more, "Ten of them, please.");
    assert!(bench.practice.deliver(ALICE, sales));
    bench
}

#[test]
fn handlers_are_tried_put_in_order_and_set_to_work() {
    let bench = ready();
    let outlink = &bench.outlink;
    let support = [
        "handler",
        "create",
        "--name",
        "Support",
        "--mail-server",
        "Inbox",
        "--project",
        "SUP",
        "--disabled",
        "--issue-type",
        "Incident",
    ];
    let made = outlink.json(&support);
    assert_eq!((&made["enabled"], &made["issue_type"]), (&false.into(), &"Incident".into()));
    let sales = [
        "handler",
        "create",
        "--name",
        "Sales",
        "--mail-server",
        "Inbox",
        "--project",
        "SAL",
        "--disabled",
        "--catch",
        "Sales@example.org",
        "--deny",
        "spam.example",
    ];
    assert_eq!(outlink.json(&sales)["catch"][0], "sales@example.org");
    let bad = outlink.refused(&["handler", "edit", "Sales", "--split", "(open"]);
    assert!(bad.contains("(open") && bad.contains("hint: "), "{bad}");
    let nothing = outlink.refused(&["handler", "edit", "Sales"]);
    assert!(nothing.contains("Nothing was named"), "{nothing}");

    let tried = outlink.run(&["handler", "try", "Sales", "--newest", "5"]);
    let page = tried.succeeded();
    assert!(page.starts_with("OUTCOME"), "{page}");
    assert!(page.contains("created    SAL-1  Sales"), "{page}");
    assert!(page.contains("left by Sales: Sales takes mail to sales@example.org alone."), "{page}");
    let file = outlink.dir().join("mail.eml");
    let raw =
        mail::plain("<c@customer.example>", "By file", "Auto-Submitted: auto-replied\r\n", "Away.");
    std::fs::write(&file, raw).expect("written");
    let tried = outlink.json(&["handler", "try", "Support", "--file", &file.display().to_string()]);
    assert_eq!(tried["items"][0]["outcome"], "rejected", "{tried}");
    assert!(outlink.list("message").is_empty(), "a trial writes nothing");

    let order = ["handler", "order", "--mail-server", "Inbox", "Sales", "Support"];
    let ordered = outlink.json(&order);
    assert_eq!(ordered["items"][0]["name"], "Sales", "{ordered}");
    // A poll of its own would take the mail before it is tried.
    outlink.json(&["mail-server", "pause", "Inbox"]);
    for name in ["Sales", "Support"] {
        assert_eq!(outlink.json(&["handler", "edit", name, "--enable"])["enabled"], true);
    }
    let tried = outlink.json(&["handler", "try", "--mail-server", "Inbox"]);
    outlink.json(&["mail-server", "resume", "Inbox"]);
    let taken: Vec<_> =
        tried["items"].as_array().expect("items").iter().map(|item| &item["issue"]).collect();
    assert_eq!(taken, ["SAL-1", "SUP-1"], "{tried}");
    let fetched = outlink.json(&["mail-server", "fetch", "Inbox"]);
    assert!(fetched["created"] == 2 || outlink.list("issue").len() == 2, "{fetched}");
    let deleted = outlink.run(&["handler", "delete", "Sales"]);
    assert!(deleted.succeeded().contains("What it made stays."), "{deleted:?}");
    assert_eq!(outlink.list("issue").len(), 2);
}

#[test]
fn the_log_is_searched_and_what_was_left_is_handled_anew() {
    let bench = ready();
    let outlink = &bench.outlink;
    let support = [
        "handler",
        "create",
        "--name",
        "Support",
        "--mail-server",
        "Inbox",
        "--project",
        "SUP",
        "--catch",
        "elsewhere@example.org",
    ];
    outlink.json(&support);
    outlink.json(&["mail-server", "fetch", "Inbox"]);
    let found = |more: &[&str]| {
        let listed = outlink.json(&[&["message", "list"], more].concat());
        listed["items"].as_array().expect("items").clone()
    };
    assert_eq!(found(&["--outcome", "unhandled"]).len(), 2);
    assert_eq!(found(&["--from", "carol@customer.example", "--text", "printer"]).len(), 1);
    assert_eq!(found(&["--since", "2020-01-01", "--until", "2020-12-31"]).len(), 0);
    assert_eq!(found(&["--handler", "Support"]).len(), 0);
    let id = found(&["--text", "printer"])[0]["id"].as_str().expect("an id").to_owned();

    outlink.json(&["sender-rule", "add", "deny", "customer.example"]);
    let denied = outlink.json(&["message", "replay", &id]);
    assert_eq!(denied["outcome"], "rejected", "{denied}");
    let listed = outlink.run(&["sender-rule", "list", "--list", "deny"]);
    assert!(listed.succeeded().contains("customer.example"), "{listed:?}");
    let off = outlink.run(&["sender-rule", "delete", "customer.example"]);
    assert_eq!(off.succeeded(), "The rule \"customer.example\" is off its list.\n");
    outlink.json(&["handler", "edit", "Support", "--catch", ""]);
    let replayed = outlink.json(&["message", "replay", &id]);
    assert_eq!((&replayed["outcome"], &replayed["issue"]), (&"created".into(), &"SUP-1".into()));
    let said = outlink.refused(&["message", "replay", &id]);
    assert!(said.contains("has become something already"), "{said}");

    let moved = outlink.run(&["issue", "move", "SUP-1", "--project", "SAL"]);
    assert!(moved.succeeded().starts_with("SAL-1  The printer is on fire"), "{moved:?}");
    assert_eq!(outlink.json(&["issue", "close", "SUP-1"])["status"], "resolved");
    assert_eq!(outlink.json(&["issue", "reopen", "SAL-1"])["status"], "open");
}

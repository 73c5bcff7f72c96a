//! Deliveries by commands: listed, shown, tried again, deleted.

use std::time::Duration;

use serde_json::Value;

use super::mail;
use super::rig::bench::{ALICE, Bench, SCOPE};
use super::rig::eventually;

/// A bench whose new persons are told, by way of an outgoing server that is paused; and three of them have written.
fn three_wait() -> Bench {
    let bench = Bench::start();
    let outlink = &bench.outlink;
    bench.create_link("Work", &[]);
    outlink.json(&["link", "edit", "Work", "--scope", &format!("{SCOPE} mail.smtp")]);
    let grant = bench.import_with("Work", &format!("{SCOPE} mail.smtp"));
    outlink.json(&["project", "create", "SUP", "--name", "Support"]);
    let (imap, smtp) =
        (bench.practice.imap.port().to_string(), bench.practice.smtp.port().to_string());
    let server = ["mail-server", "create", "--host", "localhost", "--mailbox", ALICE];
    let inbox = ["--name", "Inbox", "--port", &imap, "--grant", &grant, "--take", "all"];
    outlink.json(&[&server, inbox.as_slice()].concat());
    let out = ["--name", "Out", "--protocol", "smtp", "--port", &smtp, "--grant", &grant];
    let made = outlink.json(&[&server, out.as_slice()].concat());
    assert_eq!(made["direction"], "outgoing", "{made}");
    outlink.json(&["mail-server", "pause", "Out"]);
    let handler = ["handler", "create", "--name", "Support", "--mail-server", "Inbox"];
    let settings = ["--project", "SUP", "--outgoing", "Out", "--notify", "true"];
    let made = outlink.json(&[&handler, settings.as_slice()].concat());
    assert_eq!(made["notify"], true, "{made}");
    for name in ["ann", "ben", "cem"] {
        let raw = mail::plain(&format!("{name}@x.example"), &format!("From {name}"), "", "Help!\n");
        let raw = String::from_utf8(raw).expect("text").replace("carol@", &format!("{name}@"));
        assert!(bench.practice.deliver(ALICE, raw.into_bytes()));
    }
    eventually("three deliveries", Duration::from_secs(20), || {
        outlink.run(&["mail-server", "fetch", "Inbox"]);
        (outlink.list("delivery").len() == 3).then_some(())
    });
    bench
}

fn items(bench: &Bench, filter: &[&str]) -> Vec<Value> {
    let listed = bench.outlink.json(&[&["delivery", "list"], filter].concat());
    listed["items"].as_array().expect("items").clone()
}

#[test]
fn deliveries_are_found_by_what_they_are_about_and_sent_or_deleted() {
    let bench = three_wait();
    let outlink = &bench.outlink;
    assert_eq!(items(&bench, &["--state", "waiting", "--mail-server", "Out"]).len(), 3);
    assert_eq!(items(&bench, &["--state", "sent"]).len(), 0);
    let of_issue = items(&bench, &["--issue", "SUP-2"]);
    assert_eq!((of_issue.len(), &of_issue[0]["issue"]), (1, &"SUP-2".into()));
    let message = of_issue[0]["message"].as_str().expect("it is about a message");
    assert_eq!(items(&bench, &["--message", message]), of_issue);
    let first = outlink.json(&["delivery", "list", "--limit", "2"]);
    let next = first["next"].as_str().expect("there is more");
    let rest = items(&bench, &["--limit", "2", "--after", next]);
    assert_eq!((first["items"].as_array().map(Vec::len), rest.len()), (Some(2), 1));
    let shown = outlink.run(&["delivery", "list"]);
    let table = shown.succeeded();
    assert!(table.starts_with("STATE") && table.contains("ann@customer.example"), "{table}");

    let id = of_issue[0]["id"].as_str().expect("an id");
    let one = outlink.run(&["delivery", "show", id]);
    assert!(one.succeeded().contains("SUP-2"), "what it says: {one:?}");
    let deleted = outlink.run(&["delivery", "delete", id]);
    assert_eq!(deleted.succeeded(), format!("The delivery {id} is deleted.\n"));
    for refused in [
        ["delivery", "show", id],
        ["delivery", "retry", id],
        ["delivery", "delete", id],
        ["delivery", "show", "nonsense"],
    ] {
        let said = outlink.refused(&refused);
        assert!(said.contains("hint: "), "{said}");
    }
    let said = outlink.refused(&["delivery", "list", "--state", "lost"]);
    assert!(said.contains("lost") && said.contains("waiting"), "{said}");

    outlink.json(&["mail-server", "resume", "Out"]);
    let sent = eventually("the two others", Duration::from_secs(20), || {
        let sent = items(&bench, &["--state", "sent"]);
        (sent.len() == 2).then_some(sent)
    });
    let taken = bench.practice.outgoing();
    assert_eq!(taken.len(), 2, "what was deleted is not sent");
    for mail in &taken {
        let raw = String::from_utf8_lossy(&mail.raw);
        assert!(sent.iter().any(|one| mail.to == [one["to"].as_str().expect("an address")]));
        assert!(raw.contains("SUP-"), "{raw}");
    }
    let said = outlink.refused(&["delivery", "retry", sent[0]["id"].as_str().expect("an id")]);
    assert!(said.contains("sent"), "what was sent is not sent twice: {said}");
}

#[test]
fn what_a_handler_sends_takes_a_server_that_sends() {
    let bench = three_wait();
    let outlink = &bench.outlink;
    let said = outlink.refused(&["handler", "edit", "Support", "--outgoing", "Inbox"]);
    assert!(said.contains("Inbox") && said.contains("smtp"), "{said}");
    let said = outlink.refused(&["handler", "edit", "Support", "--outgoing", ""]);
    assert!(said.contains("hint: "), "new persons are still to be told: {said}");
    let off = ["handler", "edit", "Support", "--outgoing", "", "--notify", "false"];
    assert_eq!(outlink.json(&off)["outgoing_id"], Value::Null);
    let said = outlink.refused(&["mail-server", "edit", "Out", "--protocol", "imap"]);
    assert!(said.contains("SMTP") && said.contains("hint: "), "{said}");
    // Whoever names the link of its grant says that its tokens may go to the new address.
    let moved = ["mail-server", "edit", "Out", "--host", "127.0.0.1"];
    assert!(outlink.refused(&moved).contains("hint: "), "neither grant nor password");
    let moved = outlink.json(&[&moved, ["--link", "Work"].as_slice()].concat());
    assert_eq!(moved["host"], "127.0.0.1", "{moved}");
    assert!(moved["authorization"].is_object(), "a consent is asked for: {moved}");
    let said = outlink.refused(&["mail-server", "edit", "Out", "--folder", "INBOX", "--no-idle"]);
    assert!(said.contains("hint: "), "nothing is fetched there: {said}");
}

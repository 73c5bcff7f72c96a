//! Mail servers and messages that do not work: each says what is wrong and what to do, and holds nothing else up.

use std::net::TcpListener;

use serde_json::Value;

use super::mail::plain;
use super::rig::desk::{ALICE, Desk, Options};
use super::rig::dovecot::{Dovecot, Setup};
use super::rig::eventually;

/// Tests a server that does not work. The step with this id must be the first that failed.
fn fails_at(desk: &Desk, server: &str, step: &str, says: &str) {
    let ran = desk.outlink.run(&["mail-server", "test", server, "--json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let tested: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    assert_eq!(tested["ok"], false, "{tested}");
    let steps = tested["steps"].as_array().expect("steps");
    let failed =
        steps.iter().find(|found| found["status"] == "failed").expect("a step that failed");
    assert_eq!(failed["id"], step, "{tested}");
    let message = failed["message"].as_str().expect("a sentence");
    assert!(message.contains(says), "{says:?} is missing in {failed}");
    assert!(!failed["hint"].as_str().expect("a hint").is_empty(), "{failed}");
    assert!(steps.last().is_some_and(|last| last["status"] == "skipped"), "{tested}");
    // A fetch says the same.
    desk.outlink.json(&[
        "handler",
        "create",
        "--name",
        server,
        "--mail-server",
        server,
        "--project",
        "SUP",
    ]);
    let said = desk.outlink.refused(&["mail-server", "fetch", server]);
    assert!(said.contains(says), "{says:?} is missing in {said}");
    let page = desk.outlink.post(
        &format!("mail-servers/{}/fetch", server.replace(' ', "%20")),
        &serde_json::json!({}),
    );
    assert_eq!(super::rig::browser::problem_code(&page), "fetch_failed", "{page:?}");
}

#[test]
fn a_mail_server_that_does_not_work_says_which_step_fails() {
    let desk = Desk::start(&Options::default());
    let client = desk.register(3600, "client_secret_basic");
    desk.create_link("Work", &client, &[]);
    let grant = desk.grant("Work", ALICE)["id"].as_str().expect("an id").to_owned();
    desk.outlink.json(&["project", "create", "SUP", "--name", "Support"]);

    let closed =
        TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    desk.create_server("Closed", ALICE, &grant, &["--port", &closed.to_string()]);
    fails_at(&desk, "Closed", "connect", "localhost");

    desk.create_server("Forbidden", ALICE, &grant, &["--host", "10.255.255.1"]);
    fails_at(&desk, "Forbidden", "resolve", "10.255.255.1");

    for certificate in ["stranger", "wrongname", "expired"] {
        let dir = desk.dir().join(format!("dovecot-{certificate}"));
        let setup =
            Setup { mechanisms: "xoauth2", certificate, provider_port: desk.provider.port() };
        let dovecot = Dovecot::start(&dir, &desk.certs(), &setup);
        desk.create_server(certificate, ALICE, &grant, &["--port", &dovecot.port.to_string()]);
        fails_at(&desk, certificate, "tls", "certificate");
    }

    // Alice's token does not open Bob's mailbox.
    desk.create_server("Bob", "bob@example.org", &grant, &[]);
    fails_at(&desk, "Bob", "sign_in", "refuse");
    desk.create_server("No folder", ALICE, &grant, &["--folder", "Nope"]);
    fails_at(&desk, "No folder", "folder", "Nope");
    assert!(desk.outlink.list("message").is_empty());

    // What is refused at creation stays away.
    let before = desk.outlink.list("mail-server").len();
    let flags = [
        "mail-server",
        "create",
        "--name",
        "Closed",
        "--host",
        "localhost",
        "--mailbox",
        ALICE,
        "--grant",
    ];
    let said = desk.outlink.refused(&[&flags[..], &[grant.as_str()]].concat());
    assert!(said.contains("already"), "{said}");
    let said = desk.outlink.refused(&[&flags[..], &["nobody@example.org"]].concat());
    assert!(said.contains("nobody@example.org"), "{said}");
    assert_eq!(desk.outlink.list("mail-server").len(), before);
}

#[test]
fn a_message_that_cannot_be_handled_is_quarantined_and_the_next_goes_on() {
    let desk = Desk::start(&Options::default());
    desk.set_up(3600);
    let automatic = "Auto-Submitted: auto-replied\r\n";
    desk.dovecot.deliver(ALICE, "1-empty", b"");
    desk.dovecot.deliver(ALICE, "2-large", &large(51 * 1024 * 1024));
    desk.dovecot.deliver(
        ALICE,
        "3-away",
        &plain("away@x.example", "Out of office", automatic, "Gone fishing.\n"),
    );
    desk.dovecot.deliver(
        ALICE,
        "4-good",
        &plain("good@x.example", "Good", "", "And the next goes on.\n"),
    );
    desk.dovecot.deliver(
        ALICE,
        "5-bytes",
        &(0..=255).cycle().skip(9).take(5000).collect::<Vec<u8>>(),
    );

    let messages = eventually("five messages", std::time::Duration::from_secs(60), || {
        desk.outlink.run(&["mail-server", "fetch", "Inbox"]);
        let messages = desk.outlink.list("message");
        (messages.len() == 5).then_some(messages)
    });
    let quarantined: Vec<&Value> =
        messages.iter().filter(|message| message["outcome"] == "quarantined").collect();
    assert_eq!(quarantined.len(), 3, "{messages:?}");
    for message in &quarantined {
        assert!(
            message["reason"].as_str().is_some_and(|reason| reason.len() > 10),
            "it says why: {message}"
        );
    }
    assert!(
        quarantined.iter().any(|message| message["reason"].to_string().contains("octets")),
        "{quarantined:?}"
    );
    let rejected =
        messages.iter().find(|message| message["outcome"] == "rejected").expect("one is rejected");
    assert_eq!(rejected["message_id"], "away@x.example");
    let issues = desk.outlink.list("issue");
    assert_eq!(issues.len(), 1, "{issues:?}");
    assert_eq!(issues[0]["summary"], "Good");
    // Every one of them counts as dealt with: none is fetched twice.
    let again = desk.outlink.json(&["mail-server", "fetch", "Inbox"]);
    assert_eq!(again["fetched"], 0, "{again}");
    assert_eq!(desk.outlink.list("message").len(), 5);
}

fn large(size: usize) -> Vec<u8> {
    let line = b"All work and no play makes a large message, and a dull one at that.\r\n";
    let mut message = plain("large@x.example", "Large", "", "");
    while message.len() < size {
        message.extend_from_slice(line);
    }
    message
}

//! Staying connected to a mail server that we did not write.

use std::time::{Duration, Instant};

use serde_json::json;

use super::dovecot::{add, with_grant};
use super::mail::plain;
use super::rig::desk::{ALICE, Desk, Options};
use super::rig::eventually;

/// A server that tells of new mail.
fn watching(access_ttl: u32, poll_seconds: u32) -> Desk {
    let (desk, grant) = with_grant(&Options::default(), access_ttl);
    add(&desk, "Box", &grant, &json!({ "idle": true, "poll_seconds": poll_seconds }));
    eventually("a session that waits", Duration::from_secs(30), || {
        let shown = desk.outlink.json(&["mail-server", "show", "Box"]);
        (shown["health"]["state"] == "ok").then_some(())
    });
    desk
}

fn logins(desk: &Desk) -> usize {
    desk.dovecot.log().matches("imap-login: Info: Login:").count()
}

fn deliver_and_wait(desk: &Desk, number: usize, limit: Duration) {
    let mail = plain(&format!("{number}@x.example"), &format!("No. {number}"), "", "News.\n");
    desk.dovecot.deliver(ALICE, &number.to_string(), &mail);
    eventually("the issue", limit, || (desk.outlink.list("issue").len() == number).then_some(()));
}

#[test]
fn mail_becomes_an_issue_as_it_comes() {
    let mut desk = watching(3600, 3600);
    for number in 1..=3 {
        deliver_and_wait(&desk, number, Duration::from_secs(3));
    }
    assert_eq!(logins(&desk), 1, "in one session: {}", desk.dovecot.log());
    eventually("the flags", Duration::from_secs(5), || {
        desk.dovecot.mailbox(ALICE).iter().all(|(_, seen)| *seen).then_some(())
    });
    let began = Instant::now();
    assert_eq!(desk.outlink.stop().code(), Some(0), "{}", desk.outlink.log());
    assert!(began.elapsed() < Duration::from_secs(3), "a session that waits holds up no stop");
}

#[test]
fn a_mail_server_that_is_restarted_and_tokens_that_end_go_unnoticed() {
    let mut desk = watching(3, 2);
    deliver_and_wait(&desk, 1, Duration::from_secs(5));
    // The token of the session has ended long since; the next session needs another one.
    std::thread::sleep(Duration::from_secs(4));
    let kicked = desk.dovecot.doveadm(&["kick", ALICE], b"");
    assert!(kicked.contains(ALICE) || kicked.is_empty(), "{kicked}");
    deliver_and_wait(&desk, 2, Duration::from_secs(20));
    let shown = desk.outlink.json(&["mail-server", "show", "Box"]);
    assert_eq!(shown["health"]["state"], "ok", "{shown}");
    let events = desk.outlink.list("event");
    assert!(events.iter().all(|event| event["kind"] != "mail_server.failing"), "{events:?}");
    assert!(desk.provider.count("refresh_token") >= 1);
    assert_eq!(desk.provider.count("refresh_token refused"), 0);
    assert_eq!(desk.outlink.stop().code(), Some(0));
}

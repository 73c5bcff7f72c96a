//! Mail in by POP3, from a mail server that we did not write.

use serde_json::json;

use super::dovecot::{add, taken, with_grant};
use super::mail::plain;
use super::rig::desk::{ALICE, Desk, Options};

fn deliver(desk: &Desk, id: &str) {
    let mail = plain(&format!("{id}@x.example"), &format!("Matter {id}"), "", ".\n..\nDots.\n");
    desk.dovecot.deliver(ALICE, id, &mail);
}

fn fetch(desk: &Desk) -> u64 {
    let fetched = desk.outlink.json(&["mail-server", "fetch", "Drop"]);
    fetched["fetched"].as_u64().unwrap_or_else(|| panic!("{fetched}"))
}

#[test]
fn kept_messages_count_once_and_deleted_ones_are_gone() {
    let (desk, grant) = with_grant(&Options::default(), 3600);
    let fields = json!({ "protocol": "pop3", "port": desk.dovecot.pop3_port });
    add(&desk, "Drop", &grant, &fields);
    for id in ["a", "b", "c"] {
        deliver(&desk, id);
    }
    assert_eq!((fetch(&desk), fetch(&desk), fetch(&desk)), (3, 0, 0));
    deliver(&desk, "d");
    assert_eq!((fetch(&desk), fetch(&desk)), (1, 0));
    let body = desk.outlink.json(&["issue", "show", "SUP-1"])["description"].to_string();
    assert!(body.contains(".\\n..\\nDots."), "dots come as they were sent: {body}");
    assert_eq!(desk.dovecot.mailbox(ALICE).len(), 4, "they stay");

    // The server names its messages anew: what was known is known by what it is.
    desk.dovecot.doveadm(&["mailbox", "update", "-u", ALICE, "--uid-validity", "77", "INBOX"], b"");
    assert_eq!(fetch(&desk), 0);
    assert_eq!(desk.outlink.list("issue").len(), 4);

    desk.outlink.json(&["mail-server", "edit", "Drop", "--delete-handled"]);
    deliver(&desk, "e");
    taken(&desk, "Drop", 5);
    let left = desk.dovecot.mailbox(ALICE);
    assert!(left.iter().all(|(name, _)| name != "e"), "{left:?}");
    assert_eq!(fetch(&desk), 0);
    assert_eq!(desk.outlink.list("message").len(), 5);
}

#[test]
fn old_mail_is_told_from_new_by_its_header_and_stays_old_when_it_is_renamed() {
    let (desk, grant) = with_grant(&Options::default(), 3600);
    let fields = json!({
        "protocol": "pop3", "port": desk.dovecot.pop3_port, "take": "since", "since": "2026-11-15T00:00:00Z",
    });
    let deliver_at = |id: &str, day: u32| {
        let received =
            format!("Received: from a.example by b.example; {day} Nov 2026 09:00:00 +0000\r\n");
        let mail = plain(&format!("{id}@x.example"), &format!("Matter {id}"), &received, "Text\n");
        desk.dovecot.deliver(ALICE, id, &mail);
    };
    for n in 0..40 {
        deliver_at(&format!("old{n}"), 1);
    }
    deliver_at("new1", 16);
    deliver_at("new2", 17);
    add(&desk, "Drop", &grant, &fields);
    taken(&desk, "Drop", 2);
    assert_eq!(fetch(&desk), 0);
    deliver_at("moved", 1);
    assert_eq!(fetch(&desk), 1, "its name was not there before");
    desk.dovecot.doveadm(&["mailbox", "update", "-u", ALICE, "--uid-validity", "77", "INBOX"], b"");
    deliver_at("new3", 18);
    assert_eq!(fetch(&desk), 1);
    let note = desk.outlink.json(&["mail-server", "show", "Drop"])["health"]["note"].to_string();
    assert!(note.contains("41 of the messages"), "{note}");
    assert_eq!(fetch(&desk), 0);
    assert_eq!((desk.outlink.list("message").len(), desk.dovecot.mailbox(ALICE).len()), (4, 44));
}

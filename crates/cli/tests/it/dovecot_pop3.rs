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

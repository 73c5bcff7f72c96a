//! Mail in, against a mail server that we did not write: every way to reach it, folders, what is done with what was
//! handled, and what it says when it will not.

use std::time::Duration;

use serde_json::{Value, json};

use super::mail::{message, plain};
use super::rig::desk::{ALICE, Desk, Options};
use super::rig::eventually;

/// A desk with a link, Alice's grant and a project. Tells the grant's id.
pub(crate) fn with_grant(options: &Options<'_>, access_ttl: u32) -> (Desk, String) {
    let desk = Desk::start(options);
    let client = desk.register(access_ttl, "client_secret_basic");
    desk.create_link("Work", &client, &[]);
    let grant = desk.grant("Work", ALICE)["id"].as_str().expect("an id").to_owned();
    desk.outlink.json(&["project", "create", "SUP", "--name", "Support"]);
    (desk, grant)
}

/// A mail server on Alice's mailbox with these fields besides, and a handler for it.
pub(crate) fn add(desk: &Desk, name: &str, grant: &str, more: &Value) -> Value {
    let mut body = json!({
        "name": name, "host": "localhost", "port": desk.dovecot.port, "mailbox": ALICE, "grant": grant,
        "take": "all", "idle": false, "poll_seconds": 3600,
    });
    for (field, value) in more.as_object().expect("fields") {
        body[field] = value.clone();
    }
    let made = desk.outlink.post("mail-servers", &body);
    assert_eq!(made.status, 201, "{made:?}");
    desk.create_handler(&format!("Mail of {name}"), name, "SUP");
    made.json()
}

/// Fetches, and tells how many messages were new.
fn fetch(desk: &Desk, name: &str) -> u64 {
    let fetched = desk.outlink.json(&["mail-server", "fetch", name]);
    fetched["fetched"].as_u64().unwrap_or_else(|| panic!("{fetched}"))
}

/// Fetches until so many messages stand in the ledger, and the last of them has been told to the mail server. After an edit
/// it is polled at once, so that what this fetch itself brings is not certain.
pub(crate) fn taken(desk: &Desk, name: &str, count: usize) {
    eventually("messages in the ledger", Duration::from_secs(20), || {
        desk.outlink.run(&["mail-server", "fetch", name]);
        let messages = desk.outlink.list("message");
        let told = messages.iter().all(|message| message["flagged"] == true);
        (messages.len() == count && told).then_some(())
    });
}

fn health(desk: &Desk, name: &str) -> Value {
    desk.outlink.json(&["mail-server", "show", name])["health"].clone()
}

fn issues(desk: &Desk) -> usize {
    desk.outlink.list("issue").len()
}

fn mail(id: &str) -> Vec<u8> {
    plain(&format!("{id}@x.example"), &format!("Matter {id}"), "", &format!("Text of {id}.\n"))
}

/// What lies in a folder, by Message-ID without its domain.
fn lying(desk: &Desk, folder: &str) -> Vec<String> {
    let all = desk.dovecot.folder(ALICE, folder);
    all.iter().map(|(id, _)| id.replace("@x.example", "")).collect()
}

#[test]
fn both_protocols_are_spoken_by_both_mechanisms_over_both_ways_to_tls() {
    for mechanism in ["xoauth2", "oauthbearer"] {
        let options = Options { mechanisms: mechanism, ..Options::default() };
        let (desk, grant) = with_grant(&options, 3600);
        let ways = [
            ("IMAP", json!({ "port": desk.dovecot.port })),
            ("STARTTLS", json!({ "security": "starttls", "port": desk.dovecot.starttls_port })),
            ("POP3", json!({ "protocol": "pop3", "port": desk.dovecot.pop3_port })),
            (
                "STLS",
                json!({ "protocol": "pop3", "security": "starttls", "port": desk.dovecot.stls_port }),
            ),
        ];
        for (round, (name, fields)) in ways.iter().enumerate() {
            add(&desk, name, &grant, fields);
            let tested = desk.outlink.json(&["mail-server", "test", name]);
            assert_eq!(tested["ok"], true, "{mechanism} {name}: {tested}");
            let steps = tested["steps"].to_string();
            assert!(steps.contains(&mechanism.to_uppercase()), "{mechanism} {name}: {steps}");
            desk.dovecot.deliver(ALICE, &round.to_string(), &mail(&format!("m{round}")));
            assert_eq!(fetch(&desk, name), round as u64 + 1, "{mechanism} {name}");
            assert_eq!(fetch(&desk, name), 0, "{mechanism} {name}: nothing counts twice");
        }
        let log = desk.dovecot.log();
        let secured =
            log.lines().filter(|line| line.contains("Login: ")).all(|line| line.contains("TLS"));
        assert!(secured, "{log}");
    }
}

#[test]
fn what_was_handled_is_kept_moved_or_deleted_and_nothing_else_is_touched() {
    let (desk, grant) = with_grant(&Options::default(), 3600);
    desk.dovecot.create(ALICE, "Erledigt/Größe");
    add(&desk, "Box", &grant, &json!({}));
    desk.dovecot.deliver(ALICE, "theirs", &mail("theirs"));
    assert_eq!(fetch(&desk, "Box"), 1);
    // Somebody else marks it as deleted, and does not remove it yet.
    let marking = ["flags", "add", "-u", ALICE, "\\Deleted", "mailbox", "INBOX", "all"];
    desk.dovecot.doveadm(&marking, b"");
    let ways: [(&str, &[&str]); 3] = [
        ("kept", &["--poll-seconds", "3599"]),
        ("moved", &["--move-to", "Erledigt/Größe"]),
        ("deleted", &["--delete-handled"]),
    ];
    for ((id, flags), number) in ways.into_iter().zip(2..) {
        desk.outlink.json(&[["mail-server", "edit", "Box"].as_slice(), flags].concat());
        desk.dovecot.deliver(ALICE, id, &mail(id));
        taken(&desk, "Box", number);
        let left = lying(&desk, "INBOX");
        assert!(left.contains(&"theirs".to_owned()), "{id}: {left:?}");
        assert_eq!(left.contains(&id.to_owned()), id == "kept", "{left:?}");
        assert_eq!(fetch(&desk, "Box"), 0, "{id}");
        assert_eq!(health(&desk, "Box")["note"], Value::Null, "{id}");
    }
    assert_eq!(lying(&desk, "Erledigt/Größe"), ["moved"]);
    let left = desk.dovecot.folder(ALICE, "INBOX");
    let flags = |id: &str| {
        left.iter().find(|(known, _)| known.starts_with(id)).map(|(_, flags)| flags.as_str())
    };
    assert_eq!(flags("kept"), Some("\\Seen"), "{left:?}");
    assert!(flags("theirs").is_some_and(|flags| flags.contains("\\Deleted")), "{left:?}");
}

#[test]
fn folders_are_fetched_one_by_one_whatever_they_are_called_and_a_missing_one_is_named() {
    let (desk, grant) = with_grant(&Options::default(), 3600);
    let folders = ["INBOX", "Entwürfe", "Abteilung & Co/日本"];
    for folder in &folders[1..] {
        desk.dovecot.create(ALICE, folder);
    }
    for (round, folder) in folders.iter().enumerate() {
        desk.dovecot.deliver_to(ALICE, folder, &mail(&format!("m{round}")));
    }
    let named: Vec<&str> = folders.iter().copied().chain(["Weg"]).collect();
    add(&desk, "Box", &grant, &json!({ "folders": named }));
    let said = desk.outlink.refused(&["mail-server", "fetch", "Box"]);
    assert!(said.contains("There is no folder \"Weg\""), "{said}");
    assert_eq!(issues(&desk), 3, "the others are fetched all the same");
    assert_eq!(health(&desk, "Box")["state"], "failing");
    for folder in folders {
        let flags = &desk.dovecot.folder(ALICE, folder)[0].1;
        assert_eq!(flags, "\\Seen", "{folder}");
    }
    // Somebody moves a message from one of them to another.
    let moved = ["move", "-u", ALICE, folders[2], "mailbox", "INBOX", "all"];
    desk.dovecot.doveadm(&moved, b"");
    desk.dovecot.create(ALICE, "Weg");
    assert_eq!(fetch(&desk, "Box"), 0, "it counted before");
    assert_eq!(health(&desk, "Box")["state"], "ok");
    assert_eq!((issues(&desk), desk.outlink.list("message").len()), (3, 3));
}

#[test]
fn a_folder_that_was_made_anew_doubles_nothing() {
    let (desk, grant) = with_grant(&Options::default(), 3600);
    desk.dovecot.create(ALICE, "Support");
    for round in 0..5 {
        desk.dovecot.deliver(ALICE, &format!("a{round}"), &mail(&format!("a{round}")));
        desk.dovecot.deliver_to(ALICE, "Support", &mail(&format!("b{round}")));
    }
    add(&desk, "Box", &grant, &json!({ "folders": ["INBOX", "Support"] }));
    assert_eq!(fetch(&desk, "Box"), 10);
    let before =
        desk.dovecot.doveadm(&["mailbox", "status", "-u", ALICE, "uidvalidity", "INBOX"], b"");
    // As after a restore: the index is gone, and the folders count anew.
    let maildir = desk.dovecot.maildir(ALICE);
    for entry in std::fs::read_dir(&maildir).expect("readable") {
        let path = entry.expect("readable").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("dovecot")) {
            std::fs::remove_file(&path).expect("it is ours");
        }
    }
    for folder in ["INBOX", "Support"] {
        let anew = ["mailbox", "update", "-u", ALICE, "--uid-validity", "2000000000", folder];
        desk.dovecot.doveadm(&anew, b"");
    }
    desk.dovecot.deliver(ALICE, "new", &mail("new"));
    assert_eq!(fetch(&desk, "Box"), 1, "{}", desk.outlink.log());
    let after =
        desk.dovecot.doveadm(&["mailbox", "status", "-u", ALICE, "uidvalidity", "INBOX"], b"");
    assert_ne!(before, after, "another UIDVALIDITY");
    assert_eq!(fetch(&desk, "Box"), 0);
    assert_eq!((issues(&desk), desk.outlink.list("message").len()), (11, 11));
}

#[test]
fn a_full_mailbox_keeps_what_was_handled_and_says_so() {
    let (desk, grant) = with_grant(&Options::default(), 3600);
    desk.dovecot.create(ALICE, "Full/Handled");
    add(&desk, "Box", &grant, &json!({ "after": "move", "move_to": "Full/Handled" }));
    let long = "More than there is room for. ".repeat(200);
    desk.dovecot.deliver(ALICE, "1", &message("big@x.example", "Big", "", &long));
    for round in 0..2 {
        assert_eq!(fetch(&desk, "Box"), u64::from(round == 0));
        let health = health(&desk, "Box");
        assert_eq!(health["state"], "ok", "the mail itself is fetched: {health}");
        let note = health["note"].as_str().unwrap_or_default();
        assert!(note.contains("Full/Handled") && note.contains("Quota exceeded"), "{health}");
    }
    assert_eq!((lying(&desk, "INBOX").len(), issues(&desk)), (1, 1));
    // There is room elsewhere.
    desk.dovecot.create(ALICE, "Handled");
    desk.outlink.json(&["mail-server", "edit", "Box", "--move-to", "Handled"]);
    eventually("the message to be moved", Duration::from_secs(20), || {
        desk.outlink.run(&["mail-server", "fetch", "Box"]);
        (lying(&desk, "Handled").len() == 1).then_some(())
    });
    assert_eq!(health(&desk, "Box")["note"], Value::Null);
    assert_eq!(issues(&desk), 1);
}

#[test]
fn a_mailbox_that_is_not_the_grants_is_refused_in_words_and_the_grant_lives() {
    let (desk, grant) = with_grant(&Options::default(), 3600);
    add(&desk, "Bob", &grant, &json!({ "mailbox": "bob@example.org" }));
    add(
        &desk,
        "Bob by POP3",
        &grant,
        &json!({
            "mailbox": "bob@example.org", "protocol": "pop3", "port": desk.dovecot.pop3_port,
        }),
    );
    for name in ["Bob", "Bob by POP3"] {
        for _ in 0..2 {
            let said = desk.outlink.refused(&["mail-server", "fetch", name]);
            assert!(said.contains("refused the token for this mailbox"), "{name}: {said}");
        }
        let shown = health(&desk, name);
        assert_eq!(shown["state"], "failing", "{shown}");
    }
    let shown = desk.outlink.json(&["grant", "show", &grant]);
    assert_eq!(shown["state"], "active", "{shown}");
    // The token was asked for anew once for each, and not with every fetch.
    assert!(desk.provider.count("refresh_token") <= 2, "{}", desk.provider.log());
}

#[test]
fn a_mailbox_that_was_moved_away_costs_neither_grant_nor_mail() {
    let (desk, grant) = with_grant(&Options::default(), 3600);
    add(&desk, "Box", &grant, &json!({}));
    desk.dovecot.deliver(ALICE, "1", &mail("a"));
    taken(&desk, "Box", 1);
    // The token is good, and the mailbox behind it cannot be opened.
    let (place, elsewhere) = (desk.dovecot.maildir(ALICE), desk.dovecot.dir().join("moved-away"));
    std::fs::rename(&place, &elsewhere).expect("it is ours to move");
    std::fs::write(&place, "no mailbox").expect("written");
    for _ in 0..2 {
        let said = desk.outlink.refused(&["mail-server", "fetch", "Box"]);
        assert!(!said.contains("token"), "the token is not to blame: {said}");
        assert_eq!(health(&desk, "Box")["state"], "failing", "{said}");
    }
    assert_eq!(desk.outlink.json(&["grant", "show", &grant])["state"], "active");
    let asked = desk.provider.count("refresh_token");
    std::fs::remove_file(&place).expect("it was written");
    std::fs::rename(&elsewhere, &place).expect("it is ours to move");
    desk.dovecot.deliver(ALICE, "2", &mail("b"));
    taken(&desk, "Box", 2);
    assert_eq!((health(&desk, "Box")["state"].as_str(), issues(&desk)), (Some("ok"), 2));
    assert_eq!(desk.provider.count("refresh_token"), asked, "no token was spent on it");
}

//! Commands that need no server, and what all commands do when something is wrong.

use std::fs;

use serde_json::Value;

use super::rig::outlink::{Ran, command};
use super::rig::{free_port, scratch};

fn run(arguments: &[&str]) -> Ran {
    Ran::of(&command().args(arguments).output().expect("it runs"))
}

#[test]
fn a_wrong_command_line_is_2_and_a_refusal_is_1() {
    for wrong in
        [&["frobnicate"][..], &["link", "create"], &["link", "list", "--limit", "many"], &[]]
    {
        let ran = run(wrong);
        assert_eq!(ran.code, Some(2), "{wrong:?}: {ran:?}");
        assert!(!ran.stderr.is_empty(), "{wrong:?} says why");
    }
    let url = format!("http://127.0.0.1:{}", free_port());
    let ran = run(&["link", "list", "--url", &url]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stderr.contains("cannot be reached") && ran.stderr.contains("OUTLINK_URL"),
        "{ran:?}"
    );
    assert!(ran.stdout.is_empty(), "nothing but results goes to standard output: {ran:?}");
    let ran = run(&["link", "list", "--url", "http://u:hunter2@192.0.2.1"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("hint: ") && !ran.stderr.contains("hunter2"), "{ran:?}");
    let ran = run(&["link", "list", "--url", "http://192.0.2.1"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("API token") && ran.stderr.contains("hint: "), "{ran:?}");
}

#[test]
fn every_command_explains_itself() {
    let nouns = [
        "serve",
        "demo",
        "config",
        "user",
        "token",
        "provider",
        "link",
        "grant",
        "hand-out",
        "mail-server",
        "handler",
        "message",
        "project",
        "issue",
        "event",
        "webhook",
    ];
    let help = run(&["--help"]);
    for noun in nouns {
        assert!(help.succeeded().contains(noun), "{noun} is missing from the help");
        let ran = run(&[noun, "--help"]);
        assert!(ran.succeeded().contains("--json"), "{noun}: {ran:?}");
    }
}

#[test]
fn a_mail_is_read_without_a_server() {
    let dir = scratch();
    let path = dir.path().join("mail.eml");
    let mail = "Message-ID: <2@example.org>\r\nIn-Reply-To: <1@example.org>\r\nFrom: Ada <ada@example.org>\r\n\
                To: sup@example.org\r\nSubject: Re: [SUP-7] It is broken\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\n\
                \r\nIt works now.\r\n\r\nOn Wed, 31 Dec 2025 at 09:00, Bob <bob@example.org> wrote:\r\n> Does it?\r\n";
    fs::write(&path, mail).expect("written");
    let path = path.display().to_string();
    let ran = run(&["message", "parse", &path, "--json"]);
    let read: Value = serde_json::from_str(ran.succeeded()).expect("JSON");
    let names = [
        "message_id",
        "in_reply_to",
        "references",
        "from",
        "to",
        "cc",
        "subject",
        "date",
        "text",
        "reply",
        "quoted",
        "attachments",
        "automatic",
        "keys",
    ];
    for name in names {
        assert!(read.get(name).is_some(), "{name} is missing in {read}");
    }
    assert_eq!(read["message_id"], "2@example.org");
    assert_eq!(read["from"]["address"], "ada@example.org");
    assert_eq!(read["keys"][0], "SUP-7");
    assert_eq!(read["reply"].as_str().map(str::trim), Some("It works now."));

    let shown = run(&["message", "parse", &path]);
    assert!(shown.succeeded().contains("It works now."), "{shown:?}");
    let missing = run(&["message", "parse", "/nowhere.eml", "--json"]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.stderr.contains("/nowhere.eml"), "{missing:?}");
}

#[test]
fn the_printed_configuration_can_be_checked_and_says_what_will_count() {
    let dir = scratch();
    let path = dir.path().join("outlink.toml");
    fs::write(&path, run(&["config", "schema"]).succeeded()).expect("written");
    let path = path.display().to_string();
    let ran = run(&["config", "check", "--config", &path, "--json"]);
    let settings: Value = serde_json::from_str(ran.succeeded()).expect("JSON");
    assert_eq!(settings["listen"], "127.0.0.1:8080");
    let checked = command()
        .args(["config", "check", "--json", "--config", &path])
        .env("OUTLINK_TLS__CERT", "/nowhere.pem")
        .env("OUTLINK_TLS__KEY", "/nowhere.key")
        .output();
    let ran = Ran::of(&checked.expect("it runs"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("tls.cert") && ran.stderr.contains("/nowhere.pem"), "{ran:?}");
}

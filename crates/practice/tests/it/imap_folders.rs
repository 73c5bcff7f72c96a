//! The IMAP server where mail is sorted: folders, their names, COPY, MOVE, APPEND and EXPUNGE.

use outlink_practice::samples;

use crate::imap::signed_in;
use crate::kit::{Lines, kit, kit_with};

const ALICE: &str = "alice@example.org";

/// The response code of a line: what stands in brackets, in words.
fn code(line: &str) -> Vec<&str> {
    let inside = line.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    inside.map(|(inside, _)| inside.split(' ').collect()).unwrap_or_default()
}

async fn append(lines: &mut Lines, command: &str, raw: &str) -> String {
    lines.ask(&format!("a {command}{{{}}}", raw.len()), "+ ").await;
    let end = if command.ends_with('~') { ")" } else { "" };
    lines.ask(&format!("{raw}{end}"), "a ").await.pop().unwrap()
}

#[tokio::test]
async fn folders_are_made_named_and_removed() {
    let kit = kit().await;
    let mut lines = signed_in(&kit).await;
    lines.ask("b CREATE Handled/&ZeVnLIqe-/", "b OK").await;
    lines.ask("c CREATE Handled", "c NO [ALREADYEXISTS]").await;
    lines.ask("d CREATE \"a&b\"", "d BAD").await;
    lines.ask("e CREATE a//b", "e NO [CANNOT]").await;
    lines.ask("f CREATE inbox", "f NO [ALREADYEXISTS]").await;
    let expected = [
        "* LIST (\\HasNoChildren) \"/\" \"Archive\"",
        "* LIST (\\HasNoChildren) \"/\" \"Entw&APw-rfe\"",
        "* LIST (\\HasChildren) \"/\" \"Handled\"",
        "* LIST (\\HasNoChildren) \"/\" \"INBOX\"",
        "g OK Done",
    ];
    assert_eq!(lines.ask("g LIST \"\" %", "g OK").await, expected);
    let inside = lines.ask("h LIST \"Handled/\" *", "h OK").await;
    assert_eq!(inside[0], "* LIST (\\HasNoChildren) \"/\" \"Handled/&ZeVnLIqe-\"");
    assert_eq!(
        kit.practice.folders(ALICE),
        ["Archive", "Entwürfe", "Handled", "Handled/日本語", "INBOX"]
    );

    lines.ask("i DELETE Handled", "i NO [HASCHILDREN]").await;
    lines.ask("j DELETE Handled/&ZeVnLIqe-", "j OK").await;
    lines.ask("k DELETE Handled", "k OK").await;
    lines.ask("l DELETE Handled", "l NO [NONEXISTENT]").await;
    lines.ask("m DELETE INBOX", "m NO [CANNOT]").await;
    assert!(kit.practice.create_folder(ALICE, "A/B") && !kit.practice.create_folder(ALICE, "A"));
    assert!(kit.practice.deliver_to(ALICE, "A/B", "Subject: 1\r\n\r\n"));
    assert!(!kit.practice.deliver_to(ALICE, "A/C", "Subject: 1\r\n\r\n"));
    let status = lines.ask("n STATUS A/B (MESSAGES)", "n OK").await;
    assert_eq!(status[0], "* STATUS \"A/B\" (MESSAGES 1)");
}

#[tokio::test]
async fn names_come_as_they_are_once_the_client_has_said_so() {
    let kit = kit().await;
    let mut lines = signed_in(&kit).await;
    lines.ask("b SELECT Entwürfe", "b BAD").await;
    lines.ask("c SELECT Entw&APw-rfe", "c OK").await;
    lines.ask("d ENABLE UTF8=ACCEPT", "d BAD").await;
    lines.ask("e UNSELECT", "e OK").await;
    assert_eq!(lines.ask("f ENABLE CONDSTORE", "f OK").await[0], "* ENABLED");
    let raw = "Subject: Grüße\r\n\r\n";
    assert!(append(&mut lines, "APPEND INBOX UTF8 (~", raw).await.starts_with("a BAD"));
    assert_eq!(lines.ask("g ENABLE UTF8=ACCEPT", "g OK").await[0], "* ENABLED UTF8=ACCEPT");
    assert!(append(&mut lines, "APPEND INBOX UTF8 (~", raw).await.starts_with("a OK [APPENDUID"));
    assert_eq!(&*kit.practice.messages(ALICE, "INBOX")[0].raw, raw.as_bytes());
    let listed = lines.ask("h LIST \"\" \"Entwür*\"", "h OK").await;
    assert_eq!(listed[0], "* LIST (\\HasNoChildren) \"/\" \"Entwürfe\"");
    lines.ask("i SELECT \"Entwürfe\"", "i OK").await;
    lines.ask("j CREATE \"Q & A\"", "j OK").await;
    assert!(kit.practice.folders(ALICE).contains(&"Q & A".to_owned()));
    // Another session has said nothing, and reads the same name in its spelling.
    let mut lines = signed_in(&kit).await;
    let listed = lines.ask("b LIST \"\" Q*", "b OK").await;
    assert_eq!(listed[0], "* LIST (\\HasNoChildren) \"/\" \"Q &- A\"");
}

#[tokio::test]
async fn what_is_appended_lies_there_with_its_flags_and_its_time() {
    let kit = kit().await;
    let mut lines = signed_in(&kit).await;
    let raw = format!("Subject: 1\r\n\r\n{}\r\n", "x".repeat(100_000));
    let answer =
        append(&mut lines, "APPEND Archive (\\Seen $Done) \" 7-Feb-2026 21:52:25 -0800\" ", &raw)
            .await;
    let entry = kit.practice.messages(ALICE, "Archive").remove(0);
    assert_eq!(entry.internal_date, "2026-02-08T05:52:25Z".parse().unwrap());
    assert_eq!(entry.flags.iter().collect::<Vec<_>>(), ["$Done", "\\Seen"]);
    assert_eq!(&*entry.raw, raw.as_bytes());
    let status = lines.ask("b STATUS Archive (UIDVALIDITY)", "b OK").await.remove(0);
    assert_eq!(code(&answer)[2], "1");
    assert!(status.ends_with(&format!("(UIDVALIDITY {})", code(&answer)[1])), "{status} {answer}");
    assert!(append(&mut lines, "APPEND Nowhere ", "x").await.starts_with("a NO [TRYCREATE]"));
    kit.practice.set(|settings| settings.drop_imap_capability("uidplus"));
    assert_eq!(append(&mut lines, "APPEND Archive ", "x").await, "a OK Done");
}

#[tokio::test]
async fn messages_are_copied_and_moved_and_every_session_hears_of_it() {
    let kit = kit_with(|options| options.seed = true).await;
    let count = samples().len();
    let (mut lines, mut other) = (signed_in(&kit).await, signed_in(&kit).await);
    other.ask("b SELECT INBOX", "b OK").await;
    other.ask("c IDLE", "+ ").await;
    lines.ask("b SELECT INBOX", "b OK").await;
    lines.ask("c STORE 2 +FLAGS.SILENT (\\Seen)", "c OK").await;

    let copied = lines.ask("d UID COPY 2:3,99 Archive", "d OK").await.pop().unwrap();
    assert_eq!(code(&copied)[0], "COPYUID");
    assert_eq!(code(&copied)[2..], ["2,3", "1,2"]);
    assert!(kit.practice.messages(ALICE, "Archive")[0].flags.contains("\\Seen"));

    let moved = lines.ask("e UID MOVE 2,4 Archive", "e OK").await;
    assert_eq!(code(&moved[0])[2..], ["2,4", "3,4"]);
    assert_eq!(moved[1..], ["* 4 EXPUNGE", "* 2 EXPUNGE", "e OK Done"]);
    assert_eq!(other.until("* 2 EXPUNGE").await, ["* 4 EXPUNGE", "* 2 EXPUNGE"]);
    let uids: Vec<u32> =
        kit.practice.messages(ALICE, "INBOX").iter().map(|entry| entry.uid).collect();
    assert_eq!((uids.len(), &uids[..3]), (count - 2, &[1, 3, 5][..]));
    assert_eq!(&*kit.practice.messages(ALICE, "Archive")[3].raw, samples()[3].raw);

    // The numbers have moved, and new mail goes behind them.
    assert_eq!(lines.ask("f FETCH 2 (UID)", "f OK").await[0], "* 2 FETCH (UID 3)");
    assert!(kit.practice.deliver(ALICE, "Subject: new\r\n\r\n"));
    other.until(&format!("* {} EXISTS", count - 1)).await;
    other.ask("DONE", "c OK").await;
    lines.ask("g UID MOVE 1 Nowhere", "g NO [TRYCREATE]").await;
    assert_eq!(lines.ask("h UID MOVE 77 Archive", "h ").await, ["h OK There was nothing to do"]);
    lines.ask("i EXAMINE INBOX", "i OK").await;
    lines.ask("j UID MOVE 1 Archive", "j NO [NOPERM]").await;
}

#[tokio::test]
async fn numbers_do_not_move_under_a_command_that_uses_them() {
    let kit = kit_with(|options| options.seed = true).await;
    let (mut lines, mut other) = (signed_in(&kit).await, signed_in(&kit).await);
    lines.ask("b SELECT INBOX", "b OK").await;
    other.ask("b SELECT INBOX", "b OK").await;
    other.ask("c MOVE 1:2 Archive", "c OK").await;
    let fetched = lines.ask("c FETCH 1:3 (UID)", "c OK").await;
    assert_eq!(fetched, ["* 3 FETCH (UID 3)", "c OK Done"]);
    assert_eq!(lines.ask("d STORE 2 +FLAGS (\\Seen)", "d OK").await, ["d OK Done"]);
    // UIDs stay what they are, so a command that uses only them may tell of it.
    let told = lines.ask("e UID SEARCH UID 1:3", "e OK").await;
    assert_eq!(told, ["* SEARCH 3", "* 2 EXPUNGE", "* 1 EXPUNGE", "e OK Done"]);
    assert_eq!(lines.ask("g FETCH 1 (UID)", "g OK").await[0], "* 1 FETCH (UID 3)");
}

#[tokio::test]
async fn expunge_takes_what_is_marked_and_uid_expunge_only_what_is_named() {
    let kit = kit_with(|options| options.seed = true).await;
    let left =
        || kit.practice.messages(ALICE, "INBOX").iter().map(|entry| entry.uid).collect::<Vec<_>>();
    let mut lines = signed_in(&kit).await;
    lines.ask("b SELECT INBOX", "b OK").await;
    lines.ask("c UID STORE 1,3,5,7 +FLAGS.SILENT (\\Deleted)", "c OK").await;
    assert_eq!(lines.ask("d UID EXPUNGE 3:4", "d OK").await, ["* 3 EXPUNGE", "d OK Done"]);
    assert_eq!(left()[..5], [1, 2, 4, 5, 6]);
    lines.ask("e EXPUNGE 1", "e BAD").await;
    assert_eq!(
        lines.ask("f EXPUNGE", "f OK").await[..3],
        ["* 6 EXPUNGE", "* 4 EXPUNGE", "* 1 EXPUNGE"]
    );
    lines.ask("g UID STORE 2 +FLAGS.SILENT (\\Deleted)", "g OK").await;
    lines.ask("h UNSELECT", "h OK").await;
    assert_eq!(left()[0], 2);
    lines.ask("i EXAMINE INBOX", "i OK").await;
    lines.ask("j EXPUNGE", "j NO").await;
    lines.ask("k CLOSE", "k OK").await;
    assert_eq!(left()[0], 2, "what was opened for reading only is left as it is");
    lines.ask("l SELECT INBOX", "l OK").await;
    assert_eq!(lines.ask("m CLOSE", "m ").await, ["m OK Done"]);
    assert_eq!(left()[0], 4);
}

#[tokio::test]
async fn what_is_not_told_is_not_taken() {
    let kit = kit_with(|options| options.seed = true).await;
    for (capability, command) in [
        ("IDLE", "IDLE"),
        ("MOVE", "UID MOVE 1 Archive"),
        ("UIDPLUS", "UID EXPUNGE 1"),
        ("ENABLE", "ENABLE UTF8=ACCEPT"),
    ] {
        kit.practice.set(|settings| settings.drop_imap_capability(capability));
        let mut lines = signed_in(&kit).await;
        let told = lines.ask("b CAPABILITY", "b OK").await;
        assert!(!told[0].split(' ').any(|word| word == capability), "{told:?}");
        if capability != "ENABLE" {
            lines.ask("c SELECT INBOX", "c OK").await;
        }
        lines.ask(&format!("d {command}"), "d BAD").await;
    }
    let mut lines = signed_in(&kit).await;
    lines.ask("b SELECT INBOX", "b OK").await;
    assert_eq!(
        lines.ask("c UID COPY 1 Archive", "c ").await,
        ["c OK Done"],
        "no COPYUID without UIDPLUS"
    );
}

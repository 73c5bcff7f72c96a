//! Folders and their names.

use outlink_mail::imap::{Error, Folder, SpecialUse};

use crate::script::session;

fn folder(name: &str, special_use: Option<SpecialUse>) -> Folder {
    Folder { name: name.to_owned(), delimiter: Some('/'), special_use, selectable: true }
}

#[tokio::test]
async fn folders_are_listed_as_people_write_them() {
    let (mut session, server) =
        session("* OK [CAPABILITY IMAP4rev1 SPECIAL-USE] hi\r\n", |mut server| async move {
            server.expect(r#"a1 LIST "" "*""#).await;
            server
                .say(
                    "* LIST (\\HasNoChildren) \"/\" inbox\r\n\
                     * LIST (\\HasNoChildren \\drafts) \"/\" \"Entw&APw-rfe\"\r\n\
                     * LIST (\\Noselect \\HasChildren) \"/\" \"[Gmail]\"\r\n\
                     * LIST (\\Sent) \"/\" {4}\r\nSent\r\n\
                     * LIST () NIL R&D\r\n\
                     * LIST () \"/\" \"bell\x07\"\r\n\
                     * LIST () \"/\" \"café\"\r\n\
                     * LSUB () \"/\" subscribed\r\n* LIST what\r\n* LIST () \"/\" \"\"\r\n\
                     a1 OK done\r\n",
                )
                .await;
        })
        .await;
    let flat = Folder { delimiter: None, ..folder("R&D", None) };
    let parent = Folder { selectable: false, ..folder("[Gmail]", None) };
    assert_eq!(
        session.folders().await.unwrap(),
        [
            folder("INBOX", None),
            folder("Entwürfe", Some(SpecialUse::Drafts)),
            parent,
            folder("Sent", Some(SpecialUse::Sent)),
            flat,
            folder("bell\u{fffd}", None),
            // Eight bits that nobody agreed on, and that can be read all the same.
            folder("café", None),
        ]
    );
    server.await.unwrap();
}

#[tokio::test]
async fn what_folders_are_for_is_asked_where_the_server_waits_to_be_asked() {
    let greeting = "* OK [CAPABILITY IMAP4rev1 LIST-EXTENDED SPECIAL-USE] hi\r\n";
    let (mut session, server) = session(greeting, |mut server| async move {
        server.expect(r#"a1 LIST "" "*" RETURN (SPECIAL-USE)"#).await;
        server.say("* LIST (\\Trash) \"/\" Bin\r\na1 OK done\r\n").await;
        server.expect(r#"a2 LIST "" "*" RETURN (SPECIAL-USE)"#).await;
        server.say("a2 BAD what?\r\n").await;
        server.expect(r#"a3 LIST "" "*""#).await;
        server.say("* LIST () \"/\" Bin\r\na3 OK done\r\n").await;
    })
    .await;
    assert_eq!(session.folders().await.unwrap(), [folder("Bin", Some(SpecialUse::Trash))]);
    assert_eq!(session.folders().await.unwrap(), [folder("Bin", None)]);
    server.await.unwrap();
}

#[tokio::test]
async fn names_go_in_utf8_where_both_sides_agree() {
    let greeting = "* OK [CAPABILITY IMAP4rev1 ENABLE UTF8=ACCEPT MOVE] hi\r\n";
    let (mut session, server) = session(greeting, |mut server| async move {
        server.expect("a1 ENABLE UTF8=ACCEPT").await;
        server.say("* ENABLED UTF8=ACCEPT\r\na1 OK done\r\n").await;
        server.expect(r#"a2 LIST "" "*""#).await;
        server.say("* LIST () \"/\" \"Entwürfe & mehr\"\r\n").await;
        server.say("* LIST () \"/\" \"&APw-\"\r\na2 OK done\r\n").await;
        server.expect(r#"a3 SELECT "Entwürfe & mehr""#).await;
        server.say("* OK [UIDVALIDITY 1] x\r\na3 OK done\r\n").await;
        server.expect(r#"a4 UID MOVE 1 "日本語""#).await;
        server.say("a4 OK done\r\n").await;
        server.expect(r#"a5 CREATE "&APw-""#).await;
        server.say("a5 OK done\r\n").await;
    })
    .await;
    let names: Vec<_> =
        session.folders().await.unwrap().into_iter().map(|folder| folder.name).collect();
    assert_eq!(names, ["Entwürfe & mehr", "&APw-"]);
    session.select("Entwürfe & mehr").await.unwrap();
    session.move_to(&[1], "日本語").await.unwrap();
    session.create_folder("&APw-").await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn names_go_in_modified_utf7_where_a_side_does_not_agree() {
    for answer in ["a1 BAD no\r\n", "a1 OK\r\n", "* ENABLED\r\na1 OK\r\n", "a1 NO no\r\n"] {
        let greeting = "* OK [CAPABILITY IMAP4rev1 ENABLE UTF8=ACCEPT] hi\r\n";
        let (mut session, server) = session(greeting, move |mut server| async move {
            server.expect("a1 ENABLE UTF8=ACCEPT").await;
            server.say(answer).await;
            server.expect(r#"a2 SELECT "Entw&APw-rfe &- mehr""#).await;
            server.say("* OK [UIDVALIDITY 1] x\r\na2 OK done\r\n").await;
        })
        .await;
        session.select("Entwürfe & mehr").await.unwrap();
        server.await.unwrap();
    }
    // Once a folder is open it is too late to agree; and for plain names there is nothing to agree on.
    let greeting = "* OK [CAPABILITY IMAP4rev1 ENABLE UTF8=ACCEPT MOVE] hi\r\n";
    let (mut session, server) = session(greeting, |mut server| async move {
        server.expect(r#"a1 SELECT "INBOX""#).await;
        server.say("* OK [UIDVALIDITY 1] x\r\na1 OK done\r\n").await;
        server.expect(r#"a2 UID MOVE 1 "Entw&APw-rfe""#).await;
        server.say("a2 OK done\r\n").await;
    })
    .await;
    session.select("INBOX").await.unwrap();
    session.move_to(&[1], "Entwürfe").await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_insists_on_utf8_gets_it_before_the_first_folder() {
    let greeting = "* OK [CAPABILITY IMAP4rev1 ENABLE UTF8=ONLY] hi\r\n";
    let (mut session, server) = session(greeting, |mut server| async move {
        server.expect("a1 ENABLE UTF8=ACCEPT").await;
        server.say("* ENABLED UTF8=ACCEPT\r\na1 OK done\r\n").await;
        server.expect(r#"a2 SELECT "INBOX""#).await;
        server.say("* OK [UIDVALIDITY 1] x\r\na2 OK done\r\n").await;
    })
    .await;
    session.select("INBOX").await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_name_that_nobody_can_read_is_opened_as_it_is_shown() {
    let (mut session, server) =
        session("* OK [CAPABILITY IMAP4rev1] hi\r\n", |mut server| async move {
            let list = "* LIST () \"/\" \"R&D\"\r\n";
            let eight_bit = [list.as_bytes(), b"* LIST () \"/\" \"caf\xe9\"\r\n"].concat();
            server.expect(r#"a1 SELECT "R&-D""#).await;
            server.say("a1 NO [NONEXISTENT] no such folder\r\n").await;
            server.expect(r#"a2 LIST "" "*""#).await;
            server.say(&eight_bit).await;
            server.say("a2 OK done\r\n").await;
            server.expect(r#"a3 SELECT "R&D""#).await;
            server.say("* OK [UIDVALIDITY 7] x\r\na3 OK done\r\n").await;

            server.expect(r#"a4 SELECT "caf&,,0-""#).await;
            server.say("a4 NO [NONEXISTENT] no such folder\r\n").await;
            server.expect(r#"a5 LIST "" "*""#).await;
            server.say(&eight_bit).await;
            server.say("a5 OK done\r\n").await;
            // Eight bits without an agreement go as a literal.
            server.expect("a6 SELECT {4}").await;
            server.say("+ go on\r\n").await;
            assert_eq!(server.hear_bytes().await, b"caf\xe9");
            server.say("* OK [UIDVALIDITY 8] x\r\na6 OK done\r\n").await;

            server.expect(r#"a7 SELECT "Q&-A""#).await;
            server.say("a7 NO [NONEXISTENT] no such folder\r\n").await;
            server.expect(r#"a8 LIST "" "*""#).await;
            server.say(&eight_bit).await;
            server.say("a8 OK done\r\n").await;
            server.expect(r#"a9 SELECT "plain""#).await;
            server.say("a9 NO [NONEXISTENT] no such folder\r\n").await;
            server.expect_end().await;
        })
        .await;
    assert_eq!(session.select("R&D").await.unwrap().uid_validity, 7);
    assert_eq!(session.select("caf\u{fffd}").await.unwrap().uid_validity, 8);
    for missing in ["Q&A", "plain"] {
        let error = session.select(missing).await.unwrap_err();
        assert!(matches!(&error, Error::FolderMissing { folder, .. } if folder == missing));
    }
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn a_literal_name_may_be_refused_before_it_is_said() {
    let (mut session, server) =
        session("* OK [CAPABILITY IMAP4rev1] hi\r\n", |mut server| async move {
            server.hear().await;
            server.say("a1 NO [NONEXISTENT] no such folder\r\n").await;
            server.hear().await;
            server.say(b"* LIST () \"/\" \"caf\xe9\"\r\na2 OK done\r\n").await;
            server.expect("a3 SELECT {4}").await;
            server.say("a3 NO [UNAVAILABLE] not now\r\n").await;
            server.expect_end().await;
        })
        .await;
    let error = session.select("caf\u{fffd}").await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn folders_without_end_are_cut_off() {
    let (mut session, server) =
        session("* OK [CAPABILITY IMAP4rev1] hi\r\n", |mut server| async move {
            server.hear().await;
            for number in 0..10_100 {
                server.say(format!("* LIST () \"/\" f{number}\r\n")).await;
            }
            server.say("a1 OK done\r\n").await;
        })
        .await;
    assert_eq!(session.folders().await.unwrap().len(), 10_000);
    server.await.unwrap();
}

#[tokio::test]
async fn no_folder_name_begins_a_command_of_its_own() {
    let (mut session, server) = session(
        "* OK [CAPABILITY IMAP4rev1 MOVE ENABLE UTF8=ACCEPT] hi\r\n",
        |mut server| async move {
            server.expect_end().await;
        },
    )
    .await;
    for evil in ["", "x\r\na9 DELETE INBOX", "ü\ny", "ü\0y", "x\ry"] {
        for error in [
            session.select(evil).await.unwrap_err(),
            session.move_to(&[1], evil).await.unwrap_err(),
            session.create_folder(evil).await.unwrap_err(),
        ] {
            assert_eq!(error, Error::Argument { what: "folder name" }, "{evil:?}");
        }
    }
    drop(session);
    server.await.unwrap();
}

//! Moving and deleting: nothing but what was named is ever removed.

use outlink_mail::imap::{Error, Removal};

use crate::script::session;

#[tokio::test]
async fn messages_are_moved_in_one_go_where_the_server_can() {
    let (mut session, server) =
        session("* OK [CAPABILITY IMAP4rev1 MOVE] hi\r\n", |mut server| async move {
            server.expect(r#"a1 UID MOVE 1:3,7 "Done""#).await;
            server
                .say("* OK [COPYUID 9 1:3,7 1:4] x\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\na1 OK done\r\n")
                .await;
            // No line becomes too long.
            server.expect(r#"a2 UID MOVE 1:200 "Done""#).await;
            server.say("a2 OK done\r\n").await;
            server.expect(r#"a3 UID MOVE 201 "Done""#).await;
            server.say("a3 OK done\r\n").await;
            server.expect("a4 LOGOUT").await;
            server.say("* BYE see you\r\na4 OK done\r\n").await;
            server.expect_end().await;
        })
        .await;
    assert_eq!(session.move_to(&[], "Done").await, Ok(Removal::Gone));
    assert_eq!(session.move_to(&[1, 2, 3, 7], "Done").await, Ok(Removal::Gone));
    let many: Vec<u32> = (1..=201).collect();
    assert_eq!(session.move_to(&many, "Done").await, Ok(Removal::Gone));
    session.logout().await;
    server.await.unwrap();
}

#[tokio::test]
async fn messages_are_copied_and_removed_one_by_one_elsewhere() {
    let (mut session, server) =
        session("* OK [CAPABILITY IMAP4rev1 UIDPLUS] hi\r\n", |mut server| async move {
            for (tag, set) in [(1, "1:200"), (4, "201")] {
                server.expect(&format!(r#"a{tag} UID COPY {set} "Done""#)).await;
                server.say(format!("a{tag} OK done\r\n")).await;
                let tag = tag + 1;
                server.expect(&format!(r"a{tag} UID STORE {set} +FLAGS.SILENT (\Deleted)")).await;
                server.say(format!("a{tag} OK done\r\n")).await;
                let tag = tag + 1;
                server.expect(&format!("a{tag} UID EXPUNGE {set}")).await;
                server.say(format!("* 1 EXPUNGE\r\na{tag} OK done\r\n")).await;
            }
            server.expect_end().await;
        })
        .await;
    let many: Vec<u32> = (1..=201).collect();
    assert_eq!(session.move_to(&many, "Done").await, Ok(Removal::Gone));
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_remove_single_messages_is_told_to_remove_none() {
    let (mut session, server) =
        session("* OK [CAPABILITY IMAP4rev1] hi\r\n", |mut server| async move {
            server.expect(r#"a1 UID COPY 5 "Done""#).await;
            server.say("a1 OK done\r\n").await;
            server.expect(r"a2 UID STORE 5 +FLAGS.SILENT (\Deleted)").await;
            server.say("a2 OK done\r\n").await;
            server.expect(r"a3 UID STORE 6:7 +FLAGS.SILENT (\Deleted)").await;
            server.say("a3 OK done\r\n").await;
            // Neither EXPUNGE nor CLOSE: both would take along what others have marked.
            server.expect("a4 LOGOUT").await;
            server.say("* BYE see you\r\na4 OK done\r\n").await;
            server.expect_end().await;
        })
        .await;
    assert_eq!(session.move_to(&[5], "Done").await, Ok(Removal::LeftDeleted));
    assert_eq!(session.delete(&[6, 7]).await, Ok(Removal::LeftDeleted));
    session.logout().await;
    server.await.unwrap();
}

#[tokio::test]
async fn messages_are_deleted_by_name() {
    let (mut session, server) =
        session("* OK [CAPABILITY IMAP4rev1 UIDPLUS MOVE] hi\r\n", |mut server| async move {
            server.expect(r"a1 UID STORE 6:7 +FLAGS.SILENT (\Deleted)").await;
            server.say("a1 OK done\r\n").await;
            server.expect("a2 UID EXPUNGE 6:7").await;
            server.say("* 6 EXPUNGE\r\n* 6 EXPUNGE\r\na2 OK done\r\n").await;
            server.expect_end().await;
        })
        .await;
    assert_eq!(session.delete(&[]).await, Ok(Removal::Gone));
    assert_eq!(session.delete(&[6, 7]).await, Ok(Removal::Gone));
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn a_missing_target_is_named_and_can_be_made() {
    for (offered, command) in [("MOVE", "UID MOVE"), ("UIDPLUS", "UID COPY")] {
        let greeting = format!("* OK [CAPABILITY IMAP4rev1 {offered}] hi\r\n").leak();
        let (mut session, server) = session(greeting, move |mut server| async move {
            server.expect(&format!(r#"a1 {command} 5 "Done""#)).await;
            server.say("a1 NO [TRYCREATE] Mailbox doesn't exist: Done\r\n").await;
            server.expect(r#"a2 CREATE "Done""#).await;
            server.say("a2 OK made\r\n").await;
            server.expect(r#"a3 CREATE "Done""#).await;
            server.say("a3 NO [ALREADYEXISTS] Mailbox exists\r\n").await;
            server.expect(r#"a4 CREATE "No/Done""#).await;
            server.say("a4 NO Parent folder does not exist\r\n").await;
            server.expect_end().await;
        })
        .await;
        let error = session.move_to(&[5], "Done").await.unwrap_err();
        assert!(matches!(&error, Error::FolderMissing { folder, .. } if folder == "Done"));
        assert!(error.to_string().contains("\"Done\"") && !error.is_session_over());
        assert!(error.trouble().hint.contains("Create the folder"), "{}", error.trouble().hint);
        session.create_folder("Done").await.unwrap();
        session.create_folder("Done").await.unwrap();
        let error = session.create_folder("No/Done").await.unwrap_err();
        assert!(matches!(error, Error::Command { command: "CREATE", .. }), "{error:?}");
        drop(session);
        server.await.unwrap();
    }
}

#[tokio::test]
async fn refusals_to_move_are_sorted() {
    for (answer, sort) in [
        ("a1 NO [OVERQUOTA] Quota exceeded (mailbox for user is full)\r\n", "full"),
        ("a1 NO Mailbox is full\r\n", "full"),
        ("a1 NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)\r\n", "later"),
        ("a1 NO [EXPUNGEISSUED] Some of the messages no longer exist.\r\n", "later"),
        ("a1 NO [INUSE] Mailbox is locked\r\n", "later"),
        ("a1 NO [READ-ONLY] Mailbox is read-only\r\n", "command"),
        ("a1 NO The message does not exist\r\n", "command"),
        ("a1 BAD what?\r\n", "command"),
        // The words for what passes stand in the folder's own name.
        ("a1 NO [NOPERM] not into Temporary\r\n", "command"),
    ] {
        let (mut session, server) =
            session("* OK [CAPABILITY IMAP4rev1 MOVE] hi\r\n", move |mut server| async move {
                server.hear().await;
                server.say(answer).await;
            })
            .await;
        let error = session.move_to(&[5], "Temporary").await.unwrap_err();
        let told = match &error {
            Error::Full { .. } => "full",
            Error::Unavailable { .. } => "later",
            Error::Command { .. } => "command",
            other => panic!("{answer}: {other:?}"),
        };
        assert_eq!(told, sort, "{answer}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn what_we_moved_away_ourselves_is_no_news() {
    use std::time::Duration;
    let greeting = "* OK [CAPABILITY IMAP4rev1 MOVE IDLE] hi\r\n";
    let (mut session, server) = session(greeting, |mut server| async move {
        server.hear().await;
        server.say("* 3 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\na1 OK done\r\n").await;
        server.hear().await;
        server.say("* 2 EXPUNGE\r\n* 2 EXISTS\r\na2 OK done\r\n").await;
        server.expect("a3 IDLE").await;
        server.say("+ idling\r\n").await;
        server.expect("DONE").await;
        server.say("a3 OK done\r\n").await;
    })
    .await;
    session.select("INBOX").await.unwrap();
    session.move_to(&[2], "Done").await.unwrap();
    let how = session.idle(Duration::from_millis(20), std::future::pending()).await;
    assert_eq!(how, Ok(outlink_mail::imap::Idle::Quiet));
    server.await.unwrap();
}

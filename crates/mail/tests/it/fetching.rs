//! Opening folders, listing, fetching several commands ahead, marking.

use outlink_mail::imap::{Body, Error, Meta, Selected};

use crate::script::session;

#[tokio::test]
async fn a_folder_is_opened() {
    let (mut session, server) =
        session("* OK [CAPABILITY IMAP4rev1] hi\r\n", |mut server| async move {
            server.expect(r#"a1 EXAMINE "Entw&APw-rfe""#).await;
            server
                .say(
                    "* FLAGS (\\Answered)\r\n* 172 EXISTS\r\n* 1 RECENT\r\n* OK [UNSEEN 12] x\r\n\
                 * OK [UIDVALIDITY 3857529045] x\r\n* OK [UIDNEXT 4392] x\r\n\
                 * OK [PERMANENTFLAGS ()] x\r\na1 OK [READ-ONLY] done\r\n",
                )
                .await;
            server.expect(r#"a2 SELECT "INBOX""#).await;
            server.say("* OK [UIDVALIDITY 1] x\r\na2 OK [READ-WRITE] done\r\n").await;
            server.expect(r#"a3 SELECT "Foo \"x\"""#).await;
            server.say("a3 NO [NONEXISTENT] Unknown Mailbox\r\n").await;
            server.expect(r#"a4 SELECT "INBOX""#).await;
            server.say("* 3 EXISTS\r\na4 OK done\r\n").await;
        })
        .await;
    assert_eq!(
        session.examine("Entwürfe").await.unwrap(),
        Selected {
            uid_validity: 3_857_529_045,
            uid_next: Some(4392),
            exists: 172,
            read_only: true
        }
    );
    assert_eq!(
        session.select("INBOX").await.unwrap(),
        Selected { uid_validity: 1, uid_next: None, exists: 0, read_only: false }
    );
    let missing = session.select("Foo \"x\"").await.unwrap_err();
    assert_eq!(missing.to_string(), r#"There is no folder "Foo \"x\"" in this mailbox."#);
    // Without UIDVALIDITY nothing can be counted once.
    assert!(matches!(session.select("INBOX").await, Err(Error::Protocol { .. })));
    server.await.unwrap();
}

#[tokio::test]
async fn messages_are_listed_from_a_uid_on() {
    let (mut session, server) = session("* OK hi\r\n", |mut server| async move {
        server.expect("a1 UID FETCH 7:* (UID FLAGS INTERNALDATE RFC822.SIZE)").await;
        server
            .say(
                "* 3 FETCH (UID 9 RFC822.SIZE 300 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" FLAGS (\\Seen))\r\n\
                 * 1 FETCH (FLAGS () UID 7)\r\n\
                 * 2 EXPUNGE\r\n\
                 * 4 FETCH (FLAGS (\\Seen))\r\n\
                 * 5 FETCH (UID 8 INTERNALDATE \"never\" FLAGS (\\Flagged) RFC822.SIZE 5)\r\n\
                 * 1 FETCH (UID 7 RFC822.SIZE 77 INTERNALDATE \" 1-Jan-1970 00:00:07 +0000\")\r\n\
                 * 1 FETCH (UID 6 FLAGS () RFC822.SIZE 1)\r\n\
                 a1 OK done\r\n",
            )
            .await;
        server.expect("a2 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)").await;
        server.say("a2 OK nothing\r\n").await;
    })
    .await;
    let meta =
        |uid, seen, size, at: &str| Meta { uid, seen, size, internal_date: at.parse().unwrap() };
    assert_eq!(
        session.metadata(7).await.unwrap(),
        [
            meta(7, false, 77, "1970-01-01T00:00:07Z"),
            meta(8, false, 5, "1970-01-01T00:00:00Z"),
            meta(9, true, 300, "1996-07-17T09:44:25Z"),
        ]
    );
    assert_eq!(session.metadata(0).await.unwrap(), []);
    server.await.unwrap();
}

#[tokio::test]
async fn commands_are_sent_ahead_and_answers_taken_as_they_come() {
    let (mut session, server) = session("* OK hi\r\n", |mut server| async move {
        // All that may be sent ahead is there before anything is answered.
        server.expect("a1 UID FETCH 1:32 (UID BODY.PEEK[])").await;
        server.expect("a2 UID FETCH 33:64 (UID BODY.PEEK[])").await;
        server.expect("a3 UID FETCH 65:96 (UID BODY.PEEK[])").await;
        server.expect("a4 UID FETCH 97:128 (UID BODY.PEEK[])").await;
        for uid in 1..=32 {
            server.say(format!("* {uid} FETCH (UID {uid} BODY[] {{4}}\r\n{uid:04})\r\n")).await;
        }
        server.say("a1 OK done\r\n").await;
        server.expect("a5 UID FETCH 129:130 (UID BODY.PEEK[])").await;
        for uid in (33..=130).filter(|uid| *uid != 100) {
            server.say(format!("* {uid} FETCH (BODY[] {{4}}\r\n{uid:04} UID {uid})\r\n")).await;
        }
        for tag in 2..=5 {
            server.say(format!("a{tag} OK done\r\n")).await;
        }
        server.expect("a6 UID FETCH 100 (UID)").await;
        server.say("a6 OK done\r\n").await;
        server.expect_end().await;
    })
    .await;
    let uids: Vec<u32> = (1..=130).collect();
    let mut got = Vec::new();
    session
        .bodies(&uids, |uid, body| {
            assert_eq!(body, Body::Raw(format!("{uid:04}").into_bytes()));
            got.push(uid);
        })
        .await
        .unwrap();
    let expected: Vec<u32> = uids.into_iter().filter(|uid| *uid != 100).collect();
    assert_eq!(got, expected, "a message that is gone is passed over in silence");
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn one_message_never_costs_the_others() {
    let (mut session, server) = session("* OK hi\r\n", |mut server| async move {
        server.expect("a1 UID FETCH 1:7 (UID BODY.PEEK[])").await;
        server.say("* 1 FETCH (UID 1 BODY[] {3}\r\none)\r\n").await;
        // Larger than the limit of 1000: read over.
        server.say(format!("* 2 FETCH (UID 2 BODY[] {{5000}}\r\n{}", "x\r\n* ".repeat(1000))).await;
        server.say(")\r\n* 3 FETCH (FLAGS (\\Seen))\r\n").await;
        // What cannot be read, and what nobody asked for, or asked for twice.
        server.say("* 9 WHAT (((\r\nutter nonsense\r\n* 9 FETCH (UID 9 BODY[] {2}\r\nno)\r\n").await;
        server.say("* 1 FETCH (UID 1 BODY[] {3}\r\ntwo)\r\n* 4 FETCH (UID 4 BODY[] \"four\")\r\n").await;
        server.say("* 5 FETCH (UID 5 BODY[] NIL)\r\n").await;
        server.say("a1 NO Some messages could not be converted\r\n").await;
        // The rest is asked for alone.
        server.expect("a2 UID FETCH 3 (UID BODY.PEEK[])").await;
        server.expect("a3 UID FETCH 5 (UID BODY.PEEK[])").await;
        server.expect("a4 UID FETCH 6 (UID BODY.PEEK[])").await;
        server.expect("a5 UID FETCH 7 (UID BODY.PEEK[])").await;
        server.say("* 3 FETCH (UID 3 BODY[] {5}\r\nthree)\r\na2 OK done\r\n").await;
        server.say("* 5 FETCH (UID 5 BODY[] NIL)\r\na3 OK done\r\n").await;
        server.say("a4 NO The requested message could not be converted to an RFC-822 compatible format.\r\n").await;
        server.say("a5 NO [EXPUNGEISSUED] gone\r\n").await;
        server.expect("a6 UID STORE 1:2,4 +FLAGS.SILENT (\\Seen)").await;
        server.say("a6 OK done\r\n").await;
    })
    .await;
    let mut got = Vec::new();
    session.bodies(&[1, 2, 3, 4, 5, 6, 7], |uid, body| got.push((uid, body))).await.unwrap();
    assert_eq!(
        got,
        [
            (1, Body::Raw(b"one".to_vec())),
            (2, Body::TooLarge(5000)),
            (4, Body::Raw(b"four".to_vec())),
            (3, Body::Raw(b"three".to_vec())),
            (5, Body::Refused("The server's answer cannot be read.".into())),
            (
                6,
                Body::Refused(
                    "The requested message could not be converted to an RFC-822 compatible format."
                        .into()
                )
            ),
        ]
    );
    session.mark_seen(&[1, 2, 4]).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_taken_for_a_message_that_is_gone() {
    let (mut session, server) = session("* OK hi\r\n", |mut server| async move {
        server.expect("a1 UID FETCH 1:2 (UID BODY.PEEK[])").await;
        server.say("* 1 FETCH (BODY[] {3}\r\none ??? )\r\na1 OK done\r\n").await;
        server.expect("a2 UID FETCH 1 (UID BODY.PEEK[])").await;
        server.expect("a3 UID FETCH 2 (UID BODY.PEEK[])").await;
        server.say("* 1 FETCH what\r\na2 OK done\r\na3 OK done\r\n").await;
        server.expect("a4 UID FETCH 2 (UID)").await;
        server.say("a4 OK done\r\n").await;
    })
    .await;
    let mut got = Vec::new();
    session.bodies(&[1, 2], |uid, body| got.push((uid, body))).await.unwrap();
    assert_eq!(got, [(1, Body::Refused("The server's answer cannot be read.".into()))]);
    server.await.unwrap();
}

#[tokio::test]
async fn an_ok_without_the_message_is_not_taken_for_a_message_that_is_gone() {
    let (mut session, server) = session("* OK hi\r\n", |mut server| async move {
        server.expect("a1 UID FETCH 1:4 (UID BODY.PEEK[])").await;
        server
            .say("* 1 FETCH (UID 1 BODY[] {3}\r\none)\r\n* 2 FETCH (UID 2)\r\na1 OK done\r\n")
            .await;
        server.expect("a2 UID FETCH 2:4 (UID)").await;
        server.say("* 2 FETCH (UID 2)\r\n* 4 FETCH (UID 4)\r\na2 OK done\r\n").await;
    })
    .await;
    let mut got = Vec::new();
    session.bodies(&[1, 2, 3, 4], |uid, body| got.push((uid, body))).await.unwrap();
    let withheld = || Body::Refused("The server has it and does not send it.".into());
    assert_eq!(got, [(1, Body::Raw(b"one".to_vec())), (2, withheld()), (4, withheld())]);
    server.await.unwrap();
}

#[tokio::test]
async fn what_concerns_the_session_ends_the_fetching() {
    for (answer, sort) in [
        ("a1 BAD User is authenticated but not connected.\r\n", "not connected"),
        ("* BYE Server shutting down.\r\n", "bye"),
        ("a1 BAD Command received in Invalid state.\r\n", "expired"),
        ("a1 NO [UNAVAILABLE] later\r\n", "unavailable"),
        ("a1 NO [SERVERBUG] Internal error occurred.\r\n", "server bug"),
        (
            "a1 BAD Request is throttled. Suggested Backoff Time: 1000 milliseconds\r\n",
            "unavailable",
        ),
        ("a1 BAD what?\r\n", "command"),
    ] {
        let (mut session, server) = session("* OK hi\r\n", move |mut server| async move {
            server.hear().await;
            server.say("* 1 FETCH (UID 1 BODY[] {3}\r\none)\r\n").await;
            server.say(answer).await;
        })
        .await;
        let mut got = 0;
        let error = session.bodies(&[1, 2], |_, _| got += 1).await.unwrap_err();
        let told = match &error {
            Error::NotConnected { .. } => "not connected",
            Error::Bye { .. } => "bye",
            Error::SessionExpired { .. } => "expired",
            Error::ServerBug { .. } => "server bug",
            Error::Unavailable { .. } => "unavailable",
            Error::Command { .. } => "command",
            other => panic!("{answer}: {other:?}"),
        };
        assert_eq!((told, got), (sort, 1), "{answer}");
        assert_eq!(session.stay_away(), error.retry_after(), "{answer}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn exchange_tells_after_the_sign_in_that_there_is_no_access() {
    let (mut session, server) = session("* OK hi\r\n", |mut server| async move {
        server.expect(r#"a1 EXAMINE "INBOX""#).await;
        server.say("a1 BAD User is authenticated but not connected.\r\n* BYE Connection closed. 14\r\n").await;
    })
    .await;
    let error = session.examine("INBOX").await.unwrap_err();
    assert!(matches!(error, Error::NotConnected { .. }), "{error:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn signing_out_never_fails() {
    let (session_, server) = session("* OK hi\r\n", |mut server| async move {
        server.expect("a1 LOGOUT").await;
        server.say("* BYE see you\r\na1 OK done\r\n").await;
        server.expect_end().await;
    })
    .await;
    session_.logout().await;
    server.await.unwrap();

    let (gone, server) = session("* OK hi\r\n", |_| async {}).await;
    server.await.unwrap();
    gone.logout().await;
}

#[tokio::test]
async fn a_session_can_be_used_from_a_task_of_its_own() {
    let (mut session, server) = session("* OK hi\r\n", |mut server| async move {
        server.hear().await;
        server.say("* OK [UIDVALIDITY 1] x\r\na1 OK done\r\n").await;
        server.hear().await;
        server.say("* 1 FETCH (UID 1)\r\na2 OK done\r\n").await;
        server.hear().await;
        server.say("* 1 FETCH (UID 1 BODY[] {2}\r\nhi)\r\na3 OK done\r\n").await;
        server.hear().await;
    })
    .await;
    let task = tokio::spawn(async move {
        session.select("INBOX").await?;
        let uids: Vec<u32> = session.metadata(1).await?.iter().map(|meta| meta.uid).collect();
        let mut got = Vec::new();
        session.bodies(&uids, |uid, body| got.push((uid, body))).await?;
        session.logout().await;
        Ok::<_, Error>(got)
    });
    assert_eq!(task.await.unwrap().unwrap(), [(1, Body::Raw(b"hi".to_vec()))]);
    server.await.unwrap();
}

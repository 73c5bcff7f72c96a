//! Handing in mail, byte for byte.

use std::time::Duration;

use outlink_mail::smtp::{Sent, Session};
use outlink_mail::{Error, Limits, SendingFault};
use outlink_model::grant::Actor;
use tokio::io::DuplexStream;

use super::{answer, session, tell};
use crate::script::{Server, limits, play};

const FROM: &str = "a@example.org";
const TO: &str = "b@example.net";
const MAIL: &[u8] = b"Subject: x\r\n\r\n.\r\n";

/// Takes a mail up to DATA, one command at a time.
async fn envelope(server: &mut Server) {
    answer(server, "MAIL FROM:<a@example.org>", "250 2.1.0 ok").await;
    answer(server, "RCPT TO:<b@example.net>", "250 2.1.5 ok").await;
    answer(server, "DATA", "354 go on").await;
}

/// Takes [`MAIL`].
async fn text(server: &mut Server, reply: &str) {
    for line in ["Subject: x", "", ".."] {
        server.expect(line).await;
    }
    answer(server, ".", reply).await;
}

async fn send(session: &mut Session<DuplexStream>) -> Result<Sent, Error> {
    session.send(FROM, TO, MAIL).await
}

#[track_caller]
fn refused(sent: Result<Sent, Error>, is_for_good: bool, word: &str) {
    match sent.unwrap() {
        Sent::Refused { trouble, is_for_good: told, .. } => {
            assert_eq!(told, is_for_good, "{trouble:?}");
            assert!(trouble.reason.contains(word), "{}", trouble.reason);
        }
        Sent::Taken { words } => panic!("taken: {words}"),
    }
}

#[tokio::test]
async fn a_mail_is_handed_in_and_the_servers_words_are_kept() {
    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, &["ENHANCEDSTATUSCODES"]).await;
        for reply in ["250 2.0.0 OK  1763800000 queued as 1A2B", "250 2.0.0 OK again"] {
            envelope(&mut server).await;
            text(&mut server, reply).await;
        }
    })
    .await;
    let words = "250 2.0.0 OK  1763800000 queued as 1A2B".to_owned();
    assert_eq!(send(&mut session).await, Ok(Sent::Taken { words }));
    assert!(matches!(send(&mut session).await, Ok(Sent::Taken { .. })));
    server.await.unwrap();
}

#[tokio::test]
async fn commands_go_together_where_the_server_takes_that_and_their_answers_stay_apart() {
    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, &["PIPELINING", "SIZE", "8BITMIME"]).await;
        server.expect("MAIL FROM:<a@example.org> SIZE=17").await;
        // Nothing was answered, and the next command is here.
        server.expect("RCPT TO:<b@example.net>").await;
        server.say("250 ok\r\n550 5.1.1 nobody\r\n").await;
        server.expect("RSET").await;
        server.say("250 ok\r\n").await;
        for _ in 0..2 {
            server.hear().await;
        }
        server.say("552 5.3.4 too large\r\n503 5.5.1 no mail\r\n").await;
        for _ in 0..2 {
            server.hear().await;
        }
        server.say("250 ok\r\n250 ok\r\n").await;
        answer(&mut server, "DATA", "354 go").await;
        text(&mut server, "250 2.0.0 taken").await;
    })
    .await;
    refused(send(&mut session).await, true, "no mailbox");
    refused(send(&mut session).await, true, "larger");
    assert!(matches!(send(&mut session).await, Ok(Sent::Taken { .. })));
    server.await.unwrap();
}

#[tokio::test]
async fn a_mail_that_is_refused_does_not_cost_the_next_one() {
    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, &[]).await;
        answer(&mut server, "MAIL FROM:<a@example.org>", "250 ok").await;
        answer(&mut server, "RCPT TO:<b@example.net>", "450 4.2.0 Greylisted, come back").await;
        answer(&mut server, "RSET", "250 ok").await;
        answer(&mut server, "MAIL FROM:<a@example.org>", "250 ok").await;
        answer(&mut server, "RCPT TO:<b@example.net>", "250 ok").await;
        answer(&mut server, "DATA", "451 4.6.0 not now").await;
        answer(&mut server, "RSET", "250 ok").await;
        envelope(&mut server).await;
        text(&mut server, "554 5.7.1 Rejected as spam").await;
        // The text ended the mail, so that nothing need be taken back.
        envelope(&mut server).await;
        text(&mut server, "250 2.0.0 taken").await;
        answer(&mut server, "QUIT", "221 bye").await;
    })
    .await;
    refused(send(&mut session).await, false, "for now");
    refused(send(&mut session).await, false, "for now");
    refused(send(&mut session).await, true, "what it is or says");
    assert!(matches!(send(&mut session).await, Ok(Sent::Taken { .. })));
    session.quit().await;
    server.await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_anything_is_said() {
    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, &["SIZE 20"]).await;
        server.expect_end().await;
    })
    .await;
    for to in
        ["", "nobody", "a b@example.org", "a@example.org>\r\nDATA", "<a@example.org>", "a@b@c"]
    {
        refused(session.send(FROM, to, MAIL).await, true, "characters");
    }
    refused(session.send(FROM, "jörg@example.net", MAIL).await, true, "in front of the @");
    refused(session.send(FROM, TO, &[b'x'; 21]).await, true, "larger");
    for from in ["", "a\r\nRSET@example.org", "\"a b\"@example.org"] {
        let error = session.send(from, TO, MAIL).await.unwrap_err();
        assert!(!error.is_session_over());
        let reason = error.trouble().reason;
        assert!(reason.starts_with("The mail server's mailbox is empty or has"), "{reason}");
    }
    let error = session.send("jörg@example.org", TO, MAIL).await.unwrap_err();
    assert!(!error.is_session_over() && !session.was_given());
    let trouble = error.trouble();
    assert!(trouble.reason.contains("SMTPUTF8"), "{}", trouble.reason);
    assert_eq!((trouble.actor, trouble.provider_error), (Actor::LinkAdministrator, None));
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn what_a_mail_needs_is_said_where_it_is_offered() {
    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, &["8BITMIME", "SMTPUTF8"]).await;
        answer(&mut server, "MAIL FROM:<a@example.org> BODY=8BITMIME SMTPUTF8", "250 ok").await;
        answer(&mut server, "RCPT TO:<jörg@xn--bcher-kva.example>", "250 ok").await;
        answer(&mut server, "DATA", "354 go").await;
        server.expect("grüß dich").await;
        answer(&mut server, ".", "250 ok").await;
    })
    .await;
    let sent = session.send(FROM, "jörg@bücher.example", "grüß dich".as_bytes()).await;
    assert!(matches!(sent, Ok(Sent::Taken { .. })), "{sent:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_the_account_or_the_server_is_an_error() {
    let check = |command: &'static str, reply: &'static str| async move {
        let (mut session, server) = session(move |mut server| async move {
            tell(&mut server, &[]).await;
            for (line, good) in [
                ("MAIL FROM:<a@example.org>", "250 ok"),
                ("RCPT TO:<b@example.net>", "250 ok"),
                ("DATA", "354 go"),
            ] {
                let is_last = line.starts_with(command);
                answer(&mut server, line, if is_last { reply } else { good }).await;
                if is_last {
                    return;
                }
            }
            text(&mut server, reply).await;
        })
        .await;
        let error = send(&mut session).await.unwrap_err();
        server.await.unwrap();
        (error, session.stay_away())
    };
    for command in ["MAIL", "RCPT", "DATA", "."] {
        let (error, _) = check(command, "432 4.3.2 Concurrent connections limit exceeded.").await;
        assert!(matches!(error, Error::Unavailable { .. }) && error.is_session_over());
        let (error, _) = check(command, "550 5.4.5 Daily user sending limit exceeded.").await;
        assert!(matches!(error, Error::Sending { fault: SendingFault::LimitReached, .. }));
        assert_eq!(error.trouble().actor, Actor::Nobody);
        let (error, wait) = check(command, "421 4.7.0 slow down, try again in 5 minutes").await;
        assert!(error.is_passing() && error.retry_after() == Some(Duration::from_secs(300)));
        assert_eq!(wait, error.retry_after());
        let (error, _) = check(command, "334 what else?").await;
        assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
    }
    let (error, _) = check("DATA", "250 no text, please").await;
    assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_has_seen_enough_is_heard_though_it_reads_no_more() {
    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, &[]).await;
        envelope(&mut server).await;
        server.hear().await;
        server.say("552 5.3.4 Message too big\r\n").await;
    })
    .await;
    let mail = "x".repeat(60).repeat(1000) + "\r\n";
    let mail = format!("first\r\n{mail}");
    refused(session.send(FROM, TO, mail.as_bytes()).await, true, "larger");
    server.await.unwrap();

    let (mut session, server) = self::session(|mut server| async move {
        tell(&mut server, &[]).await;
        envelope(&mut server).await;
        server.hear().await;
    })
    .await;
    let error = session.send(FROM, TO, mail.as_bytes()).await.unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_mail_whose_answer_never_came_is_told_from_one_that_was_not_given() {
    // How far the server takes a mail before it leaves, and what it says of the text.
    for (commands, last_words, was_given) in [
        (1, None, false),
        (3, None, true),
        (3, Some("354 and?"), true),
        (3, Some("421 4.3.2 not now"), false),
        (3, Some("550 5.4.5 Daily sending quota exceeded"), false),
    ] {
        let (mut session, server) = session(move |mut server| async move {
            tell(&mut server, &[]).await;
            envelope(&mut server).await;
            text(&mut server, "250 ok").await;
            let lines = ["MAIL FROM:<a@example.org>", "RCPT TO:<b@example.net>", "DATA"];
            for line in lines.iter().take(commands) {
                answer(&mut server, line, if *line == "DATA" { "354 go" } else { "250 ok" }).await;
            }
            if commands == lines.len() {
                for line in ["Subject: x", "", "..", "."] {
                    server.expect(line).await;
                }
            } else {
                server.hear().await;
            }
            if let Some(words) = last_words {
                server.say(format!("{words}\r\n")).await;
            }
        })
        .await;
        assert!(!session.was_given(), "nothing was sent");
        assert!(matches!(send(&mut session).await, Ok(Sent::Taken { .. })));
        assert!(!session.was_given(), "it was answered");
        let error = send(&mut session).await.unwrap_err();
        assert_eq!(session.was_given(), was_given, "{commands} {last_words:?} {error:?}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_mail_that_was_dropped_while_the_server_thinks_was_given() {
    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, &[]).await;
        envelope(&mut server).await;
        for line in ["Subject: x", "", "..", "."] {
            server.expect(line).await;
        }
        server.expect_end().await;
    })
    .await;
    let sent = tokio::time::timeout(Duration::from_millis(300), send(&mut session)).await;
    assert!(sent.is_err() && session.was_given(), "{sent:?}");
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_has_time_to_think_about_a_mail_but_not_for_ever() {
    let limits = Limits { time: Duration::from_millis(300), ..limits() };
    for (think, is_taken) in [(Some(700), true), (None, false)] {
        let (stream, server) = play(move |mut server| async move {
            server.say("220 hi\r\n").await;
            tell(&mut server, &[]).await;
            envelope(&mut server).await;
            for _ in 0..4 {
                server.hear().await;
            }
            if let Some(think) = think {
                tokio::time::sleep(Duration::from_millis(think)).await;
                server.say("250 taken\r\n").await;
            }
            server.expect_end().await;
        });
        let mut session = Session::start(stream, limits).await.unwrap();
        let sent = send(&mut session).await;
        match is_taken {
            true => assert!(matches!(sent, Ok(Sent::Taken { .. })), "{sent:?}"),
            false => assert!(matches!(sent, Err(Error::TimedOut { .. })), "{sent:?}"),
        }
        drop(session);
        server.await.unwrap();
    }
}

//! Signing in, byte for byte.

use outlink_mail::Error;
use outlink_mail::sasl::Mechanism;
use outlink_mail::smtp::Session;
use outlink_model::Secret;
use tokio::io::DuplexStream;

use super::{answer, session, tell};
use crate::script::Server;

const USER: &str = "longuser@example.com";
const TOKEN: &str = "ya29.abcdefghijklmnop";
/// `user=longuser@example.com^Aauth=Bearer ya29.abcdefghijklmnop^A^A`.
const BLOB: &str =
    "dXNlcj1sb25ndXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LmFiY2RlZmdoaWprbG1ub3ABAQ==";

async fn met<F>(
    script: impl FnOnce(Server) -> F + Send + 'static,
) -> (Session<DuplexStream>, tokio::task::JoinHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    session(|mut server| async move {
        tell(&mut server, &["AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER"]).await;
        script(server).await;
    })
    .await
}

async fn show(session: &mut Session<DuplexStream>, mechanism: Mechanism) -> Result<(), Error> {
    session.authenticate(USER, "smtp.example.com", 587, &Secret::new(TOKEN), mechanism).await
}

#[tokio::test]
async fn a_token_goes_along_as_far_as_the_command_has_room_for_it_and_else_on_its_own_line() {
    // The edge of 512 octets, Google's longest, Dovecot's buffer, the limit of RFC 4954, 12 KB; and beyond.
    for size in [1, 100, 331, 332, 333, 1024, 2048, 4096, 4097, 6150, 9250, 12_288, 40_000] {
        for mechanism in [Mechanism::XOAuth2, Mechanism::OAuthBearer] {
            let (mut session, server) = met(move |mut server| async move {
                let line = server.hear().await;
                assert!(line.len() + 2 <= 512, "{} octets", line.len());
                let command = format!("AUTH {}", mechanism.as_str());
                let blob = match line.strip_prefix(&format!("{command} ")) {
                    Some(blob) => blob.to_owned(),
                    None => {
                        assert_eq!(line, command);
                        server.say("334 \r\n").await;
                        server.hear().await
                    }
                };
                let raw = size + "user=auth=Bearer ".len() + USER.len();
                let least = raw.div_ceil(3) * 4;
                assert!(blob.len() >= least);
                let would_fit = command.len() + blob.len() + 3 <= 512;
                assert_eq!(line != command, would_fit, "a token of {size}");
                server.say("235 2.7.0 Accepted\r\n").await;
            })
            .await;
            let token = Secret::new("t".repeat(size));
            session.authenticate(USER, "h", 587, &token, mechanism).await.unwrap();
            server.await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_error_challenge_is_read_and_answered_as_its_mechanism_has_it() {
    for (mechanism, json, status, acknowledgement) in [
        (Mechanism::XOAuth2, "eyJzdGF0dXMiOiI0MDEifQ==", "401", ""),
        (Mechanism::OAuthBearer, "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=", "invalid_token", "AQ=="),
    ] {
        let (mut session, server) = met(move |mut server| async move {
            server.hear().await;
            server.say(format!("334 {json}\r\n")).await;
            server.expect(acknowledgement).await;
            server
                .say("535-5.7.8 Username and Password not accepted. For\r\n535 5.7.8 more\r\n")
                .await;
            answer(&mut server, "QUIT", "221 bye").await;
        })
        .await;
        let error = show(&mut session, mechanism).await.unwrap_err();
        let Error::Refused { challenge: Some(told), text, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(told.status.as_deref(), Some(status));
        assert_eq!(text, "535 5.7.8 Username and Password not accepted. For more");
        assert!(error.is_token_refused() && !error.is_session_over());
        assert!(error.trouble().hint.contains("SMTP"), "{}", error.trouble().hint);
        session.quit().await;
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_asks_again_for_what_it_was_given_gets_it_again_once() {
    let (mut session, server) = met(|mut server| async move {
        answer(&mut server, &format!("AUTH XOAUTH2 {BLOB}"), "334 ").await;
        answer(&mut server, BLOB, "235 2.7.0 in").await;
    })
    .await;
    show(&mut session, Mechanism::XOAuth2).await.unwrap();
    server.await.unwrap();

    let (mut session, server) = met(|mut server| async move {
        server.hear().await;
        for line in [BLOB, "", "", ""] {
            server.say("334\r\n").await;
            assert!([BLOB, ""].contains(&&*server.hear().await), "{line}");
        }
        server.say("334 \r\n").await;
        server.expect_end().await;
    })
    .await;
    let error = show(&mut session, Mechanism::XOAuth2).await.unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
    drop(session);
    server.abort();
}

#[tokio::test]
async fn nobody_is_in_before_anything_was_shown() {
    let (mut session, server) = met(|mut server| async move {
        answer(&mut server, "AUTH XOAUTH2", "235 2.7.0 welcome").await;
    })
    .await;
    let token = Secret::new("t".repeat(1000));
    let done = session.authenticate(USER, "h", 587, &token, Mechanism::XOAuth2).await;
    assert!(matches!(done, Err(Error::Protocol { .. })), "{done:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_password_goes_by_plain_or_else_by_login_and_by_nothing_else() {
    let password = Secret::new("two wheels good");
    for (offered, exchange) in [
        ("AUTH LOGIN PLAIN", &[("AUTH PLAIN AGFubgB0d28gd2hlZWxzIGdvb2Q=", "235 2.7.0 in")][..]),
        (
            "AUTH LOGIN CRAM-MD5",
            &[
                ("AUTH LOGIN", "334 VXNlcm5hbWU6"),
                ("YW5u", "334 UGFzc3dvcmQ6"),
                ("dHdvIHdoZWVscyBnb29k", "235 in"),
            ],
        ),
    ] {
        let (mut session, server) = session(move |mut server| async move {
            tell(&mut server, &[offered]).await;
            for (line, reply) in exchange {
                answer(&mut server, line, reply).await;
            }
        })
        .await;
        session.login("ann", &password).await.unwrap();
        server.await.unwrap();
    }
    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, &["AUTH XOAUTH2 CRAM-MD5"]).await;
        server.expect_end().await;
    })
    .await;
    let offered = vec!["XOAUTH2".to_owned(), "CRAM-MD5".to_owned()];
    assert_eq!(session.login("ann", &password).await, Err(Error::NoMechanism { offered }));
    for (user, word) in [("", "x"), ("ann\r\nQUIT", "x"), ("ann", ""), ("a\0b", "x"), ("a", "b\0")]
    {
        let error = session.login(user, &Secret::new(word)).await.unwrap_err();
        assert!(matches!(error, Error::Argument { .. }), "{user:?}");
    }
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn plain_gives_up_where_it_is_asked_for_more() {
    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, &["AUTH PLAIN"]).await;
        server.hear().await;
        server.say("334 more?\r\n").await;
        answer(&mut server, "*", "501 5.7.0 you gave up").await;
    })
    .await;
    let error = session.login("ann", &Secret::new("secret")).await.unwrap_err();
    assert!(matches!(error, Error::Command { command: "AUTH", .. }), "{error:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn what_was_shown_is_cut_out_of_whatever_a_server_says_then_or_later() {
    let (mut session, server) = met(|mut server| async move {
        let line = server.hear().await;
        server.say(format!("535 5.7.8 unknown: {line}, token {TOKEN}\r\n")).await;
        let line = server.hear().await;
        server.say(format!("334 {}\r\n", &BLOB[..40])).await;
        server.expect("").await;
        server.say(format!("535 5.7.8 {}\r\n", &line[13..60])).await;
    })
    .await;
    for _ in 0..2 {
        let error = show(&mut session, Mechanism::XOAuth2).await.unwrap_err();
        let shown = format!("{error:?} {:?}", error.trouble());
        for secret in [TOKEN, BLOB, &BLOB[..40], &BLOB[10..40]] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    server.await.unwrap();

    let (mut session, server) = met(|mut server| async move {
        server.hear().await;
        server.say("235 in\r\n").await;
        answer(&mut server, "MAIL FROM:<a@example.org>", "250 ok").await;
        let reply = format!("550 5.1.1 no such user, but I know {TOKEN} and {BLOB}");
        answer(&mut server, "RCPT TO:<b@example.org>", &reply).await;
    })
    .await;
    show(&mut session, Mechanism::XOAuth2).await.unwrap();
    let sent = session.send("a@example.org", "b@example.org", b"hi").await.unwrap();
    let shown = format!("{sent:?}");
    assert!(!shown.contains(TOKEN) && !shown.contains(&BLOB[..30]), "{shown}");
    assert!(shown.contains("no such user"), "{shown}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_long_token_explains_a_server_that_hangs_up() {
    for (size, is_too_long) in [(5000, true), (500, false)] {
        let (mut session, server) = met(|mut server| async move {
            answer(&mut server, "AUTH XOAUTH2", "334 ").await;
            server.hear().await;
        })
        .await;
        let token = Secret::new("t".repeat(size));
        let error =
            session.authenticate(USER, "h", 587, &token, Mechanism::XOAuth2).await.unwrap_err();
        assert_eq!(matches!(error, Error::TokenTooLong { .. }), is_too_long, "{error:?}");
        server.await.unwrap();
    }
}

//! Greetings, capabilities, and every way in and out of AUTHENTICATE and LOGIN.

use outlink_mail::imap::{Capabilities, Error};
use outlink_mail::sasl::{Mechanism, choose};
use outlink_model::Secret;
use outlink_model::grant::Actor;

use crate::script::{greeted, session};

const USER: &str = "user@example.com";
const XOAUTH2: &str = "dXNlcj11c2VyQGV4YW1wbGUuY29tAWF1dGg9QmVhcmVyIHRvawEB";
/// `n,a=user@example.com,^Ahost=imap.example.com^Aport=993^Aauth=Bearer tok^A^A`
const OAUTHBEARER: &str = "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9aW1hcC5leGFtcGxlLmNvbQFwb3J0PTk5MwFhdXRoPUJlYXJlciB0b2sBAQ==";

async fn authenticate<S>(
    session: &mut outlink_mail::imap::Session<S>,
    mechanism: Mechanism,
) -> Result<(), Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send,
{
    session.authenticate(USER, "imap.example.com", 993, &Secret::new("tok"), mechanism).await
}

#[tokio::test]
async fn what_does_not_greet_as_imap_is_refused_at_once() {
    for greeting in [
        &b"220 smtp.example.com ESMTP\r\n"[..],
        b"+OK POP3\r\n",
        b"HTTP/1.1 400 Bad\r\n",
        b"\r\n",
        b"* NO no\r\n",
    ] {
        let error = greeted(greeting).await.unwrap_err();
        assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
        assert!(error.trouble().hint.contains("993"));
    }
    let error = greeted(b"* BYE Maximum number of connections exceeded\r\n").await.unwrap_err();
    assert_eq!(error.server_words().as_deref(), Some("Maximum number of connections exceeded"));
    assert!(matches!(error, Error::Bye { .. }) && error.is_passing());
    assert!(matches!(greeted(b"").await, Err(Error::Closed { .. })));
    assert!(matches!(greeted(b"* OK half a gree").await, Err(Error::Closed { .. })));
    assert_eq!(greeted(b"* OK\r\n").await, Ok(()));
    assert_eq!(greeted(b"* PREAUTH ready\r\n").await, Ok(()));
}

#[tokio::test]
async fn capabilities_come_from_the_greeting_or_are_asked_for() {
    let (mut session, server) = session(
        "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] hello\r\n",
        |mut server| async move {
            server.expect_end().await;
        },
    )
    .await;
    let told = session.capabilities().await.unwrap();
    assert_eq!(*told, Capabilities::parse("IMAP4REV1 SASL-IR AUTH=XOAUTH2"));
    assert_eq!(choose(told), Some(Mechanism::XOAuth2));
    drop(session);
    server.await.unwrap();

    let (mut session, server) = crate::script::session("* OK hello\r\n", |mut server| async move {
        server.expect("a1 CAPABILITY").await;
        // Without IMAP4rev1, with odd spaces, and with something unknown before it.
        server
            .say("* WHAT is this\r\n* capability  IMAP4rev2 auth=OAUTHBEARER \r\na1 OK done\r\n")
            .await;
        server.expect_end().await;
    })
    .await;
    let told = session.capabilities().await.unwrap().clone();
    assert_eq!(choose(&told), Some(Mechanism::OAuthBearer));
    assert_eq!(*session.capabilities().await.unwrap(), told, "asked once only");
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn the_initial_response_goes_along_where_that_is_offered() {
    for (mechanism, name, blob) in [
        (Mechanism::XOAuth2, "XOAUTH2", XOAUTH2),
        (Mechanism::OAuthBearer, "OAUTHBEARER", OAUTHBEARER),
    ] {
        let (mut session, server) =
            session("* OK [CAPABILITY IMAP4rev1 SASL-IR] hi\r\n", move |mut server| async move {
                server.expect(&format!("a1 AUTHENTICATE {name} {blob}")).await;
                server.say("a1 OK [CAPABILITY IMAP4rev1 UIDPLUS] in\r\n").await;
                server.expect_end().await;
            })
            .await;
        authenticate(&mut session, mechanism).await.unwrap();
        assert!(session.capabilities().await.unwrap().has("UIDPLUS"), "told anew with the answer");
        drop(session);
        server.await.unwrap();
    }
}

#[tokio::test]
async fn the_initial_response_waits_for_a_plus_otherwise() {
    for plus in ["+\r\n", "+ \r\n", "+ =\r\n", "* OK by the way\r\n+ \r\n"] {
        for (mechanism, name, blob) in [
            (Mechanism::XOAuth2, "XOAUTH2", XOAUTH2),
            (Mechanism::OAuthBearer, "OAUTHBEARER", OAUTHBEARER),
        ] {
            let (mut session, server) =
                session("* OK [CAPABILITY IMAP4rev1] hi\r\n", move |mut server| async move {
                    server.expect(&format!("a1 AUTHENTICATE {name}")).await;
                    server.say(plus).await;
                    server.expect(blob).await;
                    server.say("* CAPABILITY IMAP4rev1 IDLE\r\na1 OK in\r\n").await;
                    server.expect_end().await;
                })
                .await;
            authenticate(&mut session, mechanism).await.unwrap();
            assert!(session.capabilities().await.unwrap().has("IDLE"));
            drop(session);
            server.await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_server_that_asks_in_spite_of_sasl_ir_is_told_again() {
    let (mut session, server) =
        session("* OK [CAPABILITY IMAP4rev1 SASL-IR] hi\r\n", |mut server| async move {
            server.expect(&format!("a1 AUTHENTICATE XOAUTH2 {XOAUTH2}")).await;
            server.say("+ \r\n").await;
            server.expect(XOAUTH2).await;
            server.say("a1 OK in\r\n").await;
            server.expect("a2 CAPABILITY").await;
            server.say("* CAPABILITY IMAP4rev1\r\na2 OK\r\n").await;
        })
        .await;
    authenticate(&mut session, Mechanism::XOAuth2).await.unwrap();
    let told = session.capabilities().await.unwrap();
    assert!(!told.has("SASL-IR"), "what was told before the sign-in does not hold after it");
    server.await.unwrap();
}

#[tokio::test]
async fn an_error_challenge_is_answered_and_kept() {
    let challenge = "eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIG1hYyIsInNjb3BlIjoiaHR0cHM6Ly9tYWlsLmdvb2dsZS5jb20vIn0K";
    for (mechanism, answer) in [(Mechanism::XOAuth2, ""), (Mechanism::OAuthBearer, "AQ==")] {
        for capability in ["SASL-IR", "IDLE"] {
            let greeting: &'static str =
                format!("* OK [CAPABILITY IMAP4rev1 {capability}] hi\r\n").leak();
            let (mut session, server) = session(greeting, move |mut server| async move {
                let command = server.hear().await;
                if capability == "IDLE" {
                    assert_eq!(command.split(' ').count(), 3);
                    server.say("+ \r\n").await;
                    server.hear().await;
                }
                server.say(format!("+ {challenge}\r\n")).await;
                server.expect(answer).await;
                server.say("a1 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n").await;
                server.expect_end().await;
            })
            .await;
            let error = authenticate(&mut session, mechanism).await.unwrap_err();
            let Error::Refused { challenge: Some(told), .. } = &error else { panic!("{error:?}") };
            assert_eq!(told.status.as_deref(), Some("401"));
            assert_eq!(told.scope.as_deref(), Some("https://mail.google.com/"));
            let trouble = error.trouble();
            assert_eq!(trouble.actor, Actor::MailboxOwner);
            let words = trouble.provider_error.unwrap();
            assert!(words.contains("bearer mac") && words.contains("Invalid credentials"));
            assert!(error.is_token_refused());
            drop(session);
            server.await.unwrap();
        }
    }
}

#[tokio::test]
async fn refusals_without_a_challenge_are_sorted() {
    for (answer, sort) in [
        ("a1 NO AUTHENTICATE failed.\r\n", "refused"),
        ("a1 NO [UNAVAILABLE] Temporary authentication failure.\r\n", "unavailable"),
        ("a1 NO [ALERT] Too many simultaneous connections. (Failure)\r\n", "unavailable"),
        (
            "a1 BAD Request is throttled. Suggested Backoff Time: 5000 milliseconds\r\n",
            "unavailable",
        ),
        ("* BYE Connection is closed. 14\r\n", "bye"),
        ("a1 BAD Invalid SASL argument.\r\n", "command"),
    ] {
        let (mut session, server) =
            session("* OK [CAPABILITY IMAP4rev1 SASL-IR] hi\r\n", move |mut server| async move {
                server.hear().await;
                server.say(answer).await;
            })
            .await;
        let error = authenticate(&mut session, Mechanism::XOAuth2).await.unwrap_err();
        let got = match &error {
            Error::Refused { challenge: None, .. } => "refused",
            Error::Unavailable { .. } => "unavailable",
            Error::Bye { .. } => "bye",
            Error::Command { .. } => "command",
            other => panic!("{answer}: {other:?}"),
        };
        assert_eq!(got, sort, "{answer}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_repeats_the_token_does_not_make_us_tell_it() {
    for (before, after) in [
        ("a1 BAD cannot parse ", ": secrettoken\r\n"),
        ("a1 NO [UNAVAILABLE] later: ", "\r\n"),
        ("* BYE what is ", " secrettoken?\r\n"),
    ] {
        let (mut session, server) =
            session("* OK [CAPABILITY IMAP4rev1 SASL-IR] hi\r\n", move |mut server| async move {
                let line = server.hear().await;
                server.say(format!("{before}{line}{after}")).await;
            })
            .await;
        let token = Secret::new("secrettoken");
        let error =
            session.authenticate(USER, "h", 993, &token, Mechanism::XOAuth2).await.unwrap_err();
        let shown = format!("{error} {error:?} {:?}", error.trouble());
        assert!(shown.contains("[secret]"), "{shown}");
        assert!(!shown.contains("secrettoken") && !shown.contains("dXNlcj"), "{shown}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_asks_on_and_on_is_left() {
    let (mut session, server) =
        session("* OK [CAPABILITY IMAP4rev1 SASL-IR] hi\r\n", |mut server| async move {
            server.hear().await;
            for _ in 0..3 {
                server.say("+ eyJzdGF0dXMiOiI0MDAifQ==\r\n").await;
                server.expect("").await;
            }
            server.say("+ eyJzdGF0dXMiOiI0MDAifQ==\r\n").await;
            server.expect_end().await;
        })
        .await;
    let error = authenticate(&mut session, Mechanism::XOAuth2).await.unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }));
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn passwords_go_by_plain_or_by_login() {
    // AUTHENTICATE PLAIN: NUL user NUL password.
    let (mut plain, server) =
        session("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\r\n", |mut server| async move {
            server.expect("a1 AUTHENTICATE PLAIN AGFsaWNlAHDDpHNz").await;
            server.say("a1 OK in\r\n").await;
        })
        .await;
    plain.login("alice", &Secret::new("päss")).await.unwrap();
    server.await.unwrap();

    let (mut quoted, server) =
        session("* OK [CAPABILITY IMAP4rev1] hi\r\n", |mut server| async move {
            server.expect(r#"a1 LOGIN "alice" "p\"a\\ss""#).await;
            server.say("a1 NO [AUTHENTICATIONFAILED] p\"a\\ss is wrong\r\n").await;
        })
        .await;
    let error = quoted.login("alice", &Secret::new("p\"a\\ss")).await.unwrap_err();
    assert_eq!(error.to_string(), "The server refused the user name or the password.");
    assert_eq!(error.server_words().as_deref(), Some("[AUTHENTICATIONFAILED] [secret] is wrong"));
    assert!(!error.is_token_refused());
    server.await.unwrap();

    let (mut literal, server) =
        session("* OK [CAPABILITY IMAP4rev1] hi\r\n", |mut server| async move {
            server.expect(r#"a1 LOGIN "alice" {5}"#).await;
            server.say("+ go on\r\n").await;
            server.expect("päss").await;
            server.say("a1 OK in\r\n").await;
        })
        .await;
    literal.login("alice", &Secret::new("päss")).await.unwrap();
    server.await.unwrap();

    let (mut disabled, server) = session(
        "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2] hi\r\n",
        |mut server| async move {
            server.expect_end().await;
        },
    )
    .await;
    let error = disabled.login("alice", &Secret::new("pass")).await.unwrap_err();
    assert_eq!(error, Error::NoMechanism { offered: vec!["XOAUTH2".into()] });
    drop(disabled);
    server.await.unwrap();
}

#[tokio::test]
async fn nothing_that_is_signed_in_with_begins_a_command_of_its_own() {
    let (mut session, server) =
        session("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\r\n", |mut server| async move {
            server.expect_end().await;
        })
        .await;
    for evil in ["x\r\na9 DELETE INBOX", "x\ny", "x\0y"] {
        assert!(session.login(evil, &Secret::new("p")).await.is_err());
        assert!(session.login("alice", &Secret::new(evil)).await.is_err());
        for mechanism in [Mechanism::XOAuth2, Mechanism::OAuthBearer] {
            let token = Secret::new(evil);
            assert!(session.authenticate(USER, "h", 1, &token, mechanism).await.is_err());
            assert!(
                session.authenticate(evil, "h", 1, &Secret::new("t"), mechanism).await.is_err()
            );
        }
        assert!(session.examine(evil).await.is_err());
        assert!(session.select(evil).await.is_err());
    }
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_repeats_the_token_later_does_not_make_us_tell_it_either() {
    const TOKEN: &str = "ya29.a-token-that-nobody-else-may-see";
    let (mut session, server) = session(
        "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] hello\r\n",
        |mut server| async move {
            server.hear().await;
            server.say("a1 OK [CAPABILITY IMAP4rev1] done\r\n").await;
            server.hear().await;
            server.say(format!("a2 NO no folder for Bearer {TOKEN}\r\n")).await;
            server.hear().await;
            server.say(format!("* BYE farewell {TOKEN}\r\n")).await;
        },
    )
    .await;
    let token = Secret::new(TOKEN);
    let mechanism = Mechanism::XOAuth2;
    session.authenticate(USER, "imap.example.com", 993, &token, mechanism).await.unwrap();
    for error in
        [session.select("INBOX").await.unwrap_err(), session.select("A").await.unwrap_err()]
    {
        let told = format!("{error:?} {:?}", error.trouble());
        assert!(!told.contains("token-that"), "{told}");
        assert!(told.contains("[secret]"), "{told}");
    }
    drop(session);
    server.await.unwrap();
}

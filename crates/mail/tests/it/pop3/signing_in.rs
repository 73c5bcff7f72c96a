//! Greetings, capabilities, and every way in and out of AUTH, and of USER and PASS.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outlink_mail::Error;
use outlink_mail::pop3::Session;
use outlink_mail::sasl::Mechanism;
use outlink_model::Secret;
use outlink_model::grant::Actor;
use tokio::io::DuplexStream;

use super::{greeted, session, tell};

const USER: &str = "user@example.com";
const XOAUTH2: &str = "dXNlcj11c2VyQGV4YW1wbGUuY29tAWF1dGg9QmVhcmVyIHRvawEB";
/// `n,a=user@example.com,^Ahost=pop.example.com^Aport=995^Aauth=Bearer tok^A^A`
const OAUTHBEARER: &str =
    "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9cG9wLmV4YW1wbGUuY29tAXBvcnQ9OTk1AWF1dGg9QmVhcmVyIHRvawEB";

async fn authenticate(
    session: &mut Session<DuplexStream>,
    token: &str,
    mechanism: Mechanism,
) -> Result<(), Error> {
    // What is awaited must be able to move to another thread, since every mailbox is read in a task.
    fn sendable<F: Future + Send>(future: F) -> F {
        future
    }
    let token = Secret::new(token);
    sendable(session.authenticate(USER, "pop.example.com", 995, &token, mechanism)).await
}

/// How signing in with this token ends at a server that answers it with these words.
async fn answered(token: &str, answer: &'static str) -> Error {
    let blob = STANDARD.encode(format!("user={USER}\x01auth=Bearer {token}\x01\x01"));
    let (mut session, server) = session(move |mut server| async move {
        server.expect("AUTH XOAUTH2").await;
        server.say("+ \r\n").await;
        server.expect(&blob).await;
        server.say(answer).await;
    })
    .await;
    let error = authenticate(&mut session, token, Mechanism::XOAuth2).await.unwrap_err();
    server.await.unwrap();
    error
}

#[tokio::test]
async fn what_does_not_greet_as_pop3_is_refused_at_once() {
    for greeting in [
        &b"220 smtp.example.com ESMTP\r\n"[..],
        b"* OK IMAP4rev1\r\n",
        b"HTTP/1.1 400 Bad\r\n",
        b"\r\n",
        b"+ \r\n",
    ] {
        let error = greeted(greeting).await.unwrap_err();
        assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
        assert!(error.to_string().contains("POP3"), "{error}");
        assert!(error.trouble().hint.contains("995"), "{}", error.trouble().hint);
    }
    let error = greeted(b"-ERR [SYS/TEMP] Too many connections\r\n").await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    let error = greeted(b"-ERR go away\r\n").await.unwrap_err();
    assert!(matches!(error, Error::Bye { .. }) && error.is_passing(), "{error:?}");
    assert!(matches!(greeted(b"").await, Err(Error::Closed { .. })));
    assert!(matches!(greeted(b"+OK half a gree").await, Err(Error::Closed { .. })));
    assert_eq!(greeted(b"+OK\r\n").await, Ok(()));
    assert_eq!(greeted(b"+OK POP3 <1896.697170952@dbc.mtview.ca.us>\n").await, Ok(()));
}

#[tokio::test]
async fn capabilities_are_asked_for_once_and_may_be_refused() {
    let (mut told, server) = session(|mut server| async move {
        tell(&mut server, "TOP\r\nUIDL\r\nSASL XOAUTH2 OAUTHBEARER\r\n..ODD\r\n").await;
        server.expect_end().await;
    })
    .await;
    let capabilities = told.capabilities().await.unwrap().clone();
    assert!(capabilities.has("UIDL") && capabilities.has(".ODD"));
    assert_eq!(capabilities.mechanism(), Mechanism::OAuthBearer);
    assert_eq!(*told.capabilities().await.unwrap(), capabilities);
    drop(told);
    server.await.unwrap();

    let (mut mute, server) = session(|mut server| async move {
        server.expect("CAPA").await;
        server.say("-ERR unknown command\r\n").await;
        server.expect("AUTH XOAUTH2").await;
        server.say("+\r\n").await;
        server.expect(XOAUTH2).await;
        server.say("+OK in\r\n").await;
        server.expect_end().await;
    })
    .await;
    assert_eq!(mute.capabilities().await.unwrap().iter().count(), 0);
    // Whoever says nothing of it may do it all the same.
    let mechanism = mute.capabilities().await.unwrap().mechanism();
    authenticate(&mut mute, "tok", mechanism).await.unwrap();
    drop(mute);
    server.await.unwrap();
}

#[tokio::test]
async fn a_token_is_always_shown_in_two_steps() {
    for (mechanism, name, blob) in [
        (Mechanism::XOAuth2, "XOAUTH2", XOAUTH2),
        (Mechanism::OAuthBearer, "OAUTHBEARER", OAUTHBEARER),
    ] {
        for plus in ["+\r\n", "+ \r\n", "+ =\r\n"] {
            let (mut session, server) = session(move |mut server| async move {
                tell(&mut server, "SASL XOAUTH2 OAUTHBEARER\r\n").await;
                server.expect(&format!("AUTH {name}")).await;
                server.say(plus).await;
                server.expect(blob).await;
                server.say("+OK User successfully authenticated.\r\n").await;
                tell(&mut server, "UIDL\r\n").await;
                server.expect_end().await;
            })
            .await;
            session.capabilities().await.unwrap();
            authenticate(&mut session, "tok", mechanism).await.unwrap();
            let told = session.capabilities().await.unwrap();
            assert!(told.has("UIDL"), "what was told before the sign-in does not hold after it");
            drop(session);
            server.await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_token_of_twelve_kilobytes_passes() {
    let token = "x".repeat(12 * 1024);
    let blob = STANDARD.encode(format!("user={USER}\x01auth=Bearer {token}\x01\x01"));
    let (mut session, server) = session(move |mut server| async move {
        server.expect("AUTH XOAUTH2").await;
        server.say("+ \r\n").await;
        server.expect(&blob).await;
        server.say("+OK in\r\n").await;
    })
    .await;
    authenticate(&mut session, &token, Mechanism::XOAuth2).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn an_error_challenge_is_answered_and_kept() {
    // {"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}
    let google = "eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ==";
    for (mechanism, name, answer) in
        [(Mechanism::XOAuth2, "XOAUTH2", ""), (Mechanism::OAuthBearer, "OAUTHBEARER", "AQ==")]
    {
        let (mut session, server) = session(move |mut server| async move {
            server.expect(&format!("AUTH {name}")).await;
            server.say("+ \r\n").await;
            server.hear().await;
            server.say(format!("+ {google}\r\n")).await;
            server.expect(answer).await;
            server.say("-ERR [AUTH] Username and password not accepted.\r\n").await;
            // The session goes on, so that a fresh token can be shown in it.
            server.expect(&format!("AUTH {name}")).await;
            server.say("+ \r\n").await;
            server.hear().await;
            server.say("+OK in\r\n").await;
        })
        .await;
        let error = authenticate(&mut session, "tok", mechanism).await.unwrap_err();
        let Error::Refused { challenge: Some(told), .. } = &error else { panic!("{error:?}") };
        assert_eq!(told.status.as_deref(), Some("400"));
        assert_eq!(told.scope.as_deref(), Some("https://mail.google.com/"));
        assert!(error.is_token_refused() && !error.is_session_over());
        assert!(error.trouble().hint.contains("POP3"), "{}", error.trouble().hint);
        authenticate(&mut session, "tok", mechanism).await.unwrap();
        server.await.unwrap();
    }
}

#[tokio::test]
async fn what_exchange_online_says_is_understood() {
    let error =
        answered("tok", "-ERR Authentication failure: unknown user name or bad password.\r\n")
            .await;
    assert!(matches!(error, Error::Refused { challenge: None, .. }), "{error:?}");
    assert!(error.is_token_refused());

    let closed = "-ERR Protocol error. Connection is closed. 10\r\n";
    let error = answered(&"x".repeat(5000), closed).await;
    assert!(matches!(error, Error::TokenTooLong { octets: 5000, .. }), "{error:?}");
    assert_eq!(error.trouble().actor, Actor::LinkAdministrator);
    // Dovecot closes the connection without a word.
    let error = answered(&"x".repeat(9000), "").await;
    assert!(matches!(error, Error::TokenTooLong { octets: 9000, .. }), "{error:?}");
    assert!(matches!(answered("tok", "").await, Error::Closed { .. }));
    let error = answered("tok", closed).await;
    assert!(matches!(error, Error::Command { command: "AUTH", .. }), "{error:?}");
    assert_eq!(error.server_words().as_deref(), Some("Protocol error. Connection is closed. 10"));

    // Its front end is let in, the mailbox behind it does not open.
    let (mut session, server) = session(|mut server| async move {
        server.expect("AUTH XOAUTH2").await;
        server.say("+ \r\n").await;
        server.expect(XOAUTH2).await;
        server.say("+OK User successfully authenticated.\r\n").await;
        server.expect("STAT").await;
        server.say("-ERR User is authenticated but not connected.\r\n").await;
    })
    .await;
    authenticate(&mut session, "tok", Mechanism::XOAuth2).await.unwrap();
    let error = session.stat().await.unwrap_err();
    assert!(matches!(error, Error::NotConnected { .. }), "{error:?}");
    assert!(error.trouble().hint.contains("POP3 is switched on"), "{}", error.trouble().hint);
    server.await.unwrap();
}

#[tokio::test]
async fn what_passes_at_the_door_says_for_how_long() {
    let error = answered("tok", "-ERR [SYS/TEMP] Temporary system problem.\r\n").await;
    assert!(matches!(error, Error::Unavailable { retry_after: None, .. }), "{error:?}");

    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, "LOGIN-DELAY 120\r\nUSER\r\n").await;
        server.expect("USER user@example.com").await;
        server.say("+OK\r\n").await;
        server.expect("PASS word").await;
        server.say("-ERR [LOGIN-DELAY] too soon\r\n").await;
    })
    .await;
    let error = session.login(USER, &Secret::new("word")).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(120));
    assert_eq!(session.stay_away(), error.retry_after());
    server.await.unwrap();
}

#[tokio::test]
async fn passwords_go_by_plain_or_by_user_and_pass() {
    let (mut plain, server) = session(|mut server| async move {
        tell(&mut server, "USER\r\nSASL PLAIN XOAUTH2\r\n").await;
        server.expect("AUTH PLAIN").await;
        server.say("+ \r\n").await;
        server.expect(&STANDARD.encode("\0user@example.com\0pass wörd")).await;
        server.say("+OK in\r\n").await;
    })
    .await;
    plain.login(USER, &Secret::new("pass wörd")).await.unwrap();
    server.await.unwrap();

    // A timestamp in the greeting offers APOP, which is never taken up.
    for capabilities in ["+OK\r\nUSER\r\n.\r\n", "-ERR what?\r\n"] {
        let (stream, server) = crate::script::play(move |mut server| async move {
            server.say("+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n").await;
            server.expect("CAPA").await;
            server.say(capabilities).await;
            server.expect("USER user@example.com").await;
            server.say("+OK\r\n").await;
            server.expect("PASS pass wörd").await;
            server.say("-ERR [AUTH] Authentication failed.\r\n").await;
        });
        let mut spoken = Session::start(stream, crate::script::limits()).await.unwrap();
        let error = spoken.login(USER, &Secret::new("pass wörd")).await.unwrap_err();
        assert!(matches!(error, Error::Refused { mechanism: "USER", .. }), "{error:?}");
        assert_eq!(error.to_string(), "The server refused the user name or the password.");
        assert!(!error.is_token_refused());
        server.await.unwrap();
    }
}

#[tokio::test]
async fn nothing_that_is_signed_in_with_begins_a_command_of_its_own() {
    let (mut session, server) = session(|mut server| async move {
        server.expect_end().await;
    })
    .await;
    for evil in ["", "a\r\nDELE 1", "a\nb", "a\rb", "a\0b"] {
        let error = session.login(USER, &Secret::new(evil)).await.unwrap_err();
        assert_eq!(error, Error::Argument { what: "password" });
        let error = session.login(evil, &Secret::new("x")).await.unwrap_err();
        assert_eq!(error, Error::Argument { what: "user name" });
        let error = authenticate(&mut session, evil, Mechanism::XOAuth2).await.unwrap_err();
        assert!(matches!(error, Error::Sasl(_)), "{error:?}");
    }
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_repeats_secrets_does_not_make_us_tell_them() {
    let token = "ya29.a-token-that-is-long-enough";
    let blob = STANDARD.encode(format!("user={USER}\x01auth=Bearer {token}\x01\x01"));
    let answer = format!("-ERR no such token {token}, no such line {}\r\n", &blob[..40]);
    let error = answered(token, answer.leak()).await;
    assert!(matches!(error, Error::Refused { .. }));
    for shown in [format!("{error:?}"), format!("{:?}", error.trouble()), error.to_string()] {
        assert!(!shown.contains("a-token-that") && !shown.contains(&blob[..40]), "{shown}");
    }
    let (mut session, server) = session(|mut server| async move {
        server.expect("CAPA").await;
        server.say("-ERR\r\n").await;
        server.hear().await;
        server.say("+OK\r\n").await;
        server.hear().await;
        server.say("-ERR unknown command PASS correct-horse\r\n").await;
    })
    .await;
    let error = session.login(USER, &Secret::new("correct-horse")).await.unwrap_err();
    assert!(!format!("{error:?}").contains("correct-horse"), "{error:?}");
    assert_eq!(error.server_words().as_deref(), Some("unknown command PASS [secret]"));
    server.await.unwrap();
}

#[tokio::test]
async fn a_mechanism_that_is_not_there_is_no_refused_token() {
    let (mut session, server) = session(|mut server| async move {
        tell(&mut server, "SASL PLAIN LOGIN\r\n").await;
        server.expect("AUTH XOAUTH2").await;
        server.say("-ERR Unrecognized authentication type\r\n").await;
        server.expect_end().await;
    })
    .await;
    session.capabilities().await.unwrap();
    let error = authenticate(&mut session, "tok", Mechanism::XOAuth2).await.unwrap_err();
    let offered = vec!["PLAIN".to_owned(), "LOGIN".to_owned()];
    assert_eq!(error, Error::NoMechanism { offered });
    drop(session);
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_answers_out_of_turn_is_left() {
    for (first, then) in [
        ("+OK you are in\r\n", None),
        ("250 ok\r\n", None),
        ("+ \r\n", Some("+ e30=\r\n+ e30=\r\n+ e30=\r\n+ e30=\r\n")),
        ("+ \r\n", Some("maybe\r\n")),
    ] {
        let (mut session, server) = session(move |mut server| async move {
            server.expect("AUTH XOAUTH2").await;
            server.say(first).await;
            if let Some(then) = then {
                server.hear().await;
                server.say(then).await;
                // What it asks for meanwhile.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        })
        .await;
        let error = authenticate(&mut session, "tok", Mechanism::XOAuth2).await.unwrap_err();
        assert!(matches!(error, Error::Protocol { .. }), "{first:?} {then:?}: {error:?}");
        server.await.unwrap();
    }
}

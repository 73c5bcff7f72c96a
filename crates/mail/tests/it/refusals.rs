//! What providers say when they do not serve, each in a session as it happens: whose act it is, whether it passes, and that
//! none of it is held against the token.

use outlink_mail::imap::{Error, Session};
use outlink_mail::sasl::Mechanism;
use outlink_model::Secret;
use outlink_model::grant::Actor;
use tokio::io::DuplexStream;

use crate::script::{Server, limits, play};

/// What the server was doing when it said so.
#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    Greeting,
    SigningIn,
    Opening,
    Listing,
    Fetching,
    Moving,
}
use When::{Fetching, Greeting, Listing, Moving, Opening, SigningIn};

/// What it is taken for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// The session is over, and passes.
    Bye,
    /// The session is over because its token is: no failure.
    Expired,
    /// It passes; perhaps with a time to stay away, in milliseconds.
    Later(Option<u64>),
    NotConnected,
    Barred,
    Full,
    ServerBug,
}
use Kind::{Barred, Bye, Expired, Full, Later, NotConnected, ServerBug};

const TABLE: &[(When, &str, Kind)] = &[
    // Exchange Online: the token was taken, the mailbox is closed.
    (
        Opening,
        "? BAD User is authenticated but not connected.\r\n* BYE Connection closed. 14\r\n",
        NotConnected,
    ),
    (Listing, "? BAD User is authenticated but not connected.\r\n", NotConnected),
    (SigningIn, "? NO User is authenticated but not connected.\r\n", NotConnected),
    // The token ran out under an open session.
    (Listing, "* BYE Session invalidated - AccessTokenExpired\r\n", Expired),
    (Fetching, "* BYE Session invalidated - AccessTokenExpired\r\n", Expired),
    (Moving, "* BYE Session invalidated - AccessTokenExpired\r\n", Expired),
    (Fetching, "? BAD Command received in Invalid state.\r\n", Expired),
    (Opening, "? BAD Command received in Invalid state.\r\n", Expired),
    (Listing, "* BYE Session expired, please login again.\r\n", Expired),
    (Listing, "? NO Session expired, please login again.\r\n", Expired),
    // The same before anybody is in: another session at once would only hear it again.
    (SigningIn, "* BYE Session invalidated - AccessTokenExpired\r\n", Bye),
    (SigningIn, "? BAD Command received in Invalid state.\r\n", Bye),
    (Greeting, "* BYE Session expired, please login again.\r\n", Bye),
    // Throttled, with a time.
    (
        SigningIn,
        "? NO Request is throttled. Suggested Backoff Time: 299961 milliseconds\r\n",
        Later(Some(299_961)),
    ),
    (
        Opening,
        "? BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds\r\n* BYE Connection closed. 14\r\n",
        Later(Some(299_961)),
    ),
    (
        Fetching,
        "? BAD Request is throttled. Suggested Backoff Time: 5000 milliseconds\r\n",
        Later(Some(5000)),
    ),
    (Fetching, "? NO Server Busy. Please retry after 30 seconds\r\n", Later(Some(30_000))),
    (SigningIn, "? NO [LIMIT] Rate limit hit, try again in 15 minutes.\r\n", Later(Some(900_000))),
    (
        Fetching,
        "? NO Request is throttled. Suggested Backoff Time: 999999999 milliseconds\r\n",
        Later(Some(3_600_000)),
    ),
    (SigningIn, "? NO [THROTTLED] slow down\r\n", Later(None)),
    (Listing, "* BYE Connection closed. 14\r\n", Bye),
    (SigningIn, "? NO Server Unavailable. 15\r\n", Later(None)),
    // Too many connections: Gmail, Dovecot, Exchange.
    (SigningIn, "? NO [ALERT] Too many simultaneous connections. (Failure)\r\n", Later(None)),
    (
        SigningIn,
        "? NO [AUTHENTICATIONFAILED] Too many simultaneous connections. (Failure)\r\n",
        Later(None),
    ),
    (
        SigningIn,
        "? NO [LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)\r\n",
        Later(None),
    ),
    (Greeting, "* BYE Maximum number of connections from user+IP exceeded\r\n", Bye),
    (
        SigningIn,
        "? NO The maximum number of concurrent connections has exceeded a limit\r\n",
        Later(None),
    ),
    (Greeting, "* BYE Too many connections, try later\r\n", Bye),
    // Too much traffic.
    (SigningIn, "? NO [ALERT] Account exceeded bandwidth limits. (Failure)\r\n", Later(None)),
    (
        SigningIn,
        "? NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)\r\n",
        Later(None),
    ),
    (
        Fetching,
        "? NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)\r\n",
        Later(None),
    ),
    (Fetching, "* BYE Account exceeded command or bandwidth limits. 15\r\n", Bye),
    (
        Moving,
        "? NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)\r\n",
        Later(None),
    ),
    // A full mailbox can still be read.
    (Moving, "? NO [OVERQUOTA] Quota exceeded\r\n", Full),
    (Opening, "? NO [OVERQUOTA] Quota exceeded\r\n", Later(None)),
    // RFC 5530.
    (
        SigningIn,
        "? NO [UNAVAILABLE] Temporary authentication failure. [mx1:2026-01-01 10:00:00]\r\n",
        Later(None),
    ),
    (
        SigningIn,
        "? NO [AUTHENTICATIONFAILED] Temporary problem, please try again later\r\n",
        Later(None),
    ),
    (Opening, "? NO [UNAVAILABLE] Mailbox is being moved\r\n", Later(None)),
    (Opening, "? NO [INUSE] Mailbox is locked by another session\r\n", Later(None)),
    (Fetching, "? NO [LIMIT] Too much at once\r\n", Later(None)),
    (SigningIn, "? NO [SERVERBUG] Internal error occurred.\r\n", Later(None)),
    (Opening, "? NO [SERVERBUG] Internal error occurred.\r\n", Later(None)),
    (SigningIn, "? NO System Error (Failure)\r\n", Later(None)),
    // At a message it may be the message.
    (Fetching, "? NO [SERVERBUG] Internal error occurred.\r\n", ServerBug),
    // The owner has to do something in a browser; the token is as good as before.
    (
        SigningIn,
        "? NO [ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page and enable your account for IMAP access. (Failure)\r\n",
        Barred,
    ),
    (
        SigningIn,
        "? NO [ALERT] Please log in via your web browser: https://support.google.com/mail/accounts/answer/78754 (Failure)\r\n",
        Barred,
    ),
    (SigningIn, "? NO [WEBALERT https://accounts.google.com/x] Web login required.\r\n", Barred),
];

/// Goes through a session until the server says it, and returns what it is taken for.
async fn told(when: When, line: &'static str) -> (Error, Option<std::time::Duration>) {
    let (stream, server) = play(move |mut server: Server| async move {
        let answer = async |server: &mut Server, at, tag: &str, usual: &str| {
            let done = at == when;
            server.say(if done { line.replace('?', tag) } else { usual.to_owned() }).await;
            done
        };
        let hello = "* OK [CAPABILITY IMAP4rev1 SASL-IR MOVE] hi\r\n";
        if answer(&mut server, Greeting, "", hello).await {
            return;
        }
        server.hear().await;
        let signed_in = "a1 OK [CAPABILITY IMAP4rev1 MOVE] in\r\n";
        if answer(&mut server, SigningIn, "a1", signed_in).await {
            return;
        }
        server.hear().await;
        let opened = "* OK [UIDVALIDITY 1] x\r\na2 OK done\r\n";
        if answer(&mut server, Opening, "a2", opened).await {
            return;
        }
        server.hear().await;
        answer(&mut server, when, "a3", "").await;
    });
    let failed = async {
        let mut session: Session<DuplexStream> = match Session::start(stream, limits()).await {
            Ok(session) => session,
            Err(error) => return (error, None),
        };
        let asked = async {
            let token = Secret::new("token");
            session.authenticate("u", "h", 993, &token, Mechanism::XOAuth2).await?;
            session.select("INBOX").await?;
            match when {
                Moving => session.move_to(&[1], "Done").await.map(drop),
                Listing => session.metadata(1).await.map(drop),
                _ => session.bodies(&[1], |_, _| {}).await,
            }
        };
        let error = asked.await.unwrap_err();
        (error, session.stay_away())
    };
    let failed = failed.await;
    server.await.unwrap();
    failed
}

#[tokio::test]
async fn what_providers_say_is_never_held_against_the_token() {
    for (when, line, kind) in TABLE {
        let (error, stay_away) = told(*when, line).await;
        let (is, actor, over) = match &error {
            Error::Bye { .. } => (Bye, Actor::Nobody, true),
            Error::SessionExpired { .. } => (Expired, Actor::Nobody, true),
            Error::Unavailable { retry_after, .. } => {
                let wait = retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap());
                (Later(wait), Actor::Nobody, true)
            }
            Error::NotConnected { .. } => (NotConnected, Actor::TenantAdministrator, true),
            Error::Barred { .. } => (Barred, Actor::MailboxOwner, false),
            Error::Full { .. } => (Full, Actor::MailboxOwner, false),
            Error::ServerBug { .. } => (ServerBug, Actor::Nobody, true),
            other => panic!("{when:?} {line}: {other:?}"),
        };
        assert_eq!(is, *kind, "{when:?} {line}");
        assert_eq!(error.trouble().actor, actor, "{line}");
        assert_eq!(error.is_passing(), actor == Actor::Nobody, "{line}");
        assert_eq!(error.is_session_over(), over, "{line}");
        assert!(!error.is_token_refused(), "{line}");
        assert_eq!(error.wants_fresh_token(), *kind == Expired, "{line}");
        assert_eq!(error.may_be_of_one_message(), *kind == ServerBug, "{line}");
        assert_eq!(stay_away, error.retry_after(), "{line}");
        assert!(line.contains(&error.server_words().unwrap()), "{line}");
        assert!(!error.to_string().contains("refused the token"), "{line}");
    }
}

//! Servers that say anything at all.

use std::time::Duration;

use outlink_mail::sasl::Mechanism;
use outlink_mail::smtp::{Sent, Session};
use outlink_mail::{Error, Limits};
use outlink_model::Secret;
use proptest::prelude::*;
use tokio::io::AsyncWriteExt;

const SECRET: &str = "Zq9Xw7Kp3Vb5Nm1Lr8";

/// How far a session may get before the server says what it likes.
const BEGINNING: [&str; 6] = [
    "220 hi\r\n",
    "250-name\r\n250 AUTH PLAIN XOAUTH2\r\n",
    "235 in\r\n",
    "250 ok\r\n",
    "250 ok\r\n",
    "354 go on\r\n",
];

/// Lines of which some lead on, and some do not.
fn line() -> impl Strategy<Value = String> {
    let code = prop::sample::select(vec![
        "220", "221", "235", "250", "250", "250", "334", "354", "421", "432", "450", "451", "454",
        "500", "501", "530", "535", "550", "552", "554",
    ]);
    let words = prop_oneof![
        Just("AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER".to_owned()),
        Just("PIPELINING".to_owned()),
        Just("STARTTLS".to_owned()),
        Just("SIZE 100".to_owned()),
        Just(format!("5.7.8 I know {SECRET}")),
        Just("eyJzdGF0dXMiOiI0MDEifQ==".to_owned()),
        "[245]\\.[0-7]\\.[0-9]{1,3} \\PC{0,20}",
        "[ -~]{0,20}",
    ];
    let known = (code, prop::sample::select(vec![" ", " ", " ", "-", ""]), words)
        .prop_map(|(code, separator, words)| format!("{code}{separator}{words}\r\n"));
    prop_oneof![9 => known, 1 => "\\PC{0,20}\r?\n"]
}

async fn drive(script: String, with_token: bool) -> Option<()> {
    let (here, mut there) = tokio::io::duplex(1 << 20);
    there.write_all(script.as_bytes()).await.unwrap();
    // What the client says has room; what it hears ends.
    there.shutdown().await.unwrap();
    let limits = Limits { line: 2000, literal: 1000, time: Duration::from_secs(5) };
    let mut session = checked(Session::start(here, limits).await)?;
    checked(session.capabilities().await.cloned())?;
    let secret = Secret::new(SECRET);
    let done = match with_token {
        true => session.authenticate("ann@a.example", "h", 465, &secret, Mechanism::XOAuth2).await,
        false => session.login("ann@a.example", &secret).await,
    };
    if let Err(error) = &done {
        assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    }
    // A server that was shown nothing cannot tell it.
    let is_over = matches!(done, Err(Error::NoMechanism { .. }));
    if is_over || done.is_err_and(|error| error.is_session_over()) {
        return None;
    }
    for to in ["b@b.example", "no\r\nDATA", "b@b.example", "b@b.example"] {
        let sent = session.send("ann@a.example", to, b"Subject: x\r\n\r\n.\r\n").await;
        if let Ok(Sent::Refused { trouble, is_for_good, .. }) = &sent {
            assert!(to.ends_with("example") || *is_for_good);
            assert!(!trouble.reason.is_empty() && !trouble.hint.is_empty());
        }
        assert!(!format!("{sent:?}").contains(SECRET), "{sent:?}");
        checked(sent)?;
    }
    session.quit().await;
    Some(())
}

/// The answer, where there is one. Whatever is told is fit to be shown.
fn checked<T>(answer: Result<T, Error>) -> Option<T> {
    if let Err(error) = &answer {
        let words = error.server_words().unwrap_or_default();
        assert!(!words.contains(char::is_control), "{words:?}");
        assert!(words.len() < 4000, "{}", words.len());
    }
    answer.ok()
}

proptest! {
    #[test]
    fn whatever_a_server_says_a_session_ends_and_tells_no_secret(
        lines in prop::collection::vec(line(), 0..40),
        with_token: bool,
        begun in 0..=BEGINNING.len(),
    ) {
        let script = format!("{}{}", BEGINNING[..begun].concat(), lines.concat());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let ended = runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(60), drive(script, with_token)).await
        });
        prop_assert!(ended.is_ok(), "a session without an end");
    }
}

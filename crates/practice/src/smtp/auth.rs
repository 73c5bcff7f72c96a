//! Signing in (RFC 4954).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncWrite};

use super::session::{End, LINE_TIME, Session};
use crate::faults::SmtpFault;
use crate::sasl::{self, Mechanism};
use crate::wire::WireError;

/// The longest line of an exchange. RFC 4954 §4 has 12288; this leaves room for a token of 16 KB in base64.
const AUTH_CAP: usize = 24 * 1024;
const FAILED: &str = "535 5.7.8 Authentication failed";
const DONE: &str = "235 2.7.0 Authentication successful";
const TOO_LONG: &str = "500 5.5.6 Line too long";

/// `AUTH`, with or without an initial response.
pub(super) async fn authenticate<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    rest: &str,
) -> Result<&'static str, End> {
    if session.user.is_some() || session.envelope.is_some() {
        return Ok("503 5.5.1 Not now");
    }
    let (name, initial) = match rest.split_once(' ') {
        Some((name, initial)) => (name, Some(initial)),
        None => (rest, None),
    };
    let name = name.to_ascii_uppercase();
    if !offers(session, &name) {
        return Ok("504 5.5.4 That mechanism is not offered");
    }
    let first = if name == "LOGIN" { "334 VXNlcm5hbWU6" } else { "334 " };
    let response = match initial {
        // A lone `=` is an empty response.
        Some("=") => Vec::new(),
        Some(initial) => initial.as_bytes().to_vec(),
        None => match ask(session, first).await? {
            Some(response) => response,
            None => return Ok(TOO_LONG),
        },
    };
    if response == b"*" {
        return Ok("501 5.7.0 You gave up");
    }
    match session.fault {
        Some(SmtpFault::SignIn(reply)) => return Ok(reply),
        Some(SmtpFault::RefuseToken) => return Ok(FAILED),
        _ => {}
    }
    let Some(mechanism) = Mechanism::named(&name) else {
        let mailbox = match name.as_str() {
            "PLAIN" => sasl::plain(&session.shared, &response),
            _ => {
                let Some(password) = ask(session, "334 UGFzc3dvcmQ6").await? else {
                    return Ok(TOO_LONG);
                };
                let text = |encoded: &[u8]| String::from_utf8(STANDARD.decode(encoded).ok()?).ok();
                let both = text(&response).zip(text(&password));
                both.and_then(|(name, word)| sasl::password(&session.shared, &name, &word))
            }
        };
        return Ok(finish(session, &name, mailbox));
    };
    match sasl::check(&session.shared, mechanism, &response, "mail.smtp") {
        Ok(mailbox) => Ok(finish(session, mechanism.name(), Some(mailbox))),
        Err(challenge) => {
            let answer = ask(session, &format!("334 {challenge}")).await?;
            let acknowledged = answer.is_some_and(|line| mechanism.acknowledges(&line));
            Ok(if acknowledged {
                FAILED
            } else {
                "501 5.5.2 The error was not acknowledged as the mechanism has it"
            })
        }
    }
}

fn finish<S>(session: &mut Session<S>, mechanism: &str, mailbox: Option<String>) -> &'static str {
    let Some(mailbox) = mailbox else { return FAILED };
    tracing::debug!(mechanism, "a practice SMTP client signed in");
    session.user = Some(mailbox);
    session.shared.lock().counters.smtp_logins += 1;
    DONE
}

fn offers<S>(session: &Session<S>, mechanism: &str) -> bool {
    let world = session.shared.lock();
    let mut lines = world.settings.smtp_capabilities.iter();
    let offered = lines.find_map(|line| line.strip_prefix("AUTH "));
    offered.is_some_and(|words| words.split(' ').any(|word| word == mechanism))
}

/// Says something and takes the client's next line; nothing if that was too long.
async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    text: &str,
) -> Result<Option<Vec<u8>>, End> {
    session.say(text).await?;
    match session.wire.line(AUTH_CAP, LINE_TIME).await {
        Ok(line) => Ok(Some(line)),
        Err(WireError::TooLong) => Ok(None),
        Err(WireError::Closed | WireError::TimedOut) => Err(End::Cut),
    }
}

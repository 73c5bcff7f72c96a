//! Signing in.

use tokio::io::{AsyncRead, AsyncWrite};

use super::maildrop::Maildrop;
use super::session::{End, LINE_TIME, PROTOCOL_ERROR, Session};
use crate::faults::Pop3Fault;
use crate::sasl::{self, Mechanism};
use crate::wire::WireError;

/// The longest line of an exchange: room for a token of 16 KB in base64.
const AUTH_CAP: usize = 24 * 1024;
const FAILED: &str = "-ERR [AUTH] Authentication failed.";
/// One scope opens a mailbox for reading, as Google has it for IMAP and POP3 alike.
const SCOPE: &str = "mail.imap";

/// `AUTH` (RFC 5034 §4), with or without an initial response.
pub(super) async fn authenticate<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    rest: &str,
) -> Result<(), End> {
    let (name, initial) = match rest.split_once(' ') {
        Some((name, initial)) => (name, Some(initial)),
        None => (rest, None),
    };
    if initial.is_some() && session.fault == Some(Pop3Fault::RefuseOneLine) {
        return session.end(PROTOCOL_ERROR).await;
    }
    if !session.offers("SASL", name) {
        session.put("-ERR That mechanism is not offered");
        return Ok(());
    }
    let response = match initial {
        // A lone `=` is an empty response.
        Some("=") => Vec::new(),
        Some(initial) => initial.as_bytes().to_vec(),
        None => ask(session, "+ ").await?,
    };
    if response == b"*" {
        session.put("-ERR You gave up");
        return Ok(());
    }
    match session.fault {
        Some(Pop3Fault::Unavailable) => {
            session.put("-ERR [SYS/TEMP] Temporary authentication failure.");
            return Ok(());
        }
        Some(Pop3Fault::RefuseToken) => {
            session.put(FAILED);
            return Ok(());
        }
        // Base64 makes four octets of three. What stands around the token is counted with it.
        Some(Pop3Fault::TokenLimit(most)) if response.len() / 4 * 3 > most => {
            return session.end(PROTOCOL_ERROR).await;
        }
        _ => {}
    }
    let Some(mechanism) = Mechanism::named(name) else {
        let mailbox = sasl::plain(&session.shared, &response);
        return finish(session, mailbox).await;
    };
    match sasl::check(&session.shared, mechanism, &response, SCOPE) {
        Ok(mailbox) => finish(session, Some(mailbox)).await,
        Err(challenge) => {
            let answer = ask(session, &format!("+ {challenge}")).await?;
            session.put(match mechanism.acknowledges(&answer) {
                true => FAILED,
                false => "-ERR The error was not acknowledged as the mechanism has it",
            });
            Ok(())
        }
    }
}

/// `USER` (RFC 1939 §7).
pub(super) fn user<S: AsyncRead + AsyncWrite + Unpin>(session: &mut Session<S>, name: &str) {
    let takes_passwords =
        session.shared.lock().settings.pop3_capabilities.iter().any(|line| line == "USER");
    if !takes_passwords {
        return session.put("-ERR Passwords are not taken here");
    }
    session.user = Some(name.to_owned());
    // Whether there is such a mailbox is nobody's business.
    session.put("+OK And the password?");
}

/// `PASS` (RFC 1939 §7). A password may have spaces.
pub(super) async fn pass<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    password: &str,
) -> Result<(), End> {
    let Some(name) = session.user.take() else {
        session.put("-ERR Say USER first");
        return Ok(());
    };
    let mailbox = sasl::password(&session.shared, &name, password);
    finish(session, mailbox).await
}

async fn finish<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    mailbox: Option<String>,
) -> Result<(), End> {
    let Some(mailbox) = mailbox else {
        session.put(FAILED);
        return Ok(());
    };
    let Some(maildrop) = Maildrop::open(&session.shared, &mailbox) else {
        session.put("-ERR [IN-USE] Do you have another POP3 session running?");
        return Ok(());
    };
    session.maildrop = Some(maildrop);
    session.shared.lock().counters.pop3_logins += 1;
    session.put("+OK You are in");
    if session.fault == Some(Pop3Fault::HangAfterLogin) {
        session.wire.flush().await?;
        // Until the client has had enough: the mailbox is not to be kept from its next session.
        loop {
            session.wire.line(AUTH_CAP, LINE_TIME).await?;
        }
    }
    Ok(())
}

/// Says something and takes the client's next line.
async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    line: &str,
) -> Result<Vec<u8>, End> {
    session.put(line);
    session.wire.flush().await?;
    match session.wire.line(AUTH_CAP, LINE_TIME).await {
        Ok(line) => Ok(line),
        Err(WireError::TooLong) => session.end("-ERR That response is too long").await,
        Err(WireError::Closed | WireError::TimedOut) => Err(End::Cut),
    }
}

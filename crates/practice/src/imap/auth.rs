//! Signing in.

use tokio::io::{AsyncRead, AsyncWrite};

use super::command::{Arg, Command};
use super::faulty::throttled;
use super::session::{End, GREETING_TIME, LINE_CAP, Reply, Session};
use crate::faults::ImapFault;
use crate::sasl::{self, Mechanism};
use crate::wire::WireError;

/// How often a server says that it is still there.
const CHATTER: std::time::Duration = std::time::Duration::from_millis(50);
const FAILED: Reply = Reply::No("[AUTHENTICATIONFAILED] Authentication failed.");

/// `AUTHENTICATE` (RFC 3501 §6.2.2), with an initial response where SASL-IR is offered (RFC 4959).
pub(super) async fn authenticate<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    command: &Command,
) -> Result<(), End> {
    let words: Option<Vec<String>> = command.args.iter().map(Arg::text).collect();
    let words = words.unwrap_or_default();
    let (name, initial) = match words.as_slice() {
        [name] => (name, None),
        [name, initial] if session.is_capable("SASL-IR") => (name, Some(initial)),
        _ => {
            session.reply(&command.tag, &Reply::Bad("That is no AUTHENTICATE command here"));
            return Ok(());
        }
    };
    if !session.is_capable(&format!("AUTH={name}")) {
        let reply = Reply::No("[CANNOT] That mechanism is not offered");
        session.reply(&command.tag, &reply);
        return Ok(());
    }
    let response = match initial {
        // A lone `=` is an empty response (RFC 4959 §3).
        Some(initial) if initial == "=" => Vec::new(),
        Some(initial) => initial.clone().into_bytes(),
        None => {
            session.wire.put("+ \r\n");
            session.flush().await?;
            line(session).await?
        }
    };
    if response == b"*" {
        session.reply(&command.tag, &Reply::Bad("You gave up"));
        return Ok(());
    }
    let Some(mechanism) = Mechanism::named(name) else {
        if is_refused(session, &command.tag, sasl::plain_name(&response)).await? {
            return Ok(());
        }
        let mailbox = sasl::plain(&session.shared, &response);
        return finish(session, &command.tag, mailbox).await;
    };
    let (mailbox, token) = sasl::claimed(mechanism, &response).unzip();
    if is_refused(session, &command.tag, mailbox).await? {
        return Ok(());
    }
    match sasl::check(&session.shared, mechanism, &response, "mail.imap") {
        Ok(mailbox) => {
            session.token = token;
            finish(session, &command.tag, Some(mailbox)).await
        }
        Err(challenge) => {
            session.wire.put(format!("+ {challenge}\r\n"));
            session.flush().await?;
            let answer = line(session).await?;
            let reply = if mechanism.acknowledges(&answer) {
                FAILED
            } else {
                Reply::Bad("The error was not acknowledged as the mechanism has it")
            };
            session.reply(&command.tag, &reply);
            Ok(())
        }
    }
}

/// `LOGIN` (RFC 3501 §6.2.3), unless the capabilities forbid it.
pub(super) async fn login<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    command: &Command,
) -> Result<(), End> {
    let words: Option<Vec<String>> = command.args.iter().map(Arg::text).collect();
    let words = words.unwrap_or_default();
    let [name, password] = words.as_slice() else {
        session.reply(&command.tag, &Reply::Bad("LOGIN takes a name and a password"));
        return Ok(());
    };
    if !session.is_secure || session.is_capable("LOGINDISABLED") {
        session.reply(&command.tag, &Reply::No("[PRIVACYREQUIRED] Passwords are not taken here"));
        return Ok(());
    }
    if is_refused(session, &command.tag, Some(name.clone())).await? {
        return Ok(());
    }
    let mailbox = sasl::password(&session.shared, name, password);
    finish(session, &command.tag, mailbox).await
}

/// Whether signing in to this mailbox goes wrong on order, whatever the token or password. Then it has been answered.
async fn is_refused<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    tag: &str,
    mailbox: Option<String>,
) -> Result<bool, End> {
    if let (None, Some(mailbox)) = (session.fault, &mailbox) {
        session.fault = session.shared.fixed().faults.take_imap_of(mailbox);
    }
    let reply = match session.fault {
        Some(ImapFault::Unavailable) => {
            Reply::No("[UNAVAILABLE] Temporary authentication failure.")
        }
        Some(ImapFault::RefuseToken) => FAILED,
        Some(ImapFault::MovedAway) => Reply::No("AUTHENTICATE failed."),
        Some(ImapFault::Throttled(milliseconds)) => {
            session.wire.put(format!("{tag} NO {}\r\n", throttled(milliseconds)));
            return Ok(true);
        }
        Some(ImapFault::TooManyConnections) => {
            let text = "[ALERT] Too many simultaneous connections. (Failure)";
            session.wire.put(format!("{tag} NO {text}\r\n"));
            session.flush().await?;
            return Err(End::Closed);
        }
        _ => return Ok(false),
    };
    session.reply(tag, &reply);
    Ok(true)
}

async fn finish<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    tag: &str,
    mailbox: Option<String>,
) -> Result<(), End> {
    let Some(mailbox) = mailbox else {
        session.reply(tag, &FAILED);
        return Ok(());
    };
    session.mailbox = Some(mailbox);
    session.shared.lock().counters.imap_logins += 1;
    let capabilities = session.capabilities();
    session.wire.put(format!("{tag} OK [CAPABILITY {capabilities}] Logged in.\r\n"));
    if let Some(ImapFault::HangAfterLogin) = session.fault {
        return session.hang().await;
    }
    if let Some(ImapFault::Chatter) = session.fault {
        loop {
            session.wire.put("* OK Still here\r\n");
            session.flush().await?;
            tokio::time::sleep(CHATTER).await;
        }
    }
    Ok(())
}

async fn line<S: AsyncRead + AsyncWrite + Unpin>(session: &mut Session<S>) -> Result<Vec<u8>, End> {
    match session.wire.line(LINE_CAP, GREETING_TIME).await {
        Ok(line) => Ok(line),
        Err(error) => {
            if let WireError::TooLong = error {
                session.wire.put("* BYE Authentication response too large\r\n");
                session.flush().await?;
            }
            Err(End::Closed)
        }
    }
}

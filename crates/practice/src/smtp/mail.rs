//! Taking mail in: MAIL, RCPT and DATA.

use jiff::Zoned;
use jiff::tz::TimeZone;
use tokio::io::{AsyncRead, AsyncWrite};

use super::envelope::{self, Path};
use super::session::{End, Envelope, LINE_TIME, Session};
use crate::faults::SmtpFault;
use crate::mailboxes::Outgoing;
use crate::wire::WireError;

/// The largest message that is taken.
const MESSAGE_CAP: usize = 25 * 1024 * 1024;
/// A line of a message ends somewhere, even where programs write whole paragraphs into one.
const MESSAGE_LINE_CAP: usize = 64 * 1024;
/// So many people may be named for one message.
const RECIPIENTS_CAP: usize = 100;

/// `MAIL`.
pub(super) fn sender<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    rest: &str,
) -> &'static str {
    if session.envelope.is_some() {
        return "503 5.5.1 One message at a time";
    }
    if let Some(SmtpFault::Sender(reply)) = session.fault {
        return reply;
    }
    let Some(Path { address, parameters }) = envelope::parse(rest, "FROM:") else {
        return "501 5.1.7 That is no sender";
    };
    for (name, value) in &parameters {
        match name.as_str() {
            "SIZE" if !session.offers("SIZE") => return UNKNOWN_PARAMETER,
            "SIZE" if value.parse::<usize>().is_ok_and(|size| size <= MESSAGE_CAP) => {}
            "SIZE" => return "552 5.3.4 That message is too large",
            "BODY" if session.offers("8BITMIME") => {}
            "SMTPUTF8" if session.offers("SMTPUTF8") => {}
            "AUTH" => {}
            _ => return UNKNOWN_PARAMETER,
        }
    }
    if let Some(user) = &session.user
        && !address.eq_ignore_ascii_case(user)
        && !address.is_empty()
    {
        return "553 5.7.1 You may only send as the one you signed in as";
    }
    let (local, elsewhere) = (Vec::new(), Vec::new());
    session.envelope = Some(Envelope { from: address, local, elsewhere });
    "250 2.1.0 Done"
}

const UNKNOWN_PARAMETER: &str = "555 5.5.4 That parameter is not known";

/// `RCPT`.
pub(super) fn recipient<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    rest: &str,
) -> &'static str {
    let Some(envelope) = &mut session.envelope else { return "503 5.5.1 Say MAIL first" };
    let Some(path) = envelope::parse(rest, "TO:").filter(|path| !path.address.is_empty()) else {
        return "501 5.1.3 That is no recipient";
    };
    if envelope.local.len() + envelope.elsewhere.len() >= RECIPIENTS_CAP {
        return "452 4.5.3 Too many recipients";
    }
    if session.fault.is_none() {
        session.fault = session.shared.fixed().faults.take_smtp_to(&path.address);
        session.is_of_mail = session.fault.is_some();
    }
    if let Some(SmtpFault::Recipient(reply)) = session.fault {
        return reply;
    }
    let known = session.shared.lock().mail.exists(&path.address);
    match (known, &session.user) {
        (true, _) => envelope.local.push(path.address),
        (false, Some(_)) => envelope.elsewhere.push(path.address),
        (false, None) => return "550 5.1.1 There is no such mailbox here",
    }
    "250 2.1.5 Done"
}

/// `DATA`, and the text that follows.
pub(super) async fn data<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
) -> Result<&'static str, End> {
    let Some(envelope) = session.envelope.take() else {
        return Ok("503 5.5.1 Say MAIL and RCPT first");
    };
    if envelope.local.is_empty() && envelope.elsewhere.is_empty() {
        session.envelope = Some(envelope);
        return Ok("554 5.5.1 No recipient was taken");
    }
    if let Some(SmtpFault::Data(reply)) = session.fault {
        session.envelope = Some(envelope);
        return Ok(reply);
    }
    session.say("354 Go on, and end with a dot on a line of its own").await?;
    let message = text(session).await?;
    let fault = session.fault;
    let answer = match (fault, message) {
        (Some(SmtpFault::Text(reply)), _) => reply,
        (Some(SmtpFault::DropBeforeTaking), _) => return Err(End::Cut),
        (_, None) => "552 5.3.4 That message is too large",
        (_, Some(message)) => {
            take(session, envelope, message);
            match fault {
                Some(SmtpFault::DropAfterTaking) => return Err(End::Cut),
                Some(SmtpFault::HangAt(".")) => return session.hang().await,
                _ => "250 2.0.0 Taken",
            }
        }
    };
    session.forget_mail();
    Ok(answer)
}

/// Gives a mail to whom it is for.
fn take<S>(session: &Session<S>, envelope: Envelope, message: Vec<u8>) {
    let now = session.shared.lock().now();
    let mut raw = trace(&envelope.from, &now.to_zoned(TimeZone::UTC)).into_bytes();
    raw.extend(message);
    let mut boxes = envelope.local;
    boxes.sort_by_key(|address| address.to_ascii_lowercase());
    boxes.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
    for mailbox in boxes {
        session.shared.deliver(&mailbox, raw.clone());
    }
    let mut world = session.shared.lock();
    world.counters.smtp_mails += 1;
    if !envelope.elsewhere.is_empty() {
        let outgoing = Outgoing { from: envelope.from, to: envelope.elsewhere, raw };
        world.mail.keep_outgoing(outgoing);
    }
}

/// The message up to its lone dot, with stuffed dots taken out (RFC 5321 §4.5.2); nothing if it is too large.
async fn text<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
) -> Result<Option<Vec<u8>>, End> {
    let mut message = Vec::new();
    let mut fits = true;
    loop {
        match session.wire.line(MESSAGE_LINE_CAP, LINE_TIME).await {
            Ok(line) if line == b"." => return Ok(fits.then_some(message)),
            Ok(line) => {
                let line = line.strip_prefix(b".").unwrap_or(&line);
                fits &= message.len() + line.len() + 2 <= MESSAGE_CAP;
                if fits {
                    message.extend_from_slice(line);
                    message.extend_from_slice(b"\r\n");
                }
                if let Some(SmtpFault::DropMidText(most)) = session.fault
                    && message.len() >= most
                {
                    return Err(End::Cut);
                }
            }
            Err(WireError::TooLong) => fits = false,
            Err(WireError::Closed | WireError::TimedOut) => return Err(End::Cut),
        }
    }
}

/// The lines that a server adds on top (RFC 5321 §4.4).
fn trace(from: &str, now: &Zoned) -> String {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S +0000");
    format!(
        "Return-Path: <{from}>\r\nReceived: from localhost by localhost (practice) with ESMTPS;\r\n\t{date}\r\n"
    )
}

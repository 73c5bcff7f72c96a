//! Misbehaviour of the SMTP server.

use std::time::Duration;

/// What is wrong with one SMTP session, or with the mails to one recipient. Replies are whole lines without their end:
/// `432 4.3.2 Concurrent connections limit exceeded.`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SmtpFault {
    /// This reply comes in place of the greeting, and the session ends.
    Greeting(&'static str),
    /// The connection is taken, and nothing is ever said.
    NoGreeting,
    /// EHLO is no command here, as with very old servers; HELO is.
    NoExtensions,
    /// This keyword is not told, and what it stands for is not taken: `STARTTLS`, `AUTH`, `SIZE`, `8BITMIME`, `SMTPUTF8`.
    Without(&'static str),
    /// These bytes stand behind the answer to STARTTLS, in the clear and in the same write, as somebody on the way puts
    /// them there to be taken for answers under TLS (RFC 3207 §6).
    InjectAfterStartTls(&'static [u8]),
    /// Signing in is refused as with a token that is no good, whatever the token.
    RefuseToken,
    /// Signing in is answered by this, without a challenge, whatever the token.
    SignIn(&'static str),
    /// MAIL is answered by this.
    Sender(&'static str),
    /// RCPT is answered by this.
    Recipient(&'static str),
    /// DATA is answered by this, before any text.
    Data(&'static str),
    /// The text is read to its end and answered by this; the mail is not taken.
    Text(&'static str),
    /// The text is read to its end, the mail is not taken, and the connection is cut.
    DropBeforeTaking,
    /// The text is read to its end, the mail is taken, and the connection is cut before that is said.
    DropAfterTaking,
    /// The connection is cut after so many octets of the text.
    DropMidText(usize),
    /// The command of this name, in upper case, is read, and nothing is ever said again. `.` is the end of a text: the
    /// mail is taken.
    HangAt(&'static str),
    /// Every answer waits for this long.
    Slow(Duration),
}

impl SmtpFault {
    /// Whether this keyword is told.
    pub(crate) fn leaves_out(fault: Option<Self>, keyword: &str) -> bool {
        matches!(fault, Some(Self::Without(missing)) if missing.eq_ignore_ascii_case(keyword))
    }
}

//! What a refusal means for one mail: pure, from the server's words to what people are told.

use outlink_model::grant::{Actor, Trouble};

use super::heard::heard;
use super::refusal;
use super::reply::Reply;
use super::send::Sent;
use crate::error::{Error, SendingFault};
use crate::words;

/// Which part of a mail was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Its sender, size and kind: MAIL.
    Sender {
        /// Whether its size was said.
        has_size: bool,
    },
    /// Its recipient: RCPT.
    Recipient,
    /// Its text: DATA, before or behind.
    Text,
}

/// What is wrong with one mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MailFault {
    /// There is no such mailbox.
    NoSuchMailbox,
    /// The address cannot be written into an envelope.
    BadAddress,
    /// The address has letters that the server cannot carry.
    NeedsUtf8,
    /// The recipient's mailbox has no room.
    RecipientFull,
    /// The mail has more octets than the server takes.
    TooLarge,
    /// The server does not send to others.
    NoRelay,
    /// It was taken for spam, or is of a kind that is not taken.
    Rejected,
    /// For now.
    Later,
    /// For good, for a reason that only the server's words tell.
    Other,
}

impl MailFault {
    fn sentence(self) -> &'static str {
        match self {
            Self::NoSuchMailbox => "The server knows no mailbox of this address.",
            Self::BadAddress => {
                "The address is none, or has characters in it that no mail server can be given."
            }
            Self::NeedsUtf8 => {
                "The address has letters in front of the @ that this mail server cannot send to."
            }
            Self::RecipientFull => "The mailbox of the recipient has no room for this mail.",
            Self::TooLarge => "The mail is larger than the server takes.",
            Self::NoRelay => "The server does not send mail to this address.",
            Self::Rejected => "The server refused this mail for what it is or says.",
            Self::Later => "The server does not take this mail for now.",
            Self::Other => "The server refused this mail for good.",
        }
    }

    fn advice(self) -> (Actor, &'static str) {
        match self {
            Self::NoSuchMailbox | Self::BadAddress => (
                Actor::LinkAdministrator,
                "Check the address: in the handler where mail is sent on, or with whoever wrote.",
            ),
            Self::NeedsUtf8 => (
                Actor::LinkAdministrator,
                "Use another address of the same person, or an outgoing server that offers SMTPUTF8.",
            ),
            Self::RecipientFull => (
                Actor::MailboxOwner,
                "Whoever the mail is for must make room; then have it tried again.",
            ),
            Self::TooLarge => (
                Actor::LinkAdministrator,
                "Send it by another outgoing server, or ask the mail server's operator for a higher \
                 limit; the message itself is kept here.",
            ),
            Self::NoRelay => (
                Actor::LinkAdministrator,
                "Check that host and port are those for handing in mail, usually port 465 or 587, and \
                 that the account may send to others.",
            ),
            Self::Rejected => (
                Actor::LinkAdministrator,
                "Read what the server says; where it takes the mail for spam, ask its operator, or \
                 that of the recipient's, to let it through, then have it tried again.",
            ),
            Self::Later => (Actor::Nobody, "It is tried again later."),
            Self::Other => (
                Actor::LinkAdministrator,
                "Read what the server says, mend that, and have the mail tried again.",
            ),
        }
    }

    /// What is told of it, with the server's words where it said any.
    pub(super) fn refused(self, words: Option<String>) -> Sent {
        let (actor, hint) = self.advice();
        let trouble = Trouble {
            actor,
            reason: self.sentence().to_owned(),
            hint: hint.to_owned(),
            provider_error: words.filter(|words| !words.is_empty()),
        };
        let is_its_own = matches!(
            self,
            Self::NoSuchMailbox | Self::BadAddress | Self::NeedsUtf8 | Self::TooLarge
        );
        Sent::Refused { trouble, is_for_good: self != Self::Later, may_help: !is_its_own }
    }
}

/// Sorts what was answered to a part of a mail to this address. An error where it is about the account, the connection or
/// the server.
///
/// | the refusal | what it is about |
/// |---|---|
/// | words, or a status, that [`refusal::of_account`] knows | the account or the server |
/// | 4yz to MAIL without a size | the server: nothing was said of the mail |
/// | 4yz to MAIL with a size, RCPT or DATA | this mail, for now |
/// | 5yz to MAIL, but for a size | the sender, who is the same for all mail |
/// | 5yz to RCPT or DATA | this mail, for good |
/// | a command that is not known or does not belong here; 5yz on account of where we call from | the session |
pub(super) fn verdict(part: Part, to: &str, reply: &Reply) -> Result<Sent, Error> {
    let heard = heard(reply, to);
    if let Some(error) = refusal::of_account(Some(part), reply, &heard.of_account) {
        return Err(error);
    }
    let said = &heard.of_mail;
    let text = reply.shown.clone();
    let command = match part {
        Part::Sender { .. } => "MAIL",
        Part::Recipient => "RCPT",
        Part::Text => "DATA",
    };
    let fault = match (part, reply.code) {
        _ if is_of_size(reply, part) => MailFault::TooLarge,
        (Part::Sender { has_size: false }, 400..=499) => return Err(refusal::unavailable(reply)),
        (_, 400..=499) => MailFault::Later,
        (_, 500..) if is_of_caller(said) => return Err(Error::Command { command, text }),
        // RFC 5321 §4.2.2: what was said is not known, or does not belong here. Other than MAIL, which is the same for
        // all mail, RCPT may be taken for nonsense on account of its address.
        (Part::Sender { .. }, 500 | 504 | 555) | (_, 502 | 503) => {
            return Err(Error::Command { command, text });
        }
        (Part::Sender { .. }, _) => {
            return Err(Error::Sending { fault: SendingFault::SenderRefused, text });
        }
        (Part::Recipient, _) => of_recipient(reply, said),
        (Part::Text, _) if reply.status.1 == 6 || is_of_spam(said) => MailFault::Rejected,
        (Part::Text, _) => of_status(reply),
    };
    Ok(fault.refused(Some(text)))
}

fn is_of_size(reply: &Reply, part: Part) -> bool {
    let of_status = matches!(reply.status, (5, 3, 4) | (5, 2, 3));
    let of_code = part != Part::Recipient && reply.code == 552 && reply.status.0 == 0;
    of_status || of_code
}

/// Whether the server has something against the address that we call from or the name that we give. Postfix keeps that to
/// itself until it hears of a recipient.
fn is_of_caller(said: &str) -> bool {
    words::has(said, &["client host", "helo command rejected"])
}

fn is_of_spam(said: &str) -> bool {
    words::has(said, &["spam", "virus", "policy", "content", "blocked"])
}

/// What 5yz says of a recipient.
fn of_recipient(reply: &Reply, said: &str) -> MailFault {
    if words::has(said, &["relay", "5.7.54"]) {
        return MailFault::NoRelay;
    }
    match (of_status(reply), reply.code) {
        (MailFault::Other, 500 | 501 | 504 | 555) => MailFault::BadAddress,
        (MailFault::Other, 550 | 551 | 553) if reply.status.0 == 0 => MailFault::NoSuchMailbox,
        (MailFault::Other, 552) => MailFault::RecipientFull,
        (fault, _) => fault,
    }
}

/// What an enhanced status code says of a mail or its recipient (RFC 3463 §3).
fn of_status(reply: &Reply) -> MailFault {
    match reply.status {
        (_, 1, 3) => MailFault::BadAddress,
        (_, 1, _) | (_, 2, 1) => MailFault::NoSuchMailbox,
        (_, 2, 2) => MailFault::RecipientFull,
        (_, 7, _) => MailFault::Rejected,
        _ => MailFault::Other,
    }
}

#[cfg(test)]
mod tests;

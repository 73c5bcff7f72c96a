//! What goes wrong with a mail server, as a sentence, with who must act and what to do.

use std::time::Duration;

use outlink_model::grant::{Actor, Trouble};

use crate::sasl::{self, Challenge};

/// Why a mail server could not be read. Its text is a sentence for people, says nothing secret, and leaves the server's
/// own words to [`Error::server_words`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The connection broke.
    #[error("The connection broke while {doing}: {text}.")]
    Io {
        /// What we were doing.
        doing: &'static str,
        /// The operating system's words.
        text: String,
    },
    /// The server closed the connection without a word.
    #[error("The server closed the connection while {doing}.")]
    Closed {
        /// What we were doing.
        doing: &'static str,
    },
    /// Nothing came in time.
    #[error("The server did not answer within {} s while {doing}.", time.as_secs_f32())]
    TimedOut {
        /// What we were doing.
        doing: &'static str,
        /// How long we waited.
        time: Duration,
    },
    /// More than we take, in a way that cannot be passed over.
    #[error("The server sent more than is taken while {doing}: {text}.")]
    TooLarge {
        /// What we were doing.
        doing: &'static str,
        /// What was too large.
        text: String,
    },
    /// TLS could not be agreed upon.
    #[error("No secure connection to {host} could be made: {text}.")]
    Tls {
        /// Whom we called.
        host: String,
        /// What went wrong.
        text: String,
    },
    /// The server's certificate does not prove that it is the one we called.
    #[error("{}", fault.sentence(host))]
    Certificate {
        /// Whom we called.
        host: String,
        /// What is wrong with the certificate.
        fault: CertificateFault,
    },
    /// What was said is not IMAP, or not what the protocol asks for here.
    #[error("The server's answer is not IMAP as we know it while {doing}.")]
    Protocol {
        /// What we were doing.
        doing: &'static str,
        /// What was said, or what is missing.
        text: String,
    },
    /// The server said farewell (`BYE`), or that the session is over.
    #[error("The server ended the session.")]
    Bye {
        /// The server's words.
        text: String,
        /// How long it asked us to stay away.
        retry_after: Option<Duration>,
    },
    /// Too many connections, too much traffic, a fault of the server's own: it passes. Says nothing about the token.
    #[error("The server cannot serve this mailbox at the moment.")]
    Unavailable {
        /// The server's words.
        text: String,
        /// How long it asked us to stay away.
        retry_after: Option<Duration>,
    },
    /// Exchange Online took the token and then gave no access to the mailbox.
    #[error("The server accepted the token, but gives no access to this mailbox.")]
    NotConnected {
        /// The server's words.
        text: String,
    },
    /// The token or the password is refused.
    #[error("{}", refused(mechanism, challenge.as_ref()))]
    Refused {
        /// How we signed in: `XOAUTH2`, `OAUTHBEARER`, `PLAIN` or `LOGIN`.
        mechanism: &'static str,
        /// The server's words.
        text: String,
        /// What it said about the token.
        challenge: Option<Challenge>,
    },
    /// The server offers no way to sign in that we can use.
    #[error("The server offers no way to sign in that fits: it offers {}.", listed(offered))]
    NoMechanism {
        /// What it offers.
        offered: Vec<String>,
    },
    /// There is no such folder.
    #[error("There is no folder {folder:?} in this mailbox.")]
    FolderMissing {
        /// The folder's name as it was given.
        folder: String,
        /// The server's words.
        text: String,
    },
    /// A command was refused.
    #[error("The server refused the command {command}.")]
    Command {
        /// The command.
        command: &'static str,
        /// The server's words.
        text: String,
    },
    /// Something of ours that cannot be sent.
    #[error("The {what} is empty or has characters that cannot be sent, such as a line break.")]
    Argument {
        /// What it is: `folder name`.
        what: &'static str,
    },
    /// A token or a name that cannot be sent.
    #[error(transparent)]
    Sasl(#[from] sasl::Error),
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// Nobody whom we trust vouches for it.
    UnknownIssuer,
    /// Its time is over; since when, where that is known.
    Expired(Option<String>),
    /// Its time has not begun; when it will, where that is known.
    NotYetValid(Option<String>),
    /// It is made out to others: these.
    WrongName(Vec<String>),
    /// It was withdrawn.
    Revoked,
    /// Anything else.
    Other(String),
}

impl CertificateFault {
    fn sentence(&self, host: &str) -> String {
        match self {
            Self::UnknownIssuer => {
                format!(
                    "The certificate of {host} is issued by an authority that is not trusted here."
                )
            }
            Self::Expired(Some(when)) => format!("The certificate of {host} expired on {when}."),
            Self::Expired(None) => format!("The certificate of {host} has expired."),
            Self::NotYetValid(Some(when)) => {
                format!("The certificate of {host} is valid only from {when} on.")
            }
            Self::NotYetValid(None) => format!("The certificate of {host} is not valid yet."),
            Self::WrongName(names) if names.is_empty() => {
                format!("The certificate that {host} shows is made out to another name.")
            }
            Self::WrongName(names) => {
                format!("The certificate that {host} shows is made out to {}.", names.join(", "))
            }
            Self::Revoked => format!("The certificate of {host} was revoked."),
            Self::Other(text) => format!("The certificate of {host} cannot be accepted: {text}."),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::UnknownIssuer => {
                "If the server uses a private authority, add that authority's certificate to the file \
                 that `tls.extra_ca` names; otherwise ask its operator to send the whole chain."
            }
            Self::Expired(_) => "Ask the mail server's operator to renew the certificate.",
            Self::NotYetValid(_) => {
                "Check the clock of this machine, then ask the mail server's operator about the \
                 certificate."
            }
            Self::WrongName(_) => {
                "Enter the host under the name that its certificate bears, or ask its operator for a \
                 certificate with the right name."
            }
            Self::Revoked => "Ask the mail server's operator for a new certificate.",
            Self::Other(_) => {
                "Ask the mail server's operator for a valid certificate; a private authority's own \
                 certificate goes into the file that `tls.extra_ca` names."
            }
        }
    }
}

impl Error {
    /// Who must act, what is wrong, what to do, and the server's own words.
    pub fn trouble(&self) -> Trouble {
        let (actor, hint) = self.advice();
        Trouble {
            actor,
            reason: self.to_string(),
            hint: hint.to_owned(),
            provider_error: self.server_words(),
        }
    }

    /// Whether it may go away by itself, so that trying again later makes sense.
    pub fn is_passing(&self) -> bool {
        self.advice().0 == Actor::Nobody
    }

    /// Whether the server refused the token itself: one refresh and one more try are in order.
    pub fn is_token_refused(&self) -> bool {
        matches!(self, Self::Refused { mechanism: "XOAUTH2" | "OAUTHBEARER", .. })
    }

    /// How long the server asked us to stay away.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Bye { retry_after, .. } | Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The server's own words, fit to be shown.
    pub fn server_words(&self) -> Option<String> {
        let words = match self {
            Self::Refused { text, challenge: Some(challenge), .. } => {
                format!("{} {text}", challenge.text)
            }
            Self::Refused { text, .. }
            | Self::Protocol { text, .. }
            | Self::Bye { text, .. }
            | Self::Unavailable { text, .. }
            | Self::NotConnected { text }
            | Self::FolderMissing { text, .. }
            | Self::Command { text, .. } => text.clone(),
            Self::Io { .. }
            | Self::Closed { .. }
            | Self::TimedOut { .. }
            | Self::TooLarge { .. }
            | Self::Tls { .. }
            | Self::Certificate { .. }
            | Self::NoMechanism { .. }
            | Self::Argument { .. }
            | Self::Sasl(_) => return None,
        };
        (!words.is_empty()).then_some(words)
    }

    fn advice(&self) -> (Actor, &'static str) {
        match self {
            Self::Io { .. } | Self::Closed { .. } | Self::TimedOut { .. } | Self::Bye { .. } => {
                (Actor::Nobody, "It is tried again; if it stays so, check host and port.")
            }
            Self::Unavailable { .. } => (
                Actor::Nobody,
                "It is tried again later; if it stays so, look for other programs that read the same \
                 mailbox.",
            ),
            Self::Tls { .. } => (
                Actor::Operator,
                "Check that host and port are those of IMAP over TLS, usually port 993.",
            ),
            Self::Certificate { fault, .. } => (Actor::Operator, fault.hint()),
            Self::Protocol { .. } => (
                Actor::LinkAdministrator,
                "Check that host and port are those of an IMAP server, usually port 993.",
            ),
            Self::TooLarge { .. } => {
                (Actor::Operator, "Ask the mail server's operator what it sends at this point.")
            }
            Self::NotConnected { .. } => (
                Actor::TenantAdministrator,
                "In Exchange, check that IMAP is switched on for this mailbox, that it has a licence, \
                 and that whoever consented has full access to it; a new consent does not help.",
            ),
            Self::Refused { mechanism, challenge, .. } => {
                refused_advice(mechanism, challenge.as_ref())
            }
            Self::NoMechanism { .. } => (
                Actor::LinkAdministrator,
                "Use a grant where the server offers XOAUTH2 or OAUTHBEARER, and a password where it \
                 offers PLAIN or LOGIN; an administrator of the mail server can switch them on.",
            ),
            Self::FolderMissing { .. } => (
                Actor::LinkAdministrator,
                "Enter the folder as the mailbox names it, with its parents: `INBOX`, `INBOX/Support`; \
                 names are case-sensitive.",
            ),
            Self::Command { .. } => (
                Actor::LinkAdministrator,
                "Read what the server says, and check the mailbox there.",
            ),
            Self::Argument { .. } | Self::Sasl(_) => {
                (Actor::LinkAdministrator, "Correct it and save the mail server again.")
            }
        }
    }
}

fn is_password(mechanism: &str) -> bool {
    matches!(mechanism, "PLAIN" | "LOGIN")
}

/// Whether the server says that the token is good, but not for this.
fn lacks_scope(challenge: Option<&Challenge>) -> bool {
    let status = challenge.and_then(|challenge| challenge.status.as_deref());
    matches!(status, Some("403" | "insufficient_scope"))
}

fn refused(mechanism: &str, challenge: Option<&Challenge>) -> &'static str {
    if is_password(mechanism) {
        "The server refused the user name or the password."
    } else if lacks_scope(challenge) {
        "The server refused the token because it does not allow reading mail."
    } else {
        "The server refused the token for this mailbox."
    }
}

fn refused_advice(mechanism: &str, challenge: Option<&Challenge>) -> (Actor, &'static str) {
    if is_password(mechanism) {
        return (
            Actor::LinkAdministrator,
            "Enter the password again; where the provider no longer takes passwords, attach a grant.",
        );
    }
    if lacks_scope(challenge) {
        return (
            Actor::LinkAdministrator,
            "Add the provider's scope for IMAP to the link, then ask for consent anew.",
        );
    }
    (
        Actor::MailboxOwner,
        "Check that whoever consented may read this mailbox, that IMAP is switched on for it, and that \
         the link's scope covers IMAP.",
    )
}

fn listed(offered: &[String]) -> String {
    if offered.is_empty() { "none".to_owned() } else { offered.join(", ") }
}

#[cfg(test)]
mod tests;

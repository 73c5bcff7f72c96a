//! What goes wrong with a mail server, as a sentence, with who must act and what to do.

use std::time::Duration;

use outlink_model::grant::{Actor, Trouble};

use crate::sasl::{self, Challenge};

mod advice;
mod after;
mod certificate;
mod sending;
mod starttls;

use advice::refused;
pub use certificate::CertificateFault;
pub use sending::SendingFault;
pub use starttls::StartTlsFault;

/// Why a mail server could not be read, or takes no mail. Its text is a sentence for people, says nothing secret, and leaves the server's
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
    /// What was said is not the protocol, or not what it asks for here.
    #[error("The server's answer is not {} as we know it while {doing}.", spoken.name())]
    Protocol {
        /// What we speak.
        spoken: Spoken,
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
    /// The session ended because the token that it was opened with has. No failure: see [`Error::wants_fresh_token`].
    #[error("The session ended together with the access token that it was opened with.")]
    SessionExpired {
        /// The server's words.
        text: String,
    },
    /// A fault of the server's own at what was asked for, perhaps at one message (`SERVERBUG`).
    #[error("The server made a mistake of its own and gave no answer.")]
    ServerBug {
        /// The server's words.
        text: String,
    },
    /// The mailbox is closed to programs until its owner has done something in a browser. Says nothing about the token.
    #[error("The server lets no program into this mailbox at the moment.")]
    Barred {
        /// The server's words.
        text: String,
    },
    /// There is no room for what should be stored (`OVERQUOTA`).
    #[error("The mailbox has no room for this.")]
    Full {
        /// The server's words.
        text: String,
    },
    /// The server does not tell of new mail of its own accord (RFC 2177): it must be asked from time to time. The
    /// session can be used on.
    #[error("The server does not tell of its own accord when mail comes.")]
    NoIdle {
        /// The server's words; empty where it did not offer to.
        text: String,
    },
    /// A connection that began in the clear cannot be made secure.
    #[error("{}", fault.sentence())]
    StartTls {
        /// What we spoke.
        spoken: Spoken,
        /// Why not.
        fault: StartTlsFault,
    },
    /// Exchange Online took the token and then gave no access to the mailbox.
    #[error("The server accepted the token, but gives no access to this mailbox.")]
    NotConnected {
        /// What we spoke.
        spoken: Spoken,
        /// The server's words.
        text: String,
    },
    /// The server does not let this account send, whatever the mail is.
    #[error("{}", fault.sentence())]
    Sending {
        /// Why not.
        fault: SendingFault,
        /// The server's words.
        text: String,
    },
    /// The token or the password is refused.
    #[error("{}", refused(*spoken, mechanism, challenge.as_ref()))]
    Refused {
        /// What we spoke.
        spoken: Spoken,
        /// How we signed in: `XOAUTH2`, `OAUTHBEARER`, `PLAIN`, `LOGIN` or `USER`.
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
    /// A fault of the server's own that does not pass by itself (RFC 3206, `SYS/PERM`).
    #[error("The server has a fault that does not pass by itself.")]
    ServerFault {
        /// The server's words.
        text: String,
    },
    /// The token has more characters than the server takes.
    #[error("The server does not take a token of {octets} characters.")]
    TokenTooLong {
        /// Characters of the token.
        octets: usize,
        /// The server's words.
        text: String,
    },
    /// The server gives messages no names that stay the same from one session to the next.
    #[error("The server has no lasting names for its messages (UIDL).")]
    NoUidl {
        /// The server's words, or ours.
        text: String,
    },
    /// The server did not carry out the deletions of this session. None of them counts.
    #[error("The server did not delete the messages that it was told to delete.")]
    NotDeleted {
        /// The server's words.
        text: String,
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

/// The protocol that a mail server is spoken to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spoken {
    /// RFC 3501 and RFC 9051.
    Imap,
    /// RFC 1939.
    Pop3,
    /// RFC 5321.
    Smtp,
}

impl Spoken {
    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Smtp => "SMTP",
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
            hint: hint.into_owned(),
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
            | Self::SessionExpired { text }
            | Self::ServerBug { text }
            | Self::Barred { text }
            | Self::Full { text }
            | Self::NoIdle { text }
            | Self::StartTls { fault: StartTlsFault::Refused(text), .. }
            | Self::NotConnected { text, .. }
            | Self::Sending { text, .. }
            | Self::ServerFault { text }
            | Self::TokenTooLong { text, .. }
            | Self::NoUidl { text }
            | Self::NotDeleted { text }
            | Self::FolderMissing { text, .. }
            | Self::Command { text, .. } => text.clone(),
            Self::Io { .. }
            | Self::Closed { .. }
            | Self::TimedOut { .. }
            | Self::TooLarge { .. }
            | Self::Tls { .. }
            | Self::Certificate { .. }
            | Self::StartTls { .. }
            | Self::NoMechanism { .. }
            | Self::Argument { .. }
            | Self::Sasl(_) => return None,
        };
        (!words.is_empty()).then_some(words)
    }
}

/// What a broken stream means.
pub(crate) fn io_error(doing: &'static str, error: &std::io::Error) -> Error {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error.kind() {
        // TLS reports a close without a farewell of its own as an unexpected end.
        UnexpectedEof | BrokenPipe | ConnectionReset | ConnectionAborted => Error::Closed { doing },
        _ => Error::Io { doing, text: error.to_string() },
    }
}

fn listed(offered: &[String]) -> String {
    if offered.is_empty() { "none".to_owned() } else { offered.join(", ") }
}

#[cfg(test)]
mod tests;

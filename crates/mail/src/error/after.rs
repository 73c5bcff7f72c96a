//! What may be done after an error: go on in the session, begin another at once, or look for the message to blame.

use super::Error;

impl Error {
    /// Whether the session that gave this error can be used no more. After any other error it goes on as if nothing had
    /// been asked.
    pub fn is_session_over(&self) -> bool {
        match self {
            Self::Io { .. }
            | Self::Closed { .. }
            | Self::TimedOut { .. }
            | Self::TooLarge { .. }
            | Self::Tls { .. }
            | Self::Certificate { .. }
            | Self::Protocol { .. }
            | Self::Bye { .. }
            | Self::Unavailable { .. }
            | Self::SessionExpired { .. }
            | Self::ServerBug { .. }
            | Self::StartTls { .. }
            | Self::ServerFault { .. }
            | Self::TokenTooLong { .. }
            | Self::NotDeleted { .. }
            | Self::NotConnected { .. } => true,
            Self::Barred { .. }
            | Self::Sending { .. }
            | Self::Full { .. }
            | Self::NoIdle { .. }
            | Self::NoUidl { .. }
            | Self::Refused { .. }
            | Self::NoMechanism { .. }
            | Self::FolderMissing { .. }
            | Self::Command { .. }
            | Self::Argument { .. }
            | Self::Sasl(_) => false,
        }
    }

    /// Whether the session ended only because its token did: nothing is wrong. Connect again at once, with a fresh token,
    /// and count no failure. It never comes from a sign-in, so that this cannot go round in circles.
    pub fn wants_fresh_token(&self) -> bool {
        matches!(self, Self::SessionExpired { .. })
    }

    /// Whether it can be the doing of one of the messages that were asked for, rather than of the mailbox, of the
    /// connection or of us. Only then may a message be passed over for it, and only once other messages were got beside
    /// it. Where the server says that it is busy or that we have asked for too much, no message is ever to blame.
    pub fn may_be_of_one_message(&self) -> bool {
        match self {
            Self::Io { .. }
            | Self::Closed { .. }
            | Self::TimedOut { .. }
            | Self::TooLarge { .. }
            | Self::Protocol { .. }
            | Self::ServerBug { .. }
            | Self::Command { .. } => true,
            // Dovecot leaves with `FETCH failed` where it cannot read a message. Other farewells are about the session.
            Self::Bye { text, retry_after: None } => {
                let words = text.to_ascii_lowercase();
                let about_us = ["limit", "later", "temporar", "throttl", "exceeded", "busy"];
                let is_about_us = about_us.iter().any(|phrase| words.contains(phrase));
                words.contains("fetch failed") && !is_about_us
            }
            Self::Bye { .. }
            | Self::Tls { .. }
            | Self::Certificate { .. }
            | Self::Unavailable { .. }
            | Self::SessionExpired { .. }
            | Self::Barred { .. }
            | Self::Full { .. }
            | Self::NoIdle { .. }
            | Self::StartTls { .. }
            | Self::ServerFault { .. }
            | Self::TokenTooLong { .. }
            | Self::NoUidl { .. }
            | Self::NotDeleted { .. }
            | Self::NotConnected { .. }
            | Self::Sending { .. }
            | Self::Refused { .. }
            | Self::NoMechanism { .. }
            | Self::FolderMissing { .. }
            | Self::Argument { .. }
            | Self::Sasl(_) => false,
        }
    }
}

//! Why an account may not send, though the server works and knows it.

use outlink_model::grant::Actor;

/// What an SMTP server has against an account, whatever mail it hands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendingFault {
    /// Programs may not send for this mailbox, or for nobody of its organisation (Exchange Online: SMTP AUTH).
    SwitchedOff,
    /// Programs may not sign in by the account's password.
    PasswordsOff,
    /// The account has sent as much as it may for some time.
    LimitReached,
    /// The account may not send in the name of this address.
    SenderRefused,
    /// The account's address is not of ASCII before the `@`, and the server does not offer SMTPUTF8 (RFC 6531).
    NeedsUtf8,
    /// The account was barred from sending, mostly since it has sent what was taken for spam.
    Blocked,
    /// The server takes mail only from those who have signed in.
    NotSignedIn,
}

impl SendingFault {
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::SwitchedOff => "The server lets no program send for this mailbox.",
            Self::PasswordsOff => {
                "The server lets no program sign in with this mailbox's password."
            }
            Self::LimitReached => {
                "The account has sent as much as the server lets it send for some time."
            }
            Self::SenderRefused => "The server takes no mail from the address of this mailbox.",
            Self::NeedsUtf8 => {
                "The mail server's mailbox has letters in front of the @ that this server cannot send \
                 from: it does not offer SMTPUTF8."
            }
            Self::Blocked => "The server has blocked this account from sending.",
            Self::NotSignedIn => "The server takes mail only from those who have signed in.",
        }
    }

    pub(super) fn advice(self) -> (Actor, &'static str) {
        match self {
            Self::SwitchedOff => (
                Actor::TenantAdministrator,
                "In Exchange, switch on authenticated SMTP for this mailbox: \
                 `Set-CASMailbox -SmtpClientAuthenticationDisabled $false`; security defaults and \
                 authentication policies must not forbid it either, and a new consent does not help.",
            ),
            Self::PasswordsOff => (
                Actor::LinkAdministrator,
                "Attach a grant to the mail server in place of the password; where the provider makes \
                 passwords for programs (app passwords), one of those may be entered instead.",
            ),
            Self::LimitReached => (
                Actor::Nobody,
                "It is tried again later, and nothing is lost; if it stays so, send less through this \
                 account, or ask the provider for a higher limit.",
            ),
            Self::SenderRefused => (
                Actor::LinkAdministrator,
                "Enter an address as the mailbox that the account may send as, or have the provider \
                 allow it: in Exchange, by the permission Send As.",
            ),
            Self::NeedsUtf8 => (
                Actor::LinkAdministrator,
                "Enter another address of the same account as the mailbox, one of ASCII alone, or use \
                 an outgoing server that offers SMTPUTF8.",
            ),
            Self::Blocked => (
                Actor::TenantAdministrator,
                "Find out what was sent through this account, then have the provider release it: in \
                 Microsoft 365, under the restricted entities.",
            ),
            Self::NotSignedIn => (
                Actor::LinkAdministrator,
                "Attach a grant to the mail server, or enter a user name and a password.",
            ),
        }
    }
}

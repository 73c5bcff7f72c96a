//! Who must act on an error, and what to do.

use std::borrow::Cow;

use outlink_model::grant::Actor;

use super::{Error, Spoken};
use crate::sasl::Challenge;

impl Error {
    pub(super) fn advice(&self) -> (Actor, Cow<'static, str>) {
        let (actor, hint) = match self {
            Self::Io { .. } | Self::Closed { .. } | Self::TimedOut { .. } | Self::Bye { .. } => {
                (Actor::Nobody, "It is tried again; if it stays so, check host and port.")
            }
            Self::Unavailable { .. } => (
                Actor::Nobody,
                "It is tried again later; if it stays so, look for other programs that use the same \
                 mailbox.",
            ),
            Self::SessionExpired { .. } => {
                (Actor::Nobody, "Nothing need be done: a new session begins with a fresh token.")
            }
            Self::ServerBug { .. } => (
                Actor::Nobody,
                "It is tried again later; if it stays so, ask the mail server's operator to look into \
                 its log: a message or an index may be damaged.",
            ),
            Self::Barred { .. } => (
                Actor::MailboxOwner,
                "Sign in to the mailbox in a browser, do what the provider asks for there, and switch \
                 on access for mail programs in its settings; a new consent does not help.",
            ),
            Self::Full { .. } => (
                Actor::MailboxOwner,
                "Make room in the mailbox, or ask its administrator for more; until then messages stay \
                 where they are, and none is lost.",
            ),
            Self::NoIdle { .. } => (
                Actor::Nobody,
                "Nothing need be done: the server is asked from time to time instead.",
            ),
            Self::StartTls { spoken, fault } => {
                let (actor, hint) = fault.advice(*spoken);
                return (actor, hint.into());
            }
            Self::Tls { .. } => (
                Actor::Operator,
                "Check that host and port are those of mail over TLS: for IMAP usually port 993, for \
                 POP3 port 995, for SMTP port 465.",
            ),
            Self::Certificate { fault, .. } => (Actor::Operator, fault.hint()),
            Self::Protocol { spoken, .. } => (
                Actor::LinkAdministrator,
                match spoken {
                    Spoken::Imap => {
                        "Check that host and port are those of an IMAP server, usually port 993."
                    }
                    Spoken::Pop3 => {
                        "Check that host and port are those of a POP3 server, usually port 995."
                    }
                    Spoken::Smtp => {
                        "Check that host and port are those of an SMTP server that takes mail from \
                         its users, usually port 465 or 587."
                    }
                },
            ),
            Self::TooLarge { .. } => {
                (Actor::Operator, "Ask the mail server's operator what it sends at this point.")
            }
            Self::NotConnected { spoken, .. } => {
                let name = spoken.name();
                let hint = format!(
                    "In Exchange, check that {name} is switched on for this mailbox, that it has a \
                     licence, and that whoever consented has full access to it; a new consent does \
                     not help."
                );
                return (Actor::TenantAdministrator, hint.into());
            }
            Self::Refused { spoken, mechanism, challenge, .. } => {
                return refused_advice(*spoken, mechanism, challenge.as_ref());
            }
            Self::Sending { fault, .. } => fault.advice(),
            Self::NoMechanism { .. } => (
                Actor::LinkAdministrator,
                "Use a grant where the server offers XOAUTH2 or OAUTHBEARER, and a password where it \
                 offers PLAIN or LOGIN; an administrator of the mail server can switch them on.",
            ),
            Self::ServerFault { .. } => {
                (Actor::Operator, "Tell the mail server's operator what the server says.")
            }
            Self::TokenTooLong { .. } => (
                Actor::LinkAdministrator,
                "Exchange Online's POP3 breaks off at tokens of more than 4096 characters, and other \
                 servers at longer ones: fetch a mailbox by IMAP, or have the provider put less \
                 into its tokens.",
            ),
            Self::NoUidl { .. } => (
                Actor::LinkAdministrator,
                "Fetch this mailbox by IMAP, or ask the mail server's operator to switch UIDL on.",
            ),
            Self::NotDeleted { .. } => (
                Actor::Nobody,
                "They are deleted again with the next fetch; if it stays so, read what the server says.",
            ),
            Self::FolderMissing { .. } => (
                Actor::LinkAdministrator,
                "Create the folder in the mailbox, or enter it as the mailbox names it, with its \
                 parents: `INBOX`, `INBOX/Support`; names are case-sensitive.",
            ),
            Self::Command { .. } => (
                Actor::LinkAdministrator,
                "Read what the server says, and check the mailbox there.",
            ),
            Self::Argument { .. } | Self::Sasl(_) => {
                (Actor::LinkAdministrator, "Correct it and save the mail server again.")
            }
        };
        (actor, hint.into())
    }
}

fn is_password(mechanism: &str) -> bool {
    matches!(mechanism, "PLAIN" | "LOGIN" | "USER")
}

/// Whether the server says that the token is good, but not for this.
fn lacks_scope(challenge: Option<&Challenge>) -> bool {
    let status = challenge.and_then(|challenge| challenge.status.as_deref());
    matches!(status, Some("403" | "insufficient_scope"))
}

pub(super) fn refused(
    spoken: Spoken,
    mechanism: &str,
    challenge: Option<&Challenge>,
) -> &'static str {
    if is_password(mechanism) {
        "The server refused the user name or the password."
    } else if lacks_scope(challenge) {
        match spoken {
            Spoken::Imap | Spoken::Pop3 => {
                "The server refused the token because it does not allow reading mail."
            }
            Spoken::Smtp => "The server refused the token because it does not allow sending mail.",
        }
    } else {
        "The server refused the token for this mailbox."
    }
}

fn refused_advice(
    spoken: Spoken,
    mechanism: &str,
    challenge: Option<&Challenge>,
) -> (Actor, Cow<'static, str>) {
    let name = spoken.name();
    if is_password(mechanism) {
        let hint = "Enter the password again; where the provider no longer takes passwords, attach a grant.";
        return (Actor::LinkAdministrator, hint.into());
    }
    if lacks_scope(challenge) {
        let hint =
            format!("Add the provider's scope for {name} to the link, then ask for consent anew.");
        return (Actor::LinkAdministrator, hint.into());
    }
    let may = match spoken {
        Spoken::Imap | Spoken::Pop3 => "read this mailbox",
        Spoken::Smtp => "send for this mailbox",
    };
    let hint = format!(
        "Check that whoever consented may {may}, that {name} is switched on for it, and \
         that the link's scope covers {name}."
    );
    (Actor::MailboxOwner, hint.into())
}

//! Why a connection that began in the clear could not be made secure.

use outlink_model::grant::Actor;

use super::Spoken;

/// Why STARTTLS (or STLS, at POP3) came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartTlsFault {
    /// The server does not offer it; or somebody on the way took the offer out.
    NotOffered,
    /// The server said no; its words.
    Refused(String),
    /// The server took us for signed in from the first word on (`PREAUTH`), and then it is too late.
    SignedInBefore,
    /// Something stood behind the server's consent, in the clear, where it would have counted as said under TLS.
    SpokeAhead,
}

impl StartTlsFault {
    pub(super) fn sentence(&self) -> &'static str {
        match self {
            Self::NotOffered => "The server does not offer to make the connection secure.",
            Self::Refused(_) => "The server refused to make the connection secure.",
            Self::SignedInBefore => {
                "The server takes its caller for signed in before the connection is secure, and so it \
                 cannot be made secure any more."
            }
            Self::SpokeAhead => {
                "Something was said in the clear that would have counted as said over the secure \
                 connection."
            }
        }
    }

    pub(super) fn advice(&self, spoken: Spoken) -> (Actor, String) {
        let port = match spoken {
            Spoken::Imap => 993,
            Spoken::Pop3 => 995,
            Spoken::Smtp => 465,
        };
        let other = format!("choose TLS from the first octet on, usually on port {port}");
        match self {
            Self::NotOffered | Self::Refused(_) => (
                Actor::LinkAdministrator,
                format!(
                    "If the server can do it, {other}; otherwise ask its operator to offer STARTTLS."
                ),
            ),
            Self::SignedInBefore => (
                Actor::LinkAdministrator,
                format!(
                    "If the server can do it, {other}; otherwise ask its operator to let nobody in \
                     before STARTTLS."
                ),
            ),
            Self::SpokeAhead => (
                Actor::Operator,
                format!(
                    "Somebody between here and the server may be tampering with the connection, or \
                     the server's software is out of date: ask its operator, and {other}."
                ),
            ),
        }
    }
}

//! Mail servers: where mail comes from, and where it goes out.

use crate::grant::Trouble;
use crate::{ConnectionId, GrantId, MailServerId, Secret, Timestamp};

/// Which way mail goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// We fetch from it.
    Incoming,
    /// We send through it.
    Outgoing,
}

crate::names!(Direction, "direction", { Incoming => "incoming", Outgoing => "outgoing" });

/// The language that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// RFC 3501 and RFC 9051.
    Imap,
    /// RFC 1939.
    Pop3,
    /// RFC 5321, by the rules for submission of RFC 6409.
    Smtp,
}

crate::names!(Protocol, "protocol", { Imap => "imap", Pop3 => "pop3", Smtp => "smtp" });

/// How the connection is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// TLS after a command in the clear (STARTTLS, for POP3 STLS; RFC 2595).
    StartTls,
    /// None. Only where the operator's configuration allows it for the host, and never with a grant.
    None,
}

crate::names!(Security, "security", { Tls => "tls", StartTls => "starttls", None => "none" });

impl Protocol {
    /// The port that this protocol usually has with this security.
    pub fn usual_port(self, security: Security) -> u16 {
        match (self, security) {
            (Self::Imap, Security::Tls) => 993,
            (Self::Imap, Security::StartTls | Security::None) => 143,
            (Self::Pop3, Security::Tls) => 995,
            (Self::Pop3, Security::StartTls | Security::None) => 110,
            (Self::Smtp, Security::Tls) => 465,
            (Self::Smtp, Security::StartTls) => 587,
            (Self::Smtp, Security::None) => 25,
        }
    }

    /// Which way mail goes by it.
    pub fn direction(self) -> Direction {
        match self {
            Self::Imap | Self::Pop3 => Direction::Incoming,
            Self::Smtp => Direction::Outgoing,
        }
    }
}

/// Which of the mail that already lies there is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Take {
    /// Only what arrives after the server was added.
    New,
    /// Everything.
    All,
    /// What arrived at this time or later.
    Since(Timestamp),
}

impl Take {
    /// The name used in the API, on the command line and in the database: `new`, `all` or `since`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::All => "all",
            Self::Since(_) => "since",
        }
    }
}

/// What is done on the mail server with a message that was handled. What was not handled is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum After {
    /// It stays, marked as read. By POP3, which has no marks, it just stays.
    Keep,
    /// It is moved to this folder. IMAP only.
    Move(String),
    /// It is deleted.
    Delete,
}

impl After {
    /// The name used in the API, on the command line and in the database: `keep`, `move` or `delete`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Move(_) => "move",
            Self::Delete => "delete",
        }
    }
}

/// How we sign in.
#[derive(Clone, Debug)]
pub enum SignIn {
    /// With the tokens of a grant, by XOAUTH2 or OAUTHBEARER.
    Grant(GrantId),
    /// With a password.
    Password(Secret),
    /// Not at all: the grant that it used was deleted, and an administrator must attach another.
    Missing,
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// Its id.
    pub id: MailServerId,
    /// Unique, chosen by the administrator.
    pub name: String,
    /// What it is for, in the administrator's words; may be empty.
    pub description: String,
    /// Which way mail goes.
    pub direction: Direction,
    /// What is spoken.
    pub protocol: Protocol,
    /// How it is secured.
    pub security: Security,
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The account's address: whose mail it is; of an outgoing server, the address that stands in From. Apart from the grant's identity, since a shared mailbox is read with
    /// somebody else's grant.
    pub mailbox: String,
    /// How we sign in.
    pub sign_in: SignIn,
    /// The IMAP folders, at least one; by POP3 there is `INBOX` alone. This and what follows down to `poll_seconds` and
    /// `idle` means nothing for an outgoing server, and has its usual values there.
    pub folders: Vec<String>,
    /// What is done there with what was handled.
    pub after: After,
    /// Which of the mail that already lies there is taken.
    pub take: Take,
    /// Seconds between two polls. While the server tells of new mail by itself (IDLE), this is the safety net.
    pub poll_seconds: u32,
    /// Whether the connection is kept so that the server tells of new mail (IDLE, RFC 2177), where it offers that.
    pub idle: bool,
    /// Seconds that one answer of the server may take.
    pub time_limit_seconds: u32,
    /// The server whose Authentication-Results are believed, by the name that it writes there (authserv-id, RFC 8601
    /// §2.5). Without one nothing is believed.
    pub authserv_id: Option<String>,
    /// Switched off by an administrator.
    pub paused: bool,
    /// How it went lately.
    pub health: ServerHealth,
    /// When it was added.
    pub created_at: Timestamp,
    /// When an administrator last changed it.
    pub updated_at: Timestamp,
}

/// How a mail server has fared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerHealth {
    /// When everything last worked.
    pub ok_at: Option<Timestamp>,
    /// What is wrong since then.
    pub trouble: Option<Trouble>,
    /// Since when something has been wrong.
    pub failing_since: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    /// Something that an administrator should know although mail is fetched: "deleted messages are only marked as
    /// deleted, since the server offers no UIDPLUS".
    pub note: Option<String>,
}

/// Where we are in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The folder's UIDVALIDITY (RFC 9051 §2.3.1.1).
    pub uid_validity: u32,
    /// Every UID up to this one has been dealt with. Zero before the first.
    pub last_uid: u32,
    /// UIDs below this one lay there when the folder was first seen, or first seen after it was rebuilt: of them, dates
    /// decide which are wanted. Those from here on came later, and are wanted whatever their date.
    pub first_uid: u32,
}

/// A stretch of time in which fetching from a mail server went the same way: a line of the connectivity log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Which server.
    pub mail_server_id: MailServerId,
    /// When it first went so.
    pub began_at: Timestamp,
    /// When it last went so.
    pub last_at: Timestamp,
    /// What was wrong; absent where all was well.
    pub trouble: Option<Trouble>,
    /// How often it was tried.
    pub polls: u64,
    /// Messages that were fetched.
    pub messages: u64,
}

//! Mail servers: where mail comes from, and (later) where it goes out.

use crate::grant::Trouble;
use crate::{GrantId, MailServerId, Secret, Timestamp};

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
}

crate::names!(Protocol, "protocol", { Imap => "imap" });

/// How the connection is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    Tls,
}

crate::names!(Security, "security", { Tls => "tls" });

/// Which of the mail that already lies there is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Take {
    /// Only what arrives after the server was added.
    New,
    /// Everything.
    All,
}

crate::names!(Take, "take", { New => "new", All => "all" });

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
    /// The account's address: whose mail it is. Apart from the grant's identity, since a shared mailbox is read with
    /// somebody else's grant.
    pub mailbox: String,
    /// How we sign in.
    pub sign_in: SignIn,
    /// The IMAP folder.
    pub folder: String,
    /// Which of the mail that already lies there is taken.
    pub take: Take,
    /// Seconds between two polls.
    pub poll_seconds: u32,
    /// Switched off by an administrator.
    pub paused: bool,
    /// How it went lately.
    pub health: ServerHealth,
    /// When it was added.
    pub created_at: Timestamp,
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
}

/// Where we are in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The folder's UIDVALIDITY (RFC 9051 §2.3.1.1).
    pub uid_validity: u32,
    /// Every UID up to this one has been dealt with. Zero before the first.
    pub last_uid: u32,
}

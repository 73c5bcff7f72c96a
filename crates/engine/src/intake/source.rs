//! Where messages of one listing lie, by either protocol, and how a place there is written in the ledger.

use std::collections::HashMap;

use outlink_model::MailServerId;
use outlink_model::message::Place;

/// The name under which a POP3 server's one folder stands in the ledger.
pub(super) const INBOX: &str = "INBOX";

/// Where the messages of one listing lie.
#[derive(Debug)]
pub(super) enum Source {
    /// An open IMAP folder.
    Imap {
        /// Its name.
        folder: String,
        /// Its UIDVALIDITY.
        uid_validity: u32,
        /// The first UID of those that came after we first saw it.
        first_uid: u32,
        /// Whether nothing in it can be changed.
        read_only: bool,
    },
    /// A POP3 mailbox: what the server calls each message (UIDL), by the numbers of this session. Empty where the
    /// server has no such names.
    Pop3 {
        /// UIDL by number.
        uidls: HashMap<u32, String>,
    },
}

impl Source {
    /// The folder's name in the ledger.
    pub(super) fn folder(&self) -> &str {
        match self {
            Self::Imap { folder, .. } => folder,
            Self::Pop3 { .. } => INBOX,
        }
    }

    /// The folder's UIDVALIDITY in the ledger.
    pub(super) fn uid_validity(&self) -> u32 {
        match self {
            Self::Imap { uid_validity, .. } => *uid_validity,
            Self::Pop3 { .. } => 0,
        }
    }

    /// The place of a message. By POP3 its number in the ledger is not known before it is written.
    pub(super) fn place(&self, mail_server_id: MailServerId, number: u32) -> Place {
        let (uid, uidl) = match self {
            Self::Imap { .. } => (number, None),
            Self::Pop3 { uidls } => (0, uidls.get(&number).cloned()),
        };
        let (folder, uid_validity) = (self.folder().to_owned(), self.uid_validity());
        Place { mail_server_id, folder, uid_validity, uid, uidl }
    }

    /// Whether the server has this name for a message just now.
    pub(super) fn has_uidl(&self, uidl: &str) -> bool {
        match self {
            Self::Imap { .. } => false,
            Self::Pop3 { uidls } => uidls.values().any(|told| told == uidl),
        }
    }
}

//! What an administrator enters for a mail server, and what comes back.

use jiff::SignedDuration;
use outlink_model::grant::Grant;
use outlink_model::mail_server::{After, Direction, MailServer, Protocol, Security, Take};
use outlink_model::provider::{Cloud, ProviderKind};
use outlink_model::{Secret, Timestamp};

use crate::consents::Offer;

/// Every field that an administrator can set. What is `None` stays as it is (edit), or has its usual value (create).
#[derive(Clone, Debug, Default)]
pub struct MailServerDraft {
    /// Unique.
    pub name: Option<String>,
    /// What it is for, at most 1000 characters; empty clears it.
    pub description: Option<String>,
    /// Which way mail goes. It follows from the protocol; named here, it must be that.
    pub direction: Option<Direction>,
    /// Whose mail server it is: fills in host, port and security as far as they are left out here.
    pub provider: Option<ProviderKind>,
    /// Which of Microsoft's clouds, together with `provider`.
    pub cloud: Option<Cloud>,
    /// What is spoken; IMAP where left out. By SMTP mail is sent, by the others it is fetched.
    pub protocol: Option<Protocol>,
    /// How it is secured; TLS from the first byte where left out.
    pub security: Option<Security>,
    /// Host name or address.
    pub host: Option<String>,
    /// TCP port; the usual one of protocol and security where never said.
    pub port: Option<u16>,
    /// The account's address: whose mail it is; of an outgoing server, the address that stands in From.
    pub mailbox: Option<String>,
    /// Id or address of the grant to sign in with.
    pub grant: Option<String>,
    /// The password to sign in with, where there is no grant.
    pub password: Option<Secret>,
    /// The folders, 1 to 20; `INBOX` where left out or none. This and what follows, but the time limit, is for incoming
    /// servers alone.
    pub folders: Option<Vec<String>>,
    /// What is done there with what was handled; it is kept where left out.
    pub after: Option<After>,
    /// Which of the mail that already lies there is taken; none where left out.
    pub take: Option<Take>,
    /// Seconds between two polls, 2 to 86400; 60 where left out.
    pub poll_seconds: Option<u32>,
    /// Whether the connection is kept so that the server tells of new mail; it is where left out.
    pub idle: Option<bool>,
    /// Seconds that one answer of the server may take, 1 to 60; 60 where left out.
    pub time_limit_seconds: Option<u32>,
    /// The server whose Authentication-Results are believed, or `*` for the topmost header whoever wrote it; empty
    /// clears it.
    pub authserv_id: Option<String>,
}

/// What an administrator enters for a new mail server.
#[derive(Clone, Debug, Default)]
pub struct NewMailServer {
    /// Its fields.
    pub draft: MailServerDraft,
    /// Name or id of a link, in the place of a grant or a password: a consent under it is asked for, and the grant that
    /// comes of it is attached. Where the link's grant type needs no consent, the grant is made at once.
    pub link: Option<String>,
}

impl From<MailServerDraft> for NewMailServer {
    fn from(draft: MailServerDraft) -> Self {
        Self { draft, link: None }
    }
}

/// What an administrator changes about a mail server.
#[derive(Clone, Debug, Default)]
pub struct MailServerEdit {
    /// The fields that change.
    pub draft: MailServerDraft,
    /// Switched off, or on again.
    pub paused: Option<bool>,
    /// The changed `mailbox` is the same mailbox under another address. Without this, a mailbox that was fetched from
    /// already is not changed: see [`Engine::edit_mail_server`](crate::Engine::edit_mail_server).
    pub mailbox_renamed: bool,
    /// Name or id of the link under which a consent is asked for next (see
    /// [`Engine::authorize_mail_server`](crate::Engine::authorize_mail_server)), in the place of a grant or a password. A
    /// moved endpoint then needs neither: without a grant of this link, there is nothing to sign in with until somebody
    /// has consented.
    pub link: Option<String>,
    /// [`MailServer::updated_at`] as it was read: an edit of somebody else that came first is then not undone.
    pub seen: Option<Timestamp>,
}

impl From<MailServerDraft> for MailServerEdit {
    fn from(draft: MailServerDraft) -> Self {
        Self { draft, ..Self::default() }
    }
}

/// How a mail server is to get its grant.
#[derive(Clone, Debug, Default)]
pub struct AuthorizeMailServer {
    /// Name or id of the link. Left out: the grant that the server has is asked for anew.
    pub link: Option<String>,
    /// Whose account is suggested at the provider; the mailbox where left out. For a shared mailbox, whoever reads it.
    pub login_hint: Option<String>,
    /// How long the start page works; see [`AskConsent`](crate::consents::AskConsent).
    pub expires_in: Option<SignedDuration>,
}

/// A mail server that was saved.
#[derive(Debug)]
pub struct SavedMailServer {
    /// As it is now.
    pub server: MailServer,
    /// How it gets its grant, where a link was named.
    pub authorized: Option<Authorized>,
}

/// How a mail server gets its grant.
#[derive(Debug)]
pub enum Authorized {
    /// A consent is asked for; the grant is attached as soon as it is given.
    Asked {
        /// What is handed to whoever shall consent.
        offer: Offer,
        /// The one grant of this link that is the mailbox's own and works: attaching it would need no consent.
        at_hand: Option<Grant>,
    },
    /// Nobody need consent: this grant is attached already.
    Attached(Grant),
}

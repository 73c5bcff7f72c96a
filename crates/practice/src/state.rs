//! Everything the servers know: one value in memory, behind one lock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use outlink_model::Secret;
use tokio::sync::watch;

use crate::clock;
use crate::faults::Faults;
use crate::grants::Grants;
use crate::id_token::Mint;
use crate::mailboxes::Mailboxes;
use crate::provider::browser::Browsers;

/// Somebody who can sign in, with a mailbox of the same address.
#[derive(Clone, Debug)]
pub struct User {
    /// The address: user name and mailbox at once.
    pub address: String,
    /// What to call them.
    pub name: String,
    /// The subject in id tokens and userinfo; it stays the same while addresses change.
    pub subject: String,
    /// The password for the login page.
    pub password: Secret,
}

/// What can be set while the servers run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// How long an access token lives, in whole seconds.
    pub access_ttl: Duration,
    /// For how long a spent refresh token gets the same answer again; zero means that its reuse ends the grant at once.
    pub refresh_grace: Duration,
    /// Whether a refresh gives a new refresh token. If not, the old one stays and the answer has none.
    pub rotate: bool,
    /// What the IMAP server says it can do. A mechanism that is not named here is refused.
    pub imap_capabilities: String,
}

impl Settings {
    pub(crate) fn new(access_ttl: Duration) -> Self {
        Self {
            access_ttl,
            refresh_grace: Duration::ZERO,
            rotate: true,
            imap_capabilities:
                "IMAP4rev1 SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER IDLE UNSELECT LOGINDISABLED".into(),
        }
    }
}

/// What has happened since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Requests to the token endpoint, faulty answers included.
    pub token_requests: u64,
    /// Codes exchanged for tokens.
    pub code_exchanges: u64,
    /// Refresh tokens that gave new access tokens.
    pub refreshes: u64,
    /// Spent refresh tokens that got their answer again, within the grace.
    pub repeated_refreshes: u64,
    /// Spent refresh tokens that came back too late, and ended their grant.
    pub reuses: u64,
    /// Requests for client credentials that gave a token.
    pub client_credentials: u64,
    /// Refusals by the token endpoint that nobody had ordered.
    pub refusals: u64,
    /// Requests to the userinfo endpoint that were answered.
    pub userinfo: u64,
    /// Requests to the revocation endpoint that were carried out.
    pub revocations: u64,
    /// Connections to the IMAP server.
    pub imap_sessions: u64,
    /// Of these, the ones that signed in.
    pub imap_logins: u64,
    /// Sign-ins at the IMAP or the SMTP server that were refused.
    pub failed_logins: u64,
    /// Messages that reached a mailbox here.
    pub delivered: u64,
}

/// How a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It works.
    Live,
    /// An access token whose time is over.
    Expired,
    /// A refresh token that was used and replaced.
    Spent,
    /// It, or its grant, was revoked.
    Revoked,
    /// It was not given out here, or so long ago that it is forgotten.
    Unknown,
}

/// The one client that is registered here.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: Secret,
}

/// What changes.
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) redirects: BTreeSet<String>,
    pub(crate) browsers: Browsers,
    pub(crate) grants: Grants,
    pub(crate) mail: Mailboxes,
    pub(crate) counters: Counters,
    /// By how much the clock here is ahead of the system's.
    pub(crate) ahead: Duration,
    /// Which scopes somebody has consented to before.
    pub(crate) consents: BTreeMap<String, BTreeSet<String>>,
}

impl World {
    /// What time it is here.
    pub(crate) fn now(&self) -> Timestamp {
        clock::now().saturating_add(self.ahead).unwrap_or(Timestamp::MAX)
    }
}

/// What all servers share.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

struct Inner {
    world: Mutex<World>,
    /// Fires whenever a mailbox changes, for sessions that idle.
    mail_changed: watch::Sender<()>,
    fixed: Fixed,
}

/// What stays the same for the run.
pub(crate) struct Fixed {
    pub(crate) client: Client,
    pub(crate) users: Vec<User>,
    pub(crate) mint: Mint,
    pub(crate) faults: Faults,
    /// The plain http origin of the pages that people see.
    pub(crate) pages_origin: String,
}

impl Shared {
    pub(crate) fn new(world: World, fixed: Fixed) -> Self {
        Self(Arc::new(Inner {
            world: Mutex::new(world),
            mail_changed: watch::Sender::new(()),
            fixed,
        }))
    }

    /// The world, for a moment: never held across an await.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        // A panic elsewhere may have left a half-made change; for a practice server, going on is the better answer.
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fixed(&self) -> &Fixed {
        &self.0.fixed
    }

    pub(crate) fn user(&self, address: &str) -> Option<&User> {
        self.0.fixed.users.iter().find(|user| user.address.eq_ignore_ascii_case(address))
    }

    /// Puts a message into the INBOX of a mailbox; whether there is such a mailbox.
    pub(crate) fn deliver(&self, mailbox: &str, raw: Vec<u8>) -> bool {
        let delivered = {
            let mut world = self.lock();
            let at = world.now();
            let delivered = world.mail.deliver(mailbox, "INBOX", raw, at).is_some();
            world.counters.delivered += u64::from(delivered);
            delivered
        };
        self.mail_has_changed();
        delivered
    }

    pub(crate) fn mail_has_changed(&self) {
        self.0.mail_changed.send_replace(());
    }

    pub(crate) fn watch_mail(&self) -> watch::Receiver<()> {
        self.0.mail_changed.subscribe()
    }
}

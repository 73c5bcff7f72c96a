//! Everything the servers know: one value in memory, behind one lock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use outlink_model::Secret;
use tokio::sync::watch;

use crate::assertions::Seen;
use crate::client::{Client, Registered};
use crate::clock;
use crate::devices::Devices;
use crate::faults::{Endpoint, Faults};
use crate::grants::Grants;
use crate::id_token::Mint;
use crate::mailboxes::Mailboxes;
use crate::provider::browser::Browsers;
use crate::received::Received;
use crate::settings::Settings;

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
    /// Statements of service accounts that gave a token.
    pub jwt_bearers: u64,
    /// Devices that got their tokens.
    pub device_grants: u64,
    /// Devices that asked before anybody had decided.
    pub device_waits: u64,
    /// Of these, the ones that asked too soon.
    pub device_slow_downs: u64,
    /// Clients that authenticated by an assertion.
    pub assertions: u64,
    /// Assertions and statements that came a second time, and were refused for it.
    pub replays: u64,
    /// Requests with a client secret whose time was over.
    pub ended_secrets: u64,
    /// Refusals by the token endpoint that nobody had ordered.
    pub refusals: u64,
    /// Requests to the device authorization endpoint, faulty answers included.
    pub device_requests: u64,
    /// Requests to the introspection endpoint, faulty answers included.
    pub introspection_requests: u64,
    /// Of these, the ones that were answered.
    pub introspections: u64,
    /// Requests to the userinfo endpoint, faulty answers included.
    pub userinfo_requests: u64,
    /// Requests to the userinfo endpoint that were answered.
    pub userinfo: u64,
    /// Requests to the revocation endpoint, faulty answers included.
    pub revocation_requests: u64,
    /// Requests to the revocation endpoint that were carried out.
    pub revocations: u64,
    /// Requests to the addresses of the metadata, faulty answers included.
    pub metadata_requests: u64,
    /// Requests for the signing keys, faulty answers included.
    pub key_requests: u64,
    /// Requests to the registration endpoint, faulty answers included.
    pub registration_requests: u64,
    /// Clients that registered.
    pub registrations: u64,
    /// Connections to the IMAP server.
    pub imap_sessions: u64,
    /// Of these, the ones that signed in.
    pub imap_logins: u64,
    /// Connections to the POP3 server.
    pub pop3_sessions: u64,
    /// Of these, the ones that signed in.
    pub pop3_logins: u64,
    /// Headers that were given out by POP3.
    pub pop3_tops: u64,
    /// Messages that were given out whole by POP3.
    pub pop3_retrievals: u64,
    /// Connections to the SMTP server.
    pub smtp_sessions: u64,
    /// Of these, the ones that signed in.
    pub smtp_logins: u64,
    /// Mails that the SMTP server took, whether or not whoever handed them in was told so.
    pub smtp_mails: u64,
    /// Sign-ins at the IMAP, the POP3 or the SMTP server that were refused.
    pub failed_logins: u64,
    /// Messages that reached a mailbox here.
    pub delivered: u64,
}

impl Counters {
    /// One more request to this endpoint.
    pub(crate) fn count(&mut self, endpoint: Endpoint) {
        *match endpoint {
            Endpoint::Token => &mut self.token_requests,
            Endpoint::Device => &mut self.device_requests,
            Endpoint::Introspection => &mut self.introspection_requests,
            Endpoint::Userinfo => &mut self.userinfo_requests,
            Endpoint::Revocation => &mut self.revocation_requests,
            Endpoint::Metadata => &mut self.metadata_requests,
            Endpoint::Keys => &mut self.key_requests,
            Endpoint::Registration => &mut self.registration_requests,
        } += 1;
    }
}

/// How a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It works.
    Live,
    /// Its time is over.
    Expired,
    /// A refresh token that was used and replaced.
    Spent,
    /// It, or its grant, was revoked.
    Revoked,
    /// It was not given out here, or so long ago that it is forgotten.
    Unknown,
}

/// What changes.
pub(crate) struct World {
    pub(crate) settings: Settings,
    /// Where the client of the run may want answers to.
    pub(crate) redirects: BTreeSet<String>,
    /// The clients that registered themselves.
    pub(crate) registered: BTreeMap<String, Registered>,
    pub(crate) devices: Devices,
    /// The assertions and statements that came, so that none comes twice.
    pub(crate) seen: Seen,
    /// The last requests to the endpoints for programs.
    pub(crate) requests: VecDeque<(Endpoint, Received)>,
    pub(crate) browsers: Browsers,
    pub(crate) grants: Grants,
    pub(crate) mail: Mailboxes,
    pub(crate) counters: Counters,
    /// By how much the clock here is ahead of the system's.
    pub(crate) ahead: Duration,
    /// Which scopes somebody has consented to before.
    pub(crate) consents: BTreeMap<String, BTreeSet<String>>,
}

/// So many requests are kept.
const REQUESTS: usize = 256;

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            redirects: Default::default(),
            registered: Default::default(),
            devices: Default::default(),
            seen: Default::default(),
            requests: Default::default(),
            browsers: Default::default(),
            grants: Default::default(),
            mail: Default::default(),
            counters: Default::default(),
            ahead: Duration::ZERO,
            consents: Default::default(),
        }
    }

    /// A client, of the run or registered.
    pub(crate) fn client(&self, fixed: &Fixed, id: &str) -> Option<Client> {
        if id != fixed.client_id {
            return self.registered.get(id).map(|registered| registered.client(id));
        }
        Some(Client {
            id: id.to_owned(),
            name: id.to_owned(),
            auths: self.settings.client_auths.clone(),
            secrets: self.settings.client_secrets.clone(),
            keys: self.settings.client_keys.clone(),
            redirects: self.redirects.clone(),
        })
    }

    /// Keeps a request for those who want to look at it.
    pub(crate) fn keep(&mut self, endpoint: Endpoint, received: Received) {
        if self.requests.len() >= REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back((endpoint, received));
    }

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
    pub(crate) client_id: String,
    pub(crate) users: Vec<User>,
    pub(crate) mint: Mint,
    pub(crate) faults: Faults,
    /// The https origin of the endpoints.
    pub(crate) origin: String,
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

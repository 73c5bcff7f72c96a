//! What happens, and when: the use cases that join the store, OAuth 2.0 and mail.
//!
//! Everything that waits, retries or runs in the background lives here, and nothing else does: layers below are asked
//! and answer, layers above call one function for each thing that a person can do. Absent on purpose: HTTP shapes,
//! HTML, and SQL.

pub mod channels;
pub mod clock;
pub mod consents;
pub mod deliveries;
pub mod egress;
mod error;
mod events;
pub mod grants;
pub mod hand_outs;
pub mod handlers;
mod http;
mod inspect;
pub mod intake;
mod kept;
pub mod links;
pub mod mail_servers;
pub mod messages;
pub mod overview;
mod own_ids;
mod poll;
mod provider_calls;
mod refresh;
mod sender_lists;
mod sign_in_limit;
mod sweep;
mod tls;
mod tokens;
pub mod tracker;
mod users;
pub mod webhooks;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use outlink_model::user::{ApiToken, User};
use outlink_model::{GrantId, Secret, Timestamp};
use outlink_store::Store;
pub use outlink_store::{Listed, Page};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use clock::Clock;
pub use error::Error;

/// What the engine is told once, at the start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How people reach this server, without a slash at the end.
    pub base_url: String,
    /// What may be dialled.
    pub egress: egress::Policy,
    /// A PEM file of authorities trusted for what we dial, besides the system's.
    pub extra_ca: Option<PathBuf>,
    /// The name of this process among its like; leases are held in it.
    pub node: String,
    /// Where "now" comes from.
    pub clock: Clock,
    /// How much a remote side may ask of us.
    pub limits: Limits,
    /// Mail servers that may be spoken to without encryption, by password: host names or addresses.
    pub unencrypted_hosts: Vec<String>,
    /// How long is kept what nobody may need any more.
    pub retention: Retention,
    /// Debug builds only: the point at which the process ends itself, so that tests can crash it where it hurts.
    pub failpoint: Option<String>,
}

impl Settings {
    /// Whether the operator lets us speak to this mail server without encryption.
    pub(crate) fn allows_unencrypted(&self, host: &str) -> bool {
        self.unencrypted_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
    }
}

/// How long is kept what nobody may need any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days after which the raw bytes of a message are let go of, attachments apart; `None`: never. Its line in the
    /// ledger stays for ever, since by it the message counts once.
    pub raw_days: Option<u32>,
    /// Days after which a line of the connectivity log is let go of, and a delivery that was sent or given up.
    pub log_days: u32,
}

impl Default for Retention {
    /// Raw bytes for ever, the connectivity log and deliveries that are over for 90 days.
    fn default() -> Self {
        Self { raw_days: None, log_days: 90 }
    }
}

/// Limits of time and size on everything remote.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For one call to a token endpoint. Shorter than the lease on a refresh, so that an answer comes before another
    /// node may start.
    pub token_call: Duration,
    /// Calls that one provider is asked for in a second, over all nodes, in the long run. At least one.
    pub provider_calls_per_second: u32,
    /// For opening a connection.
    pub connect: Duration,
    /// For each answer of a mail server.
    pub mail_read: Duration,
    /// For fetching one batch of messages, however lively the server is.
    pub mail_batch: Duration,
    /// A mail server that tells of new mail by itself is asked no more often than this.
    pub mail_look: Duration,
    /// The largest message that is fetched, in octets.
    pub message_size: usize,
    /// The largest HTTP answer that is read, in octets.
    pub http_body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            token_call: Duration::from_secs(8),
            provider_calls_per_second: 50,
            connect: Duration::from_secs(10),
            mail_read: Duration::from_secs(60),
            mail_batch: Duration::from_secs(600),
            mail_look: Duration::from_secs(5 * 60),
            message_size: 50 * 1024 * 1024,
            http_body: 1024 * 1024,
        }
    }
}

/// Who asks for something to be done: goes into the record of what was done.
#[derive(Clone, Debug)]
pub enum Caller {
    /// An administrator, signed in.
    User(User),
    /// A program with an API token.
    Token(ApiToken),
    /// This server itself.
    System,
}

impl Caller {
    /// How the record calls them.
    pub fn name(&self) -> String {
        match self {
            Self::User(user) => format!("administrator {}", user.name),
            Self::Token(token) => format!("API token {}", token.name),
            Self::System => "this server".to_owned(),
        }
    }
}

/// The one thing that the layers above hold. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    store: Arc<Store>,
    settings: Settings,
    http: http::Http,
    tls: tls::Trust,
    /// One refresh at a time per grant, over all callers of this node; the lease does it over all nodes.
    refreshing: refresh::Flights,
    /// When each provider may be asked next.
    turns: provider_calls::Turns,
    sign_ins: sign_in_limit::SignInLimit,
    /// Hashing a password takes 19 MiB and a core: more than two at once would be a way to stop us.
    hashing: tokio::sync::Semaphore,
    /// So many may hash or wait for it.
    hash_queue: tokio::sync::Semaphore,
    /// Batches of mail that are committed or wait for the database at once.
    commits: tokio::sync::Semaphore,
    /// Mails that are sent on and made ready at once: each is in memory more than once meanwhile.
    composing: tokio::sync::Semaphore,
    /// Fetches of mail that are under way at once.
    fetching: Arc<tokio::sync::Semaphore>,
    /// The mail servers that this node holds.
    holding: poll::Holding,
    tasks: TaskTracker,
    stopping: CancellationToken,
    /// Rung when something may have become due sooner than planned.
    alarm: tokio::sync::Notify,
    /// Rung when there is something to send to the webhooks.
    deliver: tokio::sync::Notify,
    hand_outs: hand_outs::Counts,
    /// API tokens by the SHA-256 of their text: every request with one asks for it.
    api_tokens: kept::Kept<[u8; 32], ApiToken>,
    /// What is handed out of each grant.
    tokens_now: kept::Kept<GrantId, hand_outs::AtHand>,
}

impl Engine {
    /// Puts the parts together. Starts nothing.
    ///
    /// # Errors
    /// When the file of extra authorities cannot be read, or the HTTP client cannot be made.
    pub fn new(store: impl Into<Arc<Store>>, settings: Settings) -> Result<Self, Error> {
        let tls = tls::Trust::load(settings.extra_ca.as_deref())?;
        let http = http::Http::new(&settings, &tls);
        Ok(Self(Arc::new(Inner {
            store: store.into(),
            http,
            tls,
            refreshing: refresh::Flights::default(),
            turns: provider_calls::Turns::default(),
            sign_ins: sign_in_limit::SignInLimit::default(),
            hashing: tokio::sync::Semaphore::new(2),
            hash_queue: tokio::sync::Semaphore::new(32),
            commits: tokio::sync::Semaphore::new(8),
            composing: tokio::sync::Semaphore::new(4),
            fetching: Arc::new(tokio::sync::Semaphore::new(poll::AT_ONCE)),
            holding: poll::Holding::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            alarm: tokio::sync::Notify::new(),
            deliver: tokio::sync::Notify::new(),
            hand_outs: hand_outs::Counts::default(),
            api_tokens: kept::Kept::default(),
            tokens_now: kept::Kept::default(),
            settings,
        })))
    }

    /// Starts what runs in the background: refreshing grants ahead of their expiry, polling mail servers, sending mail, and
    /// forgetting what is over.
    pub fn start(&self) {
        let engine = self.clone();
        self.spawn(async move { engine.keep_fresh().await });
        let engine = self.clone();
        self.spawn(async move { engine.keep_asking_devices().await });
        let engine = self.clone();
        self.spawn(async move { engine.keep_polling().await });
        let engine = self.clone();
        self.spawn(async move { engine.keep_holding().await });
        let engine = self.clone();
        self.spawn(async move { engine.keep_sending().await });
        let engine = self.clone();
        self.spawn(async move { engine.keep_sweeping().await });
        let engine = self.clone();
        self.spawn(async move { engine.keep_watch_on_secrets().await });
        let engine = self.clone();
        self.spawn(async move { engine.keep_delivering().await });
        let engine = self.clone();
        self.spawn(async move { engine.keep_counting().await });
    }

    /// Stops the background. Answers of providers that are under way are waited for and committed, since a token that
    /// was handed out and not kept is a lost grant; mail that is under way is given back at once.
    pub async fn stop(&self) {
        self.0.stopping.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.flush_last_hand_outs().await;
    }

    /// Stops, and closes the store behind it. The last thing that is asked of an engine.
    pub async fn close(&self) {
        self.stop().await;
        self.0.store.close().await;
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.0.settings.clock.now()
    }

    /// How people reach this server, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.0.settings.base_url
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Error::Away`] when it does not.
    pub async fn ready(&self) -> Result<(), Error> {
        Ok(self.0.store.ping().await?)
    }

    fn store(&self) -> &Store {
        &self.0.store
    }

    /// Runs a task that [`Engine::stop`] waits for.
    fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.tasks.spawn(task)
    }

    /// Names one piece of work among all of all nodes: the lease that it takes is its own.
    fn holder(&self) -> Result<String, Error> {
        let number = u64::from_le_bytes(clock::random()?);
        Ok(format!("{}/{number:016x}", self.0.settings.node))
    }

    /// Ends the process here when a test has asked for it. Debug builds only.
    fn failpoint(&self, name: &str) {
        if cfg!(debug_assertions) && self.0.settings.failpoint.as_deref() == Some(name) {
            tracing::warn!(failpoint = name, "ending the process, as asked");
            std::process::abort();
        }
    }
}

/// A text that is shown once and kept as a hash only, with what it belongs to.
#[derive(Debug)]
pub struct ShownOnce<T> {
    /// What it belongs to.
    pub of: T,
    /// The text.
    pub text: Secret,
}

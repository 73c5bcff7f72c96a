//! Starting, stopping and asking the practice servers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use jiff::{Timestamp, ToSpan as _};
use outlink_model::Secret;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use url::Url;

use crate::error::Error;
use crate::faults::{Endpoint, Faults};
use crate::grants::{Answer, Means};
use crate::id_token::Mint;
use crate::listen::{self, Loopback};
use crate::mailboxes::{Entry, Outgoing};
use crate::provider::cut::CuttableAcceptor;
use crate::received::Received;
use crate::settings::Settings;
use crate::state::{Counters, Fixed, Shared, TokenState, User, World};
use crate::{clock, imap, pop3, provider, random, samples, smtp, tls};

/// The registered client.
const CLIENT_ID: &str = "outlink-practice";
/// The one password; the sign-in page shows it.
const PASSWORD: &str = "two-wheels-good";
/// How long a stop waits for what is under way.
const STOP_TIME: Duration = Duration::from_secs(2);

/// How to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether Alice's INBOX starts with the [`samples`](crate::samples()).
    pub seed: bool,
    /// How long an access token lives, in whole seconds.
    pub access_ttl: Duration,
    /// What goes wrong; the handle works while the servers run too.
    pub faults: Faults,
    /// The port of the pages (plain http); 0 means any.
    pub provider_http_port: u16,
    /// The port of the token endpoint and its like (https); 0 means any.
    pub token_port: u16,
    /// The port of the IMAP server (TLS from the first byte); 0 means any.
    pub imap_port: u16,
    /// The port of the same IMAP server that begins in the clear and offers STARTTLS; 0 means any.
    pub imap_clear_port: u16,
    /// The port of the POP3 server (TLS from the first byte); 0 means any.
    pub pop3_port: u16,
    /// The port of the same POP3 server that begins in the clear and offers STLS; 0 means any.
    pub pop3_clear_port: u16,
    /// The port of the SMTP server (TLS from the first byte); 0 means any.
    pub smtp_port: u16,
    /// The port of the same SMTP server that begins in the clear and offers STARTTLS; 0 means any.
    pub smtp_clear_port: u16,
    /// Where the authority's certificate is written, as `practice-ca.pem`. Made if missing.
    pub directory: PathBuf,
}

impl Options {
    /// Any ports, no samples, no faults, access tokens of an hour.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            seed: false,
            access_ttl: Duration::from_secs(3600),
            faults: Faults::default(),
            provider_http_port: 0,
            token_port: 0,
            imap_port: 0,
            imap_clear_port: 0,
            pop3_port: 0,
            pop3_clear_port: 0,
            smtp_port: 0,
            smtp_clear_port: 0,
            directory: directory.into(),
        }
    }
}

/// The servers while they run. Dropping this stops them too, without waiting.
pub struct Practice {
    /// The certificate of the authority of this run, for clients to trust.
    pub ca_pem_path: PathBuf,
    /// Where browsers go: plain http on localhost, so that no certificate warning greets anybody.
    pub authorization_endpoint: String,
    /// Where codes and refresh tokens are exchanged: https under the authority of this run.
    pub token_endpoint: String,
    /// Where an access token with the scope `openid` tells whose it is.
    pub userinfo_endpoint: String,
    /// Where tokens are revoked.
    pub revocation_endpoint: String,
    /// Where a token's standing is told.
    pub introspection_endpoint: String,
    /// Where a device gets its codes.
    pub device_authorization_endpoint: String,
    /// Where clients register themselves.
    pub registration_endpoint: String,
    /// The provider's name for itself, in `iss` everywhere, unless [`Settings::issuer`] is changed.
    pub issuer: String,
    /// The IMAP server, TLS from the first byte. The certificate is for `localhost` and the loopback addresses.
    pub imap: SocketAddr,
    /// The IMAP server in the clear. Nobody signs in there before STARTTLS.
    pub imap_clear: SocketAddr,
    /// The POP3 server over the same mailboxes, TLS from the first byte.
    pub pop3: SocketAddr,
    /// The POP3 server in the clear. Nobody signs in there before STLS.
    pub pop3_clear: SocketAddr,
    /// The SMTP server, TLS from the first byte.
    pub smtp: SocketAddr,
    /// The SMTP server in the clear. Nothing is handed in there before STARTTLS.
    pub smtp_clear: SocketAddr,
    /// The registered client.
    pub client_id: String,
    /// Its secret. It has characters in it that only come through when they are encoded properly.
    pub client_secret: Secret,
    /// Who can sign in: Alice and Bob.
    pub users: Vec<User>,
    shared: Shared,
    tracker: TaskTracker,
    stop: DropGuard,
}

/// Starts everything. When this returns, every server takes connections.
///
/// # Errors
///
/// If a port, the certificates or the file for the authority cannot be had.
pub async fn start(options: Options) -> Result<Practice, Error> {
    let now = clock::now();
    let certificates = tls::certificates(now)?;
    let ca_pem_path = tls::write_ca(&options.directory, &certificates.ca_pem)?;
    let pages = bind("web", options.provider_http_port)?;
    let tokens = bind("token", options.token_port)?;
    let imap = bind("IMAP", options.imap_port)?;
    let imap_clear = bind("IMAP", options.imap_clear_port)?;
    let pop3 = bind("POP3", options.pop3_port)?;
    let pop3_clear = bind("POP3", options.pop3_clear_port)?;
    let smtp = bind("SMTP", options.smtp_port)?;
    let smtp_clear = bind("SMTP", options.smtp_clear_port)?;

    let issuer = format!("https://localhost:{}", tokens.address.port());
    let pages_origin = format!("http://localhost:{}", pages.address.port());
    // `+`, `/`, `%`, `:` and `&` break every client that forgets one of the two encodings of HTTP Basic.
    let secret = Secret::new(format!("{}+/%:&", random::token("secret_")));
    let fixed = Fixed {
        client_id: CLIENT_ID.to_owned(),
        users: users(),
        mint: Mint::new()?,
        faults: options.faults,
        origin: issuer.clone(),
        pages_origin: pages_origin.clone(),
    };
    let mut world = World::new(Settings::new(options.access_ttl, &secret, issuer.clone()));
    for user in &fixed.users {
        world.mail.add(&user.address, &[&user.address]);
    }
    if options.seed {
        seed(&mut world, &fixed.users, now);
    }
    let users = fixed.users.clone();
    let shared = Shared::new(world, fixed);

    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    let imap_addresses = (imap.address, imap_clear.address);
    let pop3_addresses = (pop3.address, pop3_clear.address);
    let smtp_addresses = (smtp.address, smtp_clear.address);
    serve_pages(pages, &provider::pages(shared.clone()), &tracker, &stop);
    let config = RustlsConfig::from_config(Arc::clone(&certificates.server));
    serve_endpoints(tokens, &provider::endpoints(shared.clone()), &config, &tracker, &stop);
    let acceptor = TlsAcceptor::from(certificates.server);
    for listener in imap.listeners {
        let shared = shared.clone();
        let session = move |stream| imap::serve(stream, shared.clone());
        let accept =
            listen::accept(listener, acceptor.clone(), tracker.clone(), stop.clone(), session);
        tracker.spawn(accept);
    }
    for listener in imap_clear.listeners {
        let (shared, acceptor) = (shared.clone(), acceptor.clone());
        let session =
            move |stream| imap::serve_in_the_clear(stream, acceptor.clone(), shared.clone());
        let accept = listen::accept_in_the_clear(listener, tracker.clone(), stop.clone(), session);
        tracker.spawn(accept);
    }
    for listener in pop3.listeners {
        let shared = shared.clone();
        let session = move |stream| pop3::serve(stream, shared.clone());
        let accept =
            listen::accept(listener, acceptor.clone(), tracker.clone(), stop.clone(), session);
        tracker.spawn(accept);
    }
    for listener in pop3_clear.listeners {
        let (shared, acceptor) = (shared.clone(), acceptor.clone());
        let session =
            move |stream| pop3::serve_in_the_clear(stream, acceptor.clone(), shared.clone());
        let accept = listen::accept_in_the_clear(listener, tracker.clone(), stop.clone(), session);
        tracker.spawn(accept);
    }
    for listener in smtp.listeners {
        let shared = shared.clone();
        let session = move |stream| smtp::serve(stream, shared.clone());
        let accept =
            listen::accept(listener, acceptor.clone(), tracker.clone(), stop.clone(), session);
        tracker.spawn(accept);
    }
    for listener in smtp_clear.listeners {
        let (shared, acceptor) = (shared.clone(), acceptor.clone());
        let session =
            move |stream| smtp::serve_in_the_clear(stream, acceptor.clone(), shared.clone());
        let accept = listen::accept_in_the_clear(listener, tracker.clone(), stop.clone(), session);
        tracker.spawn(accept);
    }
    Ok(Practice {
        ca_pem_path,
        authorization_endpoint: format!("{pages_origin}/authorize"),
        token_endpoint: format!("{issuer}/token"),
        userinfo_endpoint: format!("{issuer}/userinfo"),
        revocation_endpoint: format!("{issuer}/revoke"),
        introspection_endpoint: format!("{issuer}/introspect"),
        device_authorization_endpoint: format!("{issuer}/device_authorization"),
        registration_endpoint: format!("{issuer}/register"),
        issuer,
        imap: imap_addresses.0,
        imap_clear: imap_addresses.1,
        pop3: pop3_addresses.0,
        pop3_clear: pop3_addresses.1,
        smtp: smtp_addresses.0,
        smtp_clear: smtp_addresses.1,
        client_id: CLIENT_ID.to_owned(),
        client_secret: secret,
        users,
        shared,
        tracker,
        stop: stop.drop_guard(),
    })
}

impl Practice {
    /// Registers a redirect URL for the client; it must then come exactly like this. False if it is no absolute URL.
    pub fn register_redirect(&self, url: &str) -> bool {
        let absolute = Url::parse(url).is_ok_and(|url| url.has_host() && url.fragment().is_none());
        if absolute {
            self.shared.lock().redirects.insert(url.to_owned());
        }
        absolute
    }

    /// Puts a message into the INBOX of a mailbox, as if it had just arrived. False if there is no such mailbox.
    pub fn deliver(&self, mailbox: &str, raw: impl Into<Vec<u8>>) -> bool {
        self.shared.deliver(mailbox, raw.into())
    }

    /// The same with a time of arrival of its own, as a message has that was moved in from another folder.
    pub fn deliver_at(&self, mailbox: &str, raw: impl Into<Vec<u8>>, at: Timestamp) -> bool {
        let delivered = self.shared.lock().mail.deliver(mailbox, "INBOX", raw.into(), at).is_some();
        self.shared.mail_has_changed();
        delivered
    }

    /// Puts a message into any folder of a mailbox, as if it had just arrived. False if there is no such folder.
    pub fn deliver_to(&self, mailbox: &str, folder: &str, raw: impl Into<Vec<u8>>) -> bool {
        let delivered = {
            let mut world = self.shared.lock();
            let at = world.now();
            world.mail.deliver(mailbox, folder, raw.into(), at).is_some()
        };
        self.shared.mail_has_changed();
        delivered
    }

    /// Takes a message out of a folder, as another program of its owner does; what it was.
    pub fn take_away(&self, mailbox: &str, folder: &str, uid: u32) -> Option<Entry> {
        let taken = self.shared.lock().mail.take_away(mailbox, folder, uid);
        self.shared.mail_has_changed();
        taken
    }

    /// Makes a folder, and those that it lies in: `Handled/2026`. False if it is there already, or cannot be.
    pub fn create_folder(&self, mailbox: &str, folder: &str) -> bool {
        self.shared.lock().mail.create(mailbox, folder).is_ok()
    }

    /// The names of a mailbox's folders, as people read them; empty if there is no such mailbox.
    pub fn folders(&self, mailbox: &str) -> Vec<String> {
        self.shared.lock().mail.folders(mailbox)
    }

    /// Makes a mailbox that these users may open, or changes who may.
    pub fn add_mailbox(&self, address: &str, users: &[&str]) {
        self.shared.lock().mail.add(address, users);
    }

    /// What lies in a folder of a mailbox, oldest first; empty if there is none.
    pub fn messages(&self, mailbox: &str, folder: &str) -> Vec<Entry> {
        let world = self.shared.lock();
        world.mail.folder(mailbox, folder).map(|found| found.entries.clone()).unwrap_or_default()
    }

    /// Deletes a message, as another client might.
    pub fn remove(&self, mailbox: &str, folder: &str, uid: u32) {
        self.shared.lock().mail.remove(mailbox, folder, &[uid].into());
        self.shared.mail_has_changed();
    }

    /// Gives a folder a new UIDVALIDITY and its messages new UIDs; sessions that have it open are ended. The new
    /// UIDVALIDITY, or nothing if there is no such folder.
    pub fn renumber(&self, mailbox: &str, folder: &str) -> Option<u32> {
        let renumbered = self.shared.lock().mail.renumber(mailbox, folder);
        self.shared.mail_has_changed();
        renumbered
    }

    /// What authenticated clients handed in for people who have no mailbox here, oldest first.
    pub fn outgoing(&self) -> Vec<Outgoing> {
        self.shared.lock().mail.outgoing.clone()
    }

    /// What has happened so far.
    pub fn counters(&self) -> Counters {
        self.shared.lock().counters.clone()
    }

    /// How a token stands, access or refresh.
    pub fn token_state(&self, token: &Secret) -> TokenState {
        let world = self.shared.lock();
        world.grants.state(world.now(), token.expose())
    }

    /// An access token for these scopes without any consent, and a refresh token if `offline_access` is among them.
    /// `None` if there is no such user.
    pub fn issue(&self, user: &str, scopes: &[&str]) -> Option<(Secret, Option<Secret>)> {
        let user = self.shared.user(user)?.clone();
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let mut world = self.shared.lock();
        let now = world.now();
        let World { grants, settings, .. } = &mut *world;
        let means = Means { now, settings, mint: &self.shared.fixed().mint };
        let answer = grants.grant(means, CLIENT_ID, Some(user), &scopes);
        let text = |answer: &Answer, name| Some(Secret::new(answer.get(name)?.as_str()?));
        Some((text(&answer, "access_token")?, text(&answer, "refresh_token")))
    }

    /// Allows what a device asks for, as if this user had typed its code and consented. False if no device is waiting
    /// with this code, or there is no such user.
    pub fn approve_device(&self, user_code: &str, user: &str) -> bool {
        let Some(user) = self.shared.user(user).cloned() else { return false };
        let mut world = self.shared.lock();
        let now = world.now();
        world.devices.decide(now, user_code, Some(user))
    }

    /// Refuses what a device asks for. False if none is waiting with this code.
    pub fn deny_device(&self, user_code: &str) -> bool {
        let mut world = self.shared.lock();
        let now = world.now();
        world.devices.decide(now, user_code, None)
    }

    /// The last requests to an endpoint for programs, oldest first. Of all endpoints together, 256 are kept.
    pub fn requests(&self, endpoint: Endpoint) -> Vec<Received> {
        let world = self.shared.lock();
        let to = world.requests.iter().filter(|(known, _)| *known == endpoint);
        to.map(|(_, received)| received.clone()).collect()
    }

    /// Takes back everything that a user consented to; how many grants ended.
    pub fn revoke_all(&self, user: &str) -> usize {
        let mut world = self.shared.lock();
        world.consents.retain(|address, _| !address.eq_ignore_ascii_case(user));
        world.grants.revoke_all(user)
    }

    /// The handle on what goes wrong next.
    pub fn faults(&self) -> Faults {
        self.shared.fixed().faults.clone()
    }

    /// Changes the settings, from the next answer on.
    pub fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.shared.lock().settings);
    }

    /// Moves the provider's clock ahead, for tests that have no time to wait until something expires.
    pub fn advance(&self, by: Duration) {
        self.shared.lock().ahead += by;
    }

    /// Stops every server, cuts every connection, and frees the ports.
    pub async fn stop(self) {
        drop(self.stop);
        self.tracker.close();
        if tokio::time::timeout(STOP_TIME, self.tracker.wait()).await.is_err() {
            tracing::warn!("a practice server was slow to stop and is left to itself");
        }
    }
}

fn users() -> Vec<User> {
    let user = |address: &str, name: &str, subject: &str| User {
        address: address.to_owned(),
        name: name.to_owned(),
        subject: subject.to_owned(),
        password: Secret::new(PASSWORD),
    };
    vec![
        user("alice@example.org", "Alice Adler", "practice-7b1f4c"),
        user("bob@example.org", "Bob Brandt", "practice-e02d9a"),
    ]
}

/// Fills the first user's INBOX, as if the samples had come in over the last hours.
fn seed(world: &mut World, users: &[User], now: Timestamp) {
    let Some(first) = users.first() else { return };
    let samples = samples::samples();
    for (ago, sample) in (1..=samples.len()).rev().zip(samples) {
        let minutes = i64::try_from(ago).unwrap_or(0).saturating_mul(37);
        let at = now.saturating_sub(minutes.minutes()).unwrap_or(now);
        world.mail.deliver(&first.address, "INBOX", sample.raw, at);
    }
}

fn bind(server: &'static str, port: u16) -> Result<Loopback, Error> {
    listen::bind(port).map_err(|source| Error::Bind { server, port, source })
}

fn serve_pages(at: Loopback, router: &Router, tracker: &TaskTracker, stop: &CancellationToken) {
    for listener in at.listeners {
        let (router, stop) = (router.clone(), stop.clone());
        tracker.spawn(async move {
            let handle = axum_server::Handle::new();
            let serve = async {
                let server = axum_server::from_tcp(listener)?.http1_only().handle(handle.clone());
                server.serve(router.into_make_service()).await
            };
            tokio::select! {
                () = stop.cancelled() => handle.shutdown(),
                ended = serve => report(ended),
            }
        });
    }
}

fn serve_endpoints(
    at: Loopback,
    router: &Router,
    config: &RustlsConfig,
    tracker: &TaskTracker,
    stop: &CancellationToken,
) {
    for listener in at.listeners {
        let (router, stop) = (router.clone(), stop.clone());
        let acceptor = CuttableAcceptor(RustlsAcceptor::new(config.clone()));
        tracker.spawn(async move {
            let handle = axum_server::Handle::new();
            let serve = async {
                let server = axum_server::from_tcp(listener)?.http1_only().handle(handle.clone());
                server.acceptor(acceptor).serve(router.into_make_service()).await
            };
            tokio::select! {
                () = stop.cancelled() => handle.shutdown(),
                ended = serve => report(ended),
            }
        });
    }
}

fn report(ended: std::io::Result<()>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a practice web server has ended");
    }
}

//! An HTTP proxy (RFC 9110 §9.3.6 and §7.1): tunnels by `CONNECT`, and plain requests by their absolute address.

mod head;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outlink_model::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use self::head::Head;
use crate::error::Error;
use crate::listen;

/// No head of a request comes near this.
const HEAD_CAP: usize = 16 * 1024;
/// A head must be here by then.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a stop waits for what is under way.
const STOP_TIME: Duration = Duration::from_secs(2);

/// How a proxy answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyAnswer {
    /// Everything goes through.
    #[default]
    Pass,
    /// Every request gets this status and nothing else.
    Refuse(u16),
    /// Nothing is ever said.
    Silence,
    /// Every connection is cut as soon as a request has come.
    Cut,
}

/// What has gone through a proxy. A target is `host:port`, as the client named it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyCounters {
    /// Tunnels that were opened.
    pub tunnels: BTreeMap<String, u64>,
    /// Plain requests that were passed on.
    pub forwards: BTreeMap<String, u64>,
    /// Requests that were refused because it was ordered so.
    pub refusals: u64,
    /// Requests without credentials, or with wrong ones.
    pub unauthenticated: u64,
    /// Requests for targets that nobody knows, or that do not answer.
    pub unreachable: u64,
}

impl ProxyCounters {
    /// Everything that went through to this target.
    pub fn to(&self, target: &str) -> u64 {
        let count = |map: &BTreeMap<String, u64>| map.get(target).copied().unwrap_or_default();
        count(&self.tunnels) + count(&self.forwards)
    }
}

/// A proxy while it runs. Dropping it stops it too, without waiting.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    tracker: TaskTracker,
    stop: DropGuard,
}

#[derive(Default)]
struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    credentials: Option<(String, Secret)>,
    answer: ProxyAnswer,
    routes: BTreeMap<String, SocketAddr>,
    counters: ProxyCounters,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Dial { target: String, route: Option<SocketAddr> },
    Say(u16),
    Nothing,
    Cut,
}

impl Proxy {
    /// Starts a proxy on a port of its own. It asks for no credentials, and dials loopback alone.
    ///
    /// # Errors
    ///
    /// If no port can be had.
    pub async fn start() -> Result<Self, Error> {
        let bound = listen::bind(0);
        let bound = bound.map_err(|source| Error::Bind { server: "proxy", port: 0, source })?;
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let shared = Arc::new(Shared::default());
        for listener in bound.listeners {
            let failed = |source| Error::Bind { server: "proxy", port: 0, source };
            let listener = TcpListener::from_std(listener).map_err(failed)?;
            tracker.spawn(accept(listener, Arc::clone(&shared), tracker.clone(), stop.clone()));
        }
        Ok(Self { address: bound.address, shared, tracker, stop: stop.drop_guard() })
    }

    /// The address as a setting has it, without credentials.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on requests need these credentials (HTTP Basic); none: no more.
    pub fn set_credentials(&self, credentials: Option<(&str, &str)>) {
        let owned = |(name, password): (&str, &str)| (name.to_owned(), Secret::new(password));
        self.shared.lock().credentials = credentials.map(owned);
    }

    /// From now on this is how requests are answered.
    pub fn answer(&self, answer: ProxyAnswer) {
        self.shared.lock().answer = answer;
    }

    /// From now on this target is there: the name need not exist anywhere else.
    pub fn route(&self, target: &str, to: SocketAddr) {
        self.shared.lock().routes.insert(target.to_ascii_lowercase(), to);
    }

    /// What has gone through so far.
    pub fn counters(&self) -> ProxyCounters {
        self.shared.lock().counters.clone()
    }

    /// Stops it, and cuts every connection.
    pub async fn stop(self) {
        drop(self.stop);
        self.tracker.close();
        if tokio::time::timeout(STOP_TIME, self.tracker.wait()).await.is_err() {
            tracing::warn!("the practice proxy was slow to stop and is left to itself");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Counters and settings are whole after every statement, so a panic elsewhere has not broken them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Decides about a request, and counts it unless it is to be dialled.
    fn decide(&mut self, head: &Head) -> Decision {
        match self.answer {
            ProxyAnswer::Pass => {}
            ProxyAnswer::Refuse(status) => {
                self.counters.refusals += 1;
                return Decision::Say(status);
            }
            ProxyAnswer::Silence => return Decision::Nothing,
            ProxyAnswer::Cut => return Decision::Cut,
        }
        if let Some((name, password)) = &self.credentials {
            let expected = STANDARD.encode(format!("{name}:{}", password.expose()));
            let shown = head.field("proxy-authorization").and_then(|value| value.split_once(' '));
            let fits = shown.is_some_and(|(scheme, value)| {
                scheme.eq_ignore_ascii_case("Basic") && value.trim() == expected
            });
            if !fits {
                self.counters.unauthenticated += 1;
                return Decision::Say(407);
            }
        }
        let target = head.target.clone();
        let route = self.routes.get(&target.to_ascii_lowercase()).copied();
        Decision::Dial { target, route }
    }

    fn count(&mut self, head: &Head, reached: bool) {
        let counters = &mut self.counters;
        if !reached {
            counters.unreachable += 1;
            return;
        }
        let map = if head.is_tunnel() { &mut counters.tunnels } else { &mut counters.forwards };
        *map.entry(head.target.clone()).or_default() += 1;
    }
}

async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    tracker: TaskTracker,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely: they come back.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (shared, stop) = (Arc::clone(&shared), stop.clone());
        tracker.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => (),
                // Whoever was cut off notices by himself.
                _ = serve(stream, &shared) => (),
            }
        });
    }
}

async fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    let read = tokio::time::timeout(HEAD_TIME, read_head(&mut client)).await;
    let Ok(Ok(Some((bytes, length)))) = read else { return Ok(()) };
    let (head, rest) = bytes.split_at_checked(length).unwrap_or_default();
    let Some(head) = Head::read(head) else { return say(&mut client, 400).await };
    let decision = shared.lock().decide(&head);
    let (target, route) = match decision {
        Decision::Dial { target, route } => (target, route),
        Decision::Say(status) => return say(&mut client, status).await,
        Decision::Nothing => {
            // Until the client has had enough, or the proxy is stopped.
            let mut sink = [0; 1024];
            while client.read(&mut sink).await? > 0 {}
            return Ok(());
        }
        Decision::Cut => return Ok(()),
    };
    let dialled = dial(&target, route).await;
    shared.lock().count(&head, dialled.is_ok());
    let Ok(mut server) = dialled else { return say(&mut client, 502).await };
    if head.is_tunnel() {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    } else {
        server.write_all(head.forwarded().as_bytes()).await?;
    }
    server.write_all(rest).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

/// The bytes up to and including the empty line, with what came behind it, and where that begins.
async fn read_head(client: &mut TcpStream) -> io::Result<Option<(Vec<u8>, usize)>> {
    let mut bytes = Vec::new();
    while bytes.len() < HEAD_CAP {
        if client.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
        if let Some(place) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            return Ok(Some((bytes, place + 4)));
        }
    }
    Ok(None)
}

/// Dials a target: where a route leads, or else loopback and nothing beyond it.
async fn dial(target: &str, route: Option<SocketAddr>) -> io::Result<TcpStream> {
    if let Some(address) = route {
        return TcpStream::connect(address).await;
    }
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for address in loopback(target) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The addresses of a target, if it is on loopback. No name server is asked, so that a test gives the same without a
/// network.
fn loopback(target: &str) -> Vec<SocketAddr> {
    let Some((host, port)) = target.rsplit_once(':') else { return Vec::new() };
    let Ok(port) = port.parse::<u16>() else { return Vec::new() };
    let addresses: Vec<IpAddr> = if host.eq_ignore_ascii_case("localhost") {
        vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
    } else {
        host.trim_matches(['[', ']']).parse().into_iter().collect()
    };
    let local = addresses.into_iter().filter(IpAddr::is_loopback);
    local.map(|address| SocketAddr::new(address, port)).collect()
}

async fn say(client: &mut TcpStream, status: u16) -> io::Result<()> {
    let challenge =
        if status == 407 { "Proxy-Authenticate: Basic realm=\"practice\"\r\n" } else { "" };
    let text = format!(
        "HTTP/1.1 {status} Practice\r\n{challenge}Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    client.write_all(text.as_bytes()).await?;
    client.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_loopback_has_an_address() {
        for (target, count) in [
            ("localhost:1", 2),
            ("127.0.0.1:1", 1),
            ("[::1]:1", 1),
            ("192.0.2.1:1", 0),
            ("[2001:db8::1]:1", 0),
            ("example.org:1", 0),
            ("localhost", 0),
        ] {
            assert_eq!(loopback(target).len(), count, "{target}");
        }
    }
}

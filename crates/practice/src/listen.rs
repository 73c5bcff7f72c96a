//! Listening on loopback, and on loopback alone.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// More connections than this to one mail server wait for their turn.
const CONNECTIONS: usize = 64;
/// A handshake must be over by then.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How often to look for a port that is free for both address families.
const ATTEMPTS: usize = 8;

/// One port, on 127.0.0.1 and, where the machine has it, on ::1.
pub(crate) struct Loopback {
    pub(crate) address: SocketAddr,
    pub(crate) listeners: Vec<TcpListener>,
}

/// Takes a port; 0 means any. `localhost` leads to ::1 first on many machines, so that address is taken too if it can
/// be had; going without it is no failure, since clients try 127.0.0.1 next.
pub(crate) fn bind(port: u16) -> io::Result<Loopback> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let first = listener(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        let address = first.local_addr()?;
        let second = listener(SocketAddr::from((Ipv6Addr::LOCALHOST, address.port())));
        match second {
            Ok(second) => return Ok(Loopback { address, listeners: vec![first, second] }),
            // Somebody else sits on [::1] at this very port: their answers would reach our clients. Look further.
            Err(error) if port == 0 && error.kind() == io::ErrorKind::AddrInUse => {
                last = Some(first)
            }
            Err(_) => return Ok(Loopback { address, listeners: vec![first] }),
        }
    }
    let listeners: Vec<_> = last.into_iter().collect();
    let address =
        listeners.first().map_or(Err(io::ErrorKind::AddrInUse.into()), |one| one.local_addr())?;
    Ok(Loopback { address, listeners })
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Takes connections until told to stop, and runs `session` for each over TLS.
pub(crate) async fn accept<F>(
    listener: TcpListener,
    tls: TlsAcceptor,
    tracker: TaskTracker,
    stop: CancellationToken,
    session: impl Fn(TlsStream<TcpStream>) -> F + Clone + Send + Sync + 'static,
) where
    F: Future<Output = ()> + Send,
{
    let secured = move |stream| {
        let (tls, session) = (tls.clone(), session.clone());
        async move {
            if let Some(stream) = secure(&tls, stream).await {
                session(stream).await;
            }
        }
    };
    accept_in_the_clear(listener, tracker, stop, secured).await;
}

/// Makes a stream secure; nothing if that fails. A client that does not trust the certificate leaves here; it will say
/// so itself.
pub(crate) async fn secure(tls: &TlsAcceptor, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await.ok()?.ok()
}

/// Takes connections until told to stop, and runs `session` for each as it is.
pub(crate) async fn accept_in_the_clear<F>(
    listener: TcpListener,
    tracker: TaskTracker,
    stop: CancellationToken,
    session: impl Fn(TcpStream) -> F + Clone + Send + Sync + 'static,
) where
    F: Future<Output = ()> + Send,
{
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "a practice server cannot listen"),
    };
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely: they come back.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (stop, session) = (stop.clone(), session.clone());
        tracker.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => (),
                () = session(stream) => (),
            }
            drop(place);
        });
    }
}

//! `outlink serve`: from a configuration to a running server, and back to nothing.
//!
//! Going down has an order: first nobody new is let in and requests under way are answered, then the engine finishes or
//! gives back what it has in hand (an answer with a new refresh token is committed, whatever happens), and last the
//! database and the data directory are let go.

pub(crate) mod local;
pub(crate) mod lock;
pub(crate) mod logging;
mod open;
mod tls;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use clap::Args;
use hyper_util::rt::TokioTimer;
use outlink_engine::Engine;
use tokio::task::JoinHandle;

use crate::args::ConfigFile;
use crate::config::{self, Config};

/// How long requests under way may still take when the server is told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How long a peer may take for its half of TLS. One that says nothing holds up a stop for so long, too.
const HANDSHAKE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs until it is told to stop.
pub(crate) async fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let config = config::load(args.config.config.as_deref())?;
    logging::start(config.log_format, config.log_level);
    let signal = stop_signal()?;
    let listener = bind(config.listen)?;
    let mut server = start(&config, listener, None).await?;
    tracing::info!(
        listen = %server.address,
        url = %config.base_url,
        "ready: open {} (listening on {})", config.base_url, server.address
    );
    if !server.engine.has_users().await? {
        tracing::info!(
            "there is no administrator yet: `outlink user create-admin --name admin` on this machine, with the same \
             configuration, prints an address to sign in by"
        );
    }
    tokio::select! {
        () = signal => tracing::info!("stopping: requests and mail under way are finished first"),
        ended = &mut server.task => {
            server.stop().await;
            bail!("The listener ended by itself: {}.", ended_by(ended));
        }
    }
    server.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// A server that runs within this process.
pub(crate) struct Server {
    /// What it serves.
    pub(crate) engine: Engine,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: JoinHandle<std::io::Result<()>>,
    _lock: Option<lock::Lock>,
}

/// Opens everything that the configuration names and starts to serve on `listener`. `held` is the lock on the data
/// directory where the caller has taken it already.
pub(crate) async fn start(
    config: &Config,
    listener: TcpListener,
    held: Option<lock::Lock>,
) -> anyhow::Result<Server> {
    let address = listener.local_addr().context("The listener has no address")?;
    let certificate = config.tls.as_ref().map(tls::server_config).transpose()?;
    let lock = match config.database_url {
        None => {
            open::make_data_dir(config)?;
            Some(match held {
                Some(lock) => lock,
                None => lock::take(&config.data_dir)?,
            })
        }
        Some(_) => None,
    };
    let store = open::store(config).await?;
    if lock.is_some() {
        // Whoever held them is gone: this process has the data directory to itself.
        store.void_leases().await?;
    }
    let engine = open::engine(store, config)?;
    engine.start();
    let app = outlink_web::app(engine.clone(), open::web_options(config))
        .into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    // The listeners differ in type, so what they share is done twice. A peer that sends no request within hyper's
    // 30 seconds is let go; for that, hyper wants to be given a timer.
    let task = match certificate {
        Some(certificate) => {
            let tls = RustlsAcceptor::new(RustlsConfig::from_config(certificate));
            let mut server = axum_server::from_tcp(listener)?
                .acceptor(tls.handshake_timeout(HANDSHAKE))
                .handle(handle.clone())
                .http1_only();
            server.http_builder().http1().timer(TokioTimer::new());
            spawn(server.serve(app))
        }
        None => {
            let mut server = axum_server::from_tcp(listener)?.handle(handle.clone()).http1_only();
            server.http_builder().http1().timer(TokioTimer::new());
            spawn(server.serve(app))
        }
    };
    Ok(Server { engine, address, handle, task, _lock: lock })
}

impl Server {
    /// Stops in order; see the head of this file.
    pub(crate) async fn stop(mut self) {
        let end = tokio::time::Instant::now() + GRACE;
        // The listener hears of it only where it happens to be listening for it, so it is told until it has heard.
        while !self.task.is_finished() && tokio::time::Instant::now() < end {
            self.handle.graceful_shutdown(Some(GRACE));
            let _ = tokio::time::timeout(Duration::from_millis(100), &mut self.task).await;
        }
        self.handle.shutdown();
        self.engine.close().await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "`Server::stop` waits for the listener's task itself"
)]
fn spawn(
    serving: impl Future<Output = std::io::Result<()>> + Send + 'static,
) -> JoinHandle<std::io::Result<()>> {
    tokio::spawn(serving)
}

/// Takes the port before anything else is opened: a second server must not get as far as the database.
pub(crate) fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| {
        format!("`listen`: {address} cannot be listened on. Is something else running there?")
    })?;
    listener.set_nonblocking(true).context("The listener cannot be set up")?;
    Ok(listener)
}

/// Resolves at the first SIGTERM or SIGINT. A second one ends the process there and then.
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be waited for")?;
    let (send, receive) = tokio::sync::oneshot::channel::<()>();
    let waiting = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        let _ = send.send(());
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        eprintln!("error: stopped at once by a second signal; nothing was waited for");
        std::process::exit(1);
    };
    #[expect(clippy::disallowed_methods, reason = "it lives as long as the process")]
    tokio::spawn(waiting);
    Ok(async move {
        let _ = receive.await;
    })
}

/// Opens every PEM file that the configuration names, so that `config check` finds what a start would.
pub(crate) fn check_files(config: &Config) -> anyhow::Result<()> {
    if let Some(files) = &config.tls {
        tls::server_config(files)?;
    }
    if let Some(path) = &config.extra_ca {
        tls::certificates("tls.extra_ca", path)?;
    }
    Ok(())
}

fn ended_by(ended: Result<std::io::Result<()>, tokio::task::JoinError>) -> String {
    match ended {
        Ok(Ok(())) => "nobody told it to".into(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    }
}

//! Listening as `outlink serve` does: axum on axum-server, HTTP/1.1 alone, with a timer.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use axum::Router;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;

use crate::Error;

/// A port of loopback.
pub(crate) fn listen() -> Result<(TcpListener, SocketAddr), Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves until the process ends.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Arc<ServerConfig>>,
) -> Result<(), Error> {
    let app = router.into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        Some(tls) => {
            let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(tls));
            let mut server = axum_server::from_tcp(listener)?.acceptor(acceptor).http1_only();
            server.http_builder().http1().timer(TokioTimer::new());
            server.serve(app).await?;
        }
        None => {
            let mut server = axum_server::from_tcp(listener)?.http1_only();
            server.http_builder().http1().timer(TokioTimer::new());
            server.serve(app).await?;
        }
    }
    Ok(())
}

//! The connections under HTTP: each comes from the egress guard, the one way out that mail takes too.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use outlink_model::grant::{Actor, Trouble};
use rustls::ClientConfig;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use tower::Service;

use crate::egress::{self, Policy, Stream};
use crate::tls;

/// Carries our own words through the HTTP client, so that they reach the person.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.reason)]
pub(super) struct Undialled(pub(super) Trouble);

/// Opens connections for the HTTP client. Names are resolved anew for each, and checked each time.
#[derive(Clone)]
pub(super) struct Dialler(Arc<Inner>);

struct Inner {
    policy: Policy,
    tls: Arc<ClientConfig>,
    limit: Duration,
}

impl Dialler {
    pub(super) fn new(policy: Policy, tls: Arc<ClientConfig>, limit: Duration) -> Self {
        Self(Arc::new(Inner { policy, tls, limit }))
    }
}

impl Inner {
    async fn dial(&self, uri: &Uri) -> Result<Wire, Trouble> {
        let host = uri.host().unwrap_or_default();
        let plain = match uri.scheme_str() {
            Some("https") => false,
            Some("http") if self.policy.permits_plain_http(host) => true,
            _ => return Err(insecure(host)),
        };
        let port = uri.port_u16().unwrap_or(if plain { 80 } else { 443 });
        let route = egress::route(&self.policy, host, port, self.limit).await?;
        let stream = egress::open(&route, &self.tls, self.limit).await?;
        Ok(Wire(TokioIo::new(match plain {
            true => Either::Left(stream),
            false => {
                let secured = tls::secure(stream, host, self.tls.clone(), self.limit).await?;
                Either::Right(Box::new(secured))
            }
        })))
    }
}

impl Service<Uri> for Dialler {
    type Response = Wire;
    type Error = Undialled;
    type Future = BoxFuture<'static, Result<Wire, Undialled>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Undialled>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let inner = self.0.clone();
        Box::pin(async move { inner.dial(&uri).await.map_err(Undialled) })
    }
}

/// A connection as the HTTP client wants it.
pub(super) struct Wire(TokioIo<Either<Stream, Box<TlsStream<Stream>>>>);

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

fn insecure(host: &str) -> Trouble {
    Trouble {
        actor: Actor::LinkAdministrator,
        reason: format!("{host} is not asked without TLS."),
        hint: "Write an address that begins with https://.".into(),
        provider_error: None,
    }
}

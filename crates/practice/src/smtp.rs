//! The SMTP server (RFC 5321), with TLS from the first byte (RFC 8314 §3.3) or by STARTTLS (RFC 3207): takes mail for the
//! mailboxes here from anybody on this machine, and for people elsewhere from those who have signed in.

mod auth;
mod envelope;
mod mail;
mod session;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::listen;
use crate::state::Shared;
use session::Session;

/// One connection, secure from its first byte, from the greeting to its end.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, shared: Shared) {
    let fault = shared.fixed().faults.take_smtp();
    shared.lock().counters.smtp_sessions += 1;
    Session::new(stream, shared, fault, true).greet_and_run().await;
}

/// One connection that begins in the clear.
pub(crate) async fn serve_in_the_clear(stream: TcpStream, tls: TlsAcceptor, shared: Shared) {
    let fault = shared.fixed().faults.take_smtp();
    shared.lock().counters.smtp_sessions += 1;
    let clear = Session::new(stream, shared.clone(), fault, false);
    let Some(stream) = clear.greet_and_run().await else { return };
    if let Some(stream) = listen::secure(&tls, stream).await {
        // RFC 3207 §4.2: no second greeting, and nothing that was said before counts.
        Session::new(stream, shared, fault, true).run().await;
    }
}

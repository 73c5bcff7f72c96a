//! The POP3 server (RFC 1939) over the INBOXes of the same mailboxes, with CAPA (RFC 2449), STLS (RFC 2595) and AUTH
//! (RFC 5034).

mod auth;
mod maildrop;
mod messages;
mod session;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::listen;
use crate::state::Shared;
use session::Session;

/// One connection, secure from its first byte, from the greeting to its end.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, shared: Shared) {
    let fault = shared.fixed().faults.take_pop3();
    shared.lock().counters.pop3_sessions += 1;
    Session::new(stream, shared, fault, true).greet_and_run().await;
}

/// One connection that begins in the clear.
pub(crate) async fn serve_in_the_clear(stream: TcpStream, tls: TlsAcceptor, shared: Shared) {
    let fault = shared.fixed().faults.take_pop3();
    shared.lock().counters.pop3_sessions += 1;
    let clear = Session::new(stream, shared.clone(), fault, false);
    let Some(stream) = clear.greet_and_run().await else { return };
    if let Some(stream) = listen::secure(&tls, stream).await {
        // RFC 2595 §4: no second greeting.
        Session::new(stream, shared, fault, true).run().await;
    }
}

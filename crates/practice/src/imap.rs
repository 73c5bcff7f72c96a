//! The IMAP server: IMAP4rev1 (RFC 3501) as far as a client that reads and sorts mail needs it, with IDLE (RFC 2177),
//! MOVE (RFC 6851), UIDPLUS (RFC 4315), ENABLE (RFC 5161) and `UTF8=ACCEPT` (RFC 6855).

mod answer;
mod append;
mod auth;
mod command;
mod copy;
mod faulty;
mod fetch;
mod folders;
mod list;
mod names;
mod news;
mod search;
mod session;
mod sets;
mod store;
mod view;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::listen;
use crate::state::Shared;
use session::Session;

/// One connection, secure from its first byte, from the greeting to its end.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, shared: Shared) {
    let fault = shared.fixed().faults.take_imap();
    shared.lock().counters.imap_sessions += 1;
    Session::new(stream, shared, fault, true).greet_and_run().await;
}

/// One connection that begins in the clear.
pub(crate) async fn serve_in_the_clear(stream: TcpStream, tls: TlsAcceptor, shared: Shared) {
    let fault = shared.fixed().faults.take_imap();
    shared.lock().counters.imap_sessions += 1;
    let clear = Session::new(stream, shared.clone(), fault, false);
    let Some(stream) = clear.greet_and_run().await else { return };
    if let Some(stream) = listen::secure(&tls, stream).await {
        // RFC 3501 §6.2.1: no second greeting, and nothing that was said before counts.
        Session::new(stream, shared, fault, true).run().await;
    }
}

//! The IMAP server: IMAP4rev1 (RFC 3501) as far as a client that reads mail needs it.

mod auth;
mod command;
mod fetch;
mod list;
mod search;
mod session;
mod sets;
mod store;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::faults::ImapFault;
use crate::state::Shared;
use session::Session;

/// One connection, from the greeting to its end.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, shared: Shared) {
    let fault: Option<ImapFault> = shared.fixed().faults.take_imap();
    shared.lock().counters.imap_sessions += 1;
    Session::new(stream, shared, fault).run().await;
}

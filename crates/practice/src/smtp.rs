//! The SMTP server (RFC 5321), TLS from the first byte (RFC 8314 §3.3): takes mail for the mailboxes here from
//! anybody on this machine, and for people elsewhere from those who have signed in.

mod envelope;
mod session;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::state::Shared;

/// One connection, from the greeting to its end.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, shared: Shared) {
    session::Session::new(stream, shared).run().await;
}

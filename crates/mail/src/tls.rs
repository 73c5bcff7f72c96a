//! TLS over a stream that stands already. What is wrong with a certificate is told by name; verification has no off
//! switch here, since whoever can switch it off will.

use std::sync::Arc;
use std::time::Duration;

use outlink_model::Timestamp;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{CertificateFault, Error, io_error};

/// How long a handshake may take. It is two round trips; whoever needs longer would not serve mail either.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// Makes a stream secure. `host` is the name or address that was dialled, and the certificate must be made out to it.
/// `config` says whom we trust.
///
/// Fails with [`Error::Certificate`], [`Error::Tls`], [`Error::Closed`], [`Error::Io`] or [`Error::TimedOut`].
pub async fn connect_tls<S>(
    stream: S,
    host: &str,
    config: Arc<ClientConfig>,
) -> Result<TlsStream<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let doing = "making the connection secure";
    let name = server_name(host).ok_or_else(|| Error::Tls {
        host: host.to_owned(),
        text: "it is neither a host name nor an address".to_owned(),
    })?;
    match tokio::time::timeout(HANDSHAKE, TlsConnector::from(config).connect(name, stream)).await {
        Err(_) => Err(Error::TimedOut { doing, time: HANDSHAKE }),
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(failure(host, doing, &error)),
    }
}

/// An address of IP version 6 may stand in brackets, and a name may end in a dot.
fn server_name(host: &str) -> Option<ServerName<'static>> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(bare.strip_suffix('.').unwrap_or(bare).to_owned()).ok()
}

fn failure(host: &str, doing: &'static str, error: &std::io::Error) -> Error {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let host = host.to_owned();
    match tls {
        Some(rustls::Error::InvalidCertificate(error)) => {
            Error::Certificate { host, fault: fault(error) }
        }
        Some(rustls::Error::InvalidMessage(_)) => {
            Error::Tls { host, text: "it does not speak TLS on this port".to_owned() }
        }
        Some(rustls::Error::AlertReceived(alert)) => {
            Error::Tls { host, text: format!("it refused with the alert {alert:?}") }
        }
        Some(other) => Error::Tls { host, text: other.to_string() },
        None => io_error(doing, error),
    }
}

fn fault(error: &CertificateError) -> CertificateFault {
    match error {
        // A bad signature is what an authority under a trusted name with another key looks like.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            CertificateFault::UnknownIssuer
        }
        CertificateError::Expired => CertificateFault::Expired(None),
        CertificateError::ExpiredContext { not_after, .. } => {
            CertificateFault::Expired(day(*not_after))
        }
        CertificateError::NotValidYet => CertificateFault::NotYetValid(None),
        CertificateError::NotValidYetContext { not_before, .. } => {
            CertificateFault::NotYetValid(day(*not_before))
        }
        CertificateError::NotValidForName => CertificateFault::WrongName(Vec::new()),
        CertificateError::NotValidForNameContext { presented, .. } => {
            CertificateFault::WrongName(presented.iter().take(5).map(|name| bare(name)).collect())
        }
        CertificateError::Revoked => CertificateFault::Revoked,
        other => CertificateFault::Other(other.to_string()),
    }
}

/// A name without the wrapping that it is reported in: `DnsName("imap.example.org")`.
fn bare(presented: &str) -> String {
    let inside = presented.split_once('(').map_or(presented, |(_, rest)| rest);
    let inside = inside.strip_suffix(')').unwrap_or(inside).trim_matches('"');
    crate::words::plain(inside.as_bytes(), 100)
}

fn day(time: UnixTime) -> Option<String> {
    let at = Timestamp::from_second(i64::try_from(time.as_secs()).ok()?).ok()?;
    Some(at.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests;

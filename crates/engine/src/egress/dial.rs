//! Resolving and connecting, behind the policy: the address that was checked is the one connected to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use outlink_model::grant::{Actor, Trouble};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::Policy;
use super::policy::host_address;

/// Addresses of one name that are tried, each for its own time.
const ADDRESSES: usize = 8;

/// The addresses behind `host` that may be dialled.
///
/// # Errors
/// When the name does not resolve in time, or none of its addresses is permitted.
pub(crate) async fn permitted(
    policy: &Policy,
    host: &str,
    port: u16,
    limit: Duration,
) -> Result<Vec<SocketAddr>, Trouble> {
    let found: Vec<SocketAddr> = match host_address(host) {
        Some(address) => vec![SocketAddr::new(address, port)],
        None => match timeout(limit, lookup_host((host, port))).await {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(error)) => return Err(unresolved(host, &error.to_string())),
            Err(_) => return Err(unresolved(host, "the name server did not answer in time")),
        },
    };
    if found.is_empty() {
        return Err(unresolved(host, "the name has no address"));
    }
    let open: Vec<_> = found.iter().copied().filter(|at| policy.permits(host, at.ip())).collect();
    if open.is_empty() { Err(closed(host, found[0].ip())) } else { Ok(open) }
}

/// Connects to the first of the permitted addresses that answers. Not more than eight are tried.
///
/// # Errors
/// As [`permitted`], and when none of them answers in time.
pub(crate) async fn connect(
    addresses: &[SocketAddr],
    host: &str,
    limit: Duration,
) -> Result<TcpStream, Trouble> {
    let mut last = None;
    for &address in addresses.iter().take(ADDRESSES) {
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Commands are small and answered one by one: waiting to fill a packet only costs time.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = Some((address, explain(&error))),
            Err(_) => {
                let waited = format!("no answer within {} seconds", limit.as_secs());
                last = Some((address, waited));
            }
        }
    }
    let (address, why) = last.unwrap_or((SocketAddr::from(([0, 0, 0, 0], 0)), "no address".into()));
    Err(Trouble {
        actor: Actor::Operator,
        reason: format!("{host} ({address}) cannot be reached: {why}."),
        hint: "Check the host name and the port, and that a firewall lets this server out to it."
            .into(),
        provider_error: None,
    })
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "the connection was refused".into(),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            "there is no way to it from here".into()
        }
        _ => error.to_string(),
    }
}

fn unresolved(host: &str, why: &str) -> Trouble {
    Trouble {
        actor: Actor::Operator,
        reason: format!("The name {host} cannot be resolved: {why}."),
        hint: "Check the spelling of the host, and this server's name resolution.".into(),
        provider_error: None,
    }
}

fn closed(host: &str, address: IpAddr) -> Trouble {
    Trouble {
        actor: Actor::Operator,
        reason: format!(
            "{host} leads to {address}, an address that is not public, and is not dialled."
        ),
        hint: format!("If that is meant, add {host:?} to egress.allow in the configuration file."),
        provider_error: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_with_many_addresses_is_not_tried_for_ever() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        // Nobody listens on this port of the other loopback addresses.
        let closed = (2..20).map(|n| SocketAddr::new([127, 0, 0, n].into(), open.port()));
        let mut addresses: Vec<_> = closed.take(ADDRESSES).collect();
        let limit = Duration::from_secs(5);
        addresses.insert(ADDRESSES - 1, open);
        assert!(connect(&addresses, "mail.example.org", limit).await.is_ok());
        addresses.swap(ADDRESSES - 1, ADDRESSES);
        let trouble = connect(&addresses, "mail.example.org", limit).await.unwrap_err();
        assert!(trouble.reason.contains("refused"), "{}", trouble.reason);
    }
}

//! Resolving and connecting, behind the policy: the address that was checked is the one connected to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use outlink_model::grant::{Actor, Trouble};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Names, Policy};

/// Addresses of one name that are tried, each for its own time.
const ADDRESSES: usize = 8;

/// The addresses behind `name` that may be dialled.
///
/// # Errors
/// When the name does not resolve in time, or none of its addresses is permitted.
pub(super) async fn permitted(
    policy: &Policy,
    name: &str,
    port: u16,
    limit: Duration,
) -> Result<Vec<SocketAddr>, Trouble> {
    let found = look_up(policy.names(), name, port, limit).await;
    let found = found.map_err(|why| unresolved(name, &why))?;
    let open: Vec<_> = found.iter().copied().filter(|at| policy.permits(name, at.ip())).collect();
    if open.is_empty() { Err(closed(name, found[0].ip())) } else { Ok(open) }
}

/// All addresses of a name, at least one; or why there are none.
pub(super) async fn look_up(
    names: &Names,
    name: &str,
    port: u16,
    limit: Duration,
) -> Result<Vec<SocketAddr>, String> {
    match timeout(limit, names.look_up(name, port)).await {
        Ok(Ok(found)) if found.is_empty() => Err("the name has no address".into()),
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the name server did not answer in time".into()),
    }
}

/// Connects to the first of the addresses that answers. Not more than eight are tried. Fails with the last of them and
/// what was wrong with it.
pub(super) async fn connect(
    addresses: &[SocketAddr],
    limit: Duration,
) -> Result<TcpStream, (SocketAddr, String)> {
    let mut last = (SocketAddr::from(([0, 0, 0, 0], 0)), "no address".to_owned());
    for &address in addresses.iter().take(ADDRESSES) {
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Commands are small and answered one by one: waiting to fill a packet only costs time.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = (address, explain(&error)),
            Err(_) => last = (address, format!("no answer within {} seconds", limit.as_secs())),
        }
    }
    Err(last)
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

pub(super) fn unresolved(name: &str, why: &str) -> Trouble {
    Trouble {
        actor: Actor::Operator,
        reason: format!("The name {name} cannot be resolved: {why}."),
        hint: "Check the spelling of the host, and this server's name resolution.".into(),
        provider_error: None,
    }
}

pub(super) fn closed(host: &str, address: IpAddr) -> Trouble {
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
        assert!(connect(&addresses, limit).await.is_ok());
        addresses.swap(ADDRESSES - 1, ADDRESSES);
        let (_, why) = connect(&addresses, limit).await.unwrap_err();
        assert!(why.contains("refused"), "{why}");
    }
}

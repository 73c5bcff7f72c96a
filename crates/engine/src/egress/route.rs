//! The way to a host: straight to addresses that were checked, or by the proxy.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use outlink_model::grant::{Actor, Trouble};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use super::address::{Host, is_localhost, read_host, unmapped};
use super::dial::{closed, connect, look_up, permitted, unresolved};
use super::proxy::Proxy;
use super::{Names, Policy, tunnel};
use crate::tls;

/// An open connection to a host, whichever way it leads.
pub(crate) type Stream = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// A way that the policy permits.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    host: String,
    port: u16,
    way: Way,
}

#[derive(Clone, Debug)]
enum Way {
    /// To these addresses, all of them permitted.
    Direct(Vec<SocketAddr>),
    /// By the proxy, which resolves the name.
    Proxy { proxy: Proxy, names: Names, target: String },
}

impl Route {
    /// One sentence for a report: where the host is.
    pub(crate) fn found(&self) -> String {
        match &self.way {
            Way::Direct(addresses) => {
                let list: Vec<_> = addresses.iter().map(|at| at.ip().to_string()).collect();
                format!("{} is {}.", self.host, list.join(", "))
            }
            Way::Proxy { proxy, .. } => {
                format!("{} is left to the proxy {} to find.", self.host, proxy.name())
            }
        }
    }

    /// One sentence for a report: that it could be opened.
    pub(crate) fn answered(&self) -> String {
        match &self.way {
            Way::Direct(_) => format!("Port {} answers.", self.port),
            Way::Proxy { proxy, .. } => {
                format!("Port {} answers by way of the proxy {}.", self.port, proxy.name())
            }
        }
    }
}

/// Finds the way to a host. Where a proxy is configured it resolves the names, and nothing is resolved here; addresses
/// are checked here all the same, and what means this machine is never asked of another one.
///
/// # Errors
/// When the host is neither a name nor an address, does not resolve in time, or leads nowhere that is permitted.
pub(crate) async fn route(
    policy: &Policy,
    host: &str,
    port: u16,
    limit: Duration,
) -> Result<Route, Trouble> {
    let read = read_host(host)
        .ok_or_else(|| unresolved(host, "it is neither a host name nor an address"))?;
    let by_proxy = policy.proxy().filter(|_| !is_this_machine(&read));
    let way = match (&read, by_proxy) {
        (Host::Address(address), _) if !policy.permits(host, *address) => {
            return Err(closed(host, *address));
        }
        (Host::Address(address), None) => Way::Direct(vec![SocketAddr::new(*address, port)]),
        (Host::Name(name), None) => Way::Direct(permitted(policy, name, port, limit).await?),
        (_, Some(proxy)) => Way::Proxy {
            proxy: proxy.clone(),
            names: policy.names().clone(),
            target: target(&read, port),
        },
    };
    Ok(Route { host: host.to_owned(), port, way })
}

/// Opens the way. `tls` says whom we trust, for a proxy that is itself reached by TLS.
///
/// # Errors
/// When none of the addresses answers in time, or the proxy cannot be reached or refuses.
pub(crate) async fn open(
    route: &Route,
    tls: &Arc<ClientConfig>,
    limit: Duration,
) -> Result<Stream, Trouble> {
    match &route.way {
        Way::Direct(addresses) => match connect(addresses, limit).await {
            Ok(stream) => Ok(Either::Left(stream)),
            Err((address, why)) => Err(Trouble {
                actor: Actor::Operator,
                reason: format!("{} ({address}) cannot be reached: {why}.", route.host),
                hint: "Check the host name and the port, and that a firewall lets this server out to it."
                    .into(),
                provider_error: None,
            }),
        },
        Way::Proxy { proxy, names, target } => {
            let mut stream = reach(proxy, names, tls, limit).await?;
            let asked = timeout(limit, tunnel::ask(&mut stream, proxy, target)).await;
            asked.unwrap_or_else(|_| Err(silent(proxy, target, limit)))?;
            Ok(stream)
        }
    }
}

/// Connects to the proxy itself. Its address comes from the configuration file, which may name any machine.
async fn reach(
    proxy: &Proxy,
    names: &Names,
    tls: &Arc<ClientConfig>,
    limit: Duration,
) -> Result<Stream, Trouble> {
    let addresses = match proxy.host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, proxy.port)],
        Err(_) => {
            let found = look_up(names, &proxy.host, proxy.port, limit).await;
            found.map_err(|why| away(proxy, &format!("its name cannot be resolved: {why}")))?
        }
    };
    let stream = connect(&addresses, limit).await;
    let stream = stream.map_err(|(address, why)| away(proxy, &format!("{why} ({address})")))?;
    if !proxy.tls {
        return Ok(Either::Left(stream));
    }
    match tls::secure(stream, &proxy.host, tls.clone(), limit).await {
        Ok(stream) => Ok(Either::Right(Box::new(stream))),
        Err(trouble) => Err(Trouble {
            reason: format!("The proxy {} cannot be used. {}", proxy.name(), trouble.reason),
            ..trouble
        }),
    }
}

/// What means this machine, wherever it is asked.
fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Address(address) => {
            let address = unmapped(*address);
            address.is_loopback() || address.is_unspecified()
        }
        Host::Name(name) => is_localhost(name),
    }
}

/// What the proxy is asked for: never the spelling that was typed, always the one that was checked.
fn target(host: &Host, port: u16) -> String {
    match host {
        Host::Address(address) => SocketAddr::new(unmapped(*address), port).to_string(),
        Host::Name(name) => format!("{}:{port}", name.trim_end_matches('.')),
    }
}

fn away(proxy: &Proxy, why: &str) -> Trouble {
    Trouble {
        actor: Actor::Operator,
        reason: format!("The proxy {} cannot be reached: {why}.", proxy.name()),
        hint: "Check egress.proxy in the configuration file, and that the proxy is up.".into(),
        provider_error: None,
    }
}

fn silent(proxy: &Proxy, target: &str, limit: Duration) -> Trouble {
    Trouble {
        actor: Actor::Operator,
        reason: format!(
            "The proxy {} did not open a way to {target} within {} seconds.",
            proxy.name(),
            limit.as_secs()
        ),
        hint: "Check the host name and the port, and that the proxy can resolve and reach it."
            .into(),
        provider_error: None,
    }
}

#[cfg(test)]
mod tests;

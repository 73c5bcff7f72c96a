//! The decision whether an address may be dialled. Pure: names are resolved elsewhere.

use std::net::IpAddr;

use ipnet::IpNet;
use outlink_model::problem::Problem;

use super::Names;
use super::address::{Host, is_localhost, is_public, read_host, unmapped};
use super::proxy::Proxy;

/// What the configuration opens. The default opens nothing that is not public.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    nets: Vec<IpNet>,
    hosts: Vec<String>,
    proxy: Option<Proxy>,
    names: Names,
}

impl Policy {
    /// Reads `egress.allow` (networks like `10.0.0.0/8`, addresses, or host names) and `egress.proxy`.
    ///
    /// # Errors
    /// When an entry is neither a network, an address nor a host name, or the proxy is no http address.
    pub fn parse(allow: &[String], proxy: Option<&str>) -> Result<Self, Problem> {
        let mut policy = Self::default();
        for entry in allow {
            if let Ok(net) = entry.parse::<IpNet>() {
                policy.nets.push(net);
            } else if let Ok(address) = entry.parse::<IpAddr>() {
                policy.nets.push(address.into());
            } else if is_host_name(entry) {
                policy.hosts.push(entry.to_ascii_lowercase());
            } else {
                return Err(Problem::invalid(
                    "egress.allow",
                    "egress_entry_unreadable",
                    format!(
                        "egress.allow holds {entry:?}, which is no network, address or host name."
                    ),
                    "Write networks like 10.0.0.0/8, addresses like 192.0.2.7, or host names like mail.intern.example.org.",
                ));
            }
        }
        if let Some(proxy) = proxy {
            let proxy = Proxy::parse(proxy).map_err(|why| {
                Problem::invalid(
                    "egress.proxy",
                    "egress_proxy_unreadable",
                    format!("egress.proxy holds a text {why}."),
                    "Write it like http://proxy.example.org:3128 or \
                     https://user:password@proxy.example.org, special characters percent-encoded.",
                )
            })?;
            policy.proxy = Some(proxy);
        }
        Ok(policy)
    }

    /// The same policy, with the addresses of names told by somebody else than the machine.
    #[must_use]
    pub fn with_names(self, names: Names) -> Self {
        Self { names, ..self }
    }

    /// The proxy that everything goes through, where there is one.
    pub(super) fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// Whether plain http may be used for this host: only for a loopback host that the configuration names.
    pub fn permits_plain_http(&self, host: &str) -> bool {
        match read_host(host) {
            Some(Host::Address(address)) => {
                unmapped(address).is_loopback() && self.names_address(address)
            }
            Some(Host::Name(name)) => is_localhost(&name) && self.names_host(&name),
            None => false,
        }
    }

    /// Whether `address`, which `host` resolved to, may be dialled.
    pub fn permits(&self, host: &str, address: IpAddr) -> bool {
        is_public(address) || self.names_address(address) || self.names_host(host)
    }

    fn names_address(&self, address: IpAddr) -> bool {
        let address = unmapped(address);
        self.nets.iter().any(|net| net.contains(&address))
    }

    fn names_host(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.hosts.contains(&host)
    }
}

/// Letters, digits, hyphens and dots: a name without scheme, port or path. What looks like a network or an address and
/// is none, is a slip and no name.
fn is_host_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text.split('.').all(|label| !label.is_empty())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        && matches!(read_host(text), Some(Host::Name(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed() -> Policy {
        Policy::default()
    }

    #[test]
    fn egress_is_closed_by_default() {
        let permits = |ip: &str| closed().permits("some.example.org", ip.parse().unwrap());
        for private in
            ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::7f00:1"]
        {
            assert!(!permits(private), "{private} must be closed");
        }
        assert!(permits("1.1.1.1") && permits("2606:4700::1111"));
    }

    #[test]
    fn the_configuration_opens_networks_addresses_and_names() {
        let allow = ["10.0.0.0/8", "192.168.1.7", "Mail.Intern", "::1"].map(String::from);
        let policy = Policy::parse(&allow, None).unwrap();
        let permits = |host: &str, ip: &str| policy.permits(host, ip.parse().unwrap());
        assert!(permits("x", "10.200.1.1") && permits("x", "::ffff:10.0.0.1"));
        assert!(permits("x", "192.168.1.7") && !permits("x", "192.168.1.8"));
        assert!(
            permits("mail.intern.", "192.168.77.1") && !permits("other.intern", "192.168.77.1")
        );
        assert!(permits("x", "::1") && !permits("x", "127.0.0.1"));
    }

    #[test]
    fn plain_http_needs_a_loopback_host_that_is_named() {
        let allow = ["localhost", "127.0.0.1", "idp.intern"].map(String::from);
        let policy = Policy::parse(&allow, None).unwrap();
        assert!(policy.permits_plain_http("localhost") && policy.permits_plain_http("127.0.0.1"));
        assert!(!policy.permits_plain_http("idp.intern") && !policy.permits_plain_http("[::1]"));
        // The same machine in another spelling, and another one that looks like it.
        assert!(policy.permits_plain_http("2130706433") && policy.permits_plain_http("LOCALHOST."));
        assert!(!policy.permits_plain_http("localhost.example.org"));
        assert!(!closed().permits_plain_http("localhost"));
    }

    #[test]
    fn nonsense_is_refused() {
        for entry in [
            "",
            "10.0.0.0/99",
            "http://x",
            "a b",
            "*",
            "a..b",
            "mail.",
            "10.0.0.300",
            " localhost",
            "0x7f.1",
            "2130706433",
            "127.0.0.1.",
        ] {
            assert!(Policy::parse(&[entry.to_owned()], None).is_err(), "{entry:?}");
        }
        let problem = Policy::parse(&[], Some("socks5://user:hunter2@x")).unwrap_err();
        assert!(!format!("{problem:?}").contains("hunter2"));
        let policy = Policy::parse(&[], Some("http://user:hunter2@x")).unwrap();
        assert!(!format!("{policy:?}").contains("hunter2"));
    }
}

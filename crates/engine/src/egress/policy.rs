//! The decision whether an address may be dialled. Pure: names are resolved elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use outlink_model::problem::Problem;

/// What the configuration opens. The default opens nothing that is not public.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    nets: Vec<IpNet>,
    hosts: Vec<String>,
    proxy: Option<url::Url>,
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
            let url = url::Url::parse(proxy)
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
            policy.proxy = Some(url.ok_or_else(|| {
                Problem::invalid(
                    "egress.proxy",
                    "egress_proxy_unreadable",
                    format!("egress.proxy is {proxy:?}, which is no proxy address."),
                    "Write it like http://proxy.example.org:3128.",
                )
            })?);
        }
        Ok(policy)
    }

    /// The proxy that everything goes through, where there is one.
    pub fn proxy(&self) -> Option<&url::Url> {
        self.proxy.as_ref()
    }

    /// Whether plain http may be used for this host: only for a loopback host that the configuration names.
    pub fn permits_plain_http(&self, host: &str) -> bool {
        match host_address(host) {
            Some(address) => address.is_loopback() && self.names_address(address),
            None => is_localhost(host) && self.names_host(host),
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

/// The address that a URL's host or a host field is, where it is no name.
pub(crate) fn host_address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Whether this name means the machine itself by definition (RFC 6761 §6.3).
pub(crate) fn is_localhost(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
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
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// An IPv4 address that hides inside an IPv6 one counts as itself.
fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

fn is_public(address: IpAddr) -> bool {
    match unmapped(address) {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    !(a == 0
        || a == 10
        || (a == 100 && (64..128).contains(&b))
        || a == 127
        || (a == 169 && b == 254)
        // The platform endpoint that every machine in Azure reaches.
        || (a, b, c, d) == (168, 63, 129, 16)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 168)
        || (a == 198 && (18..20).contains(&b))
        || a >= 224)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Addresses that carry an IPv4 one (6to4, NAT64, IPv4-compatible) lead to wherever that one leads.
    let embeds_v4 = segments[0] == 0x2002
        || (segments[0] == 0x64 && segments[1] == 0xff9b)
        || segments[..6].iter().all(|&segment| segment == 0);
    !(embeds_v4
        || segments[0] & 0xfe00 == 0xfc00
        || segments[0] & 0xffc0 == 0xfe80
        || segments[0] & 0xffc0 == 0xfec0
        || segments[0] & 0xff00 == 0xff00)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed() -> Policy {
        Policy::default()
    }

    #[test]
    fn egress_is_closed_by_default() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "168.63.129.16",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "::127.0.0.1",
            "fec0::1",
        ] {
            let address: IpAddr = private.parse().unwrap();
            assert!(!closed().permits("some.example.org", address), "{private} must be closed");
        }
        for public in ["1.1.1.1", "172.32.0.1", "192.0.1.1", "198.20.0.1", "2606:4700::1111"] {
            assert!(
                closed().permits("some.example.org", public.parse().unwrap()),
                "{public} is open"
            );
        }
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
        assert!(!closed().permits_plain_http("localhost"));
    }

    #[test]
    fn nonsense_is_refused() {
        for entry in
            ["", "10.0.0.0/99", "http://x", "a b", "*", "a..b", "mail.", "10.0.0.300", " localhost"]
        {
            assert!(Policy::parse(&[entry.to_owned()], None).is_err(), "{entry:?}");
        }
        assert!(Policy::parse(&[], Some("socks5://x")).is_err());
    }
}

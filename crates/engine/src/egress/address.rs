//! What a host is, in each of its spellings, and which addresses are public. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host as it was typed, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// An address, whatever its spelling.
    Address(IpAddr),
    /// A name, in lower case and ASCII.
    Name(String),
}

/// Reads a URL's host or a host field by the rules for URLs, so that `2130706433`, `0x7f.1` and `127.1` are the address
/// that name services take them for. `None` for what is neither a name nor an address.
pub(super) fn read_host(host: &str) -> Option<Host> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse() {
        return Some(Host::Address(address));
    }
    match url::Host::parse(host).ok()? {
        url::Host::Ipv4(v4) => Some(Host::Address(v4.into())),
        url::Host::Ipv6(v6) => Some(Host::Address(v6.into())),
        url::Host::Domain(name) => (!name.trim_end_matches('.').is_empty() && name.len() <= 254)
            .then_some(Host::Name(name)),
    }
}

/// Whether this name means the machine itself by definition (RFC 6761 §6.3).
pub(super) fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// An IPv4 address that hides inside an IPv6 one counts as itself.
pub(super) fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// Whether anybody on the internet may be meant by it.
pub(super) fn is_public(address: IpAddr) -> bool {
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

/// Only 2000::/3 is given out to the internet. Outside of it lie loopback, private, link-local and multicast addresses,
/// and most of those that carry an IPv4 one and lead to wherever that one leads (NAT64, IPv4-compatible, translated).
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let is_6to4 = segments[0] == 0x2002;
    // Teredo, which carries an IPv4 address too, and other addresses that belong to protocols.
    let is_of_protocols = segments[0] == 0x2001 && segments[1] < 0x200;
    let is_isatap = segments[4] & !0x0200 == 0 && segments[5] == 0x5efe;
    segments[0] & 0xe000 == 0x2000 && !(is_6to4 || is_of_protocols || is_isatap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(host: &str) -> Option<IpAddr> {
        match read_host(host) {
            Some(Host::Address(address)) => Some(address),
            _ => None,
        }
    }

    #[test]
    fn every_spelling_of_an_address_is_that_address() {
        for loopback in [
            "127.0.0.1",
            "127.0.0.1.",
            "127.1",
            "127.0.1",
            "2130706433",
            "2130706433.",
            "017700000001",
            "0177.0.0.1",
            "0177.0.0.01",
            "0x7f000001",
            "0X7F.0.0.1",
            "0x7f.1",
            "0x7f.0x0.0x0.0x1",
            "127.0.0.0x1",
            "127%2e0%2e0%2e1",
            "127。0。0。1",
            "１２７.0.0.1",
        ] {
            assert_eq!(address(loopback), Some([127, 0, 0, 1].into()), "{loopback}");
        }
        for (typed, meant) in [
            ("::1", "::1"),
            ("[::1]", "::1"),
            ("[0:0:0:0:0:0:0:1]", "::1"),
            ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
            ("::FFFF:7f00:1", "::ffff:127.0.0.1"),
            ("0251.0376.0251.0376", "169.254.169.254"),
            ("2852039166", "169.254.169.254"),
            ("[64:ff9b::a9fe:a9fe]", "64:ff9b::169.254.169.254"),
        ] {
            assert_eq!(address(typed), Some(meant.parse().unwrap()), "{typed}");
        }
    }

    #[test]
    fn names_are_read_in_one_way() {
        for (typed, meant) in [
            ("IMAP.Example.ORG", "imap.example.org"),
            ("imap.example.org.", "imap.example.org."),
            ("büro.example", "xn--bro-hoa.example"),
            ("my_host.intern", "my_host.intern"),
            ("127.0.0.1.example", "127.0.0.1.example"),
        ] {
            assert_eq!(read_host(typed), Some(Host::Name(meant.into())), "{typed}");
        }
        let endless = "a".repeat(300);
        for nonsense in [
            "",
            ".",
            "a b",
            "a/b",
            "a:1",
            "a\r\nX-Y: z",
            "1.2.3.4.5",
            "1.2.3.256",
            "0x1ffffffff",
            "256.1",
            "fe80::1%eth0",
            "[::1",
            "user@host",
            &endless,
        ] {
            assert_eq!(read_host(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn only_what_the_internet_has_is_public() {
        for private in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "168.63.129.16",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fd12::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::8.8.8.8",
            "64:ff9b:1::a00:1",
            "100::1",
            "2001:0:7f00:1::",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2606:4700::5efe:7f00:1",
            "2606:4700::200:5efe:a00:1",
            "5f00::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private} is not public");
        }
        for public in [
            "1.1.1.1",
            "100.63.0.1",
            "100.128.0.1",
            "169.253.1.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.1",
            "::ffff:1.1.1.1",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00:1450::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public} is public");
        }
    }
}

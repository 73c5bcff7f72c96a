//! The proxy of `egress.proxy`: where it is, and what it is told about who we are.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outlink_model::Secret;
use percent_encoding::percent_decode_str;
use url::Url;

/// A proxy that speaks HTTP.
#[derive(Clone)]
pub(crate) struct Proxy {
    /// Its host, an IPv6 address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether the way to the proxy itself is secured.
    pub(super) tls: bool,
    /// The value of `Proxy-Authorization`, where the address holds a user name.
    pub(super) authorization: Option<Secret>,
}

impl Proxy {
    /// Reads `http://proxy.example.org:3128` or `https://user:password@proxy.example.org`. The words of an error never
    /// repeat the address, since it may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "which is no address")?;
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err("which begins with neither http:// nor https://"),
        };
        let host = match url.host() {
            Some(url::Host::Ipv6(v6)) => v6.to_string(),
            Some(host) => host.to_string(),
            None => return Err("which names no host"),
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err("which holds more than host and port");
        }
        let port = url.port_or_known_default().ok_or("which names no port")?;
        let authorization = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => {
                let (user, password) = (decoded(user)?, decoded(password.unwrap_or_default())?);
                // RFC 7617 §2: what stands before the first colon is the user name.
                if user.contains(':') {
                    return Err("whose user name holds a colon");
                }
                let pair = Secret::new(format!("{user}:{password}"));
                Some(Secret::new(format!("Basic {}", STANDARD.encode(pair.expose()))))
            }
        };
        Ok(Self { host, port, tls, authorization })
    }

    /// How it is called in front of people.
    pub(super) fn name(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

fn decoded(text: &str) -> Result<String, &'static str> {
    let text = percent_decode_str(text).decode_utf8();
    let text = text.map_err(|_| "whose user name or password is no text")?.into_owned();
    match text.chars().any(char::is_control) {
        true => Err("whose user name or password holds control characters"),
        false => Ok(text),
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, bool, Option<String>) {
        let proxy = Proxy::parse(text).unwrap();
        let authorization = proxy.authorization.as_ref().map(|value| value.expose().to_owned());
        (proxy.name(), proxy.tls, authorization)
    }

    #[test]
    fn addresses_of_proxies() {
        let plain = |name: &str, tls| (name.to_owned(), tls, None);
        assert_eq!(read("http://proxy.example.org:3128"), plain("proxy.example.org:3128", false));
        assert_eq!(read("http://proxy.example.org"), plain("proxy.example.org:80", false));
        assert_eq!(read("https://proxy.example.org/"), plain("proxy.example.org:443", true));
        assert_eq!(read("http://[::1]:3128"), plain("[::1]:3128", false));
        // The example of RFC 7617 §2, percent-encoded as a URL must have it.
        let (_, _, value) = read("http://Aladdin:open%20sesame@proxy.example.org");
        assert_eq!(value.as_deref(), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        let (_, _, value) = read("http://user:p%40ss%3Aword@proxy.example.org");
        assert_eq!(value, Some(format!("Basic {}", STANDARD.encode("user:p@ss:word"))));
    }

    #[test]
    fn what_is_no_proxy() {
        for text in [
            "",
            "proxy.example.org",
            "proxy.example.org:3128",
            "socks5://proxy",
            "http://",
            "http://proxy/path",
            "http://proxy?x",
            "http://us%3Aer:x@proxy",
            "http://user:%0d%0aX-Evil:1@proxy",
            "http://user:%ff@proxy",
        ] {
            assert!(Proxy::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_proxy_does_not_print_its_password() {
        let proxy = Proxy::parse("http://user:hunter2@proxy.example.org:3128").unwrap();
        assert_eq!(format!("{proxy:?}"), "Proxy(proxy.example.org:3128)");
    }
}

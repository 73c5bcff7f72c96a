//! The head of a request to a proxy, and what becomes of it on the way.

use url::Url;

/// Fields that are between the client and the proxy, or between two ends of one connection (RFC 9110 §7.6.1).
const OURS: [&str; 5] =
    ["connection", "keep-alive", "proxy-authorization", "proxy-connection", "te"];

/// A request's first line and its fields.
#[derive(Debug)]
pub(crate) struct Head {
    method: String,
    /// Where it is to go, as `host:port`.
    pub(crate) target: String,
    /// The path and the query, for what is passed on.
    path: String,
    fields: Vec<(String, String)>,
}

impl Head {
    /// Reads a head, the empty line included. `None` if it is none, or not one for a proxy.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        if words.next()? != "HTTP/1.1" || words.next().is_some() {
            return None;
        }
        let fields = lines.take_while(|line| !line.is_empty());
        let fields = fields.map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_owned(), value.trim().to_owned()))
        });
        let (target, path) = if method == "CONNECT" {
            let (host, port) = target.rsplit_once(':')?;
            (!host.is_empty() && port.parse::<u16>().is_ok()).then_some(())?;
            (target.to_owned(), String::new())
        } else {
            let url = Url::parse(target).ok().filter(|url| url.scheme() == "http")?;
            let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
            let target = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
            (target, format!("{}{query}", url.path()))
        };
        Some(Self {
            method: method.to_owned(),
            target,
            path,
            fields: fields.collect::<Option<_>>()?,
        })
    }

    /// Whether the client wants a tunnel.
    pub(crate) fn is_tunnel(&self) -> bool {
        self.method == "CONNECT"
    }

    /// The first field with this name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The head as the server gets it. The connection is for this one request, so that nobody has to find its end.
    pub(crate) fn forwarded(&self) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        let ours = |name: &str| OURS.iter().any(|one| name.eq_ignore_ascii_case(one));
        for (name, value) in self.fields.iter().filter(|(name, _)| !ours(name)) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("Connection: close\r\n\r\n");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(line: &str) -> Option<String> {
        Head::read(format!("{line}\r\nHost: x\r\n\r\n").as_bytes()).map(|head| head.target)
    }

    #[test]
    fn targets_are_read_from_the_first_line() {
        for (line, expected) in [
            ("CONNECT mail.example:993 HTTP/1.1", Some("mail.example:993")),
            ("CONNECT [::1]:993 HTTP/1.1", Some("[::1]:993")),
            ("GET http://a.example/x?y HTTP/1.1", Some("a.example:80")),
            ("POST http://a.example:8080 HTTP/1.1", Some("a.example:8080")),
            ("CONNECT mail.example HTTP/1.1", None),
            ("CONNECT :993 HTTP/1.1", None),
            ("GET /x HTTP/1.1", None),
            ("GET https://a.example/ HTTP/1.1", None),
            ("GET http://a.example/", None),
        ] {
            assert_eq!(target(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn what_is_between_client_and_proxy_stays_there() {
        let sent = "GET http://a.example/x?y=1 HTTP/1.1\r\nHost: a.example\r\nProxy-Authorization: Basic eDp5\r\n\
            Proxy-Connection: keep-alive\r\nAccept: */*\r\n\r\n";
        let head = Head::read(sent.as_bytes()).unwrap();
        assert_eq!(head.field("PROXY-authorization"), Some("Basic eDp5"));
        let expected =
            "GET /x?y=1 HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\nConnection: close\r\n\r\n";
        assert_eq!(head.forwarded(), expected);
    }
}

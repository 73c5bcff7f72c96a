//! From what was typed to what is meant: every rule about a single value or about two that must fit together.
//!
//! Nothing is opened here: files that the configuration names are opened by whoever needs them.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr as _;

use ipnet::IpNet;
use outlink_engine::Retention;
use outlink_engine::egress::Policy;
use outlink_model::Secret;
use tracing::Level;
use url::{Host, Url};

use super::raw::Raw;
use super::{Config, LogFormat, Refusal, Refusals, TlsFiles};

/// Checks every key. All refusals are gathered; a value that was refused is stood in for, so that the rest can still be
/// looked at.
pub(crate) fn check(raw: &Raw) -> Result<Config, Refusals> {
    let mut checker = Checker { raw, refusals: Vec::new() };
    let listen = checker.listen();
    let tls = checker.tls();
    let config = Config {
        base_url: checker.base_url(listen, tls.is_some()),
        data_dir: checker.path("data_dir").unwrap_or_else(|| "/var/lib/outlink".into()),
        database_url: checker.database_url(),
        extra_ca: checker.path("tls.extra_ca"),
        key_file: checker.path("key_file").unwrap_or_else(|| "/etc/outlink/key".into()),
        trusted_proxies: checker.trusted_proxies(),
        egress_allow: checker.egress_allow(),
        egress_proxy: checker.egress_proxy(),
        unencrypted_hosts: checker.unencrypted_hosts(),
        retention: checker.retention(),
        log_format: checker.log_format(),
        log_level: checker.log_level(),
        listen,
        tls,
    };
    checker.plain_http(&config);
    if checker.refusals.is_empty() { Ok(config) } else { Err(Refusals(checker.refusals)) }
}

struct Checker<'a> {
    raw: &'a Raw,
    refusals: Vec<Refusal>,
}

impl Checker<'_> {
    fn refuse(&mut self, key: &str, found: impl Into<String>, expected: impl Into<String>) {
        let refusal =
            Refusal { place: self.raw.place(key), found: found.into(), expected: expected.into() };
        self.refusals.push(refusal);
    }

    fn path(&mut self, key: &str) -> Option<PathBuf> {
        let (found, text) = self.raw.text(key)?;
        if text.is_empty() {
            self.refuse(key, "an empty text", "a path");
            return None;
        }
        Some(found.directory.join(text))
    }

    fn listen(&mut self) -> SocketAddr {
        let default = SocketAddr::from(([127, 0, 0, 1], 8080));
        let Some((_, text)) = self.raw.text("listen") else { return default };
        text.parse().unwrap_or_else(|_| {
            self.refuse(
                "listen",
                format!("{text:?}"),
                "an IP address and a port, like \"127.0.0.1:8080\" or \"[::]:8443\"",
            );
            default
        })
    }

    fn tls(&mut self) -> Option<TlsFiles> {
        match (self.path("tls.cert"), self.path("tls.key")) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
            (Some(_), None) => {
                self.refuse("tls.key", "nothing", "the private key that belongs to `tls.cert`");
                None
            }
            (None, Some(_)) => {
                self.refuse("tls.cert", "nothing", "the certificate that belongs to `tls.key`");
                None
            }
            (None, None) => None,
        }
    }

    fn base_url(&mut self, listen: SocketAddr, tls: bool) -> String {
        let Some((_, text)) = self.raw.text("base_url") else {
            if listen.ip().is_loopback() && listen.port() != 0 {
                let scheme = if tls { "https" } else { "http" };
                return format!("{scheme}://localhost:{}", listen.port());
            }
            self.refuse(
                "base_url",
                "nothing",
                "the https address that browsers reach this server by",
            );
            return String::new();
        };
        match base_url(text) {
            Ok(base_url) => base_url,
            Err(expected) => {
                // A password in the address must not come back on the screen.
                let shown =
                    if text.contains('@') { "an address".into() } else { format!("{text:?}") };
                self.refuse("base_url", shown, expected);
                String::new()
            }
        }
    }

    fn database_url(&mut self) -> Option<Secret> {
        let (_, text) = self.raw.text("database_url")?;
        // The address holds a password, and where it is mistyped, any part of it may be that: nothing of it is shown.
        let found = match text.split_once(':') {
            None => Some("a text without a scheme"),
            Some(("postgres" | "postgresql", _)) => {
                Url::parse(text).is_err().then_some("an address that cannot be read")
            }
            Some(_) => Some("something else than a PostgreSQL address"),
        };
        if let Some(found) = found {
            let expected = "one like \"postgres://user:password@host/database\"; \
                            without the key, SQLite in `data_dir` is used";
            self.refuse("database_url", found, expected);
            return None;
        }
        Some(Secret::new(text))
    }

    fn trusted_proxies(&mut self) -> Vec<IpNet> {
        let mut networks = Vec::new();
        for text in self.raw.get("trusted_proxies").map_or(&[][..], |found| &found.values) {
            match network(text) {
                Some(network) => networks.push(network),
                None => self.refuse(
                    "trusted_proxies",
                    format!("{text:?}"),
                    "addresses or networks, like \"127.0.0.1\" or \"10.0.0.0/8\"",
                ),
            }
        }
        networks
    }

    fn egress_allow(&mut self) -> Vec<String> {
        let mut allowed = Vec::new();
        for text in self.raw.get("egress.allow").map_or(&[][..], |found| &found.values) {
            if Policy::parse(std::slice::from_ref(text), None).is_ok() {
                allowed.push(text.clone());
            } else {
                self.refuse(
                    "egress.allow",
                    format!("{text:?}"),
                    "networks or host names, like \"10.20.0.0/16\" or \"imap.internal.example.org\"",
                );
            }
        }
        allowed
    }

    fn egress_proxy(&mut self) -> Option<Secret> {
        let (_, text) = self.raw.text("egress.proxy")?;
        if Policy::parse(&[], Some(text)).is_err() {
            let expected = "an http or https address, like \"http://proxy.example.org:3128\"";
            self.refuse("egress.proxy", "something else", expected);
            return None;
        }
        Some(Secret::new(text))
    }

    fn unencrypted_hosts(&mut self) -> Vec<String> {
        let mut hosts = Vec::new();
        for text in self.raw.get("mail.unencrypted_hosts").map_or(&[][..], |found| &found.values) {
            match Host::parse(text) {
                // As it is written in mail servers: addresses without brackets, names in lower case.
                Ok(Host::Ipv6(address)) => hosts.push(address.to_string()),
                Ok(host) => hosts.push(host.to_string()),
                Err(_) => self.refuse(
                    "mail.unencrypted_hosts",
                    format!("{text:?}"),
                    "host names or addresses, like \"mail.internal.example.org\": no network, no port",
                ),
            }
        }
        hosts
    }

    fn retention(&mut self) -> Retention {
        Retention {
            raw_days: self.days("retention.raw_days"),
            log_days: self.days("retention.log_days").unwrap_or(Retention::default().log_days),
        }
    }

    /// At most a hundred years, so that no date leaves what a calendar holds.
    fn days(&mut self, key: &str) -> Option<u32> {
        let (_, text) = self.raw.text(key)?;
        let days = text.trim().parse().ok().filter(|days| (1..=36_500).contains(days));
        if days.is_none() {
            self.refuse(key, format!("{text:?}"), "a number of days from 1 to 36500");
        }
        days
    }

    fn log_format(&mut self) -> LogFormat {
        let Some((_, text)) = self.raw.text("log.format") else { return LogFormat::Text };
        text.parse().unwrap_or_else(|_| {
            self.refuse("log.format", format!("{text:?}"), "\"text\" or \"json\"");
            LogFormat::Text
        })
    }

    fn log_level(&mut self) -> Level {
        let Some((_, text)) = self.raw.text("log.level") else { return Level::INFO };
        match Level::from_str(text) {
            Ok(level) if level <= Level::DEBUG && text.parse::<u8>().is_err() => level,
            Ok(_) | Err(_) => {
                let expected = "\"error\", \"warn\", \"info\" or \"debug\"";
                self.refuse("log.level", format!("{text:?}"), expected);
                Level::INFO
            }
        }
    }

    /// Sessions and tokens travel over the listener: in the clear they may do so only within this machine, or from a
    /// reverse proxy that the operator answers for.
    fn plain_http(&mut self, config: &Config) {
        let safe = config.tls.is_some()
            || config.listen.ip().is_loopback()
            || !config.trusted_proxies.is_empty();
        if !safe && self.raw.get("tls.cert").is_none() && self.raw.get("tls.key").is_none() {
            self.refuse(
                "listen",
                format!("plain HTTP on {}, which is no loopback address", config.listen),
                "`tls.cert` and `tls.key`, or `trusted_proxies` where a reverse proxy stands in front",
            );
        }
    }
}

/// Takes a base URL without its last slash, or says what is expected instead.
fn base_url(text: &str) -> Result<String, &'static str> {
    const SHAPE: &str = "an address like \"https://outlink.example.org\"";
    let url = Url::parse(text).map_err(|_| SHAPE)?;
    let Some(host) = url.host() else { return Err(SHAPE) };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&host) => {}
        _ => {
            return Err(
                "an https address; http is taken only for a loopback host such as localhost",
            );
        }
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address without a user name or password");
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(
            "an address that ends after the host and port: there is no serving under a path",
        );
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Whether what is sent to this host stays within this machine.
pub(crate) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// A network, or an address as the network that holds it alone.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

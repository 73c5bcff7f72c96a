//! The configuration of `serve`: what an operator writes once, before anything starts.
//!
//! It is read twice. [`raw`] takes what was typed, in the file and in the environment, and refuses unknown keys.
//! [`check`] turns that into a [`Config`], complete and immutable, or into refusals that say file, key, what was found
//! and what is expected. Every key stands once, in the table of [`keys`]. What an administrator changes while the
//! server runs lives in the database instead.

mod check;

pub(crate) use check::is_loopback;
pub(crate) mod keys;
mod raw;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use outlink_engine::Retention;
use outlink_model::Secret;
use serde_json::json;
use tracing::Level;

/// Where `serve` looks for its file when none is named.
pub(crate) const DEFAULT_FILE: &str = "/etc/outlink/outlink.toml";

/// A configuration that has been checked.
#[derive(Debug)]
pub(crate) struct Config {
    /// The address to listen on.
    pub(crate) listen: SocketAddr,
    /// Where browsers and providers reach this server; no slash at the end.
    pub(crate) base_url: String,
    /// Where the SQLite database and the lock lie.
    pub(crate) data_dir: PathBuf,
    /// PostgreSQL, where it is used instead of SQLite. Holds a password.
    pub(crate) database_url: Option<Secret>,
    /// Certificate chain and private key, where this server speaks TLS itself.
    pub(crate) tls: Option<TlsFiles>,
    /// Certificate authorities trusted for what is dialled, besides the system's.
    pub(crate) extra_ca: Option<PathBuf>,
    /// The sealing key.
    pub(crate) key_file: PathBuf,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// Private addresses and names that may be dialled all the same.
    pub(crate) egress_allow: Vec<String>,
    /// The proxy that everything is dialled through. May hold a password.
    pub(crate) egress_proxy: Option<Secret>,
    /// Mail servers that may be spoken to without encryption.
    pub(crate) unencrypted_hosts: Vec<String>,
    /// How long is kept what nobody may need any more.
    pub(crate) retention: Retention,
    /// How log lines are written.
    pub(crate) log_format: LogFormat,
    /// How much is logged.
    pub(crate) log_level: Level,
}

/// PEM files for the listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The certificate chain.
    pub(crate) cert: PathBuf,
    /// The private key.
    pub(crate) key: PathBuf,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

outlink_model::names!(LogFormat, "log format", { Text => "text", Json => "json" });

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Where: file and key, or the environment variable.
    pub(crate) place: String,
    /// What stands there.
    pub(crate) found: String,
    /// What would do.
    pub(crate) expected: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: found {}; expected {}.", self.place, self.found, self.expected)
    }
}

/// Everything that is wrong with a configuration. All of it is told at once, so that nobody mends one line at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusals(pub(crate) Vec<Refusal>);

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Refusal::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Refusals {}

/// Reads the file and the environment, and checks both. Without a named file, [`DEFAULT_FILE`] is read where it exists;
/// the environment alone can be a whole configuration.
pub(crate) fn load(file: Option<&Path>) -> Result<Config, Refusals> {
    let path = file.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_path_buf);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && file.is_none() => {
            String::new()
        }
        Err(error) => {
            return Err(Refusals(vec![Refusal {
                place: path.display().to_string(),
                found: format!("no readable file ({error})"),
                expected: "a configuration file; `outlink config schema` prints one to start from"
                    .into(),
            }]));
        }
    };
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the settings")]
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let raw = raw::read(&path, &text, &environment)?;
    check::check(&raw)
}

/// A variable that is no setting of the server: the client's token, a test's wish. Empty counts as not set.
#[expect(clippy::disallowed_methods, reason = "the environment is read in this file alone")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

impl Config {
    /// The settings as they will be used, as JSON. Passwords are left out.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        json!({
            "listen": self.listen.to_string(),
            "base_url": self.base_url,
            "data_dir": self.data_dir,
            "database": if self.database_url.is_some() { "postgresql" } else { "sqlite" },
            "tls": self.tls.as_ref().map(|tls| json!({ "cert": tls.cert, "key": tls.key })),
            "extra_ca": self.extra_ca,
            "key_file": self.key_file,
            "trusted_proxies": self.trusted_proxies.iter().map(IpNet::to_string).collect::<Vec<_>>(),
            "egress": { "allow": self.egress_allow, "proxy": self.egress_proxy.is_some() },
            "mail": { "unencrypted_hosts": self.unencrypted_hosts },
            "retention": { "raw_days": self.retention.raw_days, "log_days": self.retention.log_days },
            "log": { "format": self.log_format.as_str(), "level": self.log_level.as_str().to_lowercase() },
        })
    }
}

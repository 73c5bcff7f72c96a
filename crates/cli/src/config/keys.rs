//! The table of keys. The example file, the names of environment variables, the hint for a misspelt key and the
//! machine-readable list are all made from it, so none of them can fall behind.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A text.
    Text,
    /// A path; in the file it is relative to the file's directory.
    Path,
    /// Several texts; in the environment they are separated by commas.
    List,
    /// A whole number, zero or more.
    Number,
}

/// One key of the configuration.
#[derive(Debug)]
pub(crate) struct Key {
    /// As in the file, with its section: `tls.cert`.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) kind: Kind,
    /// Whether its value may hold a password. Such a key has a twin that names a file: `database_url_file`.
    pub(crate) secret: bool,
    /// What counts when it is not set, as written in the file; `None` where nothing does.
    pub(crate) default: Option<&'static str>,
    /// A value to show, as written in the file.
    pub(crate) example: &'static str,
    /// What it is for.
    pub(crate) about: &'static str,
}

/// Every key, in the order of the example file: those without a section first.
pub(crate) static KEYS: &[Key] = &[
    Key {
        name: "listen",
        kind: Kind::Text,
        secret: false,
        default: Some("\"127.0.0.1:8080\""),
        example: "\"127.0.0.1:8080\"",
        about: "Address and port to listen on. Plain HTTP is taken only on a loopback address, or where\n\
                `trusted_proxies` says that a reverse proxy stands in front; otherwise set `tls.cert` and `tls.key`.",
    },
    Key {
        name: "base_url",
        kind: Kind::Text,
        secret: false,
        default: None,
        example: "\"https://outlink.example.org\"",
        about: "Where browsers and providers reach this server. It is part of every redirect URL, so a change means\n\
                that links must be registered anew. It must be https, or name a loopback host. Left out, it is\n\
                `localhost` with the port of `listen`, which is only good for trying things out.",
    },
    Key {
        name: "data_dir",
        kind: Kind::Path,
        secret: false,
        default: Some("\"/var/lib/outlink\""),
        example: "\"/var/lib/outlink\"",
        about: "Where the SQLite database lies. One running server owns it.",
    },
    Key {
        name: "database_url",
        kind: Kind::Text,
        secret: true,
        default: None,
        example: "\"postgres://outlink:password@db.example.org/outlink\"",
        about: "PostgreSQL instead of SQLite; several servers can share one. Left out: SQLite in `data_dir`.",
    },
    Key {
        name: "key_file",
        kind: Kind::Path,
        secret: false,
        default: Some("\"/etc/outlink/key\""),
        example: "\"/etc/outlink/key\"",
        about: "The key that seals secrets in the database. It is made at the first start, for its owner alone. Keep a\n\
                copy of it apart from the backups of the database: neither is of use without the other.",
    },
    Key {
        name: "trusted_proxies",
        kind: Kind::List,
        secret: false,
        default: Some("[]"),
        example: "[\"127.0.0.1\", \"10.0.0.0/8\"]",
        about: "Addresses of reverse proxies whose `X-Forwarded-For` is believed. Anybody else's is ignored.",
    },
    Key {
        name: "tls.cert",
        kind: Kind::Path,
        secret: false,
        default: None,
        example: "\"/etc/outlink/tls/fullchain.pem\"",
        about: "Certificate chain (PEM) with which this server speaks TLS itself.",
    },
    Key {
        name: "tls.key",
        kind: Kind::Path,
        secret: false,
        default: None,
        example: "\"/etc/outlink/tls/privkey.pem\"",
        about: "The private key (PEM) that belongs to `tls.cert`.",
    },
    Key {
        name: "tls.extra_ca",
        kind: Kind::Path,
        secret: false,
        default: None,
        example: "\"/etc/outlink/tls/company-ca.pem\"",
        about: "Certificate authorities (PEM) that are trusted for what this server dials, besides the system's.",
    },
    Key {
        name: "egress.allow",
        kind: Kind::List,
        secret: false,
        default: Some("[]"),
        example: "[\"10.20.0.0/16\", \"imap.internal.example.org\"]",
        about: "Private, loopback and metadata addresses are never dialled, unless a network or a host name here says\n\
                so. List the mail servers and providers of your own network.",
    },
    Key {
        name: "egress.proxy",
        kind: Kind::Text,
        secret: true,
        default: None,
        example: "\"http://proxy.example.org:3128\"",
        about: "An HTTP proxy for everything that is asked by HTTP(S); mail servers are dialled directly.",
    },
    Key {
        name: "mail.unencrypted_hosts",
        kind: Kind::List,
        secret: false,
        default: Some("[]"),
        example: "[\"mail.internal.example.org\"]",
        about: "Mail servers, by host name or address, that may be spoken to without encryption: whoever listens on the\n\
                way can read the password and the mail. Tokens are never sent there.",
    },
    Key {
        name: "retention.raw_days",
        kind: Kind::Number,
        secret: false,
        default: None,
        example: "365",
        about: "Days after which the bytes of a received message are let go of; left out, they are kept. Attachments of\n\
                issues stay. So does the message's line in the ledger: by it, a message counts once.",
    },
    Key {
        name: "retention.log_days",
        kind: Kind::Number,
        secret: false,
        default: Some("90"),
        example: "90",
        about: "Days after which a line of the connectivity log of mail servers is let go of, and a delivery that was sent or given up.",
    },
    Key {
        name: "log.format",
        kind: Kind::Text,
        secret: false,
        default: Some("\"text\""),
        example: "\"json\"",
        about: "How log lines are written: \"text\" for people, \"json\" for collectors.",
    },
    Key {
        name: "log.level",
        kind: Kind::Text,
        secret: false,
        default: Some("\"info\""),
        example: "\"debug\"",
        about: "How much is logged: \"error\", \"warn\", \"info\" or \"debug\". Libraries never log below \"warn\".",
    },
];

/// The key of this name.
pub(crate) fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The environment variable that sets `name`: `tls.cert` is `OUTLINK_TLS__CERT`.
pub(crate) fn variable(name: &str) -> String {
    format!("OUTLINK_{}", name.replace('.', "__").to_uppercase())
}

/// Every name that is taken in the file, twins included.
pub(crate) fn names() -> impl Iterator<Item = String> {
    KEYS.iter().flat_map(|key| {
        let twin = key.secret.then(|| format!("{}_file", key.name));
        std::iter::once(key.name.to_owned()).chain(twin)
    })
}

/// The known name nearest to `given`, if any is near enough to have been meant.
pub(crate) fn nearest(given: &str) -> Option<String> {
    names()
        .map(|name| (distance(given, &name), name))
        .min()
        .filter(|(steps, name)| *steps <= 2.max(name.len() / 3))
        .map(|(_, name)| name)
}

/// How many letters must be put in, taken out or changed to turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    // A hostile file must not make this slow: no key is anywhere near this long.
    if a.len() > 64 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

/// A configuration file with every key explained and set to its default, or shown in a comment where it has none.
pub(crate) fn example() -> String {
    let mut text = String::from(
        "# Configuration of outlink. Every line that is commented out shows an example.\n\
         # Each key can be set in the environment as well: `tls.cert` is OUTLINK_TLS__CERT, lists take commas.\n\
         # Paths are relative to this file's directory.\n",
    );
    let mut section = "";
    for key in KEYS {
        let (of, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if of != section {
            section = of;
            let _ = write!(text, "\n[{section}]\n");
        }
        text.push('\n');
        for line in key.about.lines() {
            let _ = writeln!(text, "# {line}");
        }
        if key.secret {
            let _ = writeln!(text, "# `{name}_file` names a file that holds it instead.");
        }
        match key.default {
            Some(default) => {
                let _ = writeln!(text, "{name} = {default}");
            }
            None => {
                let _ = writeln!(text, "#{name} = {}", key.example);
            }
        }
    }
    text
}

/// The table as JSON, for programs.
pub(crate) fn to_json() -> Value {
    let keys = KEYS.iter().map(|key| {
        json!({
            "key": key.name,
            "variable": variable(key.name),
            "type": match key.kind {
                Kind::Text => "text",
                Kind::Path => "path",
                Kind::List => "list",
                Kind::Number => "number",
            },
            "secret": key.secret,
            "default": key.default,
            "example": key.example,
            "about": key.about.replace('\n', " "),
        })
    });
    json!({ "keys": keys.collect::<Vec<_>>() })
}

//! Dovecot, wholly under one directory; see `tests/rig/dovecot.conf.in`.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::process::Process;
use super::{eventually, free_port, repository};

/// What the static password is.
pub(crate) const PASSWORD: &str = "a-password-of-the-rig";

/// A Dovecot that runs.
pub(crate) struct Dovecot {
    process: Process,
    dir: PathBuf,
    owner: u32,
    pub(crate) port: u16,
}

/// How one is set up.
pub(crate) struct Setup<'a> {
    /// What it offers: `xoauth2 oauthbearer`.
    pub(crate) mechanisms: &'a str,
    /// Which of the certificates it shows.
    pub(crate) certificate: &'a str,
    /// The provider that it asks about tokens.
    pub(crate) provider_port: u16,
}

impl Dovecot {
    /// Starts one in the new directory `dir`.
    pub(crate) fn start(dir: &Path, certs: &Path, setup: &Setup<'_>) -> Self {
        for part in ["mail", "home"] {
            fs::create_dir_all(dir.join(part)).expect("a directory");
        }
        let accounts = Accounts::of(dir);
        for part in ["mail", "home"] {
            chown(dir.join(part), Some(accounts.mail), Some(accounts.mail_group))
                .expect("it is ours to give");
        }
        for _ in 0..5 {
            let port = free_port();
            write_configuration(dir, certs, setup, &accounts, port);
            let mut command = Command::new("dovecot");
            command.arg("-F").arg("-c").arg(dir.join("dovecot.conf"));
            let mut process = Process::start(&mut command, &dir.join("output"));
            let listens =
                eventually("Dovecot's port", Duration::from_secs(30), || match process.ended() {
                    Some(_) => Some(false),
                    None => TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(true),
                });
            if listens {
                return Self { process, dir: dir.to_path_buf(), owner: accounts.mail, port };
            }
            // Somebody else was quicker to take the port.
            assert!(process.log().contains("already in use"), "Dovecot ended: {}", process.log());
        }
        panic!("no port was free five times");
    }

    /// Puts a message into a mailbox, as a delivery agent would: written aside, then moved in.
    pub(crate) fn deliver(&self, mailbox: &str, name: &str, message: &[u8]) {
        let maildir = self.dir.join("mail").join(mailbox);
        for part in ["", "tmp", "new", "cur"] {
            let path = maildir.join(part);
            if !path.exists() {
                fs::create_dir(&path).expect("a directory");
                chown(&path, Some(self.owner), None).expect("it is ours to give");
            }
        }
        let aside = maildir.join("tmp").join(name);
        fs::write(&aside, message).expect("written");
        chown(&aside, Some(self.owner), None).expect("it is ours to give");
        fs::rename(&aside, maildir.join("new").join(name)).expect("moved in");
    }

    /// Which messages of a mailbox are there, by name, and whether each is flagged as seen.
    pub(crate) fn mailbox(&self, mailbox: &str) -> Vec<(String, bool)> {
        let mut messages = Vec::new();
        for part in ["new", "cur"] {
            let Ok(entries) = fs::read_dir(self.dir.join("mail").join(mailbox).join(part)) else {
                continue;
            };
            for entry in entries {
                let name = entry.expect("readable").file_name().into_string().expect("plain");
                let (base, flags) = name.split_once(":2,").unwrap_or((&name, ""));
                let base = base.split_once(',').map_or(base, |(base, _)| base);
                messages.push((base.to_owned(), flags.contains('S')));
            }
        }
        messages.sort();
        messages
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        let log = fs::read_to_string(self.dir.join("dovecot.log")).unwrap_or_default();
        log + &self.process.log()
    }
}

/// The accounts that Dovecot's parts run under: the package's where we are root, our own otherwise.
struct Accounts {
    internal: String,
    internal_group: String,
    login: String,
    mail: u32,
    mail_group: u32,
}

impl Accounts {
    fn of(dir: &Path) -> Self {
        let ours = fs::metadata(dir).expect("it exists");
        if ours.uid() == 0 {
            let [internal, internal_group, login] =
                ["dovecot", "dovecot", "dovenull"].map(str::to_owned);
            return Self { internal, internal_group, login, mail: 10500, mail_group: 10500 };
        }
        let id = |flag: &str| {
            let told = Command::new("id").arg(flag).output().expect("id").stdout;
            String::from_utf8(told).expect("a name").trim().to_owned()
        };
        let (mail, mail_group) = (ours.uid(), ours.gid());
        Self { internal: id("-un"), internal_group: id("-gn"), login: id("-un"), mail, mail_group }
    }
}

fn write_configuration(
    dir: &Path,
    certs: &Path,
    setup: &Setup<'_>,
    accounts: &Accounts,
    port: u16,
) {
    let values = [
        ("DIR", dir.display().to_string()),
        ("CERTS", certs.display().to_string()),
        ("CERT", setup.certificate.to_owned()),
        ("PORT", port.to_string()),
        ("MECHANISMS", setup.mechanisms.to_owned()),
        ("PASSWORD", PASSWORD.to_owned()),
        ("PROVIDER_PORT", setup.provider_port.to_string()),
        ("INTERNAL_USER", accounts.internal.clone()),
        ("INTERNAL_GROUP", accounts.internal_group.clone()),
        ("LOGIN_USER", accounts.login.clone()),
        ("MAIL_UID", accounts.mail.to_string()),
        ("MAIL_GID", accounts.mail_group.to_string()),
    ];
    for (template, name) in
        [("dovecot.conf.in", "dovecot.conf"), ("dovecot-oauth2.conf.ext.in", "oauth2.conf.ext")]
    {
        let mut text =
            fs::read_to_string(repository().join("tests/rig").join(template)).expect("a template");
        for (key, value) in &values {
            text = text.replace(&format!("@{key}@"), value);
        }
        fs::write(dir.join(name), text).expect("written");
    }
}

//! Dovecot, wholly under one directory; see `tests/rig/dovecot.conf.in`.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::process::Process;
use super::{eventually, free_port, repository};

/// What the static password is.
pub(crate) const PASSWORD: &str = "a-password-of-the-rig";

/// What lies in its directory: the mailboxes, what their owners keep besides, and what no more goes into.
const PARTS: [&str; 3] = ["mail", "home", "full"];

/// A Dovecot that runs.
pub(crate) struct Dovecot {
    process: Process,
    dir: PathBuf,
    owner: u32,
    /// IMAP, TLS from the first byte.
    pub(crate) port: u16,
    /// IMAP with STARTTLS.
    pub(crate) starttls_port: u16,
    /// POP3, TLS from the first byte.
    pub(crate) pop3_port: u16,
    /// POP3 with STLS.
    pub(crate) stls_port: u16,
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
        for part in PARTS {
            fs::create_dir_all(dir.join(part)).expect("a directory");
        }
        let accounts = Accounts::of(dir);
        for part in PARTS {
            chown(dir.join(part), Some(accounts.mail), Some(accounts.mail_group))
                .expect("it is ours to give");
        }
        for _ in 0..5 {
            let [port, starttls_port, pop3_port, stls_port] = [(); 4].map(|()| free_port());
            let ports = [
                ("PORT", port),
                ("STARTTLS_PORT", starttls_port),
                ("POP3_PORT", pop3_port),
                ("STLS_PORT", stls_port),
            ];
            write_configuration(dir, certs, setup, &accounts, ports);
            let mut command = Command::new("dovecot");
            command.arg("-F").arg("-c").arg(dir.join("dovecot.conf"));
            let mut process = Process::start(&mut command, &dir.join("output"));
            let listens =
                eventually("Dovecot's port", Duration::from_secs(30), || match process.ended() {
                    Some(_) => Some(false),
                    None => TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(true),
                });
            if listens {
                let (dir, owner) = (dir.to_path_buf(), accounts.mail);
                return Self { process, dir, owner, port, starttls_port, pop3_port, stls_port };
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

    /// Makes a folder, named as people read it.
    pub(crate) fn create(&self, mailbox: &str, folder: &str) {
        self.doveadm(&["mailbox", "create", "-u", mailbox, folder], b"");
    }

    /// Puts a message into any folder.
    pub(crate) fn deliver_to(&self, mailbox: &str, folder: &str, message: &[u8]) {
        self.doveadm(&["save", "-u", mailbox, "-m", folder], message);
    }

    /// The messages of a folder: each with its Message-ID and its flags, by the order in which they came.
    pub(crate) fn folder(&self, mailbox: &str, folder: &str) -> Vec<(String, String)> {
        let query = ["fetch", "-u", mailbox, "hdr.message-id flags", "mailbox", folder, "all"];
        let told = self.doveadm(&[["-f", "tab"].as_slice(), &query].concat(), b"");
        let lines = told.lines().skip(1).filter_map(|line| line.split_once('\t'));
        let bare = |id: &str| id.trim_matches(['<', '>', ' ']).to_owned();
        lines
            .map(|(id, flags)| (bare(id), flags.replace("\\Recent", "").trim().to_owned()))
            .collect()
    }

    /// Runs Dovecot's own tool for administrators.
    pub(crate) fn doveadm(&self, arguments: &[&str], input: &[u8]) -> String {
        let mut child = Command::new("doveadm")
            .arg("-c")
            .arg(self.dir.join("dovecot.conf"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it comes with Dovecot");
        child.stdin.take().expect("it is piped").write_all(input).expect("it reads");
        let output = child.wait_with_output().expect("it is our child");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Where it lies as a whole.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where a mailbox lies.
    pub(crate) fn maildir(&self, mailbox: &str) -> PathBuf {
        self.dir.join("mail").join(mailbox)
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
    ports: [(&str, u16); 4],
) {
    let values = [
        ("DIR", dir.display().to_string()),
        ("CERTS", certs.display().to_string()),
        ("CERT", setup.certificate.to_owned()),
        ("MECHANISMS", setup.mechanisms.to_owned()),
        ("PASSWORD", PASSWORD.to_owned()),
        ("PROVIDER_PORT", setup.provider_port.to_string()),
        ("INTERNAL_USER", accounts.internal.clone()),
        ("INTERNAL_GROUP", accounts.internal_group.clone()),
        ("LOGIN_USER", accounts.login.clone()),
        ("MAIL_UID", accounts.mail.to_string()),
        ("MAIL_GID", accounts.mail_group.to_string()),
    ];
    let ports = ports.map(|(key, port)| (key, port.to_string()));
    for (templates, name) in [
        (["dovecot.conf.in", "dovecot-more.conf.in"].as_slice(), "dovecot.conf"),
        (&["dovecot-oauth2.conf.ext.in"], "oauth2.conf.ext"),
    ] {
        let rig = repository().join("tests/rig");
        let read = |template| fs::read_to_string(rig.join(template)).expect("a template");
        let mut text: String = templates.iter().map(read).collect();
        for (key, value) in values.iter().chain(&ports) {
            text = text.replace(&format!("@{key}@"), value);
        }
        fs::write(dir.join(name), text).expect("written");
    }
}

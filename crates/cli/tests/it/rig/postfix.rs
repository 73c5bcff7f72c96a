//! Postfix, wholly under one directory; see `tests/rig/postfix-main.cf.in`. Whoever signs in is vouched for by Dovecot, and
//! what arrives lies in Dovecot's mailboxes.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::dovecot::Dovecot;
use super::process::Process;
use super::{eventually, free_port, repository};

/// Where Debian puts what is not for people to start.
const PROGRAMS: &str = "/usr/lib/postfix/sbin";

/// A Postfix that runs.
pub(crate) struct Postfix {
    process: Process,
    dir: PathBuf,
    /// TLS from the first byte.
    pub(crate) port: u16,
    /// With STARTTLS.
    pub(crate) starttls_port: u16,
}

impl Postfix {
    /// Starts one in the new directory `dir`, which shows one of the certificates in `certs`. None where we are not root:
    /// nobody else can start it.
    pub(crate) fn start(
        dir: &Path,
        certs: &Path,
        certificate: &str,
        dovecot: &Dovecot,
    ) -> Option<Self> {
        for part in ["etc", "spool", "data"] {
            fs::create_dir_all(dir.join(part)).expect("a directory");
        }
        if fs::metadata(dir).expect("it exists").uid() != 0 {
            eprintln!("not tried: only root can start Postfix");
            return None;
        }
        let account = Command::new("id").args(["-u", "postfix"]).output().expect("id").stdout;
        let account = String::from_utf8(account).expect("a number").trim().parse::<u32>();
        let account = account.expect("first run scripts/test --install: there is no Postfix");
        chown(dir.join("data"), Some(account), None).expect("it is ours to give");
        for _ in 0..5 {
            let [port, starttls_port] = [(); 2].map(|()| free_port());
            let owner = fs::metadata(dovecot.dir().join("mail")).expect("it exists");
            let values = [
                ("DIR", dir.display().to_string()),
                ("DOVECOT", dovecot.dir().display().to_string()),
                ("MAIL", dovecot.dir().join("mail").display().to_string()),
                ("MAIL_UID", owner.uid().to_string()),
                ("MAIL_GID", owner.gid().to_string()),
                ("CERTS", certs.display().to_string()),
                ("CERT", certificate.to_owned()),
                ("PORT", port.to_string()),
                ("STARTTLS_PORT", starttls_port.to_string()),
            ];
            for name in ["main.cf", "master.cf"] {
                let template = repository().join(format!("tests/rig/postfix-{name}.in"));
                let mut text = fs::read_to_string(template).expect("a template");
                for (key, value) in &values {
                    text = text.replace(&format!("@{key}@"), value);
                }
                fs::write(dir.join("etc").join(name), text).expect("written");
            }
            // It makes the directories of the queue.
            let checked =
                Command::new("postfix").arg("-c").arg(dir.join("etc")).arg("check").output();
            let checked = checked.expect("it comes with Postfix");
            let told = String::from_utf8_lossy(&checked.stderr).into_owned();
            assert!(checked.status.success(), "{told}");
            let process = master(dir);
            let mut postfix = Self { process, dir: dir.to_path_buf(), port, starttls_port };
            if postfix.listens() {
                return Some(postfix);
            }
            // Somebody else was quicker to take the port.
            assert!(postfix.log().contains("already in use"), "Postfix ended: {}", postfix.log());
        }
        panic!("no port was free five times");
    }

    /// Waits until it takes connections; whether it came to that.
    fn listens(&mut self) -> bool {
        let ports = [self.port, self.starttls_port];
        eventually("Postfix's ports", Duration::from_secs(30), || match self.process.ended() {
            Some(_) => Some(false),
            None => ports
                .iter()
                .all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok())
                .then_some(true),
        })
    }

    /// Starts it anew with lines of configuration that come after the others and count more.
    pub(crate) fn set(&mut self, lines: &str) {
        self.stop();
        let path = self.dir.join("etc/main.cf");
        let text = fs::read_to_string(&path).expect("it was written");
        fs::write(&path, format!("{text}{lines}\n")).expect("written");
        self.start_again();
    }

    /// Ends it. What it has taken stays in its queue.
    pub(crate) fn stop(&mut self) {
        self.process.terminate();
        self.process.wait(Duration::from_secs(30));
        // Its children go a little later, and listen as long as they live.
        eventually("Postfix's end", Duration::from_secs(30), || {
            [self.port, self.starttls_port]
                .iter()
                .all(|port| TcpStream::connect(("127.0.0.1", *port)).is_err())
                .then_some(())
        });
    }

    /// Starts it again after it ended, on the same ports.
    pub(crate) fn start_again(&mut self) {
        self.process = master(&self.dir);
        assert!(self.listens(), "Postfix ended: {}", self.log());
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        let log = fs::read_to_string(self.dir.join("postfix.log")).unwrap_or_default();
        log + &self.process.log()
    }
}

impl Drop for Postfix {
    /// Whoever reads of a test that failed is told what Postfix said.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("Postfix: {}", self.log());
        }
    }
}

fn master(dir: &Path) -> Process {
    let mut command = Command::new(format!("{PROGRAMS}/master"));
    command.arg("-c").arg(dir.join("etc")).arg("-d").env("MAIL_CONFIG", dir.join("etc"));
    // When it ends, it ends its process group: that must be its own.
    command.process_group(0);
    Process::start(&mut command, &dir.join("output"))
}

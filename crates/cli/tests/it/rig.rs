//! Servers that we did not write, started for one test each and gone with it: npm's `oidc-provider`, Dovecot and
//! Postfix; and the real binary between them.
//!
//! What they need is installed by `scripts/test --install`. Everything lies in one temporary directory, on loopback.

pub(crate) mod bench;
pub(crate) mod browser;
pub(crate) mod desk;
pub(crate) mod dovecot;
pub(crate) mod outlink;
pub(crate) mod postfix;
pub(crate) mod process;
pub(crate) mod provider;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A temporary directory that other accounts may enter: Dovecot's do.
pub(crate) fn scratch() -> TempDir {
    let dir =
        tempfile::Builder::new().prefix("outlink-it-").tempdir().expect("a temporary directory");
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(dir.path(), open).expect("it is ours");
    dir
}

/// Makes `ca.crt` and the certificates by it in `dir`.
pub(crate) fn make_certificates(dir: &Path) {
    let made =
        Command::new(repository().join("tests/rig/mkcerts")).arg(dir).output().expect("it runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// A port of loopback that nobody listens on, below the range that the kernel hands out by itself, so that no outgoing
/// connection takes it before we do.
pub(crate) fn free_port() -> u16 {
    loop {
        let random = RandomState::new().build_hasher().finish();
        let port = 20_000 + u16::try_from(random % 10_000).expect("it is small");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Asks every 50 ms until there is an answer. Panics, naming `what`, when there is none within `limit`.
pub(crate) fn eventually<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

//! The demo's directory: its own, and nobody else's.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::serve::lock::{self, Lock};

/// A file of this name says that a demo made the directory, and may clear it.
const MARKER: &str = ".outlink-demo";

/// What a demo leaves behind, but for the lock, which stands as long as the directory does. Nothing else is ever removed
/// from a directory that was named.
const OURS: [&str; 6] = [
    "outlink.sqlite",
    "outlink.sqlite-wal",
    "outlink.sqlite-shm",
    "key",
    "practice-ca.pem",
    "token",
];

/// A directory that the demo may write to. A temporary one is removed at the end.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    temporary: bool,
    lock: Option<Lock>,
}

impl Place {
    /// A fresh directory among the system's temporary ones.
    pub(crate) fn temporary() -> anyhow::Result<Self> {
        let mut random = [0; 8];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_| anyhow::anyhow!("The machine's random generator gave nothing."))?;
        let name = format!("outlink-demo-{:016x}", u64::from_be_bytes(random));
        let path = std::env::temp_dir().join(name);
        // Not recursive: a directory that stands already is somebody else's, and is an error.
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self { path, temporary: true, lock: None })
    }

    /// The directory that was named: a new or empty one, or one that an earlier demo made. Each demo begins anew, since
    /// its provider remembers nothing, so what the earlier one left there is removed.
    pub(crate) fn named(path: &Path) -> anyhow::Result<Self> {
        std::fs::DirBuilder::new()
            .mode(0o700)
            .recursive(true)
            .create(path)
            .with_context(|| format!("{} cannot be made", path.display()))?;
        let path =
            path.canonicalize().with_context(|| format!("{} cannot be found", path.display()))?;
        let marker = path.join(MARKER);
        let mut entries = std::fs::read_dir(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        if !marker.exists() && entries.next().is_some() {
            bail!(
                "{} holds something that no demo has made, so the demo leaves it alone. Name a new or empty \
                 directory, or none at all.",
                path.display()
            );
        }
        // Before anything is removed: another demo may be running here.
        let lock = lock::take(&path)?;
        for name in OURS {
            match std::fs::remove_file(path.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| {
                        format!(
                            "{} of the demo before cannot be removed",
                            path.join(name).display()
                        )
                    });
                }
                Ok(()) | Err(_) => {}
            }
        }
        std::fs::write(
            &marker,
            "A demo of outlink made this directory and will clear it when it runs again.\n",
        )
        .with_context(|| format!("{} cannot be written", marker.display()))?;
        Ok(Self { path, temporary: false, lock: Some(lock) })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The lock on a directory that was named, for the server that will run on it.
    pub(crate) fn take_lock(&mut self) -> Option<Lock> {
        self.lock.take()
    }

    /// Whether it goes away at the end.
    pub(crate) fn is_temporary(&self) -> bool {
        self.temporary
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed lies among temporary files, where the system clears up.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_place_goes_away() {
        let place = Place::temporary().expect("made");
        let path = place.path().to_path_buf();
        std::fs::write(path.join("key"), "x").expect("written");
        drop(place);
        assert!(!path.exists());
    }

    #[test]
    fn a_directory_that_no_demo_made_is_left_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let mine = directory.path().join("key");
        std::fs::write(&mine, "mine").expect("written");
        let refused = Place::named(directory.path()).expect_err("refused").to_string();
        assert!(refused.contains("no demo has made"), "{refused}");
        assert_eq!(std::fs::read_to_string(&mine).expect("still there"), "mine");
    }

    #[test]
    fn a_demo_that_still_runs_keeps_its_files() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("new");
        let held = Place::named(&path).expect("a new one").take_lock();
        for name in OURS {
            std::fs::write(path.join(name), "in use").expect("written");
        }
        let refused = Place::named(&path).expect_err("it is in use").to_string();
        assert!(refused.contains("another server is running"), "{refused}");
        for name in OURS.iter().chain(&["serve.lock", MARKER]) {
            assert!(path.join(name).exists(), "{name} was removed");
        }
        drop(held);
        Place::named(&path).expect("it is free again");
        assert!(!path.join("outlink.sqlite").exists());
    }

    #[test]
    fn a_demos_own_directory_is_used_again_and_only_its_files_are_cleared() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("new");
        drop(Place::named(&path).expect("a new one"));
        std::fs::write(path.join("outlink.sqlite"), "old").expect("written");
        std::fs::write(path.join("notes.txt"), "mine").expect("written");
        let place = Place::named(&path).expect("its own");
        assert!(!place.is_temporary());
        assert!(!path.join("outlink.sqlite").exists() && path.join("notes.txt").exists());
    }
}

//! One server on one data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};

/// Holds the data directory until it is dropped. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes the data directory. With it, leases that an earlier process left behind may be voided: nobody holds them.
pub(crate) fn take(data_dir: &Path) -> anyhow::Result<Lock> {
    let path = data_dir.join("serve.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        // Whoever can open it can hold it, and so keep the server from starting.
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("`data_dir`: {} cannot be opened", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => bail!(
            "`data_dir`: another server is running on {}. Stop it first, or give this one a data directory of its own.",
            data_dir.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("`data_dir`: {} cannot be locked", path.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_second_server_is_refused_until_the_first_is_gone() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = take(directory.path()).expect("nobody holds it");
        let refused = take(directory.path()).expect_err("it is held").to_string();
        assert!(refused.contains("another server is running"), "{refused}");
        drop(first);
        take(directory.path()).expect("it is free again");
        let about = std::fs::metadata(directory.path().join("serve.lock")).expect("it is there");
        assert_eq!(about.permissions().mode() & 0o777, 0o600, "nobody else can hold it");
    }
}

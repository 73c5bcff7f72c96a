//! The vault: seals secrets before they are written and opens them after they are read.
//!
//! AES-256-GCM-SIV, with a key that lies in a file of its own. A record is
//!
//! ```text
//! version (1 byte) ‖ key id (8) ‖ nonce (12) ‖ ciphertext and tag (16 more than the text)
//! ```
//!
//! and its associated data is the cell that it was made for, `table.column/row-id`. Keeps **Secrets stay in**: the bytes
//! of one cell do not open in another, so nobody who can write rows but lacks the key can move a secret to where it
//! would be shown.

use std::fmt::{self, Display};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf;
use outlink_model::Secret;
use zeroize::Zeroizing;

use crate::Error;

const VERSION: u8 = 1;
const ID: usize = 8;
const NONCE: usize = 12;
const TAG: usize = 16;
const HEAD: usize = 1 + ID + NONCE;

/// What a key file begins with; 64 hexadecimal digits follow.
const MARK: &str = "outlink-key-1:";

/// The sealing key, ready for use.
pub struct Vault {
    id: [u8; ID],
    key: RandomizedNonceKey,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.key_id())
    }
}

impl Vault {
    /// A vault with this key. Its id is derived from the key, so two keys never share one.
    ///
    /// # Errors
    /// [`Error::Key`] if the cryptographic library refuses, which it does not for 32 bytes.
    pub fn new(key: &[u8; 32]) -> Result<Self, Error> {
        let master = hkdf::Salt::new(hkdf::HKDF_SHA256, b"outlink vault").extract(key);
        let mut id = [0; ID];
        derive(&master, b"id", &mut id)?;
        let mut sealing = Zeroizing::new([0; 32]);
        derive(&master, b"seal", sealing.as_mut_slice())?;
        let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, sealing.as_slice())
            .map_err(|_| unusable())?;
        Ok(Self { id, key })
    }

    /// The key's id in hexadecimal. Not a secret: it stands in every record, and in the database for comparison.
    pub fn key_id(&self) -> String {
        hex(&self.id)
    }

    /// Reads the key file; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::Key`] if it cannot be read or does not hold a key.
    pub fn load(path: &Path) -> Result<Option<Self>, Error> {
        let text = match fs::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Error::Key(format!(
                    "The key file {} cannot be read: {error}. Let the user that runs the server read it.",
                    path.display()
                )));
            }
        };
        let bytes = text.trim().strip_prefix(MARK).and_then(unhex);
        let key: Option<&[u8; 32]> =
            bytes.as_ref().and_then(|bytes| bytes.as_slice().try_into().ok());
        let key = key.ok_or_else(|| {
            Error::Key(format!(
                "The key file {} does not hold a key. Put the right file back from where keys are kept, \
                 or, if the server was never used, delete it and start again.",
                path.display()
            ))
        })?;
        Self::new(key).map(Some)
    }

    /// Makes a key file, mode 0600, that holds `random`.
    ///
    /// # Errors
    /// [`Error::Key`] if the file exists or cannot be written.
    pub fn create(path: &Path, random: &[u8; 32]) -> Result<Self, Error> {
        let text = Zeroizing::new(format!("{MARK}{}\n", *Zeroizing::new(hex(random))));
        write_private(path, text.as_bytes()).map_err(|error| {
            Error::Key(format!(
                "The key file {} cannot be made: {error}. Set `key_file` to a place that can be written.",
                path.display()
            ))
        })?;
        Self::new(random)
    }

    /// Reads the key file, or makes it from `random` where there is none. `has_data` says whether the store has been
    /// used before (see [`Store::has_data_sqlite`](crate::Store::has_data_sqlite)): then no key is made, since what the
    /// missing one sealed would never open again, and nobody would be told.
    ///
    /// # Errors
    /// [`Error::Key`], in sentences that say what to do.
    pub fn load_or_create(path: &Path, random: &[u8; 32], has_data: bool) -> Result<Self, Error> {
        match Self::load(path)? {
            Some(vault) => Ok(vault),
            None if has_data => Err(Error::Key(format!(
                "The database has data, but its key file {} is missing, and no new one is made over data. \
                 Put the key file back, or set `key_file` to where it lies.",
                path.display()
            ))),
            None => Self::create(path, random),
        }
    }

    /// Seals a secret for the cell of this column (`table.column`) in this row.
    pub(crate) fn seal(
        &self,
        column: &'static str,
        row: impl Display,
        secret: &Secret,
    ) -> Result<Vec<u8>, Error> {
        let text = secret.expose().as_bytes();
        // With room for the tag from the start: growing would leave the text behind in freed memory.
        let mut sealed = Vec::with_capacity(text.len() + TAG);
        sealed.extend_from_slice(text);
        let nonce = self
            .key
            .seal_in_place_append_tag(cell(column, row), &mut sealed)
            .map_err(|_| unusable())?;
        let mut record = Vec::with_capacity(HEAD + sealed.len());
        record.push(VERSION);
        record.extend_from_slice(&self.id);
        record.extend_from_slice(nonce.as_ref());
        record.append(&mut sealed);
        Ok(record)
    }

    /// [`Vault::seal`] for a secret that may be absent.
    pub(crate) fn seal_some(
        &self,
        column: &'static str,
        row: impl Display,
        secret: Option<&Secret>,
    ) -> Result<Option<Vec<u8>>, Error> {
        secret.map(|secret| self.seal(column, row, secret)).transpose()
    }

    /// Opens what was sealed for this very cell.
    pub(crate) fn open(
        &self,
        column: &'static str,
        row: impl Display,
        mut record: Vec<u8>,
    ) -> Result<Secret, Error> {
        let row = row.to_string();
        let closed = |why: &str| Error::Broken(format!("{column} of {row} does not open: {why}"));
        if record.len() < HEAD + TAG || record[0] != VERSION {
            return Err(closed("it is not a record that this version can read"));
        }
        if record[1..=ID] != self.id {
            return Err(closed("it was sealed with another key"));
        }
        let nonce = Nonce::try_assume_unique_for_key(&record[1 + ID..HEAD])
            .map_err(|_| closed("its nonce is damaged"))?;
        let mut sealed = record.split_off(HEAD);
        let length = self
            .key
            .open_in_place(nonce, cell(column, &row), &mut sealed)
            .map_err(|_| closed("it was damaged, or made for another place"))?
            .len();
        sealed.truncate(length);
        let text = String::from_utf8(sealed).map_err(|_| closed("it is not text"))?;
        Ok(Secret::from(text))
    }

    /// [`Vault::open`] for a cell that may be empty.
    pub(crate) fn open_some(
        &self,
        column: &'static str,
        row: impl Display,
        record: Option<Vec<u8>>,
    ) -> Result<Option<Secret>, Error> {
        record.map(|record| self.open(column, row, record)).transpose()
    }

    /// The secret of a cell that is about to be written over: one that does not open is told of, and is none.
    pub(crate) fn open_whole(
        &self,
        column: &'static str,
        row: impl Display,
        record: Option<Vec<u8>>,
    ) -> Option<Secret> {
        self.open_some(column, row, record).unwrap_or_else(|error| {
            tracing::error!(%error, "it is lost");
            None
        })
    }
}

/// The associated data: which cell a record belongs to.
fn cell(column: &str, row: impl Display) -> Aad<Vec<u8>> {
    Aad::from(format!("{column}/{row}").into_bytes())
}

fn unusable() -> Error {
    Error::Key("The cryptographic library refused the key. Restart the server.".into())
}

/// The length of what is derived, as the library wants to be told.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive(master: &hkdf::Prk, what: &[u8], out: &mut [u8]) -> Result<(), Error> {
    let okm = master.expand(&[what], Length(out.len())).and_then(|okm| okm.fill(out));
    okm.map_err(|_| unusable())
}

/// Writes a new file that only its owner can read, and waits until it lies on the disk: a key that is lost with the
/// power would take every secret along.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half a key must not stand in the way of the next start.
        let _ = fs::remove_file(path);
        return Err(error);
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Reads what [`hex`] writes.
pub(crate) fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|n| u8::try_from(n).ok());
    if !text.len().is_multiple_of(2) {
        return None;
    }
    // With room from the start: growing would leave bytes behind in freed memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.as_bytes().chunks_exact(2) {
        bytes.push(digit(pair[0])? << 4 | digit(pair[1])?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        Vault::new(&[7; 32]).unwrap()
    }

    #[test]
    fn what_was_sealed_for_one_cell_opens_in_no_other() {
        let secret = Secret::new("hunter2");
        let record = vault().seal("grants.refresh_token", "a", &secret).unwrap();
        let open = |column, row| vault().open(column, row, record.clone());
        assert_eq!(open("grants.refresh_token", "a").unwrap().expose(), "hunter2");
        assert!(open("grants.refresh_token", "b").is_err(), "another row");
        assert!(open("grants.access_token", "a").is_err(), "another column");
    }

    #[test]
    fn a_record_names_its_key_and_hides_its_text() {
        let secret = Secret::new("hunter2 hunter2 hunter2");
        let first = vault().seal("t.c", 1, &secret).unwrap();
        let second = vault().seal("t.c", 1, &secret).unwrap();
        assert_ne!(first, second, "a fresh nonce each time");
        assert_eq!(hex(&first[1..=ID]), vault().key_id());
        assert!(!first.windows(7).any(|part| part == b"hunter2"));
        let other = Vault::new(&[8; 32]).unwrap();
        assert_ne!(other.key_id(), vault().key_id());
        let error = other.open("t.c", 1, first).unwrap_err();
        assert!(error.to_string().contains("another key"), "{error}");
    }

    #[test]
    fn damage_anywhere_is_noticed() {
        let record = vault().seal("t.c", 1, &Secret::new("x")).unwrap();
        for at in 0..record.len() {
            let mut damaged = record.clone();
            damaged[at] ^= 1;
            assert!(vault().open("t.c", 1, damaged).is_err(), "byte {at}");
        }
        for length in 0..record.len() {
            assert!(vault().open("t.c", 1, record[..length].to_vec()).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_key_file_is_private_and_never_made_over_data() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let refused = Vault::load_or_create(&path, &[1; 32], true).unwrap_err();
        assert!(refused.to_string().contains("Put the key file back"), "{refused}");
        assert!(!path.exists());

        let made = Vault::load_or_create(&path, &[1; 32], false).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = Vault::load_or_create(&path, &[2; 32], true).unwrap();
        assert_eq!(read.key_id(), made.key_id(), "the file counts, not the random bytes");
        assert!(Vault::create(&path, &[2; 32]).is_err(), "a key is never written over");

        fs::write(&path, "nonsense").unwrap();
        assert!(matches!(Vault::load(&path), Err(Error::Key(_))));
    }
}

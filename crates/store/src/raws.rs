//! Raw messages: compressed, once per SHA-256. Not sealed.

use outlink_model::MessageId;

use crate::cell::{damaged, number, size};
use crate::db::{executing_within, reading};
use crate::{Error, Intake, Store};

/// Mail is mostly text and Base64; a higher level takes several times as long for a few per cent.
const LEVEL: i32 = 1;

/// `OR IGNORE` by another name: the bytes of one SHA-256 are the same bytes.
const INSERT: &str = "
    INSERT INTO raws (sha256, size, packed) VALUES ($1, $2, $3) ON CONFLICT (sha256) DO NOTHING";

const OF_MESSAGE: &str = "
    SELECT r.size, r.packed FROM messages m JOIN raws r ON r.sha256 = m.sha256 WHERE m.id = $1";

/// A raw message, compressed. Made by [`pack`] before a transaction is begun, since on SQLite everybody else's writes
/// wait for it to end.
#[derive(Clone, Debug)]
pub struct Packed {
    size: u64,
    bytes: Vec<u8>,
}

/// Compresses a raw message.
///
/// # Errors
/// [`Error::Broken`] if the library fails, which it does only for want of memory.
pub fn pack(raw: &[u8]) -> Result<Packed, Error> {
    let bytes =
        zstd::bulk::compress(raw, LEVEL).map_err(|error| damaged("a raw message", error))?;
    Ok(Packed { size: raw.len() as u64, bytes })
}

impl Store {
    /// The raw bytes of a message; `None` if they were never fetched, or there is no such message.
    ///
    /// # Errors
    /// [`Error::Broken`] if they cannot be unpacked.
    pub async fn raw(&self, id: MessageId) -> Result<Option<Vec<u8>>, Error> {
        let row: Option<(i64, Vec<u8>)> = reading!(self.db, on =>
            sqlx::query_as(OF_MESSAGE).bind(id.to_string()).fetch_optional(on))?;
        let Some((size, packed)) = row else { return Ok(None) };
        let size: usize = number("raws.size", size)?;
        let unpack = move || zstd::bulk::decompress(&packed, size);
        let raw = tokio::task::spawn_blocking(unpack)
            .await
            .map_err(|error| damaged("raws.packed", error))?
            .map_err(|error| damaged("raws.packed", error))?;
        Ok(Some(raw))
    }
}

impl Intake {
    /// Keeps a raw message, unless one with this SHA-256 is kept already. To be written before the message that names
    /// it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn put_raw(&mut self, sha256: &[u8; 32], packed: &Packed) -> Result<(), Error> {
        executing_within!(self.tx, on => sqlx::query(INSERT)
            .bind(&sha256[..])
            .bind(size(packed.size))
            .bind(&packed.bytes)
            .execute(on))?;
        Ok(())
    }
}

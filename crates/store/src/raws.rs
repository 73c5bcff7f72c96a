//! Raw messages: compressed, once per SHA-256. Not sealed.

use std::collections::HashSet;

use outlink_model::{MessageId, Timestamp};

use crate::cell::{damaged, hash, micros, number, size};
use crate::db::{Tx, executing_within, reading, within};
use crate::{Error, Intake, Store};

mod kept;

/// Mail is mostly text and Base64; a higher level takes several times as long for a few per cent.
const LEVEL: i32 = 1;

/// The bytes of one SHA-256 are the same bytes, and those that were there already are not returned.
macro_rules! insert {
    ($more:literal) => {
        concat!(
            "INSERT INTO raws (sha256, size, packed) VALUES ($1, $2, $3)",
            $more,
            " ON CONFLICT (sha256) DO NOTHING RETURNING sha256"
        )
    };
}

const INSERT: &str = insert!("");

/// How many raw messages this writes.
const AT_ONCE: usize = 8;

const INSERT_MORE: &str = insert!(
    ", ($4, $5, $6), ($7, $8, $9), ($10, $11, $12), ($13, $14, $15), ($16, $17, $18), ($19, $20, $21), ($22, $23, $24)"
);

const OF_MESSAGE: &str = "
    SELECT r.size, r.packed FROM messages m JOIN raws r ON r.sha256 = m.sha256 WHERE m.id = $1";

/// Keeps a sweep from the row until the intake is over. Intakes do not wait for one another by it.
const LOCK_POSTGRES: &str = "SELECT length(packed) FROM raws WHERE sha256 = $1 FOR KEY SHARE";

const FILL: &str = "UPDATE raws SET packed = $2 WHERE sha256 = $1 AND length(packed) = 0";

/// Raw bytes that are kept and that nothing needs any more. An attachment is a range of them, and a forward carries them,
/// as long as there is a server that may still send it.
macro_rules! unneeded {
    ($before:literal, $which:literal) => {
        concat!(
            "length(packed) > 0
                AND NOT EXISTS (
                    SELECT 1 FROM messages m WHERE m.sha256 = raws.sha256 AND m.received_at >= ",
            $before,
            ") AND NOT EXISTS (
                    SELECT 1 FROM messages m JOIN attachments a ON a.message_id = m.id
                    WHERE m.sha256 = raws.sha256)
                AND NOT EXISTS (
                    SELECT 1 FROM messages m JOIN deliveries d ON d.message_id = m.id
                        JOIN mail_servers s ON s.id = d.mail_server_id AND s.deleted_at IS NULL
                    WHERE m.sha256 = raws.sha256 AND d.kind = 'forward' AND d.state <> 'sent')",
            $which
        )
    };
}

const UNNEEDED: &str = concat!("SELECT sha256 FROM raws WHERE ", unneeded!("$1", " LIMIT $2"));

/// What is left of bytes that are not kept any more.
const NOTHING: &[u8] = &[];

const LOCK_FOR_SWEEP: &str = "SELECT length(packed) FROM raws WHERE sha256 = $1 FOR UPDATE";

/// Asks again, since somebody may have come to need them.
const EMPTY: &str =
    concat!("UPDATE raws SET packed = $2 WHERE ", unneeded!("$1", " AND sha256 = $3"));

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
    /// The raw bytes of a message; `None` if they were never fetched or are not kept any more, or there is no such
    /// message.
    ///
    /// # Errors
    /// [`Error::Broken`] if they cannot be unpacked.
    pub async fn raw(&self, id: MessageId) -> Result<Option<Vec<u8>>, Error> {
        let row: Option<(i64, Vec<u8>)> = reading!(self.db, on =>
            sqlx::query_as(OF_MESSAGE).bind(id.to_string()).fetch_optional(on))?;
        // Even no bytes at all are some once they are compressed.
        let Some((size, packed)) = row.filter(|(_, packed)| !packed.is_empty()) else {
            return Ok(None);
        };
        let size: usize = number("raws.size", size)?;
        let unpack = move || zstd::bulk::decompress(&packed, size);
        let raw = tokio::task::spawn_blocking(unpack)
            .await
            .map_err(|error| damaged("raws.packed", error))?
            .map_err(|error| damaged("raws.packed", error))?;
        Ok(Some(raw))
    }

    /// Lets go of raw bytes, at most of so many messages, that were all received before this time, that no attachment is a
    /// part of and that no forward is to carry. What else is known of the messages stays. Returns of how many.
    ///
    /// # Errors
    /// Those of the database; what was done until then stays done.
    pub async fn sweep_raws(&self, before: Timestamp, at_most: u32) -> Result<u64, Error> {
        let unneeded: Vec<Vec<u8>> = reading!(self.db, on => sqlx::query_scalar(UNNEEDED)
            .bind(micros(before))
            .bind(i64::from(at_most))
            .fetch_all(on))?;
        let mut swept = 0;
        // A few at a time, so that on SQLite nobody waits long.
        for chunk in unneeded.chunks(64) {
            let mut tx = self.db.begin().await?;
            for sha256 in chunk {
                if let Tx::Postgres(tx) = &mut tx {
                    sqlx::query(LOCK_FOR_SWEEP).bind(sha256).execute(&mut **tx).await?;
                }
                swept += executing_within!(tx, on => sqlx::query(EMPTY)
                    .bind(micros(before))
                    .bind(NOTHING)
                    .bind(sha256)
                    .execute(on))?;
            }
            tx.commit().await?;
        }
        Ok(swept)
    }
}

impl Intake {
    /// Keeps raw messages by their SHA-256, unless they are kept already; returns those that were not. No message in the
    /// ledger has those bytes. To be written before the messages that name them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn put_raws(
        &mut self,
        raws: &[(&[u8; 32], &Packed)],
    ) -> Result<HashSet<[u8; 32]>, Error> {
        let mut new = HashSet::new();
        let (eights, rest) = raws.as_chunks::<AT_ONCE>();
        for some in eights {
            self.insert_raws(INSERT_MORE, some, &mut new).await?;
        }
        for one in rest {
            self.insert_raws(INSERT, std::slice::from_ref(one), &mut new).await?;
        }
        for (sha256, packed) in raws.iter().filter(|(sha256, _)| !new.contains(*sha256)) {
            if let Tx::Postgres(tx) = self.on().await? {
                sqlx::query(LOCK_POSTGRES).bind(&sha256[..]).execute(&mut **tx).await?;
            }
            executing_within!(*self.on().await?, on =>
                sqlx::query(FILL).bind(&sha256[..]).bind(&packed.bytes).execute(on))?;
        }
        Ok(new)
    }

    async fn insert_raws(
        &mut self,
        text: &'static str,
        raws: &[(&[u8; 32], &Packed)],
        new: &mut HashSet<[u8; 32]>,
    ) -> Result<(), Error> {
        let inserted: Vec<Vec<u8>> = within!(*self.on().await?, on => {
            let mut query = sqlx::query_scalar(text);
            for (sha256, packed) in raws {
                query = query.bind(&sha256[..]).bind(size(packed.size)).bind(&packed.bytes);
            }
            query.fetch_all(on)
        })?;
        for cell in &inserted {
            new.insert(hash("raws.sha256", cell)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn a_sweep_reads_nothing_of_what_was_let_go() {
        let plan = plan(UNNEEDED).await;
        for index in [
            "INDEX raws_kept",
            "INDEX messages_sha256",
            "INDEX attachments_message_id",
            "INDEX deliveries_message_id (message_id=?",
        ] {
            assert!(plan.contains(index), "{plan}");
        }
    }
}

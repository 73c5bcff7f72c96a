//! Reading messages before the database is touched: hashing, compressing and parsing need no transaction.

use aws_lc_rs::digest::{SHA256, digest};
use outlink_mail::Body;
use outlink_mail::imap::Meta;
use outlink_mail::message::{Parsed, parse};
use outlink_model::MessageId;
use outlink_store::{Error as StoreError, Packed, pack};

/// A message, ready to be committed.
pub(super) struct Prepared {
    /// What the server said of it, with the size that it was found to have.
    pub(super) meta: Meta,
    /// The size that the server told of it; 0 where it did not.
    pub(super) told_size: u64,
    /// What it holds.
    pub(super) content: Content,
    /// The message as which it counted before, in the same folder under a UID that is gone.
    pub(super) returned: Option<MessageId>,
}

impl Prepared {
    /// What was read in it, where it could be.
    pub(super) fn parsed(&self) -> Option<&Parsed> {
        match &self.content {
            Content::Whole { parsed, .. } => parsed.as_ref().as_ref().ok(),
            Content::TooLarge { .. } | Content::Refused { .. } => None,
        }
    }

    /// Its SHA-256 and its bytes, where it was fetched.
    pub(super) fn raw(&self) -> Option<(&[u8; 32], &Packed)> {
        match &self.content {
            Content::Whole { sha256, packed, .. } => Some((sha256, packed)),
            Content::TooLarge { .. } | Content::Refused { .. } => None,
        }
    }
}

/// What a message holds.
pub(super) enum Content {
    /// All of it.
    Whole {
        /// Of the raw bytes.
        sha256: [u8; 32],
        /// The raw bytes, ready to be kept.
        packed: Packed,
        /// What was read in it, or why nothing could be.
        parsed: Box<Result<Parsed, String>>,
    },
    /// Nothing: it is too large to be fetched.
    TooLarge {
        /// The most that is fetched, in octets.
        largest: u64,
    },
    /// Nothing: the server has it and does not give it.
    Refused {
        /// The server's words.
        words: String,
    },
}

/// Brings what the server announced and what it sent together. A message that was announced and not sent has been
/// deleted meanwhile, and is left out.
///
/// # Errors
/// When there is no memory left to compress in.
pub(super) fn prepare(
    batch: &[Meta],
    bodies: Vec<(u32, Body)>,
    largest: u64,
) -> Result<Vec<Prepared>, StoreError> {
    let mut bodies: std::collections::HashMap<u32, Body> = bodies.into_iter().collect();
    let mut prepared = Vec::with_capacity(batch.len());
    for meta in batch {
        let (mut meta, told_size) = (*meta, meta.size);
        let content = match bodies.remove(&meta.uid) {
            Some(Body::Raw(raw)) => {
                meta.size = raw.len() as u64;
                whole(&raw)?
            }
            Some(Body::TooLarge(octets)) => {
                meta.size = octets;
                Content::TooLarge { largest }
            }
            Some(Body::Refused(words)) => Content::Refused { words },
            None if meta.size > largest => Content::TooLarge { largest },
            None => continue,
        };
        prepared.push(Prepared { meta, told_size, content, returned: None });
    }
    Ok(prepared)
}

fn whole(raw: &[u8]) -> Result<Content, StoreError> {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest(&SHA256, raw).as_ref());
    let parsed = parse(raw).map_err(|error| error.to_string());
    Ok(Content::Whole { sha256, packed: pack(raw)?, parsed: Box::new(parsed) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_that_were_found() {
        let meta = |uid, size| Meta {
            uid,
            size,
            seen: false,
            internal_date: outlink_model::Timestamp::UNIX_EPOCH,
        };
        let metas = [meta(1, 0), meta(2, 0), meta(3, 99), meta(4, 7)];
        let raw = b"Subject: a\r\n\r\nb".to_vec();
        let octets = raw.len() as u64;
        let bodies = vec![(1, Body::TooLarge(70)), (2, Body::Raw(raw))];
        let prepared = prepare(&metas, bodies, 50).map_err(|error| error.to_string());
        let sizes: Result<Vec<_>, _> =
            prepared.map(|all| all.iter().map(|one| (one.meta.uid, one.meta.size)).collect());
        assert_eq!(sizes, Ok(vec![(1, 70), (2, octets), (3, 99)]), "one was deleted meanwhile");
    }
}

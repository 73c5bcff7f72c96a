//! The two keys of **A message counts once**: whether a message has counted before, by its place or by what it is.

use std::collections::HashSet;

use outlink_mail::message::Parsed;
use outlink_model::message::{Message, Place};
use outlink_store::{Error as StoreError, Intake};

use super::Job;
use super::prepare::Prepared;
use super::source::Source;

/// What is known of a batch before its messages are looked at one by one.
#[derive(Default)]
pub(super) struct Known {
    /// UIDs of it that are in the ledger.
    uids: HashSet<u32>,
    /// Bytes of it that nobody has ever had; absent where each message is kept by itself.
    unheard_of: Option<HashSet<[u8; 32]>>,
}

impl Known {
    /// Asks for a batch.
    pub(super) async fn of(
        tx: &mut Intake,
        job: &Job,
        batch: &[Prepared],
    ) -> Result<Self, StoreError> {
        let Source::Imap { folder, uid_validity, .. } = &job.source else {
            return Ok(Self::default());
        };
        let uids = || batch.iter().map(|prepared| prepared.meta.uid);
        let (Some(low), Some(high)) = (uids().min(), uids().max()) else {
            return Ok(Self::default());
        };
        let uids = tx.known_uids(job.server.id, folder, *uid_validity, low..=high).await?;
        Ok(Self { uids, unheard_of: None })
    }

    /// Keeps the bytes of the whole batch, and remembers which of them are new.
    pub(super) async fn keep_raws(
        &mut self,
        tx: &mut Intake,
        batch: &[Prepared],
    ) -> Result<(), StoreError> {
        let whole = batch.iter().filter(|prepared| !self.uids.contains(&prepared.meta.uid));
        let mut raws: Vec<_> = whole.filter_map(Prepared::raw).collect();
        // In one order, so that two intakes on PostgreSQL never wait for one another in a circle.
        raws.sort_unstable_by_key(|raw| raw.0);
        self.unheard_of = Some(tx.put_raws(&raws).await?);
        Ok(())
    }

    /// Sees to it that the bytes of a message are kept; whether nobody has ever had them before.
    pub(super) async fn keep_raw(
        &mut self,
        tx: &mut Intake,
        prepared: &Prepared,
    ) -> Result<bool, StoreError> {
        let Some(raw) = prepared.raw() else { return Ok(false) };
        match &mut self.unheard_of {
            // The second copy in a batch is not unheard of.
            Some(unheard_of) => Ok(unheard_of.remove(raw.0)),
            None => Ok(!tx.put_raws(&[raw]).await?.is_empty()),
        }
    }

    /// The first key: whether a message that counted lies in this place.
    pub(super) async fn has_place(
        &self,
        tx: &mut Intake,
        place: &Place,
        prepared: &Prepared,
    ) -> Result<bool, StoreError> {
        match &place.uidl {
            None if place.is_nameless() => Ok(false),
            None => Ok(self.uids.contains(&place.uid)),
            Some(uidl) => {
                let known = tx.known_uidl(place.mail_server_id, uidl).await?;
                let told = prepared.told_size;
                Ok(known.is_some_and(|(_, size)| told == 0 || size == told))
            }
        }
    }
}

/// The second key: the message that counted before under another place, which is brought here.
pub(super) async fn known_by_content(
    tx: &mut Intake,
    job: &Job,
    place: &Place,
    prepared: &Prepared,
    sha256: &[u8; 32],
    parsed: &Result<Parsed, String>,
) -> Result<Option<Message>, StoreError> {
    let message_id = parsed.as_ref().ok().and_then(|parsed| parsed.message_id.as_deref());
    if let Source::Imap { .. } = job.source {
        if let Some(id) = prepared.returned {
            tx.move_message(id, place).await?;
            return tx.message(id).await;
        }
        let date = prepared.meta.internal_date;
        let Some(id) = tx.same_message(place, message_id, sha256, date).await? else {
            return Ok(None);
        };
        tx.move_message(id, place).await?;
        return tx.message(id).await;
    }
    let same = tx.same_bytes(place.mail_server_id, message_id, sha256).await?;
    let same = match same {
        Some(id) => tx.message(id).await?,
        None => None,
    };
    if let Some(uidl) = &place.uidl
        && let Some((id, _)) = tx.known_uidl(place.mail_server_id, uidl).await?
        && same.as_ref().is_none_or(|same| same.id != id)
    {
        // The server has given the name of an old message to this one.
        tx.forget_uidl(id).await?;
    }
    match same {
        // Another copy of it lies there under a name of its own.
        Some(same)
            if same.place.uidl.as_ref().is_some_and(|uidl| {
                Some(uidl) != place.uidl.as_ref() && job.source.has_uidl(uidl)
            }) =>
        {
            Ok(None)
        }
        Some(same) => {
            tx.set_uidl(same.id, place.uidl.as_deref()).await?;
            Ok(Some(same))
        }
        None => Ok(None),
    }
}

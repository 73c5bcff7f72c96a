//! Messages that left their folder and came back: a user moved one away and back again, or took it out of the trash. The
//! server gives it another UID, and it counts no second time all the same. Two copies that lie there together count as
//! two, so the server is asked whether the first one is still there. Where handled messages are moved or deleted at once, a
//! copy that comes after its first one has gone counts as that one.

use std::collections::BTreeSet;

use outlink_mail::Error as MailError;
use outlink_model::Timestamp;
use outlink_store::InFolder;

use super::prepare::Prepared;
use super::source::Source;
use super::{Failed, Job, away};
use crate::Engine;
use crate::mail_servers::MailSession;

impl Engine {
    /// Notes which messages of a batch counted before, under a UID that their folder has no more. Where the session has
    /// ended, or ends here, nobody can be asked: the batch is cut off before the first message that may be one of these,
    /// and it and all behind it are fetched the next time.
    pub(super) async fn find_returned(
        &self,
        job: &Job,
        session: Option<&mut MailSession>,
        batch: &mut Vec<Prepared>,
    ) -> Result<(), Failed> {
        let before = self.may_have_returned(job, batch).await?;
        if before.is_empty() {
            return Ok(());
        }
        let may_be = |prepared: &Prepared| before.iter().any(|row| is_it(prepared, row));
        let known = batch.iter().position(may_be).unwrap_or(batch.len());
        let Some(MailSession::Imap(imap)) = session else {
            batch.truncate(known);
            return Ok(());
        };
        let asked = self.in_step(imap.still_there(before.iter().map(|row| row.uid))).await;
        let there = match asked {
            Ok(Ok(there)) => there,
            // It does not want to say, so that they count as copies.
            Ok(Err(MailError::Command { .. })) => return Ok(()),
            Ok(Err(error)) => {
                batch.truncate(known);
                return Err(Failed::ended(&error));
            }
            Err(failed) => {
                batch.truncate(known);
                return Err(failed);
            }
        };
        let mut gone: Vec<InFolder> =
            before.into_iter().filter(|row| !there.contains(&row.uid)).collect();
        for prepared in batch {
            // Each that is gone has come back once.
            if let Some(at) = gone.iter().position(|row| is_it(prepared, row)) {
                prepared.returned = Some(gone.swap_remove(at).id);
            }
        }
        Ok(())
    }

    /// The rows that messages of a batch may be, by what they are.
    async fn may_have_returned(
        &self,
        job: &Job,
        batch: &[Prepared],
    ) -> Result<Vec<InFolder>, Failed> {
        let Source::Imap { folder, uid_validity, .. } = &job.source else { return Ok(Vec::new()) };
        let bytes = batch.iter().filter_map(|prepared| prepared.raw().map(|raw| *raw.0));
        // Each row is to be found once.
        let bytes: Vec<[u8; 32]> = bytes.collect::<BTreeSet<_>>().into_iter().collect();
        let before =
            self.store().same_in_folder(job.server.id, folder, *uid_validity, &bytes).await;
        let mut before = before.map_err(away)?;
        // What lies in this batch itself was taken in before, and is known by its place.
        let is_ours = |uid: u32| batch.iter().any(|prepared| prepared.meta.uid == uid);
        before.retain(|row| !is_ours(row.uid) && batch.iter().any(|prepared| is_it(prepared, row)));
        Ok(before)
    }
}

fn is_it(prepared: &Prepared, row: &InFolder) -> bool {
    // A server that tells no date tells 1970 of every message.
    prepared.meta.internal_date != Timestamp::UNIX_EPOCH
        && prepared.meta.internal_date == row.internal_date
        && prepared.raw().is_some_and(|raw| *raw.0 == row.sha256)
}

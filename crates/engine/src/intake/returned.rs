//! Messages that left their folder and came back: a user moved one away and back again, or took it out of the trash. The
//! server gives it another UID, and it counts no second time all the same. Two copies that lie there together count as
//! two, so the server is asked whether the first one is still there.

use outlink_store::InFolder;

use super::prepare::Prepared;
use super::source::Source;
use super::{Failed, Job, away};
use crate::Engine;
use crate::mail_servers::MailSession;

impl Engine {
    /// Notes which messages of a batch counted before, under a UID that their folder has no more. Where the session has
    /// ended, nobody can be asked: the batch is cut off before the first message that may be one of these, and it and
    /// those behind it are fetched the next time.
    pub(super) async fn find_returned(
        &self,
        job: &Job,
        session: Option<&mut MailSession>,
        batch: &mut Vec<Prepared>,
    ) -> Result<(), Failed> {
        let Source::Imap { folder, uid_validity, .. } = &job.source else { return Ok(()) };
        let bytes = batch.iter().filter_map(|prepared| prepared.raw().map(|raw| *raw.0));
        let bytes: Vec<[u8; 32]> = bytes.collect();
        let store = self.store();
        let before = store.same_in_folder(job.server.id, folder, *uid_validity, &bytes).await;
        // What lies in this batch itself was taken in before, and is known by its place.
        let is_ours = |uid: u32| batch.iter().any(|prepared| prepared.meta.uid == uid);
        let mut before = before.map_err(away)?;
        before.retain(|row| !is_ours(row.uid));
        if before.is_empty() {
            return Ok(());
        }
        let Some(MailSession::Imap(imap)) = session else {
            let may_be = |prepared: &Prepared| before.iter().any(|row| is_it(prepared, row));
            batch.truncate(batch.iter().position(may_be).unwrap_or(batch.len()));
            return Ok(());
        };
        let uids = before.iter().map(|row| row.uid);
        let there = self.in_step(imap.still_there(uids)).await?;
        let there = there.map_err(|error| Failed::ended(&error))?;
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
}

fn is_it(prepared: &Prepared, row: &InFolder) -> bool {
    prepared.raw().is_some_and(|raw| *raw.0 == row.sha256)
        && prepared.meta.internal_date == row.internal_date
}

//! Telling the mail server what has been dealt with, after the commit and never before.

use outlink_mail::imap;

use super::{Failed, Job, away};
use crate::Engine;
use crate::mail_servers::MailSession;

/// Messages told of between two notes in the ledger.
const TOLD_AT_ONCE: usize = 500;

impl Engine {
    /// Tells the mail server, and notes in the ledger that it knows. False where it does not want to know: the folder
    /// is open for reading only, or the server refuses. That ends nothing, since the ledger knows what has counted.
    pub(super) async fn tell(
        &self,
        job: &Job,
        session: &mut MailSession,
        handled: &[u32],
    ) -> Result<bool, Failed> {
        if handled.is_empty() {
            return Ok(true);
        }
        if session.selected.read_only {
            return Ok(false);
        }
        let limit = self.0.settings.limits.mail_batch;
        match tokio::time::timeout(limit, session.imap.mark_seen(handled)).await {
            Ok(Ok(())) => {}
            Ok(Err(error @ (imap::Error::Command { .. } | imap::Error::Unavailable { .. }))) => {
                let words = error.server_words();
                tracing::warn!(server = job.server.name, ?words, "messages could not be flagged");
                return Ok(false);
            }
            Ok(Err(error)) => return Err(error.trouble().into()),
            Err(_) => {
                let doing = "marking messages as read";
                return Err(imap::Error::TimedOut { doing, time: limit }.trouble().into());
            }
        }
        let (id, folder) = (job.server.id, job.server.folder.as_str());
        self.store().mark_flagged(id, folder, job.uid_validity, handled).await.map_err(away)?;
        Ok(true)
    }

    /// Tells the server what an earlier run committed and did not come to tell. Flags are a courtesy: this comes last, and
    /// what goes wrong with it is for the log.
    pub(super) async fn tell_again(
        &self,
        job: &Job,
        session: &mut MailSession,
    ) -> Result<(), Failed> {
        if session.selected.read_only {
            return Ok(());
        }
        let (id, folder) = (job.server.id, job.server.folder.as_str());
        let untold = self.store().unflagged(id, folder, job.uid_validity).await.map_err(away)?;
        for part in untold.chunks(TOLD_AT_ONCE) {
            if !self.tell(job, session, part).await? {
                break;
            }
        }
        Ok(())
    }
}

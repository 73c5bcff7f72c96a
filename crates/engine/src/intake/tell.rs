//! Telling an IMAP server what has been dealt with, after the commit and never before: marked as read, moved, or deleted.

use outlink_mail::Error as MailError;
use outlink_mail::imap::Removal;
use outlink_model::mail_server::After;

use super::source::Source;
use super::{Failed, Handled, Job, Trail, away};
use crate::Engine;
use crate::mail_servers::MailSession;

/// Messages told of between two notes in the ledger.
const TOLD_AT_ONCE: usize = 500;

impl Engine {
    /// Tells the mail server, and returns the UIDs that it has been told of, for the ledger to note. Where it does not want
    /// to know (the folder is open for reading only, or the server refuses) that ends nothing: the ledger knows what has
    /// counted, and says so to the administrator.
    pub(super) async fn tell(
        &self,
        job: &Job,
        session: &mut MailSession,
        trail: &mut Trail,
        handled: Vec<Handled>,
    ) -> Result<Vec<u32>, Failed> {
        match &job.source {
            Source::Imap { read_only: true, folder, .. } => {
                if !handled.is_empty() {
                    trail.note = Some(format!(
                        "{folder} is open for reading only: messages stay there as they are."
                    ));
                }
                return Ok(Vec::new());
            }
            // It is told at the end, when the session ends.
            Source::Pop3 { .. } => {
                trail.untold.extend(handled);
                return Ok(Vec::new());
            }
            Source::Imap { .. } => {}
        }
        let mut all_told = Vec::new();
        let deletes = job.server.after == After::Delete;
        let (gone, kept): (Vec<Handled>, Vec<Handled>) =
            handled.into_iter().partition(|handled| handled.delete || deletes);
        for (some, after) in [(gone, &After::Delete), (kept, &job.server.after)] {
            let uids: Vec<u32> = some.iter().map(|handled| handled.number).collect();
            if uids.is_empty() || trail.is_deaf {
                continue;
            }
            match self.in_time(told(session, &uids, after)).await {
                Ok(Removal::Gone) => {}
                Ok(Removal::LeftDeleted) => trail.note = Some(LEFT_DELETED.to_owned()),
                Err(error) if !is_of_change(&error) => return Err(Failed::ended(&error)),
                Err(error) => {
                    let trouble = error.trouble();
                    tracing::warn!(
                        server = job.server.name,
                        ?trouble,
                        "messages could not be flagged"
                    );
                    trail.note = Some(format!(
                        "What was handled could not be {}: {} {}",
                        done(after),
                        trouble.told("It"),
                        trouble.hint
                    ));
                    // It is offered again at the next fetch.
                    trail.is_deaf = true;
                    continue;
                }
            }
            all_told.extend(uids);
        }
        Ok(all_told)
    }

    /// Notes in the ledger that the server has been told of these UIDs. A note that is lost leads to telling it again.
    pub(super) async fn note_told(&self, job: &Job, uids: &[u32]) -> Result<(), Failed> {
        let (id, folder) = (job.server.id, job.source.folder());
        let validity = job.source.uid_validity();
        self.store().mark_flagged(id, folder, validity, uids).await.map_err(away)
    }

    /// Tells the server what an earlier run committed and did not come to tell. Flags are a courtesy: this comes last, and
    /// what goes wrong with it is for the log.
    pub(super) async fn tell_again(
        &self,
        job: &Job,
        session: &mut MailSession,
        trail: &mut Trail,
    ) -> Result<(), Failed> {
        if trail.is_deaf || matches!(job.source, Source::Imap { read_only: true, .. }) {
            return Ok(());
        }
        let (id, folder) = (job.server.id, job.source.folder());
        let untold = self.store().unflagged(id, folder, job.source.uid_validity()).await;
        for part in untold.map_err(away)?.chunks(TOLD_AT_ONCE) {
            let handled = part.iter().map(|untold| Handled {
                number: untold.uid,
                uid: untold.uid,
                delete: untold.delete,
            });
            let told = self.tell(job, session, trail, handled.collect()).await?;
            self.note_told(job, &told).await?;
        }
        Ok(())
    }
}

const LEFT_DELETED: &str = "The mail server offers no UIDPLUS, so that single messages cannot be removed: those that were \
                            handled are marked as deleted, and go when somebody empties the folder.";

/// Whether a refusal is about what was to be done with messages, and the session goes on.
fn is_of_change(error: &MailError) -> bool {
    matches!(
        error,
        MailError::Command { .. }
            | MailError::FolderMissing { .. }
            | MailError::Unavailable { .. }
            | MailError::Full { .. }
            | MailError::ServerBug { .. }
    )
}

async fn told(
    session: &mut MailSession,
    uids: &[u32],
    after: &After,
) -> Result<Removal, MailError> {
    let MailSession::Imap(imap) = session else { return Ok(Removal::Gone) };
    match after {
        After::Keep => imap.mark_seen(uids).await.map(|()| Removal::Gone),
        After::Move(folder) => imap.move_to(uids, folder).await,
        After::Delete => imap.delete(uids).await,
    }
}

fn done(after: &After) -> String {
    match after {
        After::Keep => "marked as read".to_owned(),
        After::Move(folder) => format!("moved to {folder}"),
        After::Delete => "deleted".to_owned(),
    }
}

//! Fetching the folders of an IMAP server, one after the other, in one session.

use std::sync::Arc;

use outlink_mail::Error as MailError;
use outlink_mail::imap::Selected;
use outlink_model::mail_server::{Cursor, MailServer};

use super::handling::Handling;
use super::source::Source;
use super::{Done, Failed, Job, Trail, Trails, away};
use crate::Engine;
use crate::mail_servers::MailSession;
use crate::poll::Held;

/// Whether a refusal is about one folder, and the session goes on.
fn is_of_folder(error: &MailError) -> bool {
    matches!(error, MailError::FolderMissing { .. } | MailError::Command { .. })
}

impl Engine {
    /// Fetches from each folder. One that cannot be opened holds back none of the others; what is wrong with it is told at
    /// the end. What ends the session comes with the folder in which it happened.
    pub(super) async fn fetch_folders(
        &self,
        server: &MailServer,
        held: &Arc<Held>,
        handling: &Arc<Handling>,
        mut session: MailSession,
        trails: &mut Trails,
    ) -> Result<Done, (String, Failed)> {
        let mut shut = None;
        let mut note = None;
        let mut opened = 0;
        // The first comes last, so that it is the one that is open when the session waits for new mail.
        for folder in server.folders.iter().rev() {
            held.beat();
            let selected = match self.open_folder(&mut session, folder).await {
                Ok(Ok(selected)) => selected,
                Ok(Err(failed)) => {
                    shut = Some(failed);
                    continue;
                }
                Err(failed) => {
                    return Err((folder.clone(), failed.staying_away(session.stay_away())));
                }
            };
            opened += 1;
            let trail = trails.of(folder);
            let went = self
                .fetch_folder(server, held, handling, &mut session, folder, selected, trail)
                .await;
            note = note.or(trail.note.take());
            if let Err(failed) = went {
                let failed = failed.staying_away(session.stay_away());
                return Err((folder.clone(), failed));
            }
        }
        match shut {
            Some(failed) => {
                session.leave().await;
                Err((String::new(), failed.beside_others(opened > 0)))
            }
            None => Ok(Done { fetched: trails.sum(), note, session: Some(session) }),
        }
    }

    /// Opens a folder. The inner error is about this folder alone, the outer one about the session.
    async fn open_folder(
        &self,
        session: &mut MailSession,
        folder: &str,
    ) -> Result<Result<Selected, Failed>, Failed> {
        let MailSession::Imap(imap) = session else { return Err(super::no_folders().into()) };
        match self.in_step(imap.select(folder)).await? {
            Ok(selected) => Ok(Ok(selected)),
            Err(error) if is_of_folder(&error) => Ok(Err(error.trouble().into())),
            Err(error) => Err(Failed::ended(&error)),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is one thing that a fetch needs")]
    async fn fetch_folder(
        &self,
        server: &MailServer,
        held: &Arc<Held>,
        handling: &Arc<Handling>,
        session: &mut MailSession,
        folder: &str,
        selected: Selected,
        trail: &mut Trail,
    ) -> Result<(), Failed> {
        let uid_validity = selected.uid_validity;
        trail.begin(uid_validity);
        let cursor = self.store().cursor(server.id, folder).await.map_err(away)?;
        let cursor = cursor.filter(|cursor| cursor.uid_validity == uid_validity);
        let listing = self.list(server, session, &selected, cursor).await?;
        if cursor.is_none() {
            // Where new mail begins is noted before anything is fetched, or an interrupted fetch would move it.
            let (last_uid, first_uid) = (0, listing.first_uid);
            let begun = Cursor { uid_validity, last_uid, first_uid };
            self.note_cursor(server, folder, &begun).await?;
        }
        let job = Arc::new(Job {
            server: server.clone(),
            handling: handling.clone(),
            source: Source::Imap {
                folder: folder.to_owned(),
                uid_validity,
                first_uid: listing.first_uid,
                read_only: selected.read_only,
            },
            held: held.clone(),
        });
        self.batches(&job, session, trail, &listing.wanted).await?;
        // All that is wanted is committed: what was passed over need not be looked at again.
        let (last_uid, first_uid) = (listing.last_uid, listing.first_uid);
        let listed = Cursor { uid_validity, last_uid, first_uid };
        if cursor != Some(listed) {
            self.note_cursor(server, folder, &listed).await?;
        }
        if let Err(failed) = self.tell_again(&job, session, trail).await {
            let trouble = failed.trouble;
            tracing::warn!(server = server.name, folder, ?trouble, "messages could not be flagged");
        }
        Ok(())
    }

    async fn note_cursor(
        &self,
        server: &MailServer,
        folder: &str,
        cursor: &Cursor,
    ) -> Result<(), Failed> {
        let mut tx = self.store().intake().await.map_err(away)?;
        tx.set_cursor(server.id, folder, cursor).await.map_err(away)?;
        tx.commit().await.map_err(away)
    }
}

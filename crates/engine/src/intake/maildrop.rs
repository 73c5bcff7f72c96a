//! Fetching by POP3: a mailbox without folders, flags and dates, in which a message is known by what the server calls it
//! (UIDL).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use outlink_model::mail_server::{After, MailServer};
use outlink_store::Error as StoreError;

use super::handling::Handling;
use super::source::{INBOX, Source};
use super::{Done, Failed, Job, Trail, Trails, away};
use crate::Engine;
use crate::mail_servers::MailSession;
use crate::poll::Held;

mod listing;
mod look;

/// What a session tells the server.
struct Told {
    /// Numbers in the ledger of the messages that need no more.
    numbers: Vec<u32>,
    /// What the server called those that it deletes.
    deleted: Vec<String>,
}

impl Engine {
    /// Fetches what is new in the mailbox, and ends the session: only then does the server delete.
    pub(super) async fn fetch_maildrop(
        &self,
        server: &MailServer,
        held: &Arc<Held>,
        handling: &Arc<Handling>,
        mut session: MailSession,
        trails: &mut Trails,
    ) -> Result<Done, (String, Failed)> {
        let trail = trails.of(INBOX);
        trail.begin(0);
        let went = async {
            let (listing, uidls) = self.list_drop(server, &mut session).await?;
            trail.renumber(&uidls);
            let job = Arc::new(Job {
                server: server.clone(),
                handling: handling.clone(),
                source: Source::Pop3 { uidls },
                held: held.clone(),
            });
            let went = async {
                self.take_what_is_wanted(&job, &mut session, trail, listing).await?;
                self.delete_what_is_told(&job, &mut session, trail).await
            };
            let went = went.await;
            went.map_err(|failed: Failed| match &job.source {
                Source::Pop3 { uidls } => failed.naming(uidls),
                Source::Imap { .. } => failed,
            })
        };
        let went = went.await;
        let failed = |failed: Failed| (INBOX.to_owned(), failed);
        let told = match went {
            Ok(told) => told,
            Err(why) => return Err(failed(why.staying_away(session.stay_away()))),
        };
        let MailSession::Pop3(pop3) = session else {
            return Err(failed(super::no_folders().into()));
        };
        pop3.quit().await.map_err(|error| failed(Failed::ended(&error)))?;
        let kept = self.note_quit(server, &told).await;
        kept.map_err(|error| failed(away(error)))?;
        let note = trails.of(INBOX).note.take();
        Ok(Done { fetched: trails.sum(), note, session: None })
    }

    /// Notes what the mail server has been told, and what it has deleted. A name is free for another message once its own
    /// has been deleted (RFC 1939 §7), and what bears it then may even have as many octets.
    async fn note_quit(&self, server: &MailServer, told: &Told) -> Result<(), StoreError> {
        let mut tx = self.store().intake().await?;
        for uidl in &told.deleted {
            if let Some((id, _)) = tx.known_uidl(server.id, uidl).await? {
                tx.forget_uidl(id).await?;
            }
        }
        tx.commit().await?;
        self.store().mark_flagged(server.id, INBOX, 0, &told.numbers).await
    }

    /// Marks for deletion what was handled and is to go. What that comes to holds once the session has ended well.
    async fn delete_what_is_told(
        &self,
        job: &Job,
        session: &mut MailSession,
        trail: &mut Trail,
    ) -> Result<Told, Failed> {
        let (MailSession::Pop3(pop3), Source::Pop3 { uidls }) = (session, &job.source) else {
            return Err(super::no_folders().into());
        };
        let deletes = job.server.after == After::Delete;
        let numbers: HashMap<&str, u32> =
            uidls.iter().map(|(number, uidl)| (uidl.as_str(), *number)).collect();
        // By its number, each message that is to go; by its number in the ledger, each that needs no more.
        let mut gone: HashMap<u32, u32> = HashMap::new();
        let mut told = Vec::new();
        for handled in trail.untold.drain(..) {
            if handled.delete || deletes {
                gone.insert(handled.number, handled.uid);
            } else {
                told.push(handled.uid);
            }
        }
        let going: HashSet<u32> = gone.values().copied().collect();
        let untold = self.store().unflagged(job.server.id, INBOX, 0).await.map_err(away)?;
        for row in untold {
            let number = row.uidl.as_deref().and_then(|uidl| numbers.get(uidl)).copied();
            match number {
                Some(number) if row.delete || deletes => {
                    gone.insert(number, row.uid);
                }
                // It is to stay; or it went by itself.
                _ if !going.contains(&row.uid) => told.push(row.uid),
                _ => {}
            }
        }
        let mut asked: Vec<u32> = gone.keys().copied().collect();
        asked.sort_unstable();
        // The server deletes when the session ends well, so that what takes too long would never be done. The rest is for
        // the next time.
        asked.truncate(MOST_DELETED);
        let marked = self.in_time(pop3.delete(&asked)).await;
        let marked = marked.map_err(|error| Failed::ended(&error))?;
        told.extend(marked.iter().filter_map(|number| gone.get(number)));
        told.sort_unstable();
        told.dedup();
        let deleted = marked.iter().filter_map(|number| uidls.get(number).cloned()).collect();
        Ok(Told { numbers: told, deleted })
    }
}

/// Messages that are deleted in one session.
const MOST_DELETED: usize = 2000;

//! What lies in a POP3 mailbox, and what decides over it: the server's names, or dates where names tell nothing.
//!
//! POP3 does not tell when a message arrived. What came while we looked on is known by its name, which was not there
//! before, and is wanted whatever its date: clocks differ, and mail is moved. Dates decide over what lay there at the first
//! look, and where names tell nothing: the server has none, has given them all anew, or so many are new at once that they
//! did not just arrive (the mailbox was moved to another host). It is the same as by IMAP, where a folder that was rebuilt
//! is looked at as for the first time.

use std::collections::HashMap;

use outlink_mail::Error as MailError;
use outlink_mail::imap::Meta;
use outlink_model::Timestamp;
use outlink_model::mail_server::{Cursor, MailServer, Take};

use super::super::list::cut_off;
use super::super::source::INBOX;
use super::super::{Failed, away, no_folders};
use crate::Engine;
use crate::mail_servers::MailSession;

/// More messages than this do not arrive between two polls: they are looked at one by one.
const MANY: usize = 16;

/// How far the look at a mailbox has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It was never looked at.
    Never,
    /// A look was begun, and what it has passed over is known. Nothing tells old mail from new yet.
    Begun,
    /// All that lay there is either known or wanted.
    Done,
}

impl Look {
    /// As the place of the INBOX in the store has it: a POP3 mailbox has no UIDVALIDITY.
    fn of(cursor: Option<Cursor>) -> Self {
        match cursor {
            None => Self::Never,
            Some(Cursor { uid_validity: 0, .. }) => Self::Done,
            Some(_) => Self::Begun,
        }
    }

    /// The same for the store.
    pub(super) fn cursor(self) -> Option<Cursor> {
        let uid_validity = match self {
            Self::Never => return None,
            Self::Begun => 1,
            Self::Done => 0,
        };
        Some(Cursor { uid_validity, last_uid: 0, first_uid: 1 })
    }
}

/// What lies in a mailbox and is not known.
#[derive(Debug)]
pub(super) struct Listing {
    /// Messages that are wanted.
    pub(super) wanted: Vec<Meta>,
    /// Messages whose dates decide.
    pub(super) doubtful: Vec<Meta>,
    /// How far earlier looks have come.
    pub(super) look: Look,
    /// The server has no names for its messages.
    pub(super) is_nameless: bool,
}

/// What tells of a mailbox how far its names can be trusted.
struct Names {
    look: Look,
    /// Messages in it that are known by their names.
    known: usize,
    /// Those that are not.
    unknown: usize,
    /// Anything was ever passed over in it.
    has_passed_over: bool,
}

impl Engine {
    /// Lists what lies in the mailbox, and what the server calls each message.
    pub(super) async fn list_drop(
        &self,
        server: &MailServer,
        session: &mut MailSession,
    ) -> Result<(Listing, HashMap<u32, String>), Failed> {
        let MailSession::Pop3(pop3) = session else { return Err(no_folders().into()) };
        let ended = |error: MailError| Failed::ended(&error);
        let sizes = self.in_time(pop3.list()).await.map_err(ended)?;
        let uidls: HashMap<u32, String> = match self.in_time(pop3.uidl()).await {
            Ok(uidls) => uidls.into_iter().collect(),
            Err(MailError::NoUidl { .. }) => HashMap::new(),
            Err(error) => return Err(ended(error)),
        };
        let is_nameless = uidls.is_empty() && !sizes.is_empty();
        let names = uidls.values().map(String::as_str);
        let known = self.store().known_uidls(server.id, names).await.map_err(away)?;
        let cursor = self.store().cursor(server.id, INBOX).await.map_err(away)?;
        let look = Look::of(cursor);
        // By ascending numbers; whether the name of each tells anything of it.
        let mut unknown: Vec<(Meta, bool)> = Vec::new();
        for &(number, size) in &sizes {
            let uidl = uidls.get(&number);
            let before = uidl.and_then(|uidl| known.get(uidl));
            if before.is_some_and(|before| before.size == size || size == 0) {
                continue;
            }
            // A name that stood for what was passed over and stands for something of another size is used again.
            let is_new = uidl.is_some() && before.is_none_or(|before| !before.is_passed_over);
            let internal_date = Timestamp::UNIX_EPOCH;
            unknown.push((Meta { uid: number, seen: false, size, internal_date }, is_new));
        }
        unknown.sort_unstable_by_key(|(meta, _)| meta.uid);
        let known = sizes.len() - unknown.len();
        let has_passed_over = known == 0
            && !unknown.is_empty()
            && self.store().has_passed_over(server.id).await.map_err(away)?;
        let told = Names { look, known, unknown: unknown.len(), has_passed_over };
        let dates_decide = dates_decide(&told);
        let is_doubtful = |is_new: bool| server.take != Take::All && (dates_decide || !is_new);
        let (doubtful, wanted): (Vec<_>, Vec<_>) =
            unknown.into_iter().partition(|(_, is_new)| is_doubtful(*is_new));
        let metas = |list: Vec<(Meta, bool)>| list.into_iter().map(|(meta, _)| meta).collect();
        let (wanted, doubtful) = (metas(wanted), metas(doubtful));
        Ok((Listing { wanted, doubtful, look, is_nameless }, uidls))
    }
}

/// Whether dates decide over all that is not known, since the names do not tell new mail from old.
fn dates_decide(names: &Names) -> bool {
    let is_renamed = names.known == 0 && names.has_passed_over;
    names.look != Look::Done || is_renamed || names.unknown > MANY
}

/// What an administrator is told of a server whose messages have no names.
pub(super) fn nameless(server: &MailServer) -> String {
    let which = match cut_off(server) {
        None => "all of them are fetched each time to see which are new.".to_owned(),
        Some(from) => format!(
            "all of them are looked at each time. Which came after it was added cannot be told but by the dates in their \
             headers: what has one before {from} is not taken, even if it comes later."
        ),
    };
    format!(
        "The mail server gives its messages no unique names (UIDL), so that {which} Have them deleted after handling, or \
         use IMAP."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_decide_where_names_tell_nothing() {
        use Look::{Begun, Done, Never};
        for (look, known, unknown, has_passed_over, expected) in [
            (Never, 0, 1, false, true),
            (Begun, 500, 1, true, true),
            (Done, 500, 1, true, false),
            (Done, 500, MANY, true, false),
            (Done, 500, MANY + 1, true, true),
            (Done, 0, MANY + 1, false, true),
            // Handled messages are deleted, and nothing else ever lay there.
            (Done, 0, 1, false, false),
            // The server has given all of them other names.
            (Done, 0, 5, true, true),
        ] {
            let names = Names { look, known, unknown, has_passed_over };
            assert_eq!(dates_decide(&names), expected, "{look:?} {known} {unknown}");
        }
    }

    #[test]
    fn how_far_a_look_has_come_is_kept() {
        for look in [Look::Never, Look::Begun, Look::Done] {
            assert_eq!(Look::of(look.cursor()), look);
        }
    }
}

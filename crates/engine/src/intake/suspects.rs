//! Messages at which sessions end. One of them would hold back all behind it, so in the end it is passed over; but a mail
//! server that is in trouble ends sessions too, and no message may be lost for that.
//!
//! A message is passed over only when it ended two sessions of one fetch, while another message of the same listing could
//! be fetched: before it in one of them, and again afterwards. Where the server says that it is busy, or that we have
//! asked for too much, no message is ever to blame.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use outlink_mail::Error as MailError;
use outlink_mail::imap::Meta;
use outlink_model::grant::Trouble;

use super::{Fetched, Handled};

/// From so many failures in a row on, messages are fetched one by one at first, and a fetch goes on in another session.
const FAILURES_UNTIL_ALONE: u32 = 2;
/// Sessions in one fetch.
const SESSIONS: u32 = 20;
/// Messages that are asked for to learn whether the server gives any.
const PROBES: usize = 3;
/// Sessions that a message must have ended before it is passed over.
const ENDED: u32 = 2;
/// Characters of a POP3 server's name for a message that people are shown.
const SHOWN: usize = 70;

/// Why a fetch came to nothing, or to nothing more.
pub(crate) struct Failed {
    /// What is wrong.
    pub(crate) trouble: Trouble,
    /// How long the mail server asked us to stay away.
    pub(crate) retry_after: Option<Duration>,
    /// Our own store is at fault, and the mail server is not.
    pub(crate) is_ours: bool,
    /// Some folders could not be opened, while others were fetched: it is told, and slows nothing down.
    pub(crate) is_partial: bool,
    /// Nothing is wrong: this server stops, or the session has come to its end. Not to be told as a failure.
    pub(crate) is_over: bool,
    /// The messages that were asked for, if one of them may be to blame.
    pub(super) blamed: Vec<u32>,
    /// By POP3, what the server calls the one message that is to blame.
    uidl: Option<String>,
    /// The message was asked for only to learn whether the server gives any.
    is_probe: bool,
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        let blamed = Vec::new();
        Self {
            trouble,
            retry_after: None,
            is_ours: false,
            is_partial: false,
            is_over: false,
            blamed,
            uidl: None,
            is_probe: false,
        }
    }
}

impl Failed {
    /// A failure of ours.
    pub(super) fn ours(trouble: Trouble) -> Self {
        Self { is_ours: true, ..trouble.into() }
    }

    /// What is wrong with one folder, while others may have been fetched.
    pub(super) fn beside_others(self, is_partial: bool) -> Self {
        Self { is_partial, ..self }
    }

    /// This server stops in the middle of a fetch.
    pub(super) fn stopping() -> Self {
        Self { is_over: true, ..super::stopping().into() }
    }

    /// What a session ended with.
    pub(super) fn ended(error: &MailError) -> Self {
        Self { is_over: error.wants_fresh_token(), ..error.trouble().into() }
    }

    /// What ended a session while these messages were asked for.
    pub(super) fn asking(uids: &[u32], error: &MailError, is_probe: bool) -> Self {
        let blamed = if error.may_be_of_one_message() { uids.to_vec() } else { Vec::new() };
        Self { blamed, is_probe, ..Self::ended(error) }
    }

    /// With the name of the message that is to blame, by which it is known in the next session: by POP3 its number may be
    /// that of another one by then.
    pub(super) fn naming(mut self, uidls: &HashMap<u32, String>) -> Self {
        if let [number] = self.blamed[..] {
            self.uidl = uidls.get(&number).cloned();
        }
        self
    }

    /// With how long the mail server asked us to stay away.
    pub(super) fn staying_away(self, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..self }
    }

    /// The same, with what is wrong as [`Self::named`] says it.
    pub(super) fn with_name(self) -> Self {
        Self { trouble: self.named(), ..self }
    }

    /// What is wrong, with the message named where it can be only one.
    pub(super) fn named(&self) -> Trouble {
        let mut trouble = self.trouble.clone();
        if let [uid] = self.blamed[..] {
            let name = match &self.uidl {
                Some(uidl) => format!("UIDL {}", uidl.chars().take(SHOWN).collect::<String>()),
                None => format!("UID {uid}"),
            };
            trouble.reason =
                format!("The message with the {name} cannot be fetched. {}", trouble.reason);
        }
        trouble
    }
}

/// A message at which a session ended.
struct Suspect {
    times: u32,
    /// By POP3, what the server calls it.
    uidl: Option<String>,
    /// Another message could be fetched before it, in a session that it ended.
    after_another: bool,
    words: String,
}

/// What the sessions of one fetch have come to so far.
#[derive(Default)]
pub(super) struct Trail {
    /// What was taken in.
    pub(super) sum: Fetched,
    /// What ended the last session.
    pub(super) last: Option<Trouble>,
    /// Something that an administrator should know.
    pub(super) note: Option<String>,
    /// The server refused to be told what was handled.
    pub(super) is_deaf: bool,
    /// By POP3: what the server is to be told of at the end.
    pub(super) untold: Vec<Handled>,
    /// In this session, another message than the suspects could be fetched.
    pub(super) is_proven: bool,
    suspects: BTreeMap<u32, Suspect>,
    uid_validity: u32,
    sessions: u32,
    failed_probes: usize,
}

impl Trail {
    /// Another session begins. UIDs mean nothing in a folder that was rebuilt meanwhile.
    pub(super) fn begin(&mut self, uid_validity: u32) {
        self.is_proven = false;
        // By POP3 these stand under the numbers of a session that is over.
        self.untold.clear();
        if self.uid_validity != uid_validity {
            self.uid_validity = uid_validity;
            self.suspects.clear();
        }
    }

    /// Learns what a POP3 server calls its messages in this session: it counts them anew in each, and a suspect is known
    /// by its name. One that lies there no more is none.
    pub(super) fn renumber(&mut self, uidls: &HashMap<u32, String>) {
        if self.suspects.is_empty() {
            return;
        }
        let numbers: HashMap<&str, u32> =
            uidls.iter().map(|(number, uidl)| (uidl.as_str(), *number)).collect();
        let suspects = std::mem::take(&mut self.suspects).into_iter();
        let renumbered = suspects.filter_map(|(number, suspect)| match &suspect.uidl {
            Some(uidl) => Some((*numbers.get(uidl.as_str())?, suspect)),
            None => Some((number, suspect)),
        });
        self.suspects = renumbered.collect();
    }

    /// Notes what ended a session. Whether another one may get further.
    pub(super) fn goes_on(&mut self, failures: u32, failed: &Failed) -> bool {
        self.sessions += 1;
        if !is_alone(failures) || failed.blamed.is_empty() || failed.retry_after.is_some() {
            return false;
        }
        self.last = Some(failed.named());
        if let [uid] = failed.blamed[..] {
            let words = failed.trouble.reason.clone();
            let uidl = failed.uidl.clone();
            let new = Suspect { times: 0, uidl, after_another: false, words };
            let suspect = self.suspects.entry(uid).or_insert(new);
            suspect.times += 1;
            suspect.after_another |= self.is_proven && !failed.is_probe;
        }
        self.failed_probes += usize::from(failed.is_probe);
        self.failed_probes < PROBES && self.sessions < SESSIONS
    }

    /// Whether there are messages that the server must be tried with others for.
    pub(super) fn has_suspects(&self) -> bool {
        !self.suspects.is_empty()
    }

    /// Messages to learn from whether the server gives any: the newest that are not these and under no suspicion.
    pub(super) fn probes(&self, wanted: &[Meta], largest: u64, besides: &[Meta]) -> Vec<u32> {
        let fits = wanted.iter().rev().filter(|meta| meta.size <= largest);
        let others = fits.map(|meta| meta.uid).filter(|uid| {
            !self.suspects.contains_key(uid) && besides.iter().all(|meta| meta.uid != *uid)
        });
        others.take(PROBES).collect()
    }

    /// Whether a message has ended so many sessions that it is asked for no more before it is known whether others come.
    pub(super) fn is_avoided(&self, uid: u32) -> bool {
        self.suspects.get(&uid).is_some_and(|suspect| suspect.times >= ENDED)
    }

    /// Why this message is passed over, if it is.
    pub(super) fn passed_over(&self, uid: u32) -> Option<&str> {
        let suspect = self.suspects.get(&uid).filter(|_| self.is_proven)?;
        (suspect.times >= ENDED && suspect.after_another).then_some(suspect.words.as_str())
    }
}

/// Whether messages are fetched one by one at first, so that it is known which one holds the mailbox up.
pub(super) fn is_alone(failures: u32) -> bool {
    failures >= FAILURES_UNTIL_ALONE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(uid: u32, is_probe: bool) -> Failed {
        Failed::asking(&[uid], &MailError::Closed { doing: "fetching messages" }, is_probe)
    }

    #[test]
    fn a_message_is_passed_over_only_beside_others_that_come() {
        let mut trail = Trail::default();
        trail.begin(1);
        assert!(trail.goes_on(2, &ended(3, false)));
        assert!(trail.goes_on(2, &ended(3, false)));
        trail.is_proven = true;
        assert_eq!(trail.passed_over(3), None, "nothing else was ever fetched while it failed");
        trail.begin(1);
        trail.is_proven = true;
        assert!(trail.goes_on(2, &ended(3, false)));
        trail.begin(1);
        assert_eq!(trail.passed_over(3), None, "the server may be in trouble by now");
        trail.is_proven = true;
        assert!(trail.passed_over(3).is_some());
        assert_eq!(trail.passed_over(4), None);
        trail.begin(2);
        trail.is_proven = true;
        assert_eq!(trail.passed_over(3), None, "it is another message by now");
    }

    #[test]
    fn by_pop3_a_suspect_is_known_by_its_name() {
        let names = |names: &[(u32, &str)]| -> HashMap<u32, String> {
            names.iter().map(|(number, name)| (*number, (*name).to_owned())).collect()
        };
        let mut trail = Trail::default();
        for numbers in [names(&[(1, "a"), (3, "c")]), names(&[(1, "a"), (2, "b"), (3, "c")])] {
            trail.begin(0);
            trail.renumber(&numbers);
            trail.is_proven = true;
            let failed = ended(3, false).naming(&numbers);
            assert!(failed.named().reason.contains("UIDL c"), "{}", failed.named().reason);
            assert!(trail.goes_on(2, &failed));
        }
        // Another client has deleted the first.
        trail.begin(0);
        trail.renumber(&names(&[(1, "b"), (2, "c"), (3, "d")]));
        trail.is_proven = true;
        assert_eq!((trail.passed_over(3), trail.is_avoided(3)), (None, false), "it is another one");
        assert!(trail.passed_over(2).is_some() && trail.is_avoided(2));
        trail.begin(0);
        trail.renumber(&names(&[(1, "b"), (2, "d")]));
        assert!(!trail.has_suspects(), "it is gone");
    }

    #[test]
    fn a_fetch_does_not_go_on_without_end() {
        let mut trail = Trail::default();
        assert!(!trail.goes_on(1, &ended(3, false)), "the first failures end the fetch");
        assert!(trail.goes_on(2, &ended(4, true)));
        assert!(trail.goes_on(2, &ended(5, true)));
        assert!(!trail.goes_on(2, &ended(6, true)), "nothing comes at all");
        let mut trail = Trail::default();
        let sessions = (0..100).take_while(|uid| trail.goes_on(2, &ended(*uid, false))).count();
        assert_eq!(sessions, 19);
    }

    #[test]
    fn a_server_that_asks_for_patience_blames_no_message() {
        let bye = |text: &str| MailError::Bye { text: text.into(), retry_after: None };
        for (error, blames) in [
            (bye("Account exceeded command or bandwidth limits."), false),
            (bye("Session invalidated - AccessTokenExpired"), false),
            (bye("FETCH failed: try again later"), false),
            (bye("Disconnected: FETCH failed"), true),
            (MailError::Unavailable { text: "SERVERBUG".into(), retry_after: None }, false),
            (MailError::Closed { doing: "fetching messages" }, true),
        ] {
            let failed = Failed::asking(&[7], &error, false);
            assert_eq!(!failed.blamed.is_empty(), blames, "{error:?}");
            assert_eq!(failed.named().reason.contains("UID 7"), blames, "{error:?}");
        }
    }
}

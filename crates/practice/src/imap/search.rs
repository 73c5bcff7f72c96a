//! SEARCH and UID SEARCH (RFC 3501 §6.4.4), for the keys that a client that reads mail uses.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::io::{AsyncRead, AsyncWrite};

use super::command::{Arg, Command};
use super::session::{Reply, Session};
use super::sets::Set;
use crate::mailboxes::Entry;

/// One condition; all of them must hold.
enum Key {
    All,
    Flag(&'static str, bool),
    Since(Date),
    Before(Date),
    On(Date),
    Uid(Set),
    Place(Set),
    Not(Box<Key>),
}

/// Answers a search.
pub(super) fn search<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    command: &Command,
    by_uid: bool,
) -> Reply {
    let Some(keys) = keys(&command.args) else {
        return Reply::Bad("SEARCH does not know that key");
    };
    let mut line = String::from("* SEARCH");
    {
        let world = session.shared.lock();
        let mailbox = session.mailbox.as_deref().unwrap_or_default();
        let Some(selected) = &session.selected else { return Reply::Bad("Select a folder first") };
        let Some(folder) = selected.folder_in(&world.mail, mailbox) else {
            return Reply::No("The folder is gone");
        };
        let largest = selected.view.all().last().unwrap_or_default();
        for (place, uid) in selected.view.all() {
            let Some(entry) = folder.entry(uid) else { continue };
            if keys.iter().all(|key| holds(key, place, entry, largest)) {
                line.push_str(&format!(" {}", if by_uid { entry.uid } else { place }));
            }
        }
    }
    session.wire.put(format!("{line}\r\n"));
    Reply::Ok("Done")
}

fn keys(args: &[Arg]) -> Option<Vec<Key>> {
    let mut rest = args.iter().peekable();
    // Nothing that is searched for here is text, so any charset will do.
    if rest.peek().and_then(|arg| arg.word()).as_deref() == Some("CHARSET") {
        rest.nth(1);
    }
    let mut keys = Vec::new();
    while rest.peek().is_some() {
        keys.push(key(&mut rest)?);
    }
    (!keys.is_empty()).then_some(keys)
}

fn key<'a>(rest: &mut impl Iterator<Item = &'a Arg>) -> Option<Key> {
    let mut not = false;
    loop {
        let word = rest.next()?.word()?;
        let key = match word.as_str() {
            "NOT" => {
                not = !not;
                continue;
            }
            "ALL" => Key::All,
            "SEEN" => Key::Flag("\\Seen", true),
            "UNSEEN" => Key::Flag("\\Seen", false),
            "DELETED" => Key::Flag("\\Deleted", true),
            "UNDELETED" => Key::Flag("\\Deleted", false),
            "SINCE" => Key::Since(date(rest.next()?)?),
            "BEFORE" => Key::Before(date(rest.next()?)?),
            "ON" => Key::On(date(rest.next()?)?),
            "UID" => Key::Uid(Set::parse(&rest.next()?.text()?)?),
            set => Key::Place(Set::parse(set)?),
        };
        return Some(if not { Key::Not(Box::new(key)) } else { key });
    }
}

fn date(arg: &Arg) -> Option<Date> {
    Date::strptime("%d-%b-%Y", arg.text()?).ok()
}

fn holds(key: &Key, place: u32, entry: &Entry, largest: (u32, u32)) -> bool {
    let day = || entry.internal_date.to_zoned(TimeZone::UTC).date();
    match key {
        Key::All => true,
        Key::Flag(flag, set) => entry.flags.contains(*flag) == *set,
        Key::Since(date) => day() >= *date,
        Key::Before(date) => day() < *date,
        Key::On(date) => day() == *date,
        Key::Uid(set) => set.holds(entry.uid, largest.1),
        Key::Place(set) => set.holds(place, largest.0),
        Key::Not(key) => !holds(key, place, entry, largest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn found(words: &str) -> Option<bool> {
        let args: Vec<Arg> = words.split(' ').map(|word| Arg::Atom(word.to_owned())).collect();
        let flags = BTreeSet::from(["\\Seen".to_owned()]);
        let internal_date = "2026-11-02T23:30:00Z".parse().unwrap();
        let entry = Entry { uid: 7, flags, internal_date, raw: [].into() };
        Some(keys(&args)?.iter().all(|key| holds(key, 2, &entry, (3, 9))))
    }

    #[test]
    fn keys_hold_as_they_should() {
        for (words, expected) in [
            ("ALL", Some(true)),
            ("UNSEEN", Some(false)),
            ("NOT UNSEEN", Some(true)),
            ("SINCE 2-Nov-2026", Some(true)),
            ("SINCE 03-Nov-2026", Some(false)),
            ("BEFORE 3-nov-2026 SEEN", Some(true)),
            ("ON 2-Nov-2026", Some(true)),
            ("UID 7:9 2:*", Some(true)),
            ("UID 8:*", Some(false)),
            ("1", Some(false)),
            ("SUBJECT x", None),
            ("SINCE yesterday", None),
            ("NOT", None),
        ] {
            assert_eq!(found(words), expected, "{words}");
        }
    }
}

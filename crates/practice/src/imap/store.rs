//! STORE and UID STORE (RFC 3501 §6.4.6).

use std::collections::BTreeSet;

use tokio::io::{AsyncRead, AsyncWrite};

use super::command::{Arg, Command};
use super::fetch::flags;
use super::session::{Reply, Session};
use super::sets::Set;
use crate::faults::ImapFault;

/// The flags that are kept; a keyword of the client's own is kept too, up to this length.
const FLAG_CAP: usize = 64;
/// How many flags a message may have.
const FLAGS_CAP: usize = 32;

/// Changes flags, and tells the new ones unless told to be silent.
pub(super) fn store<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    command: &Command,
    by_uid: bool,
) -> Reply {
    let [set, how, named @ ..] = command.args.as_slice() else {
        return Reply::Bad("STORE takes a set, what to do, and flags");
    };
    let how = how.word().unwrap_or_default();
    let (how, silent) = match how.strip_suffix(".SILENT") {
        Some(how) => (how, true),
        None => (how.as_str(), false),
    };
    let set = set.text().and_then(|text| Set::parse(&text));
    let (Some(set), Some(named)) = (set, read_flags(named)) else {
        return Reply::Bad("STORE does not know that set or flag");
    };
    if !["FLAGS", "+FLAGS", "-FLAGS"].contains(&how) {
        return Reply::Bad("STORE does flags only");
    }
    if session.selected.as_ref().is_none_or(|selected| selected.read_only) {
        return Reply::No("The folder is open for reading only");
    }
    if session.fault == Some(ImapFault::RefuseStore) {
        return Reply::No("[NOPERM] Flags cannot be changed here");
    }
    let mut lines = String::new();
    for (number, uid) in session.held(&set, by_uid) {
        let changed = session.change(uid, |entry| {
            match how {
                "+FLAGS" => entry.flags.extend(named.iter().cloned()),
                "-FLAGS" => entry.flags.retain(|flag| !named.contains(flag)),
                _ => entry.flags.clone_from(&named),
            }
            while entry.flags.len() > FLAGS_CAP {
                entry.flags.pop_last();
            }
            flags(entry)
        });
        // Somebody else may have removed it: then there is nothing to tell (RFC 2180 §4.2).
        if let Some(flags) = changed.filter(|_| !silent) {
            let uid = if by_uid { format!(" UID {uid}") } else { String::new() };
            lines.push_str(&format!("* {number} FETCH (FLAGS ({flags}){uid})\r\n"));
        }
    }
    session.wire.put(lines);
    Reply::Ok("Done")
}

/// Flags, in a list or bare. System flags get their usual spelling, so that they compare.
pub(super) fn read_flags(args: &[Arg]) -> Option<BTreeSet<String>> {
    let list = match args {
        [Arg::List(list)] => list.as_slice(),
        bare if !bare.is_empty() => bare,
        _ => return None,
    };
    let system = ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"];
    let read = |arg: &Arg| {
        let Arg::Atom(text) = arg else { return None };
        let known = system.iter().find(|flag| flag.eq_ignore_ascii_case(text));
        match known {
            Some(flag) => Some((*flag).to_owned()),
            None if text.starts_with('\\') || text.len() > FLAG_CAP => None,
            None => Some(text.clone()),
        }
    };
    list.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_and_odd_ones_refused() {
        let atom = |text: &str| Arg::Atom(text.to_owned());
        let list = [Arg::List(vec![atom("\\seen"), atom("$Junk")])];
        let expected = BTreeSet::from(["\\Seen".to_owned(), "$Junk".to_owned()]);
        assert_eq!(read_flags(&list), Some(expected));
        assert_eq!(read_flags(&[atom("\\Recent")]), None);
        assert_eq!(read_flags(&[]), None);
    }
}

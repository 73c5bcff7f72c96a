//! Folders: LIST, STATUS, SELECT and EXAMINE (RFC 3501 §6.3).

use std::fmt::Write as _;

use tokio::io::{AsyncRead, AsyncWrite};

use super::command::{Arg, Command};
use super::names::quoted;
use super::news::told_count;
use super::session::{End, Reply, Selected, Session};
use super::view::View;
use crate::faults::ImapFault;
use crate::mailboxes::SEPARATOR;

/// The flags that can be set on messages.
const FLAGS: &str = r"(\Answered \Flagged \Deleted \Seen \Draft)";

/// `LIST reference pattern`.
pub(super) fn list<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    command: &Command,
) -> Reply {
    let words: Option<Vec<String>> = command.args.iter().map(Arg::text).collect();
    let words = words.unwrap_or_default();
    let [reference, pattern] = words.as_slice() else {
        return Reply::Bad("LIST takes a reference and a pattern");
    };
    if pattern.is_empty() {
        // The question for the separator alone (RFC 3501 §6.3.8).
        session.wire.put("* LIST (\\Noselect) \"/\" \"\"\r\n");
        return Reply::Ok("Done");
    }
    let pattern = format!("{reference}{pattern}");
    let mailbox = session.mailbox.as_deref().unwrap_or_default();
    let folders = session.shared.lock().mail.folders(mailbox);
    for folder in &folders {
        let name = session.wire_name(folder);
        if !matches(&pattern, &name) {
            continue;
        }
        let inside = format!("{folder}{SEPARATOR}");
        let has_children = folders.iter().any(|other| other.starts_with(&inside));
        let attribute = if has_children { "\\HasChildren" } else { "\\HasNoChildren" };
        session.wire.put(format!("* LIST ({attribute}) \"{SEPARATOR}\" {}\r\n", quoted(&name)));
    }
    Reply::Ok("Done")
}

/// `STATUS folder (items)`.
pub(super) fn status<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    command: &Command,
) -> Reply {
    let [name, Arg::List(items)] = command.args.as_slice() else {
        return Reply::Bad("STATUS takes a folder and a list");
    };
    let Some(name) = session.folder_named(name) else {
        return Reply::Bad("That is no folder name");
    };
    let mut line = String::new();
    {
        let world = session.shared.lock();
        let mailbox = session.mailbox.as_deref().unwrap_or_default();
        let Some(folder) = world.mail.folder(mailbox, &name) else {
            return Reply::No("[NONEXISTENT] There is no such folder");
        };
        let unseen = folder.entries.iter().filter(|entry| !entry.flags.contains("\\Seen")).count();
        for item in items {
            let word = item.word().unwrap_or_default();
            let value = match word.as_str() {
                "MESSAGES" => folder.entries.len(),
                "UNSEEN" => unseen,
                "RECENT" => 0,
                "UIDNEXT" => folder.uid_next as usize,
                "UIDVALIDITY" => folder.uid_validity as usize,
                _ => return Reply::Bad("STATUS does not know that item"),
            };
            let space = if line.is_empty() { "" } else { " " };
            let _ = write!(line, "{space}{word} {value}");
        }
    }
    session.wire.put(format!("* STATUS {} ({line})\r\n", quoted(&session.wire_name(&name))));
    Reply::Ok("Done")
}

/// `SELECT folder` or `EXAMINE folder`.
pub(super) async fn select<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    command: &Command,
    read_only: bool,
) -> Result<(), End> {
    // Even a failed attempt closes what was open (RFC 3501 §6.3.1).
    session.selected = None;
    let name = match command.args.as_slice() {
        [name] => session.folder_named(name),
        _ => None,
    };
    let Some(name) = name else {
        session.reply(&command.tag, &Reply::Bad("That is no folder name"));
        return Ok(());
    };
    let mailbox = session.mailbox.as_deref().unwrap_or_default();
    if session.fault == Some(ImapFault::Rebuilt) {
        session.fault = None;
        session.shared.lock().mail.renumber(mailbox, &name);
        session.shared.mail_has_changed();
    }
    let opened = {
        let world = session.shared.lock();
        world.mail.folder(mailbox, &name).map(|folder| {
            let first = folder.entries.iter().position(|entry| !entry.flags.contains("\\Seen"));
            let mut view = View::default();
            view.add(folder.entries.iter().map(|entry| entry.uid));
            (folder.uid_validity, folder.uid_next, view, first)
        })
    };
    let Some((uid_validity, uid_next, view, unseen)) = opened else {
        session.reply(&command.tag, &Reply::No("[NONEXISTENT] There is no such folder"));
        return Ok(());
    };
    let read_only = read_only || session.fault == Some(ImapFault::ReadOnly);
    let exists = told_count(view.count(), session.fault);
    let permanent = if read_only { "()" } else { FLAGS };
    session.wire.put(format!(
        "* FLAGS {FLAGS}\r\n* OK [PERMANENTFLAGS {permanent}] Kept\r\n* {exists} EXISTS\r\n* 0 RECENT\r\n"
    ));
    if let Some(place) = unseen {
        session.wire.put(format!("* OK [UNSEEN {}] The first unseen one\r\n", place + 1));
    }
    session.wire.put(format!(
        "* OK [UIDVALIDITY {uid_validity}] Valid\r\n* OK [UIDNEXT {uid_next}] Next\r\n"
    ));
    session.selected = Some(Selected { folder: name, read_only, uid_validity, view });
    let reply = if read_only { "[READ-ONLY] Done" } else { "[READ-WRITE] Done" };
    session.reply(&command.tag, &Reply::Ok(reply));
    Ok(())
}

/// Whether a folder's name fits a pattern: `*` stands for anything, `%` for anything without a separator.
fn matches(pattern: &str, name: &str) -> bool {
    let fold = |text: &str| {
        if text.eq_ignore_ascii_case("INBOX") { "INBOX".to_owned() } else { text.to_owned() }
    };
    let (pattern, name) = (fold(pattern), fold(name));
    // Which beginnings of the name the pattern so far can stand for, by length: no pattern takes long.
    let mut reached = vec![false; name.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for wanted in pattern.bytes() {
        let mut before = false;
        let mut is_open = false;
        let names = [None].into_iter().chain(name.bytes().map(Some));
        for (reached, byte) in reached.iter_mut().zip(names) {
            let was = *reached;
            *reached = match wanted {
                b'*' | b'%' => {
                    is_open &= wanted == b'*' || byte != Some(b'/');
                    is_open |= was;
                    is_open
                }
                wanted => before && byte == Some(wanted),
            };
            before = was;
        }
    }
    reached.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_folders() {
        for (pattern, name, expected) in [
            ("*", "INBOX", true),
            ("%", "Archive", true),
            ("inbox", "INBOX", true),
            ("Arch*", "Archive", true),
            ("*ive", "Archive", true),
            ("A*h%e", "Archive", true),
            ("archive", "Archive", false),
            ("Arch", "Archive", false),
            ("B*", "Archive", false),
            ("%", "Handled/2026", false),
            ("*", "Handled/2026", true),
            ("Handled/%", "Handled/2026", true),
            ("%/%", "Handled/2026", true),
            ("%/%", "Handled/2026/May", false),
            ("*%2*", "Handled/2026", true),
            ("", "Archive", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}

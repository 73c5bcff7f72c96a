//! FETCH and UID FETCH (RFC 3501 §6.4.5).

use jiff::tz::TimeZone;
use tokio::io::{AsyncRead, AsyncWrite};

use super::command::{Arg, Command};
use super::session::{End, Reply, Session};
use super::sets::Set;
use crate::faults::ImapFault;
use crate::mailboxes::Entry;

/// So many bytes are put together before they are sent.
const CHUNK: usize = 64 * 1024;

/// What can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Uid,
    Flags,
    InternalDate,
    Size,
    Body { section: Section, peek: bool, partial: Option<(usize, usize)>, label: String },
}

/// Which part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    All,
    Header,
    Text,
}

/// Answers a FETCH, message by message, so that a large folder is never held in memory twice.
pub(super) async fn fetch<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    command: &Command,
    by_uid: bool,
) -> Result<Reply, End> {
    let [set, wanted] = command.args.as_slice() else {
        return Ok(Reply::Bad("FETCH takes a set and what to fetch"));
    };
    let set = set.text().and_then(|text| Set::parse(&text));
    let (Some(set), Some(items)) = (set, items(wanted, by_uid)) else {
        return Ok(Reply::Bad("FETCH does not know that set or item"));
    };
    if let Some(ImapFault::Garbage) = session.fault {
        session.wire.put("* 17 XYZZY [plugh] {not a literal} \u{1f996}\r\n");
    }
    let mut reply = Reply::Ok("Done");
    for (number, uid) in session.held(&set, by_uid) {
        let Some(entry) = session.entry(uid, marks_seen(&items)) else { continue };
        if asks_for_body(&items)
            && let Some(ImapFault::RefuseFromUid(uid)) = session.fault
            && entry.uid >= uid
        {
            return Ok(Reply::No("Internal error occurred."));
        }
        if asks_for_body(&items) {
            match session.fault {
                Some(ImapFault::OmitUid(uid)) if entry.uid == uid => continue,
                Some(ImapFault::ServerBug(uid)) if entry.uid == uid => {
                    reply = Reply::No("[SERVERBUG] Internal error occurred. Refer to server log");
                    continue;
                }
                Some(ImapFault::ExhaustedFromUid(uid)) if entry.uid >= uid => {
                    session.wire.put("* BYE Account exceeded command or bandwidth limits.\r\n");
                    session.flush().await?;
                    return Err(End::Cut);
                }
                _ => {}
            }
        }
        write_entry(session, number, &entry, &items).await?;
        session.end_with_token().await?;
    }
    Ok(reply)
}

async fn write_entry<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    number: u32,
    entry: &Entry,
    items: &[Item],
) -> Result<(), End> {
    session.wire.put(format!("* {number} FETCH ("));
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            session.wire.put(" ");
        }
        match item {
            Item::Uid => session.wire.put(format!("UID {}", entry.uid)),
            Item::Flags => session.wire.put(format!("FLAGS ({})", flags(entry))),
            Item::Size => {
                let size = match session.fault {
                    Some(ImapFault::Sizes(told)) => told as usize,
                    _ => entry.raw.len(),
                };
                session.wire.put(format!("RFC822.SIZE {size}"));
            }
            Item::InternalDate => {
                let date = entry.internal_date.to_zoned(TimeZone::UTC);
                let text = date.strftime("%e-%b-%Y %H:%M:%S +0000");
                session.wire.put(format!("INTERNALDATE \"{text}\""));
            }
            Item::Body { section, partial, label, .. } => {
                let bytes = cut(part(&entry.raw, *section), *partial);
                session.wire.put(format!("{label} {{{}}}\r\n", bytes.len()));
                let half = bytes.len() / 2;
                let ends = match session.fault {
                    Some(ImapFault::DropMidLiteral) => Some(half),
                    Some(ImapFault::DropAtUid(uid)) if entry.uid == uid => Some(half),
                    Some(ImapFault::DropAfter(count)) if count < bytes.len() => Some(count),
                    _ => None,
                };
                if let Some(end) = ends {
                    session.wire.put(bytes.get(..end).unwrap_or_default());
                    session.flush().await?;
                    return Err(End::Cut);
                }
                session.wire.put(bytes);
            }
        }
    }
    session.wire.put(")\r\n");
    if session.wire.waiting() > CHUNK {
        session.flush().await?;
    }
    Ok(())
}

impl<S> Session<S> {
    /// The messages in a set, among those that the client knows of: sequence number and UID of each.
    pub(super) fn held(&self, set: &Set, by_uid: bool) -> Vec<(u32, u32)> {
        let view = self.selected.as_ref().map(|selected| &selected.view);
        view.map(|view| view.held(set, by_uid)).unwrap_or_default()
    }

    /// Does something to one message of the open folder; nothing if it is not there any more.
    pub(super) fn change<T>(&self, uid: u32, change: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let (mailbox, selected) = (self.mailbox.as_deref()?, self.selected.as_ref()?);
        let mut world = self.shared.lock();
        selected.folder_in(&world.mail, mailbox)?;
        let folder = world.mail.folder_mut(mailbox, &selected.folder)?;
        folder.entry_mut(uid).map(change)
    }

    /// One message, marked as seen on the way if that was asked for.
    fn entry(&self, uid: u32, mark_seen: bool) -> Option<Entry> {
        let read_only = self.selected.as_ref().is_none_or(|selected| selected.read_only);
        self.change(uid, |entry| {
            if mark_seen && !read_only {
                entry.flags.insert("\\Seen".to_owned());
            }
            entry.clone()
        })
    }
}

/// What is asked for; UID comes with every UID FETCH, asked for or not, and FLAGS with whatever changes them.
fn items(wanted: &Arg, by_uid: bool) -> Option<Vec<Item>> {
    let words: Vec<String> = match wanted {
        Arg::List(list) => list.iter().map(Arg::word).collect::<Option<_>>()?,
        one => vec![one.word()?],
    };
    let mut items = Vec::new();
    for word in &words {
        match word.as_str() {
            "UID" => items.push(Item::Uid),
            "FLAGS" => items.push(Item::Flags),
            "INTERNALDATE" => items.push(Item::InternalDate),
            "RFC822.SIZE" => items.push(Item::Size),
            "FAST" => items.extend([Item::Flags, Item::InternalDate, Item::Size]),
            "RFC822" => items.push(Item::Body {
                section: Section::All,
                peek: false,
                partial: None,
                label: "RFC822".to_owned(),
            }),
            word => items.push(body(word)?),
        }
    }
    if by_uid && !items.contains(&Item::Uid) {
        items.insert(0, Item::Uid);
    }
    if marks_seen(&items) && !items.contains(&Item::Flags) {
        items.push(Item::Flags);
    }
    (!words.is_empty()).then_some(items)
}

/// `BODY[section]<from.count>` and `BODY.PEEK[…]`.
fn body(word: &str) -> Option<Item> {
    let (peek, rest) = match word.strip_prefix("BODY.PEEK[") {
        Some(rest) => (true, rest),
        None => (false, word.strip_prefix("BODY[")?),
    };
    let (name, partial) = rest.split_once(']')?;
    let section = match name {
        "" => Section::All,
        "HEADER" => Section::Header,
        "TEXT" => Section::Text,
        _ => return None,
    };
    let mut label = format!("BODY[{name}]");
    let partial = match partial {
        "" => None,
        range => {
            let (from, count) = range.strip_prefix('<')?.strip_suffix('>')?.split_once('.')?;
            label.push_str(&format!("<{from}>"));
            Some((from.parse().ok()?, count.parse().ok()?))
        }
    };
    Some(Item::Body { section, peek, partial, label })
}

fn marks_seen(items: &[Item]) -> bool {
    items.iter().any(|item| matches!(item, Item::Body { peek: false, .. }))
}

fn asks_for_body(items: &[Item]) -> bool {
    items.iter().any(|item| matches!(item, Item::Body { .. }))
}

fn part(raw: &[u8], section: Section) -> &[u8] {
    // The header ends with its empty line, which belongs to it (RFC 3501 §6.4.5).
    let end =
        raw.windows(4).position(|window| window == b"\r\n\r\n").map_or(raw.len(), |at| at + 4);
    match section {
        Section::All => raw,
        Section::Header => raw.get(..end).unwrap_or_default(),
        Section::Text => raw.get(end..).unwrap_or_default(),
    }
}

fn cut(bytes: &[u8], partial: Option<(usize, usize)>) -> &[u8] {
    let Some((from, count)) = partial else { return bytes };
    let rest = bytes.get(from.min(bytes.len())..).unwrap_or_default();
    rest.get(..count.min(rest.len())).unwrap_or_default()
}

pub(super) fn flags(entry: &Entry) -> String {
    entry.flags.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_sections_are_read() {
        let Some(Item::Body { section, peek, partial, label }) = body("BODY.PEEK[TEXT]<5.10>")
        else {
            panic!("not read");
        };
        assert_eq!((section, peek, partial), (Section::Text, true, Some((5, 10))));
        assert_eq!(label, "BODY[TEXT]<5>");
        assert_eq!(body("BODY"), None);
        assert_eq!(body("BODY[1.MIME]"), None);
        assert_eq!(body("BODY[]<1>"), None);
    }

    #[test]
    fn parts_are_cut_where_the_header_ends() {
        let raw = b"A: b\r\n\r\ntext\r\n\r\nmore";
        assert_eq!(part(raw, Section::Header), b"A: b\r\n\r\n");
        assert_eq!(part(raw, Section::Text), b"text\r\n\r\nmore");
        assert_eq!(cut(b"abcdef", Some((2, 3))), b"cde");
        assert_eq!(cut(b"abcdef", Some((9, 3))), b"");
    }
}

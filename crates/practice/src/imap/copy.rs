//! Messages that go to another folder or away: COPY (RFC 3501 §6.4.7), MOVE (RFC 6851), EXPUNGE (RFC 3501 §6.4.3) and
//! UID EXPUNGE (RFC 4315 §2.1).

use std::collections::BTreeSet;

use tokio::io::{AsyncRead, AsyncWrite};

use super::command::Command;
use super::session::{Reply, Selected, Session};
use super::sets::Set;
use crate::mailboxes::Entry;

const READ_ONLY: Reply = Reply::No("[NOPERM] The folder is open for reading only");

/// Copies messages, and removes them here if they are to be moved.
pub(super) fn copy<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    command: &Command,
    by_uid: bool,
    moves: bool,
) -> Reply {
    let [set, target] = command.args.as_slice() else {
        return Reply::Bad("A set and a folder are needed");
    };
    let set = set.text().and_then(|text| Set::parse(&text));
    let (Some(set), Some(target)) = (set, session.folder_named(target)) else {
        return Reply::Bad("That is no set, or no folder name");
    };
    let (Some(mailbox), Some(selected)) = (session.mailbox.as_deref(), &session.selected) else {
        return Reply::Bad("Select a folder first");
    };
    if moves && selected.read_only {
        return READ_ONLY;
    }
    let held = selected.view.held(&set, by_uid);
    let (mut from, mut to) = (Vec::new(), Vec::new());
    let uid_validity = {
        let mut world = session.shared.lock();
        let Some(source) = selected.folder_in(&world.mail, mailbox) else {
            return Reply::No("The folder is gone");
        };
        let entries = held.iter().filter_map(|(_, uid)| source.entry(*uid)).cloned();
        let entries: Vec<Entry> = entries.collect();
        let Some(folder) = world.mail.folder_mut(mailbox, &target) else {
            return Reply::No("[TRYCREATE] There is no such folder");
        };
        let uid_validity = folder.uid_validity;
        for entry in entries {
            from.push(entry.uid);
            to.push(folder.append(entry.raw, entry.flags, entry.internal_date));
        }
        if moves {
            world.mail.remove(mailbox, &selected.folder, &from.iter().copied().collect());
        }
        uid_validity
    };
    session.shared.mail_has_changed();
    if from.is_empty() {
        return Reply::Ok("There was nothing to do");
    }
    let tells = session.is_capable("UIDPLUS");
    let code = format!("[COPYUID {uid_validity} {} {}] Done", numbers(&from), numbers(&to));
    match (tells, moves) {
        (false, _) => Reply::Ok("Done"),
        (true, false) => Reply::OkWith(code),
        (true, true) => {
            // Ahead of the EXPUNGE lines, so that the client knows what becomes of what it sees go (RFC 6851 §4.3).
            session.wire.put(format!("* OK {code}\r\n"));
            Reply::Ok("Done")
        }
    }
}

/// Removes what is marked as deleted; with a set, only what is in it too.
pub(super) fn expunge<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    command: &Command,
    by_uid: bool,
) -> Reply {
    let set = match command.args.as_slice() {
        [] if !by_uid => None,
        [set] if by_uid => match set.text().and_then(|text| Set::parse(&text)) {
            Some(set) => Some(set),
            None => return Reply::Bad("That is no set"),
        },
        _ => return Reply::Bad("EXPUNGE takes nothing, and UID EXPUNGE a set"),
    };
    let Some(selected) = &session.selected else { return Reply::Bad("Select a folder first") };
    if selected.read_only {
        return READ_ONLY;
    }
    let only =
        set.map(|set| selected.view.held(&set, true).into_iter().map(|(_, uid)| uid).collect());
    remove_deleted(session, selected, only.as_ref());
    Reply::Ok("Done")
}

/// Removes what is marked as deleted in a folder, or of that only these.
pub(super) fn remove_deleted<S>(
    session: &Session<S>,
    selected: &Selected,
    only: Option<&BTreeSet<u32>>,
) {
    let mailbox = session.mailbox.as_deref().unwrap_or_default();
    {
        let mut world = session.shared.lock();
        let Some(folder) = selected.folder_in(&world.mail, mailbox) else { return };
        let marked = folder.entries.iter().filter(|entry| entry.flags.contains("\\Deleted"));
        let marked = marked.map(|entry| entry.uid);
        let gone = marked.filter(|uid| only.is_none_or(|only| only.contains(uid))).collect();
        world.mail.remove(mailbox, &selected.folder, &gone);
    }
    session.shared.mail_has_changed();
}

fn numbers(uids: &[u32]) -> String {
    uids.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

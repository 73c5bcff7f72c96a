//! CREATE and DELETE (RFC 3501 §6.3.3, §6.3.4), and ENABLE (RFC 5161), which changes how folders are named.

use tokio::io::{AsyncRead, AsyncWrite};

use super::command::{Arg, Command};
use super::session::{Reply, Session};
use crate::mailboxes::Refused;

/// Makes a folder, and those that it lies in.
pub(super) fn create<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    command: &Command,
) -> Reply {
    let [name] = command.args.as_slice() else { return Reply::Bad("CREATE takes a name") };
    let Some(name) = session.folder_named(name) else {
        return Reply::Bad("That is no folder name");
    };
    let mailbox = session.mailbox.as_deref().unwrap_or_default();
    // A separator at the end says that folders are to be made in it (RFC 3501 §6.3.3).
    let name = name.strip_suffix('/').unwrap_or(&name);
    match session.shared.lock().mail.create(mailbox, name) {
        Ok(()) => Reply::Ok("Done"),
        Err(refused) => refusal(refused),
    }
}

/// Removes a folder and what lies in it.
pub(super) fn delete<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    command: &Command,
) -> Reply {
    let [name] = command.args.as_slice() else { return Reply::Bad("DELETE takes a name") };
    let Some(name) = session.folder_named(name) else {
        return Reply::Bad("That is no folder name");
    };
    let mailbox = session.mailbox.as_deref().unwrap_or_default();
    let deleted = session.shared.lock().mail.delete(mailbox, &name);
    session.shared.mail_has_changed();
    deleted.map_or_else(refusal, |()| Reply::Ok("Done"))
}

/// Takes `UTF8=ACCEPT`, and passes over what is not known here (RFC 5161 §3.1).
pub(super) fn enable<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    command: &Command,
) -> Reply {
    if session.selected.is_some() || command.args.is_empty() {
        return Reply::Bad("ENABLE takes capabilities, before a folder is selected");
    }
    let mut asked = command.args.iter().filter_map(Arg::word);
    if session.is_capable("UTF8=ACCEPT") && asked.any(|word| word == "UTF8=ACCEPT") {
        session.is_utf8 = true;
        session.wire.put("* ENABLED UTF8=ACCEPT\r\n");
    } else {
        session.wire.put("* ENABLED\r\n");
    }
    Reply::Ok("Done")
}

fn refusal(refused: Refused) -> Reply {
    match refused {
        Refused::Exists => Reply::No("[ALREADYEXISTS] There is such a folder"),
        Refused::Missing => Reply::No("[NONEXISTENT] There is no such folder"),
        Refused::Full => Reply::No("[LIMIT] There are too many folders"),
        Refused::HasChildren => Reply::No("[HASCHILDREN] There are folders in it"),
        Refused::Name => Reply::No("[CANNOT] That name cannot be had"),
    }
}

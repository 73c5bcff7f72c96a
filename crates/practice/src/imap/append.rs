//! APPEND (RFC 3501 §6.3.11), with the UTF8 data of RFC 6855 §4 and the APPENDUID of RFC 4315 §3.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::fmt::strtime;
use tokio::io::{AsyncRead, AsyncWrite};

use super::command::{Arg, Command};
use super::session::{Reply, Session};
use super::store::read_flags;

/// What is to be put into a folder.
#[derive(Debug, PartialEq, Eq)]
struct Message<'a> {
    flags: BTreeSet<String>,
    at: Option<Timestamp>,
    raw: &'a [u8],
    /// Whether it came as one that may have UTF-8 in its header.
    is_utf8: bool,
}

/// Puts a message into a folder.
pub(super) fn append<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    command: &Command,
) -> Reply {
    let Some((name, rest)) = command.args.split_first() else {
        return Reply::Bad("APPEND takes a folder and a message");
    };
    let (Some(name), Some(message)) = (session.folder_named(name), message(rest)) else {
        return Reply::Bad("That is no folder name, or no message");
    };
    if message.is_utf8 && !session.is_utf8 {
        return Reply::Bad("ENABLE UTF8=ACCEPT first");
    }
    let (uid_validity, uid) = {
        let mut world = session.shared.lock();
        let now = world.now();
        let mailbox = session.mailbox.as_deref().unwrap_or_default();
        let Some(folder) = world.mail.folder_mut(mailbox, &name) else {
            return Reply::No("[TRYCREATE] There is no such folder");
        };
        let uid = folder.append(message.raw.into(), message.flags, message.at.unwrap_or(now));
        (folder.uid_validity, uid)
    };
    session.shared.mail_has_changed();
    if session.is_capable("UIDPLUS") {
        Reply::OkWith(format!("[APPENDUID {uid_validity} {uid}] Done"))
    } else {
        Reply::Ok("Done")
    }
}

/// Flags and time, if told, and the message.
fn message(args: &[Arg]) -> Option<Message<'_>> {
    let (args, raw, is_utf8) = match args {
        [args @ .., Arg::Atom(word), Arg::List(list)] if word.eq_ignore_ascii_case("UTF8") => {
            // `UTF8 (~{12}`: the tilde is what tells a literal with 8 bits from others.
            match list.as_slice() {
                [Arg::Atom(tilde), Arg::Text(raw)] if tilde == "~" => (args, raw, true),
                _ => return None,
            }
        }
        [args @ .., Arg::Text(raw)] => (args, raw, false),
        _ => return None,
    };
    let (flags, date) = match args {
        [] => (None, None),
        [flags @ Arg::List(_)] => (Some(flags), None),
        [date] => (None, Some(date)),
        [flags @ Arg::List(_), date] => (Some(flags), Some(date)),
        _ => return None,
    };
    let flags = match flags {
        Some(flags) => read_flags(std::slice::from_ref(flags))?,
        None => BTreeSet::new(),
    };
    let at = match date {
        Some(date) => Some(moment(&date.text()?)?),
        None => None,
    };
    Some(Message { flags, at, raw, is_utf8 })
}

/// ` 7-Feb-2026 21:52:25 -0800`: the day has a space where it has one digit.
fn moment(text: &str) -> Option<Timestamp> {
    strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim_start()).ok()?.to_timestamp().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_time_are_read_where_they_stand() {
        let atom = |text: &str| Arg::Atom(text.to_owned());
        let text = |text: &str| Arg::Text(text.as_bytes().to_vec());
        let seen = Arg::List(vec![atom("\\Seen")]);
        let date = text(" 7-Feb-2026 21:52:25 -0800");
        let args = [seen, date.clone(), text("A: b\r\n\r\n")];
        let read = message(&args).unwrap();
        assert_eq!(read.flags, BTreeSet::from(["\\Seen".to_owned()]));
        assert_eq!(read.at, Some("2026-02-08T05:52:25Z".parse().unwrap()));
        assert_eq!(message(&[date, text("x")]).unwrap().at, read.at);
        let utf8 = [atom("UTF8"), Arg::List(vec![atom("~"), text("x")])];
        assert!(message(&utf8).unwrap().is_utf8);
        assert_eq!(message(&[]), None);
        assert_eq!(message(&[text("yesterday"), text("x")]), None);
        assert_eq!(message(&[Arg::List(vec![atom("\\Recent")]), text("x")]), None);
    }
}

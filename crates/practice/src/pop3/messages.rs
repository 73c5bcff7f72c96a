//! The commands for the messages of an open mailbox (RFC 1939 §5 and §7).

use tokio::io::{AsyncRead, AsyncWrite};

use super::session::{End, Session};
use crate::faults::Pop3Fault;

const MISSING: &str = "-ERR There is no such message";

/// Answers a command.
pub(super) async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    verb: &str,
    rest: &str,
) -> Result<(), End> {
    let Some(maildrop) = &mut session.maildrop else { return Err(End::Cut) };
    let lines = match verb {
        "NOOP" => vec!["+OK".to_owned()],
        "RSET" => {
            maildrop.reset();
            vec!["+OK".to_owned()]
        }
        "STAT" => {
            let octets: usize = maildrop.left().map(|(_, entry)| entry.raw.len()).sum();
            vec![format!("+OK {} {octets}", maildrop.left().count())]
        }
        "DELE" if maildrop.delete(rest) => vec!["+OK Marked".to_owned()],
        "DELE" => vec![MISSING.to_owned()],
        "LIST" if rest.is_empty() => {
            let sizes =
                maildrop.left().map(|(number, entry)| format!("{number} {}", entry.raw.len()));
            listing(sizes)
        }
        "LIST" => vec![match maildrop.message(rest) {
            Some((number, entry)) => format!("+OK {number} {}", entry.raw.len()),
            None => MISSING.to_owned(),
        }],
        "UIDL" if session.fault == Some(Pop3Fault::NoUidl) => {
            vec!["-ERR No such command here".to_owned()]
        }
        "UIDL" => {
            let by_number = session.fault == Some(Pop3Fault::NumberedUidl);
            let line = |(number, entry)| match by_number {
                true => format!("{number} {number}"),
                false => format!("{number} {}", maildrop.name(entry)),
            };
            match (rest.is_empty(), maildrop.message(rest)) {
                (true, _) => listing(maildrop.left().map(line)),
                (false, Some(found)) => vec![format!("+OK {}", line(found))],
                (false, None) => vec![MISSING.to_owned()],
            }
        }
        "TOP" if session.fault == Some(Pop3Fault::NoTop) => {
            vec!["-ERR No such command here".to_owned()]
        }
        "RETR" | "TOP" => return send(session, verb, rest).await,
        _ => vec!["-ERR No such command here".to_owned()],
    };
    for line in lines {
        session.put(&line);
    }
    Ok(())
}

fn listing(lines: impl Iterator<Item = String>) -> Vec<String> {
    let head = "+OK The list follows".to_owned();
    [head].into_iter().chain(lines).chain([".".to_owned()]).collect()
}

/// `RETR n`, or `TOP n lines`.
async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    verb: &str,
    rest: &str,
) -> Result<(), End> {
    let (number, count) = match (verb, rest.split_once(' ')) {
        ("RETR", None) => (rest, Some(usize::MAX)),
        ("TOP", Some((number, count))) => (number, count.parse().ok()),
        _ => (rest, None),
    };
    let Some(count) = count else {
        session.put("-ERR That is not how it is asked for");
        return Ok(());
    };
    let found = session.maildrop.as_ref().and_then(|maildrop| maildrop.message(number));
    let Some((uid, raw)) = found.map(|(_, entry)| (entry.uid, entry.raw.clone())) else {
        session.put(MISSING);
        return Ok(());
    };
    match (session.fault, &session.maildrop) {
        (Some(Pop3Fault::CutAtUid(at)), _) if at == uid => return Err(End::Cut),
        (Some(Pop3Fault::CutAtUidAndShift(at)), Some(maildrop)) if at == uid => {
            maildrop.lose_first();
            return Err(End::Cut);
        }
        _ => {}
    }
    {
        let counters = &mut session.shared.lock().counters;
        match verb {
            "TOP" => counters.pop3_tops += 1,
            _ => counters.pop3_retrievals += 1,
        }
    }
    if session.fault == Some(Pop3Fault::Exhausted) {
        session.put("-ERR [SYS/TEMP] Account exceeded command or bandwidth limits.");
        return Ok(());
    }
    session.put("+OK Here it comes");
    let stuffed = stuffed(top(&raw, count));
    if session.fault == Some(Pop3Fault::DropMidMessage) {
        session.wire.put(&stuffed[..stuffed.len() / 2]);
        session.wire.flush().await?;
        return Err(End::Cut);
    }
    session.wire.put(stuffed);
    session.put(".");
    Ok(())
}

/// The header, its empty line, and so many lines of what follows.
fn top(raw: &[u8], lines: usize) -> &[u8] {
    let header = raw.windows(4).position(|window| window == b"\r\n\r\n");
    let Some(start) = header.map(|at| at + 4) else { return raw };
    let ends = raw.windows(2).enumerate().skip(start).filter(|(_, pair)| *pair == b"\r\n");
    let end = match lines.checked_sub(1) {
        None => Some(start),
        Some(before) => ends.map(|(at, _)| at + 2).nth(before),
    };
    raw.get(..end.unwrap_or(raw.len())).unwrap_or(raw)
}

/// With a dot more before every line that begins with one, and with an end to its last line (RFC 1939 §3).
fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(raw.len() + raw.len() / 64 + 2);
    let mut begins = true;
    for (at, byte) in raw.iter().enumerate() {
        if begins && *byte == b'.' {
            stuffed.push(b'.');
        }
        stuffed.push(*byte);
        begins = *byte == b'\n' && at > 0 && raw.get(at - 1) == Some(&b'\r');
    }
    if !begins {
        stuffed.extend_from_slice(b"\r\n");
    }
    stuffed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_stuffed_and_the_last_line_ends() {
        for (raw, sent) in [
            ("", ""),
            (".", "..\r\n"),
            ("a\r\n.\r\n..b\r\nc.", "a\r\n..\r\n...b\r\nc.\r\n"),
            ("a\n.\r\n", "a\n.\r\n"),
        ] {
            assert_eq!(String::from_utf8(stuffed(raw.as_bytes())).unwrap(), sent, "{raw:?}");
        }
    }

    #[test]
    fn the_top_has_the_header_and_so_many_lines() {
        let raw = b"A: b\r\nC: d\r\n\r\n1\r\n2\r\n3";
        for (lines, end) in [(0, 14), (1, 17), (2, 20), (3, 21), (usize::MAX, 21)] {
            assert_eq!(top(raw, lines), &raw[..end], "{lines}");
        }
        assert_eq!(top(b"A: b\r\n", 0), b"A: b\r\n");
    }
}

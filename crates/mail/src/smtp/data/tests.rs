//! What goes over the wire is what was meant, and ends where it was meant to end.

use proptest::prelude::*;

use super::*;

fn stuffed(mail: &[u8]) -> Vec<u8> {
    let (mut stuffing, mut out) = (Stuffing::default(), Vec::new());
    stuffing.push(mail, &mut out);
    stuffing.finish(&mut out);
    out
}

/// As a server reads it: lines that end in CR LF up to a lone dot, each without a dot that begins it.
fn taken(wire: &[u8]) -> Option<Vec<u8>> {
    let mut mail = Vec::new();
    let mut rest = wire;
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let line = &rest[..end];
        rest = &rest[end + 2..];
        if line == b"." {
            return rest.is_empty().then_some(mail);
        }
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        mail.extend_from_slice(b"\r\n");
    }
}

#[test]
fn dots_are_doubled_where_they_begin_a_line() {
    for (mail, wire) in [
        ("", ".\r\n"),
        ("a", "a\r\n.\r\n"),
        ("a\r\n", "a\r\n.\r\n"),
        (".", "..\r\n.\r\n"),
        (".\r\n", "..\r\n.\r\n"),
        ("..\r\na.b\r\n.c", "...\r\na.b\r\n..c\r\n.\r\n"),
        ("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"),
        ("a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"),
        ("a\r\n.\rQUIT\r\n", "a\r\n..\r\nQUIT\r\n.\r\n"),
        ("a\n.\r\nQUIT\r\n", "a\r\n..\r\nQUIT\r\n.\r\n"),
        ("a\r\r\n", "a\r\n\r\n.\r\n"),
        ("a\r", "a\r\n.\r\n"),
    ] {
        let out = stuffed(mail.as_bytes());
        assert_eq!(String::from_utf8(out).unwrap(), wire, "{mail:?}");
    }
}

fn mails() -> impl Strategy<Value = Vec<u8>> {
    // Of what matters, much.
    let bytes = prop_oneof![Just(b'.'), Just(b'\r'), Just(b'\n'), Just(b'a'), any::<u8>()];
    prop::collection::vec(bytes, 0..60)
}

proptest! {
    #[test]
    fn a_server_takes_what_was_sent_and_nothing_behind_it(mail in mails()) {
        let wire = stuffed(&mail);
        // Only the last dot stands alone, however lines are told apart.
        let text = wire.strip_suffix(b".\r\n").unwrap();
        let lines = text.split(|byte| matches!(byte, b'\r' | b'\n'));
        prop_assert!(lines.into_iter().all(|line| line != b"."));
        let read = taken(&wire).unwrap();
        let latin = |bytes: &[u8]| bytes.iter().map(|&byte| char::from(byte)).collect::<String>();
        let (meant, read) = (latin(&mail), latin(&read));
        let ends = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
        let meant = ends(&meant);
        let meant = if meant.is_empty() || meant.ends_with('\n') { meant } else { meant + "\n" };
        prop_assert_eq!(ends(&read), meant);
    }

    #[test]
    fn it_comes_out_the_same_however_it_is_cut(mail in mails(), at in 0_usize..60) {
        let (one, two) = mail.split_at(at.min(mail.len()));
        let (mut stuffing, mut out) = (Stuffing::default(), Vec::new());
        stuffing.push(one, &mut out);
        stuffing.push(two, &mut out);
        stuffing.finish(&mut out);
        prop_assert_eq!(out, stuffed(&mail));
    }
}

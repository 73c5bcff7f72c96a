//! Framing: tables, caps, and what arbitrary bytes do.

use super::*;
use crate::imap::reply::{self, Reply, Status};
use proptest::prelude::*;

/// A frame with its text and, for each literal, its content or the number of octets that were thrown away.
type Shown = (String, Vec<Result<Vec<u8>, u64>>);

fn shown(frame: Frame) -> Shown {
    let literals = frame.literals.into_iter().map(|literal| match literal {
        Literal::Kept(bytes) => Ok(bytes),
        Literal::Drained(octets) => Err(octets),
    });
    (String::from_utf8_lossy(&frame.text).into_owned(), literals.collect())
}

fn cut(framer: &mut Framer, pieces: &[&[u8]]) -> Result<Vec<Shown>, TooLarge> {
    let mut frames = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        while let Some(frame) = framer.push(&mut input)? {
            frames.push(shown(frame));
        }
        assert!(input.is_empty(), "everything is taken, or a frame is returned");
    }
    Ok(frames)
}

const STREAM: &[u8] = b"* OK ready for {5}\r\n\
    * 1 FETCH (UID 7 BODY[] {12}\r\nline\r\n(odd\"{ FLAGS (\\Seen))\r\n\
    * 2 FETCH (BODY[] {0}\r\n UID 8)\r\n\
    * LIST () \"/\" {5}\r\na\r\nbc\r\n\
    * 3 FETCH (BODY[] {29}\r\n0123456789\r\n0123456789\r\n\0\xff456 UID 9)\r\n\
    bare line feed\n\
    a1 OK done {9}\r\n\
    + {7}\r\n\
    \r\n\
    * 9 EXISTS\r\n";

fn frames_of_stream() -> Vec<Shown> {
    let plain = |text: &str| (text.to_owned(), vec![]);
    vec![
        plain("* OK ready for {5}"),
        (
            "* 1 FETCH (UID 7 BODY[] {12} FLAGS (\\Seen))".into(),
            vec![Ok(b"line\r\n(odd\"{".to_vec())],
        ),
        ("* 2 FETCH (BODY[] {0} UID 8)".into(), vec![Ok(vec![])]),
        ("* LIST () \"/\" {5}".into(), vec![Ok(b"a\r\nbc".to_vec())]),
        ("* 3 FETCH (BODY[] {29} UID 9)".into(), vec![Err(29)]),
        plain("bare line feed"),
        plain("a1 OK done {9}"),
        plain("+ {7}"),
        plain(""),
        plain("* 9 EXISTS"),
    ]
}

#[test]
fn a_stream_is_cut_alike_wherever_it_is_split() {
    let framer = || Framer::new(200, 20);
    let whole = cut(&mut framer(), &[STREAM]).unwrap();
    assert_eq!(whole, frames_of_stream());
    for at in 0..STREAM.len() {
        let (a, b) = STREAM.split_at(at);
        assert_eq!(cut(&mut framer(), &[a, b]).unwrap(), whole, "split at {at}");
    }
    let singly: Vec<&[u8]> = STREAM.chunks(1).collect();
    assert_eq!(cut(&mut framer(), &singly).unwrap(), whole);
}

#[test]
fn nothing_beyond_the_caps_is_held() {
    let refused =
        |line, literal, bytes: &[u8]| cut(&mut Framer::new(line, literal), &[bytes]).unwrap_err();
    assert_eq!(refused(10, 10, b"* 12345678901 EXISTS\r\n"), TooLarge::Text(10));
    assert_eq!(refused(10, 10, &[b'x'; 11]), TooLarge::Text(10));
    // The lines of one response count together.
    assert_eq!(
        refused(28, 9, b"* 1 FETCH (A {1}\r\nx B {1}\r\nx C {1}\r\nx)\r\n"),
        TooLarge::Text(28)
    );
    assert_eq!(
        refused(99, 9, b"* 1 FETCH (BODY[] {4294967296}\r\n"),
        TooLarge::Literal(4_294_967_296)
    );
    assert_eq!(
        refused(99, 9, b"* 1 FETCH (BODY[] {99999999999999999999999}\r\n"),
        TooLarge::Literal(u64::MAX)
    );
    let many = [b"* 1 FETCH (".to_vec(), b"A {0}\r\n".repeat(65)].concat();
    assert_eq!(refused(9999, 9, &many), TooLarge::Literals(64));

    // Several literals share the cap; what does not fit any more is thrown away.
    let both = cut(&mut Framer::new(99, 9), &[b"* 1 FETCH (A {6}\r\nabcdef B {6}\r\nabcdef)\r\n"]);
    assert_eq!(both.unwrap()[0].1, [Ok(b"abcdef".to_vec()), Err(6)]);

    // An announcement alone sets little aside.
    let mut framer = Framer::new(99, 50_000_000);
    let mut input = &b"* 1 FETCH (BODY[] {50000000}\r\n"[..];
    assert_eq!(framer.push(&mut input), Ok(None));
    assert!(framer.held() < 70_000, "{}", framer.held());
}

/// A general parser that others wrote, asked the same questions.
#[test]
fn statuses_are_read_as_imap_proto_reads_them() {
    for line in [
        "a1 OK LOGIN completed",
        "a1 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
        "a1 OK [READ-ONLY] EXAMINE completed.",
        "A0001 BAD Command Argument Error. 12",
        "a7 NO",
        "* OK [UIDVALIDITY 1700000001] UIDs valid",
        "* OK [UIDNEXT 4392] Predicted next UID",
        "* ok [HIGHESTMODSEQ 12] Highest",
        "* OK [Error=\"x\" AuthResultFromPopImapEnd=0] odd",
        "* BYE Connection closed. 14",
        "* PREAUTH IMAP4rev1 server logged in as Smith",
        "* NO Disk is 98% full, please delete unnecessary data",
    ] {
        let wire = format!("{line}\r\n");
        let (_, theirs) = imap_proto::Response::parse(wire.as_bytes()).unwrap();
        let frames = cut(&mut Framer::new(999, 9), &[wire.as_bytes()]).unwrap();
        let ours =
            reply::read(Frame { text: frames[0].0.clone().into_bytes(), literals: Vec::new() });
        let same = |a: &imap_proto::Status, b: Status| {
            use imap_proto::Status as Theirs;
            assert!(
                matches!(
                    (a, b),
                    (Theirs::Ok, Status::Ok)
                        | (Theirs::No, Status::No)
                        | (Theirs::Bad, Status::Bad)
                        | (Theirs::PreAuth, Status::PreAuth)
                        | (Theirs::Bye, Status::Bye)
                ),
                "{line}"
            );
        };
        match (&theirs, &ours) {
            (imap_proto::Response::Done { tag, status, .. }, Reply::Tagged(ours, our, _)) => {
                same(status, *our);
                assert_eq!(&tag.0, ours);
            }
            (imap_proto::Response::Data { status, outcome }, Reply::Untagged(our, text)) => {
                same(status, *our);
                match outcome.code {
                    Some(imap_proto::ResponseCode::UidValidity(number)) => {
                        assert_eq!(text.code, "UIDVALIDITY");
                        assert_eq!(text.argument.parse(), Ok(number));
                    }
                    Some(imap_proto::ResponseCode::UidNext(number)) => {
                        assert_eq!(
                            (text.code.as_str(), text.argument.parse()),
                            ("UIDNEXT", Ok(number))
                        );
                    }
                    _ => {}
                }
            }
            _ => panic!("{line}: {theirs:?} and {ours:?}"),
        }
    }
}

/// Octets that make responses, literals and nonsense likely.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        Just(b"* 1 FETCH (".to_vec()),
        Just(b"UID 7 ".to_vec()),
        Just(b"BODY[] ".to_vec()),
        Just(b"FLAGS (\\Seen) ".to_vec()),
        Just(b"INTERNALDATE NIL ".to_vec()),
        Just(b"INTERNALDATE \" 1-Jan-2026 10:00:00 +0000\"".to_vec()),
        Just(b"* OK [UIDNEXT 3]\xc3\xa9".to_vec()),
        Just(b"* CAPABILITY ".to_vec()),
        Just(b"a1 NO [".to_vec()),
        Just(b"+ ".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b")\r\n".to_vec()),
        Just(b"(".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"\\".to_vec()),
        (0u64..200).prop_map(|n| format!("{{{n}}}\r\n").into_bytes()),
        any::<u64>().prop_map(|n| format!("~{{{n}+}}\r\n").into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn framing_and_reading_hold_no_more_than_their_caps_and_never_panic(
        bytes in octets(),
        piece in 1usize..40,
        line in 0usize..300,
        literal in 0usize..300,
    ) {
        let mut framer = Framer::new(line, literal);
        'stream: for piece in bytes.chunks(piece) {
            let mut input = piece;
            loop {
                let pushed = framer.push(&mut input);
                prop_assert!(framer.held() <= line + literal);
                match pushed {
                    Ok(Some(frame)) => {
                        let kept: usize = frame.literals.iter().map(|literal| match literal {
                            Literal::Kept(bytes) => bytes.len(),
                            Literal::Drained(_) => 0,
                        }).sum();
                        prop_assert!(frame.text.len() <= line && kept <= literal);
                        reply::read(frame);
                    }
                    Ok(None) => break,
                    Err(_) => break 'stream,
                }
            }
        }
    }

    #[test]
    fn where_a_stream_is_split_changes_nothing(bytes in octets(), piece in 1usize..40) {
        let whole = cut(&mut Framer::new(250, 150), &[&bytes]);
        let pieces: Vec<&[u8]> = bytes.chunks(piece).collect();
        // What came before an error may have been returned or not; the error is the same.
        prop_assert_eq!(cut(&mut Framer::new(250, 150), &pieces), whole);
    }
}

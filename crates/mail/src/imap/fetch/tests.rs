//! FETCH responses in every order, and broken ones.

use super::*;

fn kept(bytes: &[u8]) -> Literal {
    Literal::Kept(bytes.to_vec())
}

fn raw(bytes: &[u8]) -> Option<Content> {
    Some(Content::Raw(bytes.to_vec()))
}

#[test]
fn a_message_is_found_in_any_order_of_attributes() {
    for text in [
        "(UID 5 BODY[] {3})",
        "(BODY[] {3} UID 5)",
        "(FLAGS (\\Seen $Odd) UID 5 BODY[] {3})",
        "(X-GM-LABELS (\"\\\\Inbox\" \"a)b\") body[] {3} MODSEQ (12) uid 5)",
        "(UID 5 RFC822 {3})",
        "( UID 5  BODY[] ~{3} )",
        "(UID 5 BODY[] {3} ENVELOPE (NIL (\"a\" NIL (\"b\"))) BODYSTRUCTURE ((\"TEXT\" (\"x\" \"y\")) \"M\"))",
        "(BODY[] \"a\\\"c\" UID 5)",
        "(UID 5 FLAGS() BODY[] {3})",
    ] {
        let literal = if text.contains("\"a\\\"c\"") { b"unused" as &[u8] } else { b"a\"c" };
        let fetch = read(text.as_bytes(), vec![kept(literal)]);
        assert_eq!((fetch.uid, fetch.content), (Some(5), raw(b"a\"c")), "{text}");
        assert!(fetch.whole, "{text}");
    }
}

#[test]
fn another_attributes_literal_is_not_taken_for_the_message() {
    let fetch = read(
        b"(BODY[HEADER.FIELDS (DATE)] {4} X (a {5} b) UID 5 BODY[] {3} BODY[TEXT]<0> {1})",
        vec![kept(b"date"), kept(b"label"), kept(b"abc"), kept(b"z")],
    );
    assert_eq!((fetch.uid, fetch.content, fetch.whole), (Some(5), raw(b"abc"), true));
}

#[test]
fn what_was_read_before_nonsense_is_kept() {
    for text in [
        "(UID 5 BODY[] {3} ODD",
        "(UID 5 BODY[] {3} (((",
        "(UID 5 BODY[] {3} X \"never closed)",
        "(UID 5 BODY[] {3}",
        "(UID 5 BODY[] {3}) and more",
        "(UID 5 BODY[] {3} Y {9} {9})",
    ] {
        let fetch = read(text.as_bytes(), vec![kept(b"abc")]);
        assert_eq!((fetch.uid, fetch.content), (Some(5), raw(b"abc")), "{text}");
        assert!(!fetch.whole, "{text}");
    }
    for text in
        ["", "UID 5", "()", "(UID)", "(UID -5)", "(UID 99999999999)", "(UID 5x)", "[", "( )"]
    {
        assert_eq!(read(text.as_bytes(), vec![]).uid, None, "{text}");
    }
    let deep = [b"(X ".to_vec(), b"(".repeat(60_000)].concat();
    assert!(!read(&deep, vec![]).whole, "depth costs no stack");
}

#[test]
fn absent_and_oversized_messages_are_told_apart() {
    assert_eq!(read(b"(UID 5 BODY[] NIL)", vec![]).content, Some(Content::Nothing));
    let large = read(b"(BODY[] {9} UID 5)", vec![Literal::Drained(9)]);
    assert_eq!((large.uid, large.content), (Some(5), Some(Content::TooLarge(9))));
}

#[test]
fn flags_size_and_date_are_read() {
    let fetch = read(
        b"(FLAGS (\\Answered \\seen) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 4286 UID 9)",
        vec![],
    );
    assert_eq!((fetch.seen, fetch.size), (Some(true), Some(4286)));
    assert_eq!(fetch.internal_date, Some("1996-07-17T09:44:25Z".parse().unwrap()));
    assert_eq!(read(b"(FLAGS (\\Seenish))", vec![]).seen, Some(false));
    assert_eq!(read(b"(RFC822.SIZE 5000000000)", vec![]).size, Some(5_000_000_000));
}

#[test]
fn dates_are_read_leniently_and_nonsense_is_none() {
    for (text, at) in [
        (" 1-Jan-2026 00:00:00 +0000", Some("2026-01-01T00:00:00Z")),
        ("01-jan-2026 23:59:60 +0530", Some("2026-01-01T18:29:59Z")),
        ("29-Feb-2024 12:00:00 -0330", Some("2024-02-29T15:30:00Z")),
        ("29-Feb-2023 12:00:00 +0000", None),
        ("1-Foo-2026 00:00:00 +0000", None),
        ("1-Jan-2026 25:00:00 +0000", None),
        ("1-Jan-2026 00:00:00", None),
        ("1-Jan-99999 00:00:00 +0000", None),
        ("1-Jan-2026 00:00:00 +99999999999", None),
        ("1-Jan-2026 00:00:00 +2147483647", None),
        ("1-Jan-2026 00:00:00 -2147483648", None),
        ("", None),
    ] {
        assert_eq!(date_time(text.as_bytes()), at.map(|at| at.parse().unwrap()), "{text}");
    }
    // This one makes some parsers panic.
    assert_eq!(read(b"(INTERNALDATE NIL UID 4)", vec![]).uid, Some(4));
}

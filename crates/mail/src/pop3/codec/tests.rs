//! Every way to cut a stream, and every stream that tries to be cut wrongly.

use super::*;
use proptest::prelude::*;

/// Everything that a stream holds, when it comes in pieces of this size: the messages, and what is left behind the last.
fn messages(stream: &[u8], piece: usize, most: usize) -> (Vec<Body>, Vec<u8>) {
    let (mut found, mut message, mut left) = (Vec::new(), Message::new(most), Vec::new());
    for piece in stream.chunks(piece) {
        let mut input = piece;
        left.clear();
        while !input.is_empty() {
            let before = input;
            match message.push(&mut input).unwrap() {
                Some(body) => {
                    found.push(body);
                    message = Message::new(most);
                }
                None => {
                    assert!(input.is_empty());
                    left = before.to_vec();
                }
            }
            assert!(message.kept.capacity() <= most, "{}", message.kept.capacity());
        }
    }
    (found, left)
}

fn raw(text: &str) -> Body {
    Body::Raw(text.as_bytes().to_vec())
}

#[test]
fn messages_end_at_a_lone_dot_and_lose_their_stuffed_dots() {
    for (stream, message) in [
        (".\r\n", ""),
        ("hi\r\n.\r\n", "hi\r\n"),
        ("..\r\n.\r\n", ".\r\n"),
        ("..hidden\r\n...\r\n.\r\n", ".hidden\r\n..\r\n"),
        // A server that forgot to stuff.
        (".hidden\r\n.\r\n", "hidden\r\n"),
        ("a.\r\n.\r\n", "a.\r\n"),
        ("\r\n\r\n.\r\n", "\r\n\r\n"),
        // What looks like an end and is none.
        ("a\n.\nb\n.\r\nc\r\n.\r\n", "a\n.\nb\n.\r\nc\r\n"),
        ("a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n"),
        ("a\r\r\n.\r\n", "a\r\r\n"),
        ("..\rx\r\n.\r\n", ".\rx\r\n"),
        (".\rx\r\n.\r\n", "\rx\r\n"),
        (".\r\r\n.\r\n", "\r\r\n"),
        (".\n.\r\n.\r\n", "\n.\r\n"),
    ] {
        for piece in 1..=stream.len() {
            let (found, left) = messages(stream.as_bytes(), piece, 1000);
            assert_eq!(found, [raw(message)], "{stream:?} in pieces of {piece}");
            assert!(left.is_empty(), "{stream:?}");
        }
    }
}

#[test]
fn what_is_too_large_is_read_over_to_its_end() {
    let stream = "123456789\r\n.\r\nnext\r\n.\r\n";
    for piece in 1..=stream.len() {
        let (found, _) = messages(stream.as_bytes(), piece, 10);
        assert_eq!(found, [Body::TooLarge(11), raw("next\r\n")]);
        let (found, _) = messages(stream.as_bytes(), piece, 11);
        assert_eq!(found, [raw("123456789\r\n"), raw("next\r\n")]);
    }
    let mut endless = Message { octets: DRAINED - 2, ..Message::new(10) };
    assert_eq!(endless.push(&mut &b"abc"[..]), Err(TooLarge::Message(DRAINED + 1)));
}

#[test]
fn lines_end_at_a_line_feed_and_have_a_limit() {
    let mut line = Line::new(5);
    let mut input = &b"12345\r\nab\n\r\n1234567"[..];
    assert_eq!(line.push(&mut input), Ok(Some(b"12345".to_vec())));
    assert_eq!(line.push(&mut input), Ok(Some(b"ab".to_vec())));
    assert_eq!(line.push(&mut input), Ok(Some(Vec::new())));
    assert_eq!(line.push(&mut input), Err(TooLarge::Line(5)));
    assert_eq!(Line::new(5).push(&mut &b"123456\n"[..]), Err(TooLarge::Line(5)));
    let mut line = Line::new(5);
    assert_eq!(line.push(&mut &b"1234"[..]), Ok(None));
    assert_eq!(line.push(&mut &b"5\r"[..]), Ok(None));
    assert_eq!(line.push(&mut &b"\n"[..]), Ok(Some(b"12345".to_vec())));
}

/// Dots before every line that begins with one, and the end.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").map_or(rest.len(), |at| at + 2);
        if rest.starts_with(b".") {
            stream.push(b'.');
        }
        stream.extend_from_slice(&rest[..end]);
        rest = &rest[end..];
    }
    stream.extend_from_slice(b".\r\n");
    stream
}

proptest! {
    #[test]
    fn what_was_stuffed_comes_out_as_it_went_in(
        lines in proptest::collection::vec("[.\r\na]{0,6}", 0..8),
        piece in 1usize..20,
    ) {
        let message: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let mut stream = stuffed(message.as_bytes());
        stream.extend_from_slice(b"+OK next");
        let (found, left) = messages(&stream, piece, 1000);
        prop_assert_eq!(found, vec![raw(&message)]);
        prop_assert!(b"+OK next".ends_with(&left));
    }
}

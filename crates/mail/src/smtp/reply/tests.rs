//! Replies, put together from whatever pieces they come in.

use proptest::prelude::*;

use super::*;

fn read(bytes: &[u8]) -> Result<Option<Reply>, Odd> {
    Reader::new(1000).push(&mut &bytes[..])
}

fn reply(bytes: &str) -> Reply {
    read(bytes.as_bytes()).unwrap().unwrap()
}

#[test]
fn replies_of_one_and_of_several_lines_are_read() {
    let one = reply("250 2.1.0 OK\r\n");
    assert_eq!((one.code, one.status, one.shown.as_str()), (250, (2, 1, 0), "250 2.1.0 OK"));
    let bare = reply("250\r\n");
    assert_eq!((bare.code, bare.status, bare.shown.as_str()), (250, (0, 0, 0), "250"));
    let empty = reply("354 \n");
    assert_eq!((empty.code, empty.lines), (354, vec![String::new()]));
    let many = reply("250-name at your service\r\n250-SIZE 10\r\n250 AUTH XOAUTH2\r\n");
    assert_eq!(many.lines, ["name at your service", "SIZE 10", "AUTH XOAUTH2"]);
    assert!(many.is_done() && !many.is_refusal() && !many.is_for_now());
}

#[test]
fn an_enhanced_code_is_read_once_and_only_where_it_fits() {
    let gmail = reply(
        "535-5.7.8 Username and Password not accepted. For more information, go to\r\n\
         535 5.7.8  https://support.google.com/mail/?p=BadCredentials x1-2.3 - gsmtp\r\n",
    );
    assert_eq!(gmail.status, (5, 7, 8));
    assert_eq!(
        gmail.shown,
        "535 5.7.8 Username and Password not accepted. For more information, go to \
         https://support.google.com/mail/?p=BadCredentials x1-2.3 - gsmtp"
    );
    for (line, status) in [
        ("432 4.3.2 Concurrent connections limit exceeded.", (4, 3, 2)),
        ("535 5.7.139 Authentication unsuccessful", (5, 7, 139)),
        ("550 4.7.1 not of this class", (0, 0, 0)),
        ("550 5.7 not whole", (0, 0, 0)),
        ("550 5.7.1.2 too much", (0, 0, 0)),
        ("550 5.7.1234 too long", (0, 0, 0)),
        ("550 5..1 empty", (0, 0, 0)),
        ("550 5.+7.1 signs", (0, 0, 0)),
        ("550 10.0.0.1 is on a list", (0, 0, 0)),
        ("250 3.1.1 no class", (0, 0, 0)),
    ] {
        assert_eq!(reply(&format!("{line}\r\n")).status, status, "{line}");
    }
}

#[test]
fn what_is_no_reply_is_told_from_one() {
    for odd in [
        "hello\r\n",
        "\r\n",
        "25\r\n",
        "2500 x\r\n",
        "250_x\r\n",
        "150 x\r\n",
        "650 x\r\n",
        "2a0 x\r\n",
        "+OK POP3\r\n",
        "* OK IMAP4rev1\r\n",
        "HTTP/1.1 400 Bad Request\r\n",
        " 250 x\r\n",
        "250-x\r\n550 another\r\n",
    ] {
        assert_eq!(read(odd.as_bytes()), Err(Odd::Unreadable), "{odd:?}");
    }
    assert_eq!(read(b"250-more to come\r\n"), Ok(None));
}

#[test]
fn nothing_grows_beyond_its_cap() {
    assert_eq!(read(&[b'2'; 1001]), Err(Odd::Octets(1000)));
    let lines = "250-x\r\n".repeat(LINES + 1);
    assert_eq!(Reader::new(10_000).push(&mut lines.as_bytes()), Err(Odd::Lines(LINES)));
    let long = reply(&format!("250 {}\r\n", "x".repeat(900)));
    assert!(long.shown.len() < SHOWN + 8);
    let odd = reply("550 bad\u{7}\u{1b}[31mwords \u{fffd}\r\n");
    assert!(!odd.shown.contains(char::is_control), "{:?}", odd.shown);
}

proptest! {
    #[test]
    fn nothing_panics_and_what_is_shown_is_fit_to_be_shown(bytes: Vec<u8>) {
        let mut input = bytes.as_slice();
        if let Ok(Some(reply)) = Reader::new(100).push(&mut input) {
            prop_assert!((200..600).contains(&reply.code) && !reply.lines.is_empty());
            prop_assert!(!reply.shown.contains(char::is_control));
        }
    }

    #[test]
    fn replies_come_out_the_same_however_they_are_cut(
        lines in prop::collection::vec("[ -~]{0,20}", 1..6),
        at in 0_usize..200,
    ) {
        let (last, first) = lines.split_last().unwrap();
        let first: String = first.iter().map(|line| format!("451-{line}\r\n")).collect();
        let all = format!("{first}451 {last}\r\n");
        let (one, two) = all.as_bytes().split_at(at.min(all.len()));
        let whole = read(all.as_bytes());
        let mut reader = Reader::new(1000);
        let mut cut = reader.push(&mut &one[..]);
        if cut == Ok(None) {
            cut = reader.push(&mut &two[..]);
        }
        prop_assert_eq!(&cut, &whole);
        prop_assert_eq!(cut.unwrap().unwrap().lines, lines);
    }
}

//! What is written is read back as it was meant, and nothing that is put in gets out of its place.

use outlink_model::Timestamp;
use outlink_model::tracker::TransferEncoding;
use proptest::prelude::*;

use super::*;
use crate::message::{Parsed, decode_part, one_line, parse};

fn mail() -> Mail<'static> {
    Mail {
        from_name: "Support",
        from: "support@example.org",
        to: "ann@example.net",
        subject: "Re: It does not print",
        date: "2026-11-22T09:30:00Z".parse().unwrap(),
        mail_id: "outlink.1.2@example.org",
        in_reply_to: Some("abc@mail.example.net"),
        fingerprint: "x1_-y2",
        auto_submitted: "auto-replied",
        text: "Hello Ann,\n\nwe have it.",
        attached: None,
    }
}

fn read(mail: &Mail<'_>) -> (Vec<u8>, Parsed) {
    let raw = compose(mail).unwrap();
    assert_well_formed(&raw);
    let parsed = parse(&raw).unwrap();
    (raw, parsed)
}

/// Lines end in CR LF and nothing else, and none is too long (RFC 5322 §2.1.1, §2.3).
#[track_caller]
fn assert_well_formed(raw: &[u8]) {
    let text = raw.strip_suffix(b"\r\n").expect("it ends with a line");
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        assert!(line.len() <= LINE, "{}", line.len());
        assert!(!line.contains(&b'\r') && !line.contains(&0));
    }
    let ends = text.iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!(text.windows(2).filter(|pair| pair == b"\r\n").count(), ends);
}

#[test]
fn a_notice_is_read_back_as_it_was_written() {
    let (raw, parsed) = read(&mail());
    assert!(raw.is_ascii());
    assert_eq!(parsed.subject, "Re: It does not print");
    assert_eq!(parsed.text, "Hello Ann,\n\nwe have it.");
    let from = parsed.from.unwrap();
    assert_eq!((&*from.name, &*from.address), ("Support", "support@example.org"));
    assert_eq!(parsed.to[0].address, "ann@example.net");
    assert_eq!(parsed.message_id.as_deref(), Some("outlink.1.2@example.org"));
    assert_eq!(parsed.in_reply_to, ["abc@mail.example.net"]);
    assert_eq!(parsed.references, ["abc@mail.example.net"]);
    assert_eq!(parsed.fingerprint.as_deref(), Some("x1_-y2"));
    assert_eq!(parsed.date, Some(mail().date));
    assert!(parsed.machine.is_some() && parsed.attachments.is_empty());
    assert_eq!(raw, compose(&mail()).unwrap(), "it is written the same way every time");
}

#[test]
fn a_mail_goes_along_octet_for_octet() {
    let plain = "From: a@example.net\r\nSubject: x\r\n\r\n.dots\r\n--=_outlink.1.2_0\r\nend";
    let long = format!("From: a@example.net\r\n\r\n{}\r\n", "x".repeat(999));
    let sent_before = compose(&Mail { attached: Some(plain.as_bytes()), ..mail() }).unwrap();
    for (raw, media_type, encoding) in [
        (plain.as_bytes(), "message/rfc822", TransferEncoding::Identity),
        ("Subject: ü\r\n\r\nä\r\n".as_bytes(), "message/rfc822", TransferEncoding::Identity),
        (&sent_before, "message/rfc822", TransferEncoding::Identity),
        (b"", "message/rfc822", TransferEncoding::Identity),
        (b"Subject: x\n\nlone ends\n", "application/octet-stream", TransferEncoding::Base64),
        (
            b"Subject: x\r\n\r\nlone\rreturn\r\n",
            "application/octet-stream",
            TransferEncoding::Base64,
        ),
        (b"Subject: x\r\n\r\n\0\xff\r", "application/octet-stream", TransferEncoding::Base64),
        (long.as_bytes(), "application/octet-stream", TransferEncoding::Base64),
    ] {
        let (written, parsed) = read(&Mail { attached: Some(raw), ..mail() });
        assert_eq!(parsed.text, "Hello Ann,\n\nwe have it.");
        assert_eq!(parsed.attachments.len(), 1);
        let part = &parsed.attachments[0];
        assert_eq!((&*part.name, &*part.media_type), (FILE, media_type));
        assert_eq!(part.range.encoding, encoding);
        assert_eq!(decode_part(&written, part.range), raw);
        let text = String::from_utf8_lossy(&written);
        let head = text.split("\r\n\r\n").next().unwrap();
        let is_eight_bit = head.contains("\r\nContent-Transfer-Encoding: 8bit");
        assert_eq!(is_eight_bit, !written.is_ascii(), "{head}");
    }
}

#[test]
fn what_a_stranger_wrote_is_searched_once_for_the_boundary() {
    let mut lines = String::new();
    for number in 0.. {
        lines.push_str(&format!("--=_outlink_{number}\r\n--=__{number}\r\n"));
        if lines.len() > 1 << 20 {
            break;
        }
    }
    // Each further search raises the number at the end.
    for mail_id in ["olk.1.2.c2lnbmVk@example.org", "outlink.1.2@example.org", "1@b"] {
        let boundary = boundary(mail_id, &lines, lines.as_bytes());
        assert!(boundary.ends_with("_0") && boundary.len() <= 70, "{boundary}");
    }
    let long = boundary(&format!("{}@example.org", "x".repeat(900)), "", b"");
    assert_eq!(long.len(), "=__0".len() + KEY);
    let written = compose(&Mail { attached: Some(lines.as_bytes()), ..mail() }).unwrap();
    assert!(written.ends_with(b"\r\n--=_outlink.1.2_0--\r\n"), "the second search found it free");
}

#[test]
fn what_a_mail_cannot_carry_is_refused_in_words() {
    for (mail, word) in [
        (Mail { from: "support", ..mail() }, "sender"),
        (Mail { from: "a@example.org\r\nBcc: x@example.org", ..mail() }, "sender"),
        (Mail { to: "", ..mail() }, "recipient"),
        (Mail { to: "a@example.org>, <b@example.org", ..mail() }, "recipient"),
        (Mail { mail_id: "", ..mail() }, "Message-ID"),
        (Mail { mail_id: "a>\r\nBcc: x@example.org", ..mail() }, "Message-ID"),
        (Mail { fingerprint: "a b", ..mail() }, "fingerprint"),
        (Mail { fingerprint: "", ..mail() }, "fingerprint"),
        (Mail { fingerprint: "a\r\nBcc: x@example.org", ..mail() }, "fingerprint"),
        (Mail { auto_submitted: "no\r\nBcc: x@example.org", ..mail() }, "auto-replied"),
    ] {
        let words = compose(&mail).unwrap_err();
        assert!(words.contains(word) && words.ends_with('.'), "{words}");
        assert!(!words.contains("Bcc"), "{words}");
    }
}

#[test]
fn what_a_stranger_made_up_is_left_out_or_written_so_that_it_harms_nobody() {
    let forged = Mail {
        in_reply_to: Some("a@b>\r\nBcc: x@example.org"),
        subject: "hi\r\nBcc: x@example.org\r\n\r\nBody",
        from_name: "\"Support\"\r\nBcc: x@example.org",
        text: "\r\n.\r\nBcc: x\r\n--=_outlink.1.2_0--\r\n",
        attached: Some(b"\r\n--=_outlink.1.2_1\r\n--=_outlink.1.2_0--\r\n\r\n"),
        ..mail()
    };
    let (raw, parsed) = read(&forged);
    let text = String::from_utf8(raw).unwrap();
    assert!(!text.split("\r\n\r\n").next().unwrap().contains("\nBcc:"), "{text}");
    assert!(parsed.in_reply_to.is_empty() && parsed.cc.is_empty());
    assert_eq!(parsed.subject, "hi Bcc: x@example.org Body");
    assert_eq!(parsed.from.unwrap().address, "support@example.org");
    assert_eq!(parsed.attachments.len(), 1);
}

#[test]
fn names_of_hosts_go_out_in_ascii_and_names_of_people_as_they_are() {
    let (_, parsed) = read(&Mail { to: "ann@bücher.example", ..mail() });
    assert_eq!(parsed.to[0].address, "ann@xn--bcher-kva.example");
    let (raw, _) = read(&Mail { to: "jörg@example.net", ..mail() });
    assert!(String::from_utf8(raw).unwrap().contains("\r\nTo: jörg@example.net\r\n"));
}

#[test]
fn subjects_of_every_kind_are_read_back() {
    let word = "x".repeat(70);
    let long = "very long ".repeat(30);
    for subject in [
        "",
        "plain",
        "a: b; c, <d> \"e\" (f)",
        "Grüße aus Köln 🙂",
        "=?utf-8?q?not_encoded?= really",
        "half =?utf-8?b?",
        "Добрый день, это очень длинная тема письма, которая не помещается в одну строку",
        &word,
        long.trim(),
        "日本語の件名がここにあります。とても長いので折り返す必要があります。日本語の件名",
    ] {
        let (_, parsed) = read(&Mail { subject, ..mail() });
        assert_eq!(parsed.subject, subject);
    }
}

fn bytes_of_mail() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "(Subject: [a-z]{0,9}\r\n)?([ -~]{0,30}\r\n){0,6}(--=_outlink\\.1\\.2_[0-3](--)?\r\n)?[ -~]{0,9}"
            .prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn whatever_is_written_is_read_back(
        subject in "\\PC{0,120}",
        // Quotes and backslashes around a name are not read as its own.
        name in "[^\\pC\"'\\\\]{0,40}",
        text in "([ -~äß€🙂]{0,120}\n){0,6}[ -~]{0,1200}",
        attached in prop::option::of(bytes_of_mail()),
    ) {
        let written = Mail {
            subject: &subject,
            from_name: &name,
            text: &text,
            attached: attached.as_deref(),
            ..mail()
        };
        let (raw, parsed) = read(&written);
        prop_assert_eq!(&parsed.subject, &one_line(&subject, 400));
        let from = parsed.from.unwrap();
        prop_assert_eq!(&from.address, "support@example.org");
        prop_assert_eq!(&from.name, &one_line(&name, 100));
        let lines = |text: &str| {
            text.trim_matches('\n').lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>()
        };
        prop_assert_eq!(lines(&parsed.text), lines(text.trim_end()));
        prop_assert_eq!(parsed.message_id.as_deref(), Some("outlink.1.2@example.org"));
        prop_assert_eq!(parsed.attachments.len(), usize::from(attached.is_some()));
        if let Some(attached) = attached {
            prop_assert_eq!(decode_part(&raw, parsed.attachments[0].range), attached);
        }
    }

    #[test]
    fn nothing_that_is_put_in_adds_a_field(
        subject in any::<String>(),
        name in any::<String>(),
        answered in any::<String>(),
        text in any::<String>(),
        to in "[a-z<>@\r\n ,\"]{0,12}@[a-z.\r\n<> ]{1,12}",
    ) {
        let written = Mail {
            subject: &subject,
            from_name: &name,
            in_reply_to: Some(&answered),
            text: &text,
            to: &to,
            ..mail()
        };
        if let Ok(raw) = compose(&written) {
            assert_well_formed(&raw);
            let head = String::from_utf8(raw).unwrap();
            let head = head.split("\r\n\r\n").next().unwrap();
            let fields = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
            let known = [
                "Date", "From", "To", "Subject", "Message-ID", "References", "In-Reply-To",
                "Auto-Submitted", "X-Auto-Response-Suppress", "X-Outlink-Fingerprint",
                "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
            ];
            let mut seen = Vec::new();
            for field in fields {
                let name = field.split(':').next().unwrap().to_owned();
                prop_assert!(known.contains(&name.as_str()) && !seen.contains(&name), "{}", field);
                seen.push(name);
            }
        }
    }
}

#[test]
fn every_point_in_time_can_be_written() {
    for date in [Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH] {
        read(&Mail { date, ..mail() });
    }
}

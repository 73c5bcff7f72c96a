//! Mails as people and machines send them, and what we read in them.

use std::path::Path;

use outlink_mail::message::{Parsed, ParsedJson, Unparsable, decode_part, parse};
use proptest::prelude::*;
use serde_json::json;

fn raw(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail");
    std::fs::read(folder.join(name).with_extension("eml")).unwrap()
}

fn read(name: &str) -> Parsed {
    parse(&raw(name)).unwrap()
}

#[test]
fn what_is_new_is_told_from_what_is_old() {
    for (name, reply) in [
        ("plain", "Hello,\n\nthe printer on the second floor is out of ink.\n\nKind regards\nAnn"),
        (
            "html_only",
            "Please see the invoice <https://example.org/invoices/7>.\n\n- It is late\n- It is wrong\n\nPay, schön!",
        ),
        ("gmail_reply", "It works again, thank you!"),
        ("gmail_html_reply", "Ja, danke!"),
        ("outlook_reply", "Yes, it is fixed.\n\nAnn"),
        ("outlook_plain_reply", "Yes, it is fixed.\n\nAnn"),
        (
            "interleaved",
            "Hi,\n\nOn Mon, 4 Mar 2024, Support Desk wrote:\n> Which printer is it?\n\nThe one on the second floor.\n\n\
             > Since when?\n>\n> And who saw it first?\n\nSince Monday. Bob did.",
        ),
        ("bottom_post", "The one on the second floor."),
        ("only_quotes", "> Which printer is it?\n> Since when?"),
        (
            "german_reply",
            "Der Drucker läuft wieder, und zwar seit heute früh um acht Uhr, als Bob die Tinte gewechselt hat.",
        ),
        ("french_reply", "Oui, merci beaucoup."),
        ("japanese_reply", "動きました。"),
        ("out_of_office", "I am on holiday until Monday."),
        ("bounce", "Your message could not be delivered."),
        ("mailing_list", "Does it print for you?"),
        ("broken_charset", "Un café, s'il vous plaît."),
        ("nested_mail", "See the attached mail."),
        ("attachments", "Two files.\n\nAnd a footer."),
        ("inline_image", "Look: [the screen]"),
        ("no_end", "The end is"),
        ("signed", "Trust me."),
    ] {
        assert_eq!(read(name).reply, reply, "{name}");
    }
}

#[test]
fn forwards_keep_their_text() {
    for name in ["forward", "outlook_forward"] {
        let mail = read(name);
        assert_eq!((mail.reply, mail.quoted.as_str()), (mail.text, ""), "{name}");
    }
}

#[test]
fn nothing_of_the_text_is_lost() {
    for name in
        ["gmail_reply", "gmail_html_reply", "outlook_reply", "interleaved", "french_reply", "plain"]
    {
        let mail = read(name);
        let mut words: Vec<&str> =
            mail.reply.split_whitespace().chain(mail.quoted.split_whitespace()).collect();
        let mut all: Vec<&str> = mail.text.split_whitespace().collect();
        words.sort_unstable();
        all.sort_unstable();
        assert_eq!(words, all, "{name}");
        assert!(!mail.quoted.is_empty(), "{name}");
    }
}

#[test]
fn headers_are_read() {
    let mail = read("gmail_reply");
    assert_eq!(mail.message_id.as_deref(), Some("m1@example.org"));
    assert_eq!(mail.in_reply_to, ["n1@example.org"]);
    assert_eq!(mail.references, ["n0@example.org", "n1@example.org"]);
    assert_eq!(mail.date.unwrap().to_string(), "2024-03-05T08:30:00Z");
    assert_eq!(mail.keys, ["SUP-12"]);
    for (name, from, subject) in [
        ("plain", "Ann Example|ann@example.org", "The printer is out of ink"),
        ("japanese_reply", "山田|yamada@example.org", "Re: プリンター"),
        ("broken_charset", "|ann@example.org", "café"),
        ("eight_bit_subject", "Jörg|joerg@example.org", "Größe prüfen SUP-7"),
        (
            "bounce",
            "Mail Delivery System|MAILER-DAEMON@mx.example.org",
            "Undelivered Mail Returned to Sender",
        ),
    ] {
        let mail = read(name);
        let author = mail.from.map(|from| format!("{}|{}", from.name, from.address));
        assert_eq!((author.as_deref(), mail.subject.as_str()), (Some(from), subject), "{name}");
    }
}

/// Name, media type, size, whether it is inline, and the decoded content where that is text.
type Expected = (&'static str, &'static str, u64, bool, &'static str);

#[test]
fn attachments_are_listed_and_decoded() {
    let table: &[(&str, &[Expected])] = &[
        (
            "attachments",
            &[
                ("Übersicht €.pdf", "application/pdf", 24, false, "%PDF-1.4\n% not really\n"),
                ("notes.txt", "text/plain", 6, false, "café!"),
                ("invite.ics", "text/calendar", 30, false, "BEGIN:VCALENDAR\r\nEND:VCALENDAR"),
            ],
        ),
        ("inline_image", &[("screen.png", "image/png", 8, true, "")]),
        ("signed", &[]),
        ("plain", &[]),
        ("gmail_reply", &[]),
        ("no_end", &[]),
    ];
    for (name, parts) in table {
        let raw = raw(name);
        let mail = parse(&raw).unwrap();
        assert_eq!(mail.attachments.len(), parts.len(), "{name}: {:?}", mail.attachments);
        for (part, (file, media_type, size, inline, content)) in mail.attachments.iter().zip(*parts)
        {
            let decoded = decode_part(&raw, part.range);
            assert_eq!(decoded.len() as u64, part.size, "{name}");
            assert_eq!(
                (part.name.as_str(), part.media_type.as_str(), part.inline),
                (*file, *media_type, *inline)
            );
            assert!(
                content.is_empty() || decoded == content.as_bytes(),
                "{file}: {:?}",
                String::from_utf8_lossy(&decoded)
            );
            assert!(!content.is_empty() || part.size == *size, "{file}: {}", part.size);
        }
    }
}

#[test]
fn attached_mails_are_attachments() {
    let raw = raw("nested_mail");
    let mail = parse(&raw).unwrap();
    let names: Vec<&str> = mail.attachments.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["Über a_b.eml"]);
    let inner = parse(&decode_part(&raw, mail.attachments[0].range)).unwrap();
    assert_eq!((inner.subject.as_str(), inner.text.as_str()), ("Über a/b", "Not to be shown."));

    let names: Vec<String> = read("bounce").attachments.into_iter().map(|part| part.name).collect();
    assert_eq!(names, ["delivery-status.txt", "SUP-12_13_ printer.eml"]);
}

#[test]
fn machines_are_told_from_people() {
    for (name, machine) in [
        ("out_of_office", Some("reply: it says Auto-Submitted: auto-replied")),
        ("bounce", Some("report: it is a delivery report")),
        ("mailing_list", Some("list: it came through the mailing list team.example.org")),
        ("plain", None),
    ] {
        let read = read(name).machine.map(|machine| format!("{}: {}", machine.kind, machine.why));
        assert_eq!(read.as_deref(), machine, "{name}");
    }
}

#[test]
fn json_has_the_public_names() {
    let mail = read("inline_image");
    assert_eq!(
        serde_json::to_value(ParsedJson::from(&mail)).unwrap(),
        json!({
            "message_id": "m1@example.org",
            "in_reply_to": [],
            "references": [],
            "from": {"name": "Ann Example", "address": "ann@example.org"},
            "to": [{"name": "Support", "address": "support@example.org"}],
            "cc": [],
            "reply_to": [],
            "recipients": ["support@example.org"],
            "subject": "Screenshot",
            "date": "2024-03-05T08:30:00Z",
            "text": "Look: [the screen]",
            "reply": "Look: [the screen]",
            "quoted": "",
            "attachments": [{"name": "screen.png", "type": "image/png", "size": 8, "inline": true, "decoration": false}],
            "automatic": null,
            "machine": null,
            "fingerprint": null,
            "list_id": null,
            "priority": null,
            "authentication": [],
            "report": null,
            "keys": [],
        })
    );
}

#[test]
fn what_is_no_mail_is_unparsable() {
    assert_eq!(parse(b""), Err(Unparsable::Empty));
    for no_mail in [&b"\0"[..], b"It is just words,\nno header.", b"X-Spam: no\n\nFrom: nobody\n"] {
        assert_eq!(parse(no_mail), Err(Unparsable::NoHeader));
    }
    let little = parse(b"Subject: only this\n\nHello").unwrap();
    assert_eq!((little.from, little.date, little.message_id), (None, None, None));
}

/// What hostile mail is made of.
const PIECES: &[&str] = &[
    "\r\n",
    "\n",
    "\n\n",
    " ",
    "--b",
    "--b--",
    "--b\n",
    "Subject: ",
    "From: ",
    "To: a@b, ",
    "Date: ",
    "References: <a@b>",
    "\"",
    "<",
    ">",
    "(",
    ")",
    "\\",
    ";",
    "Content-Type: multipart/mixed; boundary=b\n",
    "Content-Type: multipart/alternative; boundary=b\n\n--b\n",
    "Content-Type: text/html\n\n",
    "Content-Type: message/rfc822\n\n",
    "Content-Type: text/plain; format=flowed; charset=",
    "Content-Transfer-Encoding: base64\n",
    "Content-Transfer-Encoding: quoted-printable\n",
    "Content-Disposition: attachment; filename*0*=utf-8''%C3",
    "=?utf-8?Q?=C3=A9?=",
    "=?x?b?",
    "=",
    "=3D",
    "utf-7",
    "iso-2022-jp\n",
    "<blockquote>",
    "</blockquote>",
    "<div class=gmail_quote>",
    "<div class=gmail_attr>",
    "</div>",
    "<div id=divRplyFwdMsg>",
    "<a href=http://x>",
    "</a>",
    "<pre>",
    "</pre>",
    "<ol><li>",
    "</li>",
    "<!--",
    "-->",
    "<script>",
    "&amp;",
    "&#x110000;",
    "<img alt=é>",
    "<br>",
    "<p hidden>",
    "<td>",
    "On 2024-01-01 10:00 b@x wrote:\n",
    "> quote\n",
    ">",
    "-- \n",
    "____________\n",
    "From: x\nSent: y\nTo: z\n",
    "SUP-1",
    "é",
    "日本",
    "\0",
    "\u{202e}",
    "text ",
];

proptest! {
    #[test]
    fn no_octets_make_it_panic(raw: Vec<u8>) {
        check(&raw)?;
    }

    #[test]
    fn no_pieces_of_mail_make_it_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        check(pieces.concat().as_bytes())?;
    }
}

fn check(raw: &[u8]) -> Result<(), TestCaseError> {
    let Ok(mail) = parse(raw) else { return Ok(()) };
    for part in &mail.attachments {
        prop_assert_eq!(decode_part(raw, part.range).len() as u64, part.size);
        prop_assert!(!part.name.is_empty() && !part.name.contains(['/', '\\', '\n', '\0']));
    }
    let plain = |text: &str| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t'));
    prop_assert!(
        plain(&mail.text) && plain(&mail.reply) && plain(&mail.quoted) && plain(&mail.subject)
    );
    prop_assert_eq!(mail.text.is_empty(), mail.reply.is_empty());
    Ok(())
}

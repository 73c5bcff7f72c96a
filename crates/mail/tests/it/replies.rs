//! Replies as mail programs write them, in many languages, and what is new in them.

use outlink_mail::message::{Parsed, parse};
use proptest::prelude::*;

fn read(media_type: &str, subject: &str, body: &str) -> Parsed {
    let mail = format!(
        "From: Ann <ann@example.org>\nSubject: {subject}\nContent-Type: {media_type}; charset=utf-8\n\n{body}"
    );
    parse(mail.as_bytes()).unwrap()
}

/// The reply in each of these texts is its first line, and nothing else.
const TEXTS: &[(&str, &str)] = &[
    (
        "Gmail, English",
        "New.\n\nOn Mon, Jan 1, 2024 at 10:00\u{202f}AM Bob <bob@example.org> wrote:\n\n> Old.",
    ),
    (
        "Gmail, wrapped",
        "New.\n\nOn Mon, Jan 1, 2024 at 10:00 AM Bob Example from a Long Department Name <\nbob@example.org> wrote:\n\n> Old.",
    ),
    (
        "Gmail on a phone, unmarked",
        "New.\n\nOn Mon, 1 Jan 2024, 10:00 Bob, <bob@example.org> wrote:\n\nOld.",
    ),
    ("Apple Mail", "New.\n\n> On 1 Jan 2024, at 10:00, Bob <bob@example.org> wrote:\n> \n> Old."),
    (
        "iPhone",
        "New.\n\nSent from my iPhone\n\n> On 1 Jan 2024, at 10:00, Bob <bob@example.org> wrote:\n> \n> \u{feff}Old.",
    ),
    ("Thunderbird", "New.\n\nOn 01/01/2024 10:00, Bob wrote:\n> Old.\n\n-- \nAnn"),
    (
        "Yahoo",
        "New.\n\n    On Monday, January 1, 2024 at 10:00:00 AM GMT+1, Bob <bob@example.org> wrote:  \n \n Old.",
    ),
    (
        "Outlook",
        "New.\n\nFrom: Bob <bob@example.org>\nSent: Monday, 1 January 2024 10:00\nTo: Ann <ann@example.org>\nSubject: Printer\n\nOld.",
    ),
    (
        "Outlook on the web",
        "New.\n________________________________\nFrom: Bob <bob@example.org>\nSent: Monday, January 1, 2024 10:00 AM\nTo: Ann <ann@example.org>\nSubject: Printer\n\nOld.",
    ),
    (
        "Outlook on a phone",
        "New.\n\nGet Outlook for iOS<https://example.org/o>\n________________________________\nFrom: Bob <bob@example.org>\nSent: Monday, January 1, 2024 10:00:00 AM\nTo: Ann <ann@example.org>\nSubject: Printer\n\nOld.",
    ),
    (
        "old Outlook",
        "New.\n\n-----Original Message-----\nFrom: Bob\nSent: Monday\nTo: Ann\nSubject: Printer\n\nOld.",
    ),
    (
        "Samsung",
        "New.\n\nSent from my Galaxy\n\n-------- Original message --------\nFrom: Bob <bob@example.org>\nDate: 1/1/24 10:00 (GMT+01:00)\nTo: ann@example.org\nSubject: Printer\n\nOld.",
    ),
    (
        "Proton",
        "New.\n\nSent with Proton Mail secure email.\n\nOn Monday, January 1st, 2024 at 10:00 AM, Bob <bob@example.org> wrote:\n\n> Old.",
    ),
    (
        "Lotus Notes",
        "New.\n\n\nFrom:\tBob/ACME\nTo:\tAnn/ACME@ACME\nDate:\t01.01.2024 10:00\nSubject:\tPrinter\n\nOld.",
    ),
    ("a ticket system", "New.\n\n##- Please type your reply above this line -##\n\nOld."),
    (
        "a gateway",
        "New.\n\nYou don't often get email from x.\n\nDisclaimer\n\nThis is confidential.",
    ),
    (
        "German, Gmail",
        "Neu.\n\nAm Mo., 1. Jan. 2024 um 10:00 Uhr schrieb Bob <bob@example.org>:\n\n> Alt.",
    ),
    (
        "German, Outlook",
        "Neu.\n\nVon: Bob <bob@example.org>\nGesendet: Montag, 1. Januar 2024 10:00\nAn: Ann\nBetreff: Drucker\n\nAlt.",
    ),
    (
        "German, GMX",
        "Neu.\n\nGesendet: Montag, 1. Januar 2024 um 10:00 Uhr\nVon: \"Bob\" <bob@example.org>\nAn: ann@example.org\nBetreff: Drucker\n\nAlt.",
    ),
    (
        "German, phone",
        "Neu.\n\nVon meinem iPhone gesendet\n\n> Am 01.01.2024 um 10:00 schrieb Bob <bob@example.org>:\n> \n> Alt.",
    ),
    (
        "French, Outlook",
        "Nouveau.\n\nDe : Bob <bob@example.org>\nEnvoyé : lundi 1 janvier 2024 10:00\nÀ : Ann\nObjet : Imprimante\n\nVieux.",
    ),
    (
        "French, Yahoo",
        "Nouveau.\n\nLe lundi 1 janvier 2024 à 10:00:00 UTC+1, Bob <bob@example.org> a écrit :\n\nVieux.",
    ),
    (
        "Spanish",
        "Nuevo.\n\nEl lun, 1 ene 2024 a las 10:00, Bob (<bob@example.org>) escribió:\n\n> Viejo.",
    ),
    (
        "Spanish, Outlook",
        "Nuevo.\n\nDe: Bob\nEnviado el: lunes, 1 de enero de 2024 10:00\nPara: Ann\nAsunto: Impresora\n\nViejo.",
    ),
    (
        "Italian",
        "Nuovo.\n\nInviato da iPhone\n\n> Il giorno 1 gen 2024, alle ore 10:00, Bob <bob@example.org> ha scritto:\n> \n> Vecchio.",
    ),
    (
        "Portuguese",
        "Novo.\n\nEm seg., 1 de jan. de 2024 às 10:00, Bob <bob@example.org> escreveu:\n\n> Velho.",
    ),
    (
        "Portuguese, Outlook",
        "Novo.\n\nDe: Bob\nEnviada em: segunda-feira, 1 de janeiro de 2024 10:00\nPara: Ann\nAssunto: Impressora\n\nVelho.",
    ),
    ("Dutch", "Nieuw.\n\nOp ma 1 jan. 2024 om 10:00 schreef Bob <bob@example.org>:\n\n> Oud."),
    ("Swedish", "Nytt.\n\nDen mån 1 jan. 2024 kl 10:00 skrev Bob <bob@example.org>:\n\n> Gammalt."),
    (
        "Danish",
        "Nyt.\n\nFra: Bob\nSendt: 1. januar 2024 10:00\nTil: Ann\nEmne: Printer\n\nGammelt.",
    ),
    (
        "Norwegian",
        "Nytt.\n\nman. 1. jan. 2024 kl. 10:00 skrev Bob <bob@example.org>:\n\n> Gammelt.",
    ),
    (
        "Finnish",
        "Uusi.\n\nma 1. tammik. 2024 klo 10.00 Bob (bob@example.org) kirjoitti:\n\n> Vanha.",
    ),
    ("Polish", "Nowe.\n\npon., 1 sty 2024 o 10:00 Bob <bob@example.org> napisał(a):\n\n> Stare."),
    (
        "Polish, Apple",
        "Nowe.\n\n> Wiadomość napisana przez Bob <bob@example.org> w dniu 1 sty 2024, o godz. 10:00:\n> \n> Stare.",
    ),
    (
        "Czech",
        "Nové.\n\npo 1. 1. 2024 v 10:00 odesílatel Bob <bob@example.org> napsal:\n\n> Staré.",
    ),
    (
        "Hungarian",
        "Új.\n\nBob <bob@example.org> ezt írta (időpont: 2024. jan. 1., H, 10:00):\n\n> Régi.",
    ),
    (
        "Romanian",
        "Nou.\n\nÎn lun., 1 ian. 2024 la 10:00, Bob <bob@example.org> a scris:\n\n> Vechi.",
    ),
    (
        "Greek",
        "Νέο.\n\nΣτις Δευ 1 Ιαν 2024 στις 10:00 π.μ., ο χρήστης Bob <bob@example.org> έγραψε:\n\n> Παλιό.",
    ),
    ("Russian", "Новое.\n\nпн, 1 янв. 2024 г. в 10:00, Bob <bob@example.org>:\n\n> Старое."),
    (
        "Russian, Outlook",
        "Новое.\n\nОт: Bob\nОтправлено: понедельник, 1 января 2024 г. 10:00\nКому: Ann\nТема: Принтер\n\nСтарое.",
    ),
    ("Ukrainian", "Нове.\n\nпн, 1 січ. 2024 р. о 10:00 Bob <bob@example.org> пише:\n\n> Старе."),
    (
        "Turkish",
        "Yeni.\n\nBob <bob@example.org>, 1 Oca 2024 Pzt, 10:00 tarihinde şunu yazdı:\n\n> Eski.",
    ),
    (
        "Arabic",
        "جديد.\n\nفي الاثنين، 1 يناير 2024 في 10:00 ص تمت كتابة ما يلي بواسطة Bob <bob@example.org>:\n\n> قديم.",
    ),
    (
        "Hebrew",
        "חדש.\n\n\u{202b}בתאריך יום ב׳, 1 בינו׳ 2024 ב-10:00 מאת \u{202a}Bob\u{202c} <\u{202a}bob@example.org\u{202c}>:\u{202c}\n\n> ישן.",
    ),
    (
        "Hindi",
        "नया।\n\nसोम, 1 जन॰ 2024 को 10:00 am बजे को Bob <bob@example.org> ने लिखा:\n\n> पुराना।",
    ),
    (
        "Indonesian",
        "Baru.\n\nPada Sen, 1 Jan 2024 pukul 10.00 Bob <bob@example.org> menulis:\n\n> Lama.",
    ),
    (
        "Vietnamese",
        "Mới.\n\nVào Th 2, 1 thg 1, 2024 vào lúc 10:00 Bob <bob@example.org> đã viết:\n\n> Cũ.",
    ),
    ("Thai", "ใหม่\n\nในวันที่ จ. 1 ม.ค. 2024 เวลา 10:00 น. Bob <bob@example.org> เขียนว่า:\n\n> เก่า"),
    ("Japanese", "新しい。\n\n2024年1月1日(月) 10:00 Bob <bob@example.org>:\n\n> 古い。"),
    (
        "Japanese, Outlook",
        "新しい。\n\n差出人: Bob\n送信日時: 2024年1月1日 10:00\n宛先: Ann\n件名: プリンター\n\n古い。",
    ),
    ("Chinese", "新的。\n\nBob <bob@example.org> 于2024年1月1日周一 10:00写道：\n\n> 旧的。"),
    (
        "Chinese, QQ",
        "新的。\n\n------------------ 原始邮件 ------------------\n发件人: \"Bob\" <bob@example.org>;\n发送时间: 2024年1月1日(星期一) 上午10:00\n收件人: \"Ann\"<ann@example.org>;\n主题: 打印机\n\n旧的。",
    ),
    (
        "Chinese, traditional",
        "新的。\n\nBob <bob@example.org> 於 2024年1月1日 週一 上午10:00寫道：\n\n> 舊的。",
    ),
    (
        "Korean",
        "새것.\n\n2024년 1월 1일 (월) 오전 10:00, Bob <bob@example.org>님이 작성:\n\n> 옛것.",
    ),
    (
        "Korean, Outlook",
        "새것.\n\n보낸 사람: Bob\n보낸 날짜: 2024년 1월 1일 월요일 10:00\n받는 사람: Ann\n제목: 프린터\n\n옛것.",
    ),
];

#[test]
fn history_of_every_client_and_language_is_split_off() {
    for (name, text) in TEXTS {
        let mail = read("text/plain", "Re: Printer", text);
        let (new, _) = text.split_once('\n').unwrap();
        let expected =
            if *name == "a gateway" { "New.\n\nYou don't often get email from x." } else { new };
        assert_eq!(mail.reply, expected, "{name}");
        let mut words: Vec<&str> =
            mail.reply.split_whitespace().chain(mail.quoted.split_whitespace()).collect();
        let mut all: Vec<&str> = mail.text.split_whitespace().collect();
        words.sort_unstable();
        all.sort_unstable();
        assert_eq!(words, all, "{name}: something was lost");
    }
}

/// What somebody wrote, and might be taken for something else.
const KEPT: &[&str] = &[
    "Hi,\n\nthanks!\n\nKind regards,\nAnn Example",
    "Hallo,\n\ndanke!\n\nMit freundlichen Grüßen\nAnn",
    "At 10:30 on 2024-01-02 the server wrote:\n\nfatal: disk full\n\nCan you look?",
    "On 2024-01-02 our printer wrote:\n\nE17\n\nWhat is that?",
    "These are the steps:\n\n1. one\n2. two",
    "From: the cellar\nTo: the roof\nit is all wet",
    "I need a ticket.\n\nFrom: Berlin\nTo: Paris\nDate: 3 May\n\nFor two.",
    "On 3 May I asked bob@example.org, and he wrote:\n\nNo.\n\nWhat now?",
    "The first part.\n____________________\n\nThe second part is longer. It has sentences.",
    "Subject: nothing\nIt is broken.",
    "Please call:\n\n+49 30 1234",
    "- one\n- two",
    "Date: Monday\nTime: noon\nPlace: here",
    "I got this from my iPhone",
    "Original Message\nis what the button says",
    "In 2024 Bob wrote: nothing",
    "a\n\n---\n\nb",
    "a\n--- a/x.rs\n+++ b/x.rs\n@@ -1 +1 @@\n-old\n+new",
    "Subject: x\nFrom: the start",
];

#[test]
fn what_somebody_wrote_is_kept() {
    for text in KEPT {
        let mail = read("text/plain", "Printer", text);
        assert_eq!((mail.reply.as_str(), mail.quoted.as_str()), (*text, ""), "{text}");
    }
}

/// HTML as mail programs write it; the reply in each is "New."
const PAGES: &[(&str, &str)] = &[
    (
        "Gmail",
        "<div dir=ltr>New.</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=ltr class=gmail_attr>On Mon Bob wrote:<br></div><blockquote class=gmail_quote style=\"margin:0 0 0 .8ex\">Old.</blockquote></div>",
    ),
    (
        "Gmail with a signature",
        "<div dir=ltr>New.<br clear=all><div><br></div><span class=gmail_signature_prefix>-- </span><br><div dir=ltr class=gmail_signature data-smartmail=gmail_signature>Ann<br>ACME</div></div><br><div class=gmail_quote><div class=gmail_attr>On Mon Bob wrote:</div><blockquote class=gmail_quote>Old.</blockquote></div>",
    ),
    (
        "Outlook",
        "<div class=WordSection1><p class=MsoNormal>New.<o:p></o:p></p><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>Von:</b> Bob<br><b>Gesendet:</b> Montag<br><b>An:</b> Ann<br><b>Betreff:</b> x</p></div><p class=MsoNormal>Old.</p></div>",
    ),
    (
        "Outlook with a space in its style",
        "<p>New.</p><div style=\"border: none; border-top: solid #B5C4DF 1.0pt\"><p><b>De&nbsp;:</b> Bob</p></div><p>Old.</p>",
    ),
    (
        "Outlook on the web",
        "<div class=elementToProof>New.</div><div id=Signature><div>Ann</div></div><div id=appendonsend></div><hr style=\"display:inline-block;width:98%\" tabindex=-1><div id=divRplyFwdMsg dir=ltr><b>From:</b> Bob</div><div>Old.</div>",
    ),
    (
        "Outlook on a phone",
        "<div dir=ltr>New.</div><div id=ms-outlook-mobile-signature>Get <a href=https://example.org/o>Outlook for iOS</a></div><hr><div id=divRplyFwdMsg><b>From:</b> Bob</div><div>Old.</div>",
    ),
    (
        "Apple Mail",
        "<div>New.</div><div><br><blockquote type=cite><div>On 1 Jan 2024, at 10:00, Bob &lt;bob@example.org&gt; wrote:</div><br class=Apple-interchange-newline><div>Old.</div></blockquote></div>",
    ),
    (
        "iPhone",
        "<div dir=ltr>New.<br><br><div dir=ltr>Sent from my iPhone</div><div dir=ltr><br><blockquote type=cite>On 1 Jan 2024, at 10:00, Bob wrote:<br><br></blockquote></div><blockquote type=cite><div dir=ltr>Old.</div></blockquote></div>",
    ),
    (
        "Thunderbird",
        "<p>New.</p><div class=moz-cite-prefix>On 01/01/2024 10:00, Bob wrote:<br></div><blockquote type=cite cite=mid:x><p>Old.</p></blockquote><pre class=moz-signature cols=72>-- \nAnn</pre>",
    ),
    (
        "Yahoo",
        "<div class=\"ydp1a2b3cyahoo-style-wrap\"><div>New.</div></div><div id=ydp99a yahoo_quoted class=\"ydp1a2b3cyahoo_quoted\"><div>On Monday Bob wrote:</div><div>Old.</div></div>",
    ),
    (
        "Proton",
        "<div>New.</div><div class=\"protonmail_signature_block\"><div>Sent with Proton Mail.</div></div><div class=protonmail_quote>On Monday Bob wrote:<br><blockquote type=cite>Old.</blockquote></div>",
    ),
    (
        "Samsung",
        "<div>New.</div><div id=composer_signature>Sent from my Galaxy</div><div>-------- Original message --------</div><div>From: Bob</div><div>Date: 1/1/24</div><div>To: Ann</div><div>Old.</div>",
    ),
    (
        "Zimbra",
        "<div>New.</div><hr id=zwchr data-marker=__DIVIDER__><div><b>From: </b>Bob<br><b>To: </b>Ann</div><div>Old.</div>",
    ),
    (
        "GMX",
        "<div>New.</div><div name=quote style=\"border-left:2px solid #C3D9E5\"><div><b>Gesendet:</b> Montag<br><b>Von:</b> Bob</div><div>Old.</div></div>",
    ),
    (
        "Spark",
        "<div name=messageBodySection>New.</div><div name=messageSignatureSection>Ann</div><div name=messageReplySection>On 1 Jan 2024, 10:00, Bob wrote:<br><blockquote type=cite class=spark_quote>Old.</blockquote></div>",
    ),
    (
        "Roundcube",
        "<p>New.</p><p id=reply-intro>On 2024-01-01 10:00, Bob wrote:</p><blockquote type=cite>Old.</blockquote>",
    ),
    (
        "QQ",
        "<div>New.</div><div><br></div><div><includetail><div>------------------ 原始邮件 ------------------</div><div>发件人: Bob</div></includetail></div><div>Old.</div>",
    ),
    (
        "Yandex",
        "<div>New.</div><div>01.01.2024, 10:00, \"Bob\" &lt;bob@example.org&gt;:</div><blockquote><p>Old.</p></blockquote>",
    ),
];

#[test]
fn history_in_html_is_split_off() {
    for (name, html) in PAGES {
        assert_eq!(read("text/html", "Re: Printer", html).reply, "New.", "{name}");
    }
}

#[test]
fn forwards_in_html_keep_their_text() {
    for html in [
        "<div>See.</div><div class=gmail_quote><div class=gmail_attr>---------- Forwarded message ---------<br>From: Bob</div>Old.</div>",
        "<div>See.</div><div id=divRplyFwdMsg><b>From:</b> Bob</div><div>Old.</div>",
        "<div>See.</div><blockquote type=cite><div>Begin forwarded message:</div>Old.</blockquote>",
    ] {
        let mail = read("text/html", "Fwd: Printer", html);
        assert!(mail.reply.contains("See.") && mail.reply.contains("Old."), "{}", mail.reply);
    }
}

/// What mails are made of, and what looks like it.
const PIECES: &[&str] = &[
    "New.",
    "\n",
    "\n\n",
    "> ",
    ">> old\n",
    "On ",
    "On 2024-01-01 10:00, Bob <b@x> wrote:\n",
    "wrote:\n",
    "Am ",
    "schrieb ",
    "From: Bob\n",
    "Sent: Monday\n",
    "To: Ann\n",
    "Subject: x\n",
    "Date: 1\n",
    "-- \n",
    "--\n",
    "________\n",
    "-----",
    "——————————\n",
    "-----Original Message-----\n",
    "---------- Forwarded message ---------\n",
    "Sent from my iPhone",
    "Kind regards,\n",
    "CAUTION: This email originated from outside",
    "You don't often get email from",
    "Disclaimer\n",
    "mailing list",
    "İ",
    "٢٠٢٤",
    "年",
    "：",
    "\u{202e}",
    "\u{feff}",
    "é",
    "=\n",
    "<div>",
    "</div>",
    "<blockquote>",
    "</blockquote>",
    "<div class=gmail_quote>",
    "<div class=gmail_signature>",
    "<div id=divRplyFwdMsg>",
    "<hr id=zwchr>",
    "<img src=cid:a@b>",
    "<img src='cid:\u{e9}' width=1 hidden>",
    "<br>",
    "<pre>",
    "<td>",
    "<li>",
    "<a href='http://x'>",
    "</a>",
    "&amp",
    ";",
    "&#0;",
    "<div name=quote>",
    "<p id=reply-intro>",
    "<!--",
    "-->",
    "<style>",
    "<",
    ">",
];

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_lose_a_letter(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60),
        tail in ".{0,40}",
    ) {
        for (subject, media_type) in [("Re: x", "text/plain"), ("Fwd: x", "text/plain"), ("x", "text/html")] {
            let mail = read(media_type, subject, &format!("{}{tail}", pieces.concat()));
            // Letter by letter: dashes between a word and a quote go with the quote.
            let letters = |texts: &[&str]| {
                let mut letters: Vec<char> =
                    texts.iter().flat_map(|text| text.chars()).filter(|c| !c.is_whitespace()).collect();
                letters.sort_unstable();
                letters
            };
            prop_assert_eq!(letters(&[&mail.reply, &mail.quoted]), letters(&[&mail.text]));
            prop_assert_eq!(mail.text.is_empty(), mail.reply.is_empty());
        }
    }

    #[test]
    fn no_html_makes_it_panic(html in "(<[a-z/!]{0,4}|[a-z ='\"]{0,4}|>|&#?[a-z0-9]{0,3};?|\\PC){0,80}") {
        read("text/html", "Re: x", &html);
    }
}

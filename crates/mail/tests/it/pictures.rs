//! Which pictures are worth listing, and which only dress a mail up.

use outlink_mail::message::parse;

/// A mail in HTML with these pictures: for each its Content-ID and its octets in base64.
fn decorations(subject: &str, text: &str, html: &str, pictures: &[(&str, &str)]) -> Vec<bool> {
    let mut mail = format!(
        "From: Ann <ann@example.org>\nSubject: {subject}\nContent-Type: multipart/related; boundary=r\n\n\
         --r\nContent-Type: multipart/alternative; boundary=a\n\n\
         --a\nContent-Type: text/plain\n\n{text}\n--a\nContent-Type: text/html\n\n{html}\n--a--\n"
    );
    for (id, octets) in pictures {
        mail += &format!(
            "--r\nContent-Type: image/png; name=image001.png\nContent-ID: <{id}>\nContent-Disposition: inline\n\
             Content-Transfer-Encoding: base64\n\n{octets}\n"
        );
    }
    mail += "--r--\n";
    let attachments = parse(mail.as_bytes()).unwrap().attachments;
    assert_eq!(attachments.len(), pictures.len());
    attachments.iter().map(|part| part.decoration).collect()
}

/// The head of a PNG of 640 by 480 pixels, and of one of 1 by 1.
const SCREENSHOT: &str = "iVBORw0KGgoAAAANSUhEUgAAAoAAAAHg";
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB";
/// Of 16 by 16 pixels.
const ICON: &str = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQ";

const OUTLOOK: &str = "<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p><b>From:</b> Bob<br><b>Sent:</b> Monday<br><b>To:</b> Ann<br><b>Subject:</b> x</p></div>";

#[test]
fn pictures_of_history_and_of_signatures_are_decoration() {
    let one =
        |html: &str| decorations("Re: x", "New.", html, &[("image001.png@01DA.B", SCREENSHOT)])[0];
    let picture = "<p><img src=\"cid:image001.png@01DA.B\" width=600 height=400></p>";
    let logo =
        "<p><img src=\"cid:image001.png%4001DA.B\" width=\"200\" height=\"60\" alt=\"ACME\"></p>";
    for (html, decoration) in [
        (format!("<p>New.</p>{picture}"), false),
        (format!("<p>New.</p>{picture}{OUTLOOK}<p>Old.</p>"), false),
        (format!("{picture}{OUTLOOK}<p>Old.</p>"), false),
        (format!("<p>New.</p>{OUTLOOK}<p>Old.</p>{picture}"), true),
        (
            format!(
                "<p>New.</p><p>From: Bob</p><p>Sent: Monday</p><p>To: Ann</p><p>Subject: x</p>{picture}"
            ),
            true,
        ),
        (format!("<p>New.</p>{picture}{OUTLOOK}<p>Old.</p>{picture}"), false),
        (format!("<p>New.</p><blockquote type=cite>Old.{picture}</blockquote>"), true),
        (format!("{picture}<blockquote type=cite>Old.</blockquote>"), false),
        (format!("<p>New.</p><div class=gmail_signature>Ann{picture}</div>"), true),
        (format!("<p>New.</p><p>-- <br>Ann</p>{picture}"), true),
        (format!("<p>New.</p><p>Kind regards,<br>Ann</p>{logo}"), true),
        (
            format!("<p>New.</p><p>Mit freundlichen Grüßen<br>Ann</p>{logo}{OUTLOOK}<p>Old.</p>"),
            true,
        ),
        (format!("<p>New.</p><p>Kind regards,<br>Ann</p>{picture}"), false),
        (format!("<p>New.</p>{logo}<p>Kind regards,<br>Ann</p>"), false),
        (format!("<p>CAUTION: This email originated from outside.</p>{picture}<p>New.</p>"), false),
        ("<p>New.</p><img src=cid:image001.png@01DA.B width=24 height=24>".to_owned(), true),
        ("<p>New.</p><img src=cid:image001.png@01DA.B style='display:none'>".to_owned(), true),
        ("<p>New.</p><img src=https://example.org/x.png>".to_owned(), false),
    ] {
        assert_eq!(one(&html), decoration, "{html}");
    }
}

#[test]
fn pictures_of_a_forward_are_kept() {
    let html = format!("<p>See.</p>{OUTLOOK}<p>Old.</p><img src=cid:a>");
    assert_eq!(decorations("FW: x", "See.", &html, &[("a", SCREENSHOT)]), [false]);
    let html = "<blockquote type=cite>Old.<img src=cid:a></blockquote>";
    assert_eq!(decorations("Fwd: x", "See.", html, &[("a", SCREENSHOT)]), [false]);
}

#[test]
fn pixels_are_decoration_wherever_they_stand() {
    let html = "<p>New.<img src=cid:a><img src=cid:b></p>";
    let pictures = [("a", PIXEL), ("b", SCREENSHOT), ("c", PIXEL)];
    assert_eq!(decorations("Fwd: x", "New.", html, &pictures), [true, false, true]);
}

#[test]
fn an_icon_is_decoration_only_where_a_text_shows_it() {
    let pictures = [("a", ICON), ("b", ICON)];
    assert_eq!(
        decorations("Re: x", "New.", "<p>New.<img src=cid:a></p>", &pictures),
        [true, false]
    );
}

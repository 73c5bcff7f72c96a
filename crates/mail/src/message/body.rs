//! Which parts are the text, and which are attachments.

use std::collections::HashMap;

use outlink_model::tracker::{PartRange, TransferEncoding};

use super::encoding::{decode, decoded_len};
use super::header::Headers;
use super::html::{self, Mark};
use super::part::{file_name, made_up_name};
use super::structure::Entity;
use super::text::{self, MAX_TEXT};
use super::{Part, address, charset, pictures, reply};

/// Encoded octets of one text part that are decoded; enough for [`MAX_TEXT`] in base64 with its line ends.
const MAX_ENCODED: usize = MAX_TEXT / 2 * 3;
/// Encoded octets of HTML that are looked through for pictures.
const MAX_LOOKED_AT: usize = 4 * MAX_TEXT;
/// Octets of an attached mail that are decoded to learn its subject.
const MAX_HEADER: usize = 16 * 1024;
/// What stands at the end of a text that was too long.
const CUT: &str = "[The message is longer than this; the original has the rest.]";

/// The readable text, and what its HTML said about single lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) text: String,
    /// One for each line of `text`; empty where the text was not HTML.
    pub(super) marks: Vec<Mark>,
    /// The pictures in it that came with the mail.
    pub(super) pictures: Vec<Picture>,
}

/// A picture within a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Picture {
    /// The Content-ID of its part, without angle brackets.
    pub(super) id: String,
    /// The line that it stands on, or before which it stands.
    pub(super) line: usize,
    /// It stands between two lines.
    pub(super) between: bool,
    /// The markup says that it is part of a quote, of history or of a signature.
    pub(super) set_aside: bool,
    /// It is not meant to be seen.
    pub(super) hidden: bool,
    /// Width and height at which it is to be shown, in pixels.
    pub(super) size: (Option<u32>, Option<u32>),
}

/// What is gathered from the parts.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) bodies: Vec<Body>,
    pub(super) attachments: Vec<Part>,
    /// The Content-ID of each attachment, without angle brackets.
    ids: Vec<Option<String>>,
    /// For pictures within HTML: the Content-ID, and whether they stand apart from what is new.
    shown: Vec<(String, bool)>,
    /// Encoded octets of the HTML that was looked through for pictures.
    looked_at: usize,
}

/// How a part stands to those around it.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The same text stands in another part, which is shown.
    told_elsewhere: bool,
    /// It is used by an HTML part beside it.
    resource: bool,
    /// It is the signature of its sibling.
    signature: bool,
    /// The subject says that the mail is a forward.
    forward: bool,
    /// The mail brings pictures that an HTML part may show.
    pictured: bool,
}

/// Sorts the parts of a mail.
pub(super) fn gather(raw: &[u8], mail: &Entity<'_>) -> Gathered {
    let mut gathered = Gathered::default();
    let subject = mail.headers.get("Subject").map(|value| address::unstructured(&value));
    let forward = subject.is_some_and(|subject| reply::is_forward(&subject));
    let place = Place { forward, pictured: brings_pictures(mail), ..Place::default() };
    visit(raw, mail, place, &mut gathered);
    decorate(raw, &mut gathered);
    gathered
}

fn brings_pictures(entity: &Entity<'_>) -> bool {
    entity.content.media_type.starts_with("image/") && entity.headers.has("Content-ID")
        || entity.children.iter().any(brings_pictures)
}

/// Tells pictures that only dress up a signature or an earlier mail from those that the sender wants to show.
fn decorate(raw: &[u8], gathered: &mut Gathered) {
    let mut aside: HashMap<&str, bool> = HashMap::new();
    for (id, apart) in &gathered.shown {
        // One place among what is new is enough.
        aside.entry(id).and_modify(|all| *all &= apart).or_insert(*apart);
    }
    for (part, id) in gathered.attachments.iter_mut().zip(&gathered.ids) {
        if part.media_type.starts_with("image/") {
            let size = pictures::size(raw, part.range);
            // An icon that no text shows may be what the mail is about.
            part.decoration = match id.as_deref().and_then(|id| aside.get(id)) {
                Some(apart) => *apart || reply::is_icon(size),
                None => reply::is_pixel(size),
            };
        }
    }
}

fn visit(raw: &[u8], entity: &Entity<'_>, place: Place, into: &mut Gathered) {
    if entity.children.is_empty() {
        return leaf(raw, entity, place, into);
    }
    let chosen = match entity.content.media_type.as_str() {
        "multipart/alternative" => Some(alternative(raw, &entity.children)),
        _ => None,
    };
    for (index, child) in entity.children.iter().enumerate() {
        let mut place = place;
        match entity.content.media_type.as_str() {
            "multipart/alternative" => place.told_elsewhere |= chosen != Some(index),
            "multipart/related" => place.resource |= index > 0,
            "multipart/signed" => place.signature |= index > 0,
            _ => {}
        }
        visit(raw, child, place, into);
    }
}

/// The alternative to show: plain text where it says anything, HTML otherwise, and else the last, which is the richest
/// (RFC 2046 §5.1.4).
fn alternative(raw: &[u8], children: &[Entity<'_>]) -> usize {
    let plain = children.iter().position(|child| tells(raw, child, "text/plain"));
    let html = || children.iter().position(|child| tells(raw, child, "text/html"));
    plain.or_else(html).unwrap_or(children.len().saturating_sub(1))
}

fn tells(raw: &[u8], entity: &Entity<'_>, media_type: &str) -> bool {
    let own = is_text(entity) && entity.content.media_type == media_type;
    own && !raw[entity.body.clone()].trim_ascii().is_empty()
        || entity.children.iter().any(|child| tells(raw, child, media_type))
}

fn is_text(entity: &Entity<'_>) -> bool {
    let media_type = entity.content.media_type.as_str();
    entity.children.is_empty()
        && matches!(media_type, "text/plain" | "text/html")
        && !entity.disposition.attachment
}

fn leaf(raw: &[u8], entity: &Entity<'_>, place: Place, into: &mut Gathered) {
    // A named text after the first one is a file; before it, the name only dresses up the body.
    let named_file =
        entity.claimed_name().is_some() && into.bodies.iter().any(|body| !body.text.is_empty());
    if is_text(entity) && !place.resource && !named_file {
        let read: usize = into.bodies.iter().map(|body| body.text.len()).sum();
        let html = entity.content.media_type == "text/html";
        // HTML that is not shown still tells where the pictures stand.
        let looked_at = place.pictured && html && into.looked_at < MAX_LOOKED_AT;
        if looked_at && place.told_elsewhere || read < MAX_TEXT && !place.told_elsewhere {
            let body = body(raw, entity);
            into.looked_at += if looked_at { entity.body.len() } else { 0 };
            if looked_at && !body.pictures.is_empty() {
                let ids = body.pictures.iter().map(|picture| picture.id.clone());
                into.shown.extend(ids.zip(reply::aside(&body, place.forward)));
            }
            if !place.told_elsewhere {
                into.bodies.push(body);
            }
        }
        return;
    }
    // Another form of a text that is shown is no file; an invitation is, since it can be opened.
    let form =
        entity.content.media_type.strip_prefix("text/").is_some_and(|kind| kind != "calendar");
    if place.told_elsewhere
        && form
        && !entity.disposition.attachment
        && entity.claimed_name().is_none()
    {
        return;
    }
    // A detached signature proves nothing to a reader, and would stand beside every comment.
    let detached = ["pgp-signature", "pkcs7-signature", "x-pkcs7-signature"];
    let signature = entity
        .content
        .media_type
        .strip_prefix("application/")
        .is_some_and(|kind| detached.contains(&kind));
    if !(place.signature && signature) {
        into.attachments.push(attachment(raw, entity, place, into.attachments.len() + 1));
        let id = entity.headers.get("Content-ID");
        into.ids.push(id.map(|id| id.trim().trim_matches(['<', '>']).to_owned()));
    }
}

fn body(raw: &[u8], entity: &Entity<'_>) -> Body {
    let encoded = &raw[entity.body.clone()];
    let decoded = decode(&encoded[..encoded.len().min(MAX_ENCODED)], entity.encoding);
    let whole = charset::decode(&decoded, entity.content.charset.as_deref());
    let kept = text::cut(&whole, MAX_TEXT);
    let too_long = kept.len() < whole.len() || encoded.len() > MAX_ENCODED;
    let mut body = if entity.content.media_type == "text/html" {
        html::render(kept)
    } else if entity.content.flowed {
        Body {
            text: text::unflow(&text::clean(kept), entity.content.delete_space),
            ..Body::default()
        }
    } else {
        Body { text: text::clean(kept), ..Body::default() }
    };
    if body.marks.is_empty() {
        body.text = text::trim_lines(&body.text).to_owned();
    }
    if too_long {
        body.text.push_str("\n\n");
        body.text.push_str(CUT);
        if !body.marks.is_empty() {
            body.marks.extend([Mark::Own; 2]);
        }
    }
    body
}

/// One text of all, separated by a blank line.
pub(super) fn join(mut bodies: Vec<Body>) -> Body {
    bodies.retain(|body| !body.text.is_empty());
    let marked = bodies.iter().any(|body| !body.marks.is_empty());
    let mut joined = Body::default();
    for body in bodies {
        if !joined.text.is_empty() {
            joined.text.push_str("\n\n");
            joined.marks.push(Mark::Own);
        }
        if body.marks.is_empty() {
            joined.marks.extend(body.text.split('\n').map(|_| Mark::Own));
        } else {
            joined.marks.extend(body.marks);
        }
        joined.text.push_str(&body.text);
    }
    if !marked {
        joined.marks.clear();
    }
    joined
}

fn attachment(raw: &[u8], entity: &Entity<'_>, place: Place, number: usize) -> Part {
    let encoded = &raw[entity.body.clone()];
    let media_type = entity.content.media_type.clone();
    let name = entity
        .claimed_name()
        .and_then(file_name)
        .or_else(|| attached_mail_name(encoded, &media_type, entity.encoding))
        .unwrap_or_else(|| made_up_name(&media_type, number));
    let shown =
        entity.headers.has("Content-ID") && (place.resource || !entity.disposition.attachment);
    Part {
        name,
        size: decoded_len(encoded, entity.encoding),
        range: PartRange {
            offset: entity.body.start as u64,
            length: entity.body.len() as u64,
            encoding: entity.encoding,
        },
        inline: media_type.starts_with("image/") && (entity.disposition.inline || shown),
        media_type,
        decoration: false,
    }
}

fn attached_mail_name(
    encoded: &[u8],
    media_type: &str,
    encoding: TransferEncoding,
) -> Option<String> {
    if !matches!(media_type, "message/rfc822" | "message/global") {
        return None;
    }
    let header = decode(&encoded[..encoded.len().min(MAX_HEADER)], encoding);
    let (headers, _) = Headers::read(&header);
    let subject = address::unstructured(&headers.get("Subject")?);
    // A slash in a subject is no path.
    file_name(&subject.replace(['/', '\\'], "_")).map(|name| format!("{name}.eml"))
}

//! Which pictures of an HTML body belong to what was split off: logos of signatures, and pictures of earlier mails.

use super::super::body::{Body, Picture};
use super::{Division, Kind, divide, signature};

/// Lines below a close in which a small picture is a logo.
const MAX_BELOW_CLOSE: usize = 30;
/// Pixels: the highest and the widest logo.
const MAX_LOGO: (u32, u32) = (800, 160);
/// Pixels: an icon is at most as high and as wide, and no picture that anybody means to show.
const ICON: u32 = 32;

/// For each picture of the body, whether it does not belong to what is new.
///
/// `forward`: the subject says that the mail is a forward. When in doubt, the sender means it to be seen.
pub(in super::super) fn aside(body: &Body, forward: bool) -> Vec<bool> {
    let lines: Vec<&str> = body.text.split('\n').collect();
    let division = divide(&lines, &body.marks, forward);
    let of_history = |picture: &Picture| match &division {
        Division::Forward => false,
        Division::Undivided => picture.set_aside,
        Division::Parts(kinds) => picture.set_aside || stands_aside(picture, &lines, kinds),
    };
    body.pictures
        .iter()
        .map(|picture| picture.hidden || is_icon(picture.size) || of_history(picture))
        .collect()
}

/// Whether a picture that is shown in a text is too small to be worth looking at by itself.
pub(in super::super) fn is_icon(size: (Option<u32>, Option<u32>)) -> bool {
    let little = |size: Option<u32>| size.is_some_and(|size| size <= ICON);
    is_pixel(size) || little(size.0) && little(size.1)
}

/// Whether a picture tracks its readers or fills a gap, and shows nothing.
pub(in super::super) fn is_pixel((width, height): (Option<u32>, Option<u32>)) -> bool {
    let least = |size: Option<u32>| size.is_some_and(|size| size <= 2);
    least(width) || least(height)
}

fn stands_aside(picture: &Picture, lines: &[&str], kinds: &[Kind]) -> bool {
    let at = picture.line.min(kinds.len());
    let beside = if picture.between { None } else { kinds.get(at) };
    let is_logo = || is_logo(picture.size) && is_below_close(&lines[..at], &kinds[..at]);
    match beside.filter(|kind| **kind != Kind::Blank) {
        Some(Kind::Own) => is_logo(),
        Some(_) => true,
        // A picture without words belongs to what stands above it; a warning above everything is nobody's.
        None => {
            let above = kinds[..at].iter().rfind(|kind| **kind != Kind::Blank);
            match above {
                Some(Kind::Dropped) => super::next_kind(kinds, at) != Some(Kind::Own),
                Some(_) => is_logo(),
                None => false,
            }
        }
    }
}

fn is_logo(size: (Option<u32>, Option<u32>)) -> bool {
    matches!(size, (Some(width), Some(height)) if width <= MAX_LOGO.0 && height <= MAX_LOGO.1)
}

fn is_below_close(lines: &[&str], kinds: &[Kind]) -> bool {
    let own = lines
        .iter()
        .zip(kinds)
        .rev()
        .take_while(|(_, kind)| matches!(kind, Kind::Own | Kind::Blank));
    own.take(MAX_BELOW_CLOSE).any(|(line, _)| signature::is_close(line))
}

//! Folder names on the wire: modified UTF-7 (RFC 3501 §5.1.3), or as they are once the client took `UTF8=ACCEPT`
//! (RFC 6855 §3).

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

use super::command::Arg;
use super::session::Session;

/// Base64 with `,` for `/`, and without padding.
const SHIFTED: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

impl<S> Session<S> {
    /// The folder that an argument names, as people read it.
    pub(super) fn folder_named(&self, arg: &Arg) -> Option<String> {
        let text = arg.text()?;
        if self.is_utf8 { Some(text) } else { decode(&text) }
    }

    /// A folder's name as this client reads it, without quotes.
    pub(super) fn wire_name(&self, folder: &str) -> String {
        if self.is_utf8 { folder.to_owned() } else { encode(folder) }
    }
}

/// A name as a quoted string. A line break cannot stand in one; no folder here has one.
pub(super) fn quoted(name: &str) -> String {
    let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace(['\r', '\n'], " "))
}

fn encode(name: &str) -> String {
    let mut text = String::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        if is_plain(first) {
            text.push(first);
            if first == '&' {
                text.push('-');
            }
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let end = rest.find(is_plain).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        let units: Vec<u8> = run.encode_utf16().flat_map(u16::to_be_bytes).collect();
        text.push('&');
        SHIFTED.encode_string(units, &mut text);
        text.push('-');
        rest = after;
    }
    text
}

/// Nothing if the text is not what [`encode`] makes of any name: each name has one spelling.
fn decode(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut rest = text;
    while let Some((plain, shifted)) = rest.split_once('&') {
        name.push_str(plain);
        let (run, after) = shifted.split_once('-')?;
        if run.is_empty() {
            name.push('&');
        } else {
            let bytes = SHIFTED.decode(run).ok()?;
            let pairs = bytes.chunks(2).map(<[u8; 2]>::try_from);
            let units: Vec<u16> =
                pairs.map(|pair| pair.map(u16::from_be_bytes)).collect::<Result<_, _>>().ok()?;
            name.push_str(&String::from_utf16(&units).ok()?);
        }
        rest = after;
    }
    name.push_str(rest);
    (encode(&name) == text).then_some(name)
}

fn is_plain(character: char) -> bool {
    (' '..='~').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_and_go_in_modified_utf_7() {
        // The second is the example of RFC 3501 §5.1.3; the last has a character beyond 16 bits.
        for (name, text) in [
            ("Entwürfe", "Entw&APw-rfe"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("Q & A", "Q &- A"),
            ("🦙", "&2D7dmQ-"),
        ] {
            assert_eq!(encode(name), text);
            assert_eq!(decode(text).as_deref(), Some(name));
        }
    }

    #[test]
    fn what_is_no_modified_utf_7_is_refused() {
        for text in
            ["&", "a&b", "&AP-", "&APw", "&2D4-", "&AGE-", "Entwürfe", "&APw-&APw-", "&ZeVnLIqe=-"]
        {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}

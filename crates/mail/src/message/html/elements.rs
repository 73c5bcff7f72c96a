//! What elements do to the text, and which ones mail programs put around history.

use super::tokens::Tag;

/// What an element does while it is open.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect<'a> {
    None,
    /// Neither it nor anything within it is shown.
    Hidden,
    /// It has lines of its own, with blank ones around it if it has a margin.
    Block {
        margin: bool,
    },
    Cell,
    Item,
    List {
        ordered: bool,
    },
    /// Its lines are quoted with `>`.
    Quote,
    Pre,
    Link(&'a str),
    /// Its lines say who wrote what follows.
    Attribution,
    /// It holds an attribution, then a quote, then perhaps the sender's own words.
    QuoteBox,
    /// All that is in it is history.
    HistoryBox,
    /// All that is in it is the sender's signature.
    SignatureBox,
    /// From here on all is history.
    History,
}

/// Ids and classes of elements that begin the history and do not enclose it: Outlook's, in all its forms.
const HISTORY: &[&str] = &[
    "divRplyFwdMsg",
    "appendonsend",
    "OutlookMessageHeader",
    "mail-editor-reference-message-container",
    "OLK_SRC_BODY_SECTION",
    "ms-outlook-mobile-reference-message",
    "zmail_extra",
    "isReplyContent",
    "zwchr",
];
/// Classes of elements that enclose history and nothing else.
const HISTORY_BOX: &[&str] = &[
    "yahoo_quoted",
    "gmail_quote_history",
    "ntes-mailmaster-quote",
    "qmbox_quote",
    "freshdesk_quote",
];
/// What some web mailers name the `div` that encloses history.
const HISTORY_NAMES: &[&str] = &["quote"];
/// Classes of elements that enclose an attribution and a `blockquote`, and what is written between the quotes.
const QUOTE_BOX: &[&str] =
    &["gmail_quote", "protonmail_quote", "tutanota_quote", "messageReplySection"];
/// Classes of attributions.
const ATTRIBUTION: &[&str] =
    &["gmail_attr", "moz-cite-prefix", "moz-email-headers-table", "airmail_on", "reply-intro"];
/// Ids and classes of elements that hold the sender's signature.
const SIGNATURE_BOX: &[&str] = &[
    "gmail_signature",
    "gmail_signature_prefix",
    "moz-signature",
    "Signature",
    "ms-outlook-mobile-signature",
    "protonmail_signature_block",
    "yahoo-signature",
    "composer_signature",
    "k9mail-signature",
    "messageSignatureSection",
    "zmail_signature",
    "tutanota_signature",
];
/// The line that Outlook on a desktop draws above the header of what it quotes; it has no id.
const OUTLOOK_LINES: &[&str] = &["border-top:solid#e1e1e1", "border-top:solid#b5c4df"];

pub(super) fn is_void(name: &str) -> bool {
    [
        "br", "img", "hr", "meta", "link", "input", "wbr", "col", "area", "base", "embed",
        "source", "track",
    ]
    .iter()
    .any(|void| name.eq_ignore_ascii_case(void))
}

/// Whether a void element stands above history, as Zimbra's rule does.
pub(super) fn begins_history(tag: &Tag<'_>) -> bool {
    tag.is("hr") && history_effect(tag) == Some(Effect::History)
}

/// Whether the element is not meant to be seen.
pub(super) fn display_hidden(tag: &Tag<'_>) -> bool {
    tag.get("style").is_some_and(|style| {
        let style = squeeze(style);
        style.contains("display:none")
            || style.contains("mso-hide:all")
            || style.contains("visibility:hidden")
            || style.contains("max-height:0") && style.contains("overflow:hidden")
    }) || tag.get("hidden").is_some()
}

fn squeeze(style: &str) -> String {
    style.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect()
}

pub(super) fn effect_of<'a>(tag: &Tag<'a>) -> Effect<'a> {
    if let Some(effect) = history_effect(tag) {
        return effect;
    }
    match tag.name.to_ascii_lowercase().as_str() {
        "p" => Effect::Block { margin: !is_tight(tag) },
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "fieldset" | "figure" => {
            Effect::Block { margin: true }
        }
        "div" | "table" | "tr" | "body" | "section" | "article" | "header" | "footer"
        | "center" | "form" | "address" | "dl" | "dt" | "dd" | "tbody" | "thead" | "caption"
        | "main" | "nav" | "aside" => Effect::Block { margin: false },
        "td" | "th" => Effect::Cell,
        "li" => Effect::Item,
        "ul" | "menu" | "dir" => Effect::List { ordered: false },
        "ol" => Effect::List { ordered: true },
        "blockquote" if is_indent(tag) => Effect::Block { margin: false },
        "blockquote" => Effect::Quote,
        "pre" | "textarea" | "listing" => Effect::Pre,
        "a" => tag.get("href").map_or(Effect::None, Effect::Link),
        _ => Effect::None,
    }
}

fn history_effect<'a>(tag: &Tag<'a>) -> Option<Effect<'a>> {
    if tag.is("blockquote") {
        return None;
    }
    let id = tag.get("id").unwrap_or_default();
    let class = tag.get("class").unwrap_or_default();
    let name = if tag.is("div") { tag.get("name").unwrap_or_default() } else { "" };
    let named = |names: &[&str]| {
        // Outlook on the web puts `x_` before the names that it finds in a mail that it quotes, Yahoo `ydp` and digits.
        let is = |word: &str| {
            let word = word.trim_start_matches("x_");
            let word = word
                .strip_prefix("ydp")
                .map_or(word, |word| word.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
            names.iter().any(|name| word.eq_ignore_ascii_case(name))
        };
        is(id) || is(name) || class.split_ascii_whitespace().any(is)
    };
    if named(ATTRIBUTION) {
        Some(Effect::Attribution)
    } else if named(QUOTE_BOX) {
        Some(Effect::QuoteBox)
    } else if named(HISTORY_BOX) || HISTORY_NAMES.contains(&name) {
        Some(Effect::HistoryBox)
    } else if !tag.is("pre") && named(SIGNATURE_BOX) {
        Some(Effect::SignatureBox)
    } else if named(HISTORY) || tag.is("div") && has_outlook_line(tag) {
        Some(Effect::History)
    } else {
        None
    }
}

fn has_outlook_line(tag: &Tag<'_>) -> bool {
    tag.get("style").is_some_and(|style| {
        let style = squeeze(style);
        OUTLOOK_LINES.iter().any(|line| style.contains(line))
    })
}

/// Paragraphs that Outlook writes one of per line.
fn is_tight(tag: &Tag<'_>) -> bool {
    tag.get("class")
        .is_some_and(|class| class.contains("MsoNormal") || class.contains("MsoPlainText"))
        || tag.get("style").is_some_and(|style| {
            let style = squeeze(style);
            style.contains("margin:0") || style.contains("margin-top:0")
        })
}

/// What "increase indent" makes in several programs.
fn is_indent(tag: &Tag<'_>) -> bool {
    tag.get("type").is_none()
        && tag.get("class").is_none()
        && tag.get("style").is_some_and(|style| squeeze(style).contains("border:none"))
}

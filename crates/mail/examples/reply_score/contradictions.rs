//! Where the owners of other collections say something that contradicts what this product is for.
//!
//! The names are `PROJECT/NAME`, as the folder for `--pairs` has them: the file of a fixture, or the test that holds the
//! mail and its number there.

/// Why a mail is not compared, and the mails.
type Contradiction = (&'static str, &'static [&'static str]);

/// The reason why what the owner says of this mail does not count here, if there is one.
pub(crate) fn reason(name: &str) -> Option<&'static str> {
    let of = CONTRADICTIONS.iter().find(|(_, names)| names.contains(&name));
    of.map(|(reason, _)| *reason)
}

const CONTRADICTIONS: &[Contradiction] = &[
    (
        "what is forwarded is what the sender wants to say, and counts here",
        &[
            "email-reply-parser/tricky_17",
            "parse-reply/forward1",
            "parse-reply/forward2",
            "parse-reply/forward3",
            "quotequail/quote_4",
            "quotequail/quote_5",
            "quotequail/quote_6",
            "quotequail/unwrap_1",
            "quotequail/unwrap_2",
            "quotequail/unwrap_3",
            "quotequail/unwrap_4",
            "quotequail/unwrap_5",
            "quotequail/unwrap_13",
            "quotequail/unwrap_14",
            "quotequail/unwrap_15",
            "quotequail/unwrap_20",
            "quotequail/unwrap_21",
            "quotequail/unwrap_22",
            "quotequail/unwrap_23",
            "quotequail-html/quote_html_2",
        ],
    ),
    (
        "the mail has nothing but history, and here a reply is never empty",
        &[
            "quotequail/unwrap_8",
            "quotequail/unwrap_9",
            "quotequail/unwrap_19",
            "quotequail-html/quote_html_6",
        ],
    ),
    (
        "the owner keeps a marked signature",
        &[
            "email-reply-parser/email_emoji",
            "quotequail/unwrap_11",
            "talon-eml/iphone",
            "talon-eml/sparrow",
        ],
    ),
    ("a line that says \"disclaimer\" begins one here", &["talon-html/blockquote_disclaimer_1"]),
    (
        "the owner drops the close or a name without a mark; nothing tells those from a sentence",
        &[
            "email-reply-parser/email_with_regards",
            "talon-html/reply_separated_by_hr_1",
            "talon-signature/jeff",
            "talon-signature/johndoeexamplecom",
            "talon-signature/long",
            "talon-signature/short_url",
            "talon-signature/sparse",
        ],
    ),
    (
        "the owner drops what stands below a quote or a line about a device; here it stays",
        &["email-reply-parser/email_german_3", "email_reply_trimmer/embedded_email_1"],
    ),
    (
        "the owner drops the attribution of an answered quote",
        &[
            "email_reply_trimmer/embedded_email_7",
            "email_reply_trimmer/reply_after_selected_german_quote",
        ],
    ),
    (
        "the owner keeps a quote at the end that nobody answers",
        &["parse-reply/negative", "quotequail/unwrap_12", "talon-html/gmail_quote_blockquote_1"],
    ),
    (
        "one or two lines of a header, and no history below, may be what somebody tells",
        &[
            "parse-reply/from",
            "parse-reply/from2",
            "talon-text/from_block_starts_with_date_1",
            "talon-text/link_closed_with_quotation_marker_on_new_line_1",
        ],
    ),
];

//! What the owners of public collections call the reply in each of their mails, as line numbers.
//!
//! Where an owner's test says what the reply is, that stands here; elsewhere it is what the owner's program makes of the
//! mail. Where two owners contradict each other, or one contradicts what this product is for, both readings stand here,
//! with the reason.

/// Lines, first and last, counted from 1.
pub(crate) type Lines = &'static [(usize, usize)];

/// One mail of a collection.
pub(crate) struct Case {
    /// The file, without `.txt`.
    pub(crate) name: &'static str,
    /// The reply as the owner sees it.
    pub(crate) owner: Lines,
    /// The reply as it should be here, where that is something else.
    pub(crate) ours: Option<(Reason, Lines)>,
}

/// Why a reply should be something else here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The owner counts "Regards, Ann" and "/Ann" as signature, though his own `latest_reply` keeps them, and the other
    /// collection has no rule against them. Here they stay: nothing that somebody wrote is lost.
    Close,
    /// The owner drops a header block on top of everything, and the close. Here both stay: it may be a forward.
    Head,
    /// The owner keeps the rule above the history; the other collection drops it in the same mail.
    Rule,
    /// The owner takes a list at the end for a signature; the other collection keeps it in the same mail.
    List,
    /// The owner leaves a legal disclaimer in, which nobody wrote for this mail.
    Disclaimer,
    /// The owner drops the attribution of a quote that is answered below; the other collection keeps it.
    Attribution,
    /// The mail has nothing but history; here a reply is never empty.
    Empty,
}

impl Reason {
    /// As the end of a sentence.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Close => "the owner counts the close as signature; here it stays",
            Self::Head => "the owner drops the header block on top, and the close; here both stay",
            Self::Rule => {
                "the owner keeps the rule above the history; the other collection does not"
            }
            Self::List => "the owner takes the list for a signature; the other collection does not",
            Self::Disclaimer => "the owner keeps the legal disclaimer; here it goes",
            Self::Attribution => {
                "the owner drops the attribution of an answered quote; the other collection keeps it"
            }
            Self::Empty => "the owner finds no reply at all; here a reply is never empty",
        }
    }
}

const fn same(name: &'static str, owner: Lines) -> Case {
    Case { name, owner, ours: None }
}

const fn differs(name: &'static str, owner: Lines, reason: Reason, ours: Lines) -> Case {
    Case { name, owner, ours: Some((reason, ours)) }
}

/// The collections: folder and mails.
pub(crate) const COLLECTIONS: &[(&str, &[Case])] =
    &[("email_reply_parser", EMAIL_REPLY_PARSER), ("mail-parser-reply", MAIL_PARSER_REPLY)];

const EMAIL_REPLY_PARSER: &[Case] = &[
    same("correct_sig", &[(1, 1)]),
    same("email_1_1", &[(1, 5)]),
    same("email_1_2", &[(1, 34)]),
    same("email_1_3", &[(1, 3)]),
    same("email_1_4", &[(1, 1)]),
    same("email_1_5", &[(1, 15)]),
    same("email_1_6", &[(1, 3)]),
    same("email_1_7", &[(1, 1)]),
    same("email_1_8", &[(1, 19)]),
    same("email_2_1", &[(1, 1)]),
    same("email_2_2", &[(1, 1)]),
    same("email_2_3", &[(1, 1)]),
    same("email_BlackBerry", &[(1, 1)]),
    same("email_bullets", &[(1, 9)]),
    same("email_iPhone", &[(1, 1)]),
    same("email_long_quote", &[(1, 8)]),
    same("email_multi_word_sent_from_my_mobile_device", &[(1, 1)]),
    same("email_one_is_not_on", &[(1, 5)]),
    same("email_sent_from_my_not_signature", &[(1, 3)]),
    same("email_sig_delimiter_in_middle_of_line", &[(1, 7)]),
    same("greedy_on", &[(1, 6)]),
    same("pathological", &[(1, 2)]),
];

const MAIL_PARSER_REPLY: &[Case] = &[
    differs("begins_with_signature", &[(1, 4)], Reason::Close, &[(1, 8)]),
    differs("caution", &[(5, 23)], Reason::Close, &[(5, 26)]),
    differs("caution2", &[(1, 12)], Reason::Disclaimer, &[(1, 5)]),
    same("correct_sig", &[(1, 1)]),
    same("email_1_1", &[(1, 5)]),
    same("email_1_3", &[(1, 3)]),
    same("email_1_4", &[(1, 1)]),
    same("email_1_5", &[(1, 15)]),
    same("email_1_6", &[(1, 3)]),
    same("email_1_7", &[(1, 1)]),
    differs("email_1_8", &[(3, 23)], Reason::Attribution, &[(1, 19)]),
    differs("email_2_1", &[(1, 4)], Reason::Rule, &[(1, 1)]),
    differs("email_2_2", &[(1, 2)], Reason::Rule, &[(1, 1)]),
    same("email_2_3", &[(1, 1)]),
    same("email_3_1", &[(1, 3)]),
    differs("email_bullets", &[(1, 5)], Reason::List, &[(1, 9)]),
    differs("email_danish_1", &[(1, 3)], Reason::Close, &[(1, 6)]),
    differs("email_danish_2", &[(1, 3)], Reason::Close, &[(1, 6)]),
    same("email_danish_3", &[(1, 3)]),
    same("email_danish_4", &[(1, 3)]),
    differs("email_danish_5", &[(1, 3)], Reason::Close, &[(1, 6)]),
    same("email_gmail", &[(1, 1)]),
    same("email_headers_no_delimiter", &[(1, 1)]),
    same("email_ja_1_1", &[(1, 1)]),
    same("email_ja_1_2", &[(1, 8)]),
    same("email_nl_1_1", &[(1, 4)]),
    differs("email_nl_1_2", &[(1, 4)], Reason::Rule, &[(1, 1)]),
    same("email_one_is_not_on", &[(1, 5)]),
    same("email_partial_quote_header", &[(1, 6)]),
    differs("email_pl_1_1", &[(5, 7)], Reason::Head, &[(1, 10)]),
    differs("email_pl_1_2", &[(6, 8)], Reason::Head, &[(1, 11)]),
    differs("email_pl_1_3", &[(5, 7)], Reason::Head, &[(1, 10)]),
    same("email_sent_from_BlackBerry", &[(1, 1)]),
    same("email_sent_from_iPhone", &[(1, 1)]),
    same("email_sent_from_multi_word_mobile_device", &[(1, 1)]),
    same("email_sent_from_not_signature", &[(1, 3)]),
    same("email_sig_delimiter_in_middle_of_line", &[(1, 7)]),
    differs("email_sv_anon_1", &[(1, 4)], Reason::Close, &[(1, 8)]),
    differs("email_swedish_1", &[(1, 5)], Reason::Close, &[(1, 8)]),
    differs("email_swedish_2", &[(1, 5)], Reason::Close, &[(1, 7)]),
    differs("forward", &[(1, 5)], Reason::Close, &[(1, 6)]),
    same("greedy_on", &[(1, 6)]),
    same("multi_header", &[(1, 1)]),
    differs("multiline_on", &[], Reason::Empty, &[(1, 14)]),
    same("multiline_on_de", &[(1, 1)]),
    same("outlook", &[(1, 8)]),
    same("pathological", &[(1, 2)]),
];

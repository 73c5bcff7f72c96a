//! Mails of other projects, in a folder that `OUTLINK_CORPUS` names; nothing runs without it.
//!
//! The folder holds `replies/PROJECT/emails/*.txt` (bodies) and `mime/PROJECT/emails/**` (whole mails). None of it is
//! kept here. What a reader would call the reply is written down as line numbers.

use std::path::{Path, PathBuf};

use outlink_mail::message::{ParsedJson, decode_part, parse};

/// For each body the lines that are the reply, first and last. Blank lines are not compared. A close such as "Regards,
/// Ann" counts as part of the reply, a block below `-- ` or a long rule does not; a body that is all history counts
/// as a whole.
const REPLIES: &[(&str, &[(usize, usize)])] = &[
    ("email_reply_parser/correct_sig", &[(1, 1)]),
    ("email_reply_parser/email_1_1", &[(1, 5)]),
    ("email_reply_parser/email_1_2", &[(1, 1), (3, 34)]),
    ("email_reply_parser/email_1_3", &[(1, 3)]),
    ("email_reply_parser/email_1_4", &[(1, 1)]),
    ("email_reply_parser/email_1_5", &[(1, 15)]),
    ("email_reply_parser/email_1_6", &[(1, 1)]),
    ("email_reply_parser/email_1_7", &[(1, 1)]),
    ("email_reply_parser/email_1_8", &[(3, 19)]),
    ("email_reply_parser/email_2_1", &[(1, 1)]),
    ("email_reply_parser/email_2_2", &[(1, 1)]),
    ("email_reply_parser/email_2_3", &[(1, 1)]),
    ("email_reply_parser/email_BlackBerry", &[(1, 1)]),
    ("email_reply_parser/email_bullets", &[(1, 9)]),
    ("email_reply_parser/email_iPhone", &[(1, 1)]),
    ("email_reply_parser/email_long_quote", &[(1, 8)]),
    ("email_reply_parser/email_multi_word_sent_from_my_mobile_device", &[(1, 1)]),
    ("email_reply_parser/email_one_is_not_on", &[(1, 5)]),
    ("email_reply_parser/email_sent_from_my_not_signature", &[(1, 3)]),
    ("email_reply_parser/email_sig_delimiter_in_middle_of_line", &[(1, 7)]),
    ("email_reply_parser/greedy_on", &[(1, 6)]),
    ("email_reply_parser/pathological", &[(1, 2)]),
    ("mail-parser-reply/begins_with_signature", &[(1, 8)]),
    ("mail-parser-reply/caution", &[(1, 26)]),
    ("mail-parser-reply/caution2", &[(1, 5)]),
    ("mail-parser-reply/correct_sig", &[(1, 1)]),
    ("mail-parser-reply/email_1_1", &[(1, 5)]),
    ("mail-parser-reply/email_1_3", &[(1, 3)]),
    ("mail-parser-reply/email_1_4", &[(1, 1)]),
    ("mail-parser-reply/email_1_5", &[(1, 15)]),
    ("mail-parser-reply/email_1_6", &[(1, 1)]),
    ("mail-parser-reply/email_1_7", &[(1, 1)]),
    ("mail-parser-reply/email_1_8", &[(3, 19)]),
    ("mail-parser-reply/email_2_1", &[(1, 1)]),
    ("mail-parser-reply/email_2_2", &[(1, 1)]),
    ("mail-parser-reply/email_2_3", &[(1, 1)]),
    ("mail-parser-reply/email_3_1", &[(1, 3)]),
    ("mail-parser-reply/email_bullets", &[(1, 9)]),
    ("mail-parser-reply/email_danish_1", &[(1, 6)]),
    ("mail-parser-reply/email_danish_2", &[(1, 6)]),
    ("mail-parser-reply/email_danish_3", &[(1, 3)]),
    ("mail-parser-reply/email_danish_4", &[(1, 3)]),
    ("mail-parser-reply/email_danish_5", &[(1, 6)]),
    ("mail-parser-reply/email_gmail", &[(1, 1)]),
    ("mail-parser-reply/email_headers_no_delimiter", &[(1, 1)]),
    ("mail-parser-reply/email_ja_1_1", &[(1, 1)]),
    ("mail-parser-reply/email_ja_1_2", &[(1, 8)]),
    ("mail-parser-reply/email_nl_1_1", &[(1, 4)]),
    ("mail-parser-reply/email_nl_1_2", &[(1, 1)]),
    ("mail-parser-reply/email_one_is_not_on", &[(1, 5)]),
    ("mail-parser-reply/email_partial_quote_header", &[(1, 6)]),
    ("mail-parser-reply/email_pl_1_1", &[(1, 10)]),
    ("mail-parser-reply/email_pl_1_2", &[(1, 19)]),
    ("mail-parser-reply/email_pl_1_3", &[(1, 10)]),
    ("mail-parser-reply/email_sent_from_BlackBerry", &[(1, 1)]),
    ("mail-parser-reply/email_sent_from_iPhone", &[(1, 1)]),
    ("mail-parser-reply/email_sent_from_multi_word_mobile_device", &[(1, 1)]),
    ("mail-parser-reply/email_sent_from_not_signature", &[(1, 3)]),
    ("mail-parser-reply/email_sig_delimiter_in_middle_of_line", &[(1, 7)]),
    ("mail-parser-reply/email_sv_anon_1", &[(1, 8)]),
    ("mail-parser-reply/email_swedish_1", &[(1, 8)]),
    ("mail-parser-reply/email_swedish_2", &[(1, 7)]),
    ("mail-parser-reply/forward", &[(1, 6)]),
    ("mail-parser-reply/greedy_on", &[(1, 6)]),
    ("mail-parser-reply/multi_header", &[(1, 1)]),
    ("mail-parser-reply/multiline_on", &[(1, 14)]),
    ("mail-parser-reply/multiline_on_de", &[(1, 1)]),
    ("mail-parser-reply/outlook", &[(1, 8)]),
    ("mail-parser-reply/pathological", &[(1, 2)]),
];

/// Of 100 replies so many must be found to the line. Measured: 100.
const FLOOR: usize = 97;

fn corpus() -> Option<PathBuf> {
    std::env::var_os("OUTLINK_CORPUS").map(PathBuf::from)
}

#[test]
fn replies_of_other_projects_are_found() {
    let Some(corpus) = corpus() else { return };
    let mut found = 0;
    for (name, lines) in REPLIES {
        let (project, file) = name.split_once('/').unwrap();
        let path =
            corpus.join("replies").join(project).join("emails").join(file).with_extension("txt");
        let body = std::fs::read_to_string(&path).unwrap();
        let mail = format!("Content-Type: text/plain; charset=utf-8\n\n{body}");
        let parsed = parse(mail.as_bytes()).unwrap();
        if words(parsed.reply.lines()) == words(pick(&body, lines)) {
            found += 1;
        } else {
            println!("{name}: another reply was found:\n{}\n", head(&parsed.reply));
        }
    }
    println!("{found} of {} replies found", REPLIES.len());
    assert!(found * 100 >= REPLIES.len() * FLOOR, "{found} of {}", REPLIES.len());
}

fn pick<'a>(body: &'a str, ranges: &[(usize, usize)]) -> impl Iterator<Item = &'a str> {
    body.lines()
        .zip(1..)
        .filter(|(_, at)| ranges.iter().any(|(first, last)| (first..=last).contains(&at)))
        .map(|(line, _)| line)
}

fn words<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    lines.map(str::trim_end).filter(|line| !line.is_empty()).collect()
}

fn head(text: &str) -> String {
    text.chars().take(300).collect()
}

#[test]
fn mails_of_other_projects_are_read() {
    let Some(corpus) = corpus() else { return };
    let mut files = Vec::new();
    collect(&corpus.join("mime"), &mut files);
    assert!(files.len() > 50, "{} mails", files.len());
    for file in files {
        let raw = std::fs::read(&file).unwrap();
        if raw.is_empty() {
            continue;
        }
        let parsed = parse(&raw).unwrap();
        for part in &parsed.attachments {
            assert_eq!(decode_part(&raw, part.range).len() as u64, part.size, "{}", file.display());
        }
        let json = serde_json::to_string(&ParsedJson::from(&parsed)).unwrap();
        assert!(!json.contains("\\u0000"), "{}", file.display());
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .parent()
            .is_some_and(|parent| parent.components().any(|part| part.as_os_str() == "emails"))
        {
            files.push(path);
        }
    }
}

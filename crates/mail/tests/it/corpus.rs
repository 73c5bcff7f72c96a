//! Mails of other projects, in a folder that `OUTLINK_CORPUS` names; nothing runs without it.
//!
//! The folder holds `replies/PROJECT/emails/*.txt` (bodies) and `mime/PROJECT/emails/**` (whole mails). None of it is
//! kept here. What their owners call the reply is written down as line numbers, beside the example that scores them.

use std::path::{Path, PathBuf};

use outlink_mail::message::{ParsedJson, decode_part, parse};
use owners::{COLLECTIONS, Lines};

#[path = "../../examples/reply_score/owners.rs"]
mod owners;

/// Of 100 replies so many must be found to the word, where nothing speaks against what the owner says. Measured: 100.
const FLOOR: usize = 97;

/// Delivery reports: how many recipients each has, what it says of the first one, and the id of the mail it is about.
const REPORTS: &[(&str, usize, &str, &str)] = &[
    (
        "multi_address_bounce1",
        5,
        "bbbbvhvbbvkjbhfbvbvjhb@gmail.com failed 5.1.1",
        "118707422.15521266992174819.JavaMail.root@lvmail01",
    ),
    (
        "multipart_report_multiple_status",
        1,
        "u@ci.com failed 5.3.0",
        "4c2a146147ac8_61ff157c4ec1652df@s.h.c.mail",
    ),
    (
        "report_422",
        1,
        "fraser@oooooooo.com.au delayed 4.2.2",
        "15655788.13.1200472642578.JavaMail.Administrator@mail.ttttt.com.au",
    ),
    (
        "report_530",
        1,
        "edwin@zzzzzzz.com failed 5.3.0",
        "200712232303.lBNN3jDq002941@mail12.rrrr.com.au",
    ),
];

fn corpus() -> Option<PathBuf> {
    std::env::var_os("OUTLINK_CORPUS").map(PathBuf::from)
}

#[test]
fn replies_of_other_projects_are_found() {
    let Some(corpus) = corpus() else { return };
    let (mut found, mut all) = (0, 0);
    for (project, cases) in COLLECTIONS {
        for case in *cases {
            let folder = corpus.join("replies").join(project).join("emails");
            let body =
                std::fs::read_to_string(folder.join(case.name).with_extension("txt")).unwrap();
            let mail = format!("Content-Type: text/plain; charset=utf-8\nSubject: Re: x\n\n{body}");
            let parsed = parse(mail.as_bytes()).unwrap();
            let lines = case.ours.map_or(case.owner, |(_, lines)| lines);
            let wanted = pick(&body, lines).collect::<Vec<_>>().join("\n");
            all += 1;
            if parsed.reply.split_whitespace().eq(wanted.split_whitespace()) {
                found += 1;
            } else {
                let reason =
                    case.ours.map_or("the owner says otherwise", |(reason, _)| reason.words());
                println!("{project}/{}: {reason}:\n{}\n", case.name, head(&parsed.reply));
            }
        }
    }
    println!("{found} of {all} replies found");
    assert!(found * 100 >= all * FLOOR, "{found} of {all}");
}

fn pick(body: &str, ranges: Lines) -> impl Iterator<Item = &str> {
    body.lines()
        .zip(1..)
        .filter(|(_, at)| ranges.iter().any(|(first, last)| (first..=last).contains(&at)))
        .map(|(line, _)| line)
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
        super::headers::check(&parsed).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    }
}

#[test]
fn reports_of_other_projects_are_understood() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("mime/mail/emails/multipart_report_emails");
    for (name, recipients, told, id) in REPORTS {
        let raw = std::fs::read(folder.join(name).with_extension("eml")).unwrap();
        let parsed = parse(&raw).unwrap();
        let report = parsed.report.unwrap_or_default();
        assert_eq!(report.recipients.len(), *recipients, "{name}");
        let first = report.recipients.first().unwrap();
        let said = format!("{} {} {}", first.address, first.action, first.status);
        assert_eq!((said.as_str(), report.original_ids), (*told, vec![(*id).to_owned()]), "{name}");
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.components().any(|part| part.as_os_str() == "emails")
            && !path.file_name().unwrap().to_string_lossy().starts_with('.')
        {
            files.push(path);
        }
    }
}

//! What must hold of every mail that was read.

use outlink_mail::message::{
    Parsed, ParsedJson, Part, authentication_by, decode_part, fold, parse,
};

use crate::shown::{line, lines};

/// The longest text: two bodies of 1 MiB each at the most, and what is said in their places.
const LONGEST: usize = 2 * 1024 * 1024 + 1024;

/// Reads a mail, and checks what was found in it.
pub fn check(raw: &[u8]) {
    let Ok(mail) = parse(raw) else { return };
    assert_eq!(parse(raw).as_ref(), Ok(&mail), "read twice, a mail says two things");
    lists(&mail);
    single_lines(&mail);
    texts(&mail);
    attachments(raw, &mail.attachments);
    mail.recipients.iter().for_each(|one| {
        assert!(*one == fold(one) && one.contains('@'), "not a recipient: {one:?}");
    });
    let _ = authentication_by(&mail, "*");
    let json = serde_json::to_string(&ParsedJson::from(&mail)).expect("JSON");
    assert!(!json.contains("\\u00"), "a control character in {json}");
}

fn lists(mail: &Parsed) {
    for list in [&mail.in_reply_to, &mail.references, &mail.recipients] {
        assert!(list.len() <= 200);
    }
    for list in [&mail.to, &mail.cc, &mail.reply_to] {
        assert!(list.len() <= 200);
    }
    assert!(mail.keys.len() <= 10 && mail.authentication.len() <= 20);
    if let Some(report) = &mail.report {
        assert!(report.recipients.len() <= 100 && report.original_ids.len() <= 100);
        assert!(report.recipients.len() + report.original_ids.len() > 0);
    }
}

fn single_lines(mail: &Parsed) {
    let people = mail.from.iter().chain(&mail.to).chain(&mail.cc).chain(&mail.reply_to);
    let mut texts: Vec<&str> = people.flat_map(|one| [&*one.name, &*one.address]).collect();
    let options = [&mail.message_id, &mail.fingerprint, &mail.list_id];
    texts.extend(options.into_iter().flatten().map(String::as_str));
    texts.extend(mail.machine.iter().map(|machine| machine.why.as_str()));
    for list in [&mail.in_reply_to, &mail.references, &mail.recipients, &mail.keys] {
        texts.extend(list.iter().map(String::as_str));
    }
    texts.extend(mail.authentication.iter().flat_map(|one| [&*one.server, &*one.summary]));
    if let Some(report) = &mail.report {
        texts.extend(report.original_ids.iter().map(String::as_str));
        let recipients = report.recipients.iter();
        texts.extend(recipients.flat_map(|one| [&*one.address, &*one.status, &*one.diagnostic]));
    }
    texts.push(&mail.subject);
    for text in texts {
        line(text);
        assert!(text.chars().count() <= 1000, "too long: {text:?}");
    }
}

fn texts(mail: &Parsed) {
    for text in [&mail.text, &mail.reply, &mail.quoted] {
        lines(text);
        assert!(text.len() <= LONGEST, "{} octets of text", text.len());
    }
    assert!(mail.text.is_empty() || !mail.reply.is_empty(), "nothing is left of {:?}", mail.text);
    // No line is lost when a text is divided, and none is made up.
    let told = |text: &str| {
        let trimmed = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut trimmed: Vec<String> = trimmed.map(str::to_owned).collect();
        trimmed.sort_unstable();
        trimmed
    };
    assert_eq!(told(&format!("{}\n{}", mail.reply, mail.quoted)), told(&mail.text));
}

fn attachments(raw: &[u8], parts: &[Part]) {
    assert!(parts.len() <= 1000);
    let mut end = 0;
    for part in parts {
        let name = &part.name;
        line(name);
        assert!(!name.is_empty() && !name.contains(['/', '\\']), "{name:?}");
        assert!(!name.starts_with('.') && name.chars().count() <= 130, "{name:?}");
        line(&part.media_type);
        assert!(part.media_type.len() <= 101 && part.media_type.contains('/'));
        let range = part.range;
        assert!(range.offset >= end, "{name:?} lies within the one before it");
        end = range.offset + range.length;
        assert!(end <= raw.len() as u64, "{name:?} ends behind the mail");
        assert_eq!(decode_part(raw, range).len() as u64, part.size, "{name:?}");
    }
}

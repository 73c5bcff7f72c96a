//! A handler's settings as sentences.

use outlink_model::handler::{
    AttachmentRules, Bulk, HandlerSettings, HandlerType, SenderRule, Unauthenticated,
};
use serde::Serialize;

use crate::words::size;

/// One thing that a handler does in its own way.
#[derive(Debug, Serialize)]
pub(crate) struct Fact {
    pub(crate) label: &'static str,
    pub(crate) text: String,
}

/// How a handler of this type does what it does, as far as its settings say so. `outgoing` is the name of the mail server
/// that it sends through.
pub(super) fn told(
    kind: HandlerType,
    settings: &HandlerSettings,
    outgoing: Option<&str>,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut say = |label, text: String| facts.push(Fact { label, text });
    if matches!(kind, HandlerType::Create | HandlerType::CreateOrComment) {
        say("New issues", new_issues(settings));
    }
    match kind {
        HandlerType::Create => {}
        HandlerType::CommentBeforeMarker => {
            say("Markers", settings.split.join("\n"));
        }
        HandlerType::CreateOrComment => {
            let text = if settings.strip_quotes {
                "without quotes and signature"
            } else {
                "with the whole message"
            };
            say("Comments", text.to_owned());
        }
        HandlerType::CommentNewText | HandlerType::CommentWhole => {}
    }
    say("Takes mail to", listed(&settings.catch, "every address"));
    if !settings.allow.is_empty() {
        let label = if settings.only_allowed { "Takes mail of these alone" } else { "Trusts" };
        say(label, rules(&settings.allow));
    }
    if !settings.deny.is_empty() {
        say("Refuses mail of", rules(&settings.deny));
    }
    say("Mail that machines wrote", machine_made(settings));
    say(
        "What it cannot handle",
        match (&settings.forward_to, outgoing) {
            (Some(to), Some(_)) => format!("is sent on to {to}"),
            (Some(to), None) => {
                format!(
                    "would be sent on to {to}; without an outgoing mail server it is quarantined"
                )
            }
            (None, _) => "is left to the next handler".to_owned(),
        },
    );
    if let Some(name) = outgoing {
        say("Sends through", name.to_owned());
    }
    if settings.notify {
        let text = match outgoing {
            Some(_) => "are told, by mail, which issue their message made",
            None => "would be told, and are not: there is no outgoing mail server",
        };
        say("New persons", text.to_owned());
    }
    say(
        "Unknown senders",
        match (settings.create_persons, &settings.default_reporter) {
            (true, _) => "become persons".to_owned(),
            (false, Some(reporter)) => format!("are taken in the name of {reporter}"),
            (false, None) => "are not handled".to_owned(),
        },
    );
    if kind != HandlerType::Create {
        let text = if settings.only_involved {
            "counts for those who have a part in the issue"
        } else {
            "counts for everybody"
        };
        say("A key in the subject", text.to_owned());
        let text = if settings.reopen { "are opened again by a comment" } else { "stay resolved" };
        say("Resolved issues", text.to_owned());
    }
    say(
        "Senders who are not proven",
        match settings.unauthenticated {
            Unauthenticated::Accept => "are like all others".to_owned(),
            Unauthenticated::Mark => "are marked".to_owned(),
            Unauthenticated::Quarantine => "are quarantined".to_owned(),
        },
    );
    say("Files", files(&settings.attachments));
    say("Limits within an hour", limits(settings));
    facts
}

fn new_issues(settings: &HandlerSettings) -> String {
    let mut text = format!("are of the type {}", settings.issue_type);
    let mut also = Vec::new();
    if settings.priority {
        also.push("the priority that the mail says");
    }
    if settings.sub_addresses {
        also.push("labels or a project from words behind a +");
    }
    if settings.cc_assignee {
        also.push("the first known person in To and Cc as assignee");
    }
    if settings.cc_watchers {
        also.push("the known persons in To and Cc as watchers");
    }
    if !also.is_empty() {
        text.push_str(&format!("; they get {}", also.join(", ")));
    }
    text
}

fn machine_made(settings: &HandlerSettings) -> String {
    let what = match settings.bulk {
        Bulk::Ignore => "is rejected",
        Bulk::Forward => "is sent on",
        Bulk::Delete => "is deleted on the mail server",
        Bulk::Accept => "is handled like any other",
    };
    match settings.bulk_lists {
        true => format!("{what}, and so is mail through mailing lists"),
        false => format!("{what}; mail through mailing lists is handled"),
    }
}

fn files(rules: &AttachmentRules) -> String {
    let mut text = match rules.most {
        0 => return "none is attached; all stay in the whole message".to_owned(),
        most => format!("up to {most} of a message, up to {} each", size(rules.largest)),
    };
    let denied: Vec<&str> =
        rules.deny_types.iter().chain(&rules.deny_names).map(String::as_str).collect();
    if !denied.is_empty() {
        text.push_str(&format!(", but not {}", denied.join(", ")));
    }
    if rules.decorations {
        text.push_str(", with the pictures of signatures");
    }
    text
}

fn limits(settings: &HandlerSettings) -> String {
    let of = |limit: u32, whose: &str| match limit {
        0 => format!("none for {whose}"),
        n => format!("{n} for {whose}"),
    };
    format!(
        "{}, {}",
        of(settings.sender_per_hour, "one sender"),
        of(settings.issue_per_hour, "one sender in one issue")
    )
}

fn rules(rules: &[SenderRule]) -> String {
    let texts: Vec<String> = rules.iter().map(ToString::to_string).collect();
    listed(&texts, "nobody")
}

/// So many are named.
const NAMED: usize = 20;

fn listed(texts: &[String], none: &str) -> String {
    match texts.len() {
        0 => none.to_owned(),
        n if n <= NAMED => texts.join(", "),
        n => format!("{}, and {} more", texts[..NAMED].join(", "), n - NAMED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: HandlerType, settings: &HandlerSettings, label: &str) -> Option<String> {
        let facts = told(kind, settings, None);
        facts.into_iter().find(|fact| fact.label == label).map(|fact| fact.text)
    }

    #[test]
    fn a_type_tells_of_what_it_uses() {
        let usual = HandlerSettings::default();
        let of = |kind, label| said(kind, &usual, label);
        assert!(of(HandlerType::Create, "A key in the subject").is_none());
        assert!(of(HandlerType::CommentWhole, "New issues").is_none());
        assert!(of(HandlerType::CreateOrComment, "Comments").unwrap().contains("without quotes"));
        assert!(of(HandlerType::Create, "Takes mail to").unwrap().contains("every address"));
        let files = HandlerSettings {
            attachments: AttachmentRules {
                most: 3,
                deny_names: vec!["*.exe".into()],
                ..AttachmentRules::default()
            },
            ..usual
        };
        let text = said(HandlerType::Create, &files, "Files").unwrap();
        assert_eq!(text, "up to 3 of a message, up to 25.0 MiB each, but not *.exe");
    }

    #[test]
    fn a_long_list_is_cut() {
        let many: Vec<String> = (0..30).map(|n| format!("a{n}@example.org")).collect();
        assert!(listed(&many, "").ends_with(", and 10 more"));
    }
}

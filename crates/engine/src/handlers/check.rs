//! What a handler's settings must be like before it is saved.

use outlink_mail::message::fold;
use outlink_model::handler::{AttachmentRules, Bulk, Handler, HandlerSettings, HandlerType};
use outlink_model::mail_server::MailServer;
use outlink_model::problem::Problem;

use crate::deliveries::is_address;
use crate::intake::expression;
use crate::{Engine, Error};

/// Characters of the type of new issues.
const LONGEST_TYPE: usize = 60;
/// Octets of an address (RFC 5321 §4.5.3.1).
const LONGEST_ADDRESS: usize = 320;
/// Addresses that one handler catches.
const MOST_CAUGHT: usize = 50;
/// Expressions of one handler, and the characters of one.
const MOST_SPLITS: usize = 20;
const LONGEST_SPLIT: usize = 1000;
/// Rules about senders on one list of one handler.
const MOST_RULES: usize = 500;
/// Rules about files on one list, and the characters of one.
const MOST_FILE_RULES: usize = 100;
const LONGEST_FILE_RULE: usize = 200;
/// Files of one message that are attached.
const MOST_FILES: u32 = 1000;
/// Octets of one file. A mail is not larger.
const LARGEST_FILE: u64 = 1 << 30;
/// Messages within an hour, beyond which a limit is none.
const MOST_PER_HOUR: u32 = 1_000_000;

/// Checks every setting by itself and against the others.
pub(crate) fn handler(handler: &Handler, server: &MailServer) -> Result<(), Problem> {
    let settings = &handler.settings;
    issue_type(&settings.issue_type)?;
    addresses(settings, server)?;
    splits(handler.kind, &settings.split)?;
    senders(settings)?;
    files(&settings.attachments)?;
    for (field, limit) in
        [("sender_per_hour", settings.sender_per_hour), ("issue_per_hour", settings.issue_per_hour)]
    {
        if limit > MOST_PER_HOUR {
            return Err(Problem::invalid(
                field,
                "limit_unusable",
                format!("{limit} messages within an hour are no limit."),
                format!("Choose at most {MOST_PER_HOUR}, or 0 for no limit."),
            ));
        }
    }
    Ok(())
}

/// Checks that whatever a handler sends can be sent. `before` is the handler that is edited: one whose outgoing mail server
/// was deleted can be changed in everything else.
pub(super) fn sending(handler: &Handler, before: Option<&Handler>) -> Result<(), Problem> {
    let sends = |handler: &Handler| {
        let settings = &handler.settings;
        let forwards = settings.forward_to.is_some() || settings.bulk == Bulk::Forward;
        (forwards, settings.notify)
    };
    let (forwards, notifies) = sends(handler);
    let has_lost_it =
        |before: &Handler| before.outgoing_id.is_none() && sends(before) == (forwards, notifies);
    if handler.outgoing_id.is_some() || before.is_some_and(has_lost_it) {
        return Ok(());
    }
    let what = match (forwards, notifies) {
        (true, _) => "Mail is to be sent on",
        (false, true) => "New persons are to be told",
        (false, false) => return Ok(()),
    };
    Err(Problem::invalid(
        "outgoing",
        "outgoing_missing",
        format!("{what}, and no outgoing mail server is named to send it through."),
        "Name one; where there is none yet: outlink mail-server create --protocol smtp.",
    ))
}

impl Engine {
    /// Checks that a handler sends nothing on to where mail is fetched from: the handlers there would send it on, too.
    pub(super) async fn check_forward(&self, handler: &Handler) -> Result<(), Error> {
        let Some(to) = &handler.settings.forward_to else { return Ok(()) };
        let bare = without_tag(to);
        match self.store().incoming_named_by(to, &bare).await? {
            Some(name) => {
                Err(to_ourselves(to, &format!("the mailbox of the mail server {name}")).into())
            }
            None => Ok(()),
        }
    }
}

/// `support+web@example.org` arrives where `support@example.org` does.
fn without_tag(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => {
            let bare = local.split('+').next().unwrap_or(local);
            format!("{bare}@{domain}")
        }
        None => address.to_owned(),
    }
}

pub(crate) fn issue_type(text: &str) -> Result<(), Problem> {
    let length = text.chars().count();
    if (1..=LONGEST_TYPE).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Problem::invalid(
        "issue_type",
        "issue_type_unusable",
        "The type of new issues is empty, too long, or holds a control character.",
        format!("Write a word of at most {LONGEST_TYPE} characters, like Task or Incident."),
    ))
}

fn addresses(settings: &HandlerSettings, server: &MailServer) -> Result<(), Problem> {
    if settings.catch.len() > MOST_CAUGHT {
        return Err(too_many("catch", "addresses", settings.catch.len(), MOST_CAUGHT));
    }
    for caught in &settings.catch {
        address("catch", caught)?;
    }
    if let Some(reporter) = &settings.default_reporter {
        address("default_reporter", reporter)?;
    }
    let Some(to) = &settings.forward_to else {
        return match settings.bulk {
            Bulk::Forward => Err(Problem::invalid(
                "forward_to",
                "forward_to_missing",
                "Machine-made mail is to be sent on, and nobody is named to whom.",
                "Name an address, or choose what else becomes of such mail.",
            )),
            _ => Ok(()),
        };
    };
    if !is_address(to) {
        return Err(not_an_address("forward_to", to));
    }
    let is_own = |to: &String| *to == fold(&server.mailbox) || settings.catch.contains(to);
    match is_own(to) || is_own(&without_tag(to)) {
        true => Err(to_ourselves(to, "where the mail comes from")),
        false => Ok(()),
    }
}

fn to_ourselves(to: &str, what: &str) -> Problem {
    Problem::invalid(
        "forward_to",
        "forward_to_itself",
        format!("{to} is {what}: it would go round in a circle."),
        "Name the address of somebody who reads mail elsewhere.",
    )
}

/// One address and nothing beside it.
fn address(field: &'static str, text: &str) -> Result<(), Problem> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>,;\"*".contains(c);
    let is_one = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    if is_one && text.len() <= LONGEST_ADDRESS && !text.chars().any(odd) {
        return Ok(());
    }
    Err(not_an_address(field, text))
}

fn not_an_address(field: &'static str, text: &str) -> Problem {
    let shown: String = text.chars().take(80).collect();
    Problem::invalid(
        field,
        "address_unusable",
        format!("{shown:?} is no address."),
        "Write the address alone, like support@example.org.",
    )
}

fn splits(kind: HandlerType, splits: &[String]) -> Result<(), Problem> {
    if kind == HandlerType::CommentBeforeMarker && splits.is_empty() {
        return Err(Problem::invalid(
            "split",
            "split_missing",
            "Comments are to end before a marker, and no expression says what the markers are.",
            "Write at least one, like ^-+ ?Original Message ?-+$.",
        ));
    }
    if splits.len() > MOST_SPLITS {
        return Err(too_many("split", "expressions", splits.len(), MOST_SPLITS));
    }
    for split in splits {
        let wrong = match split.chars().count() > LONGEST_SPLIT {
            true => Some(format!("it is longer than {LONGEST_SPLIT} characters")),
            false => expression(split).err(),
        };
        if let Some(why) = wrong {
            let shown: String = split.chars().take(80).collect();
            return Err(Problem::invalid(
                "split",
                "split_unusable",
                format!("{shown:?} is no expression that can be used: {why}."),
                "Expressions are those of Rust's regex: linear in time, so without look-around and back-references.",
            ));
        }
    }
    Ok(())
}

fn senders(settings: &HandlerSettings) -> Result<(), Problem> {
    for (field, rules) in [("allow", &settings.allow), ("deny", &settings.deny)] {
        if rules.len() > MOST_RULES {
            return Err(too_many(field, "rules", rules.len(), MOST_RULES));
        }
    }
    if settings.only_allowed && settings.allow.is_empty() {
        return Err(Problem::invalid(
            "allow",
            "allow_missing",
            "Only mail of trusted senders is to be taken, and nobody is trusted: no mail would be.",
            "Name the senders who are trusted, or take mail of all.",
        ));
    }
    Ok(())
}

fn files(rules: &AttachmentRules) -> Result<(), Problem> {
    if !(1..=LARGEST_FILE).contains(&rules.largest) {
        return Err(Problem::invalid(
            "attachments_largest",
            "limit_unusable",
            format!("Files of {} octets cannot be the largest.", rules.largest),
            format!(
                "Choose between 1 and {LARGEST_FILE} (1 GiB). No files at all: at most 0 of a message."
            ),
        ));
    }
    if rules.most > MOST_FILES {
        return Err(Problem::invalid(
            "attachments_most",
            "limit_unusable",
            format!("{} files of one message are too many.", rules.most),
            format!("Choose at most {MOST_FILES}."),
        ));
    }
    for (field, texts, example) in [
        ("attachments_deny_types", &rules.deny_types, "video/*"),
        ("attachments_deny_names", &rules.deny_names, "*.exe"),
    ] {
        if texts.len() > MOST_FILE_RULES {
            return Err(too_many(field, "rules", texts.len(), MOST_FILE_RULES));
        }
        let is_type = field == "attachments_deny_types";
        let unusable = |text: &&String| {
            text.chars().count() > LONGEST_FILE_RULE
                || text.chars().any(char::is_control)
                || (is_type && !text.contains('/') && !text.contains('*'))
        };
        if let Some(text) = texts.iter().find(unusable) {
            let shown: String = text.chars().take(80).collect();
            return Err(Problem::invalid(
                field,
                "file_rule_unusable",
                format!("{shown:?} fits nothing."),
                format!("Write what is left out, with * for anything, like {example}."),
            ));
        }
    }
    Ok(())
}

fn too_many(field: &'static str, what: &str, count: usize, most: usize) -> Problem {
    Problem::invalid(
        field,
        "too_many",
        format!("{count} {what} are more than one handler takes."),
        format!("Name at most {most}."),
    )
}

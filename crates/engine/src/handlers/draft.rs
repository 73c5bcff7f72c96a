//! Settings as they are entered: texts and numbers, of which whatever is left out stays.

use outlink_mail::message::fold;
use outlink_model::handler::{
    AttachmentRules, BadRule, Bulk, HandlerSettings, SenderRule, Unauthenticated,
};
use outlink_model::problem::Problem;

/// What is entered of a handler's settings. What is `None` stays; an empty text or list takes away what was there.
#[derive(Clone, Debug, Default)]
pub struct SettingsDraft {
    /// The type of new issues.
    pub issue_type: Option<String>,
    /// Whether comments are without quotes and signature.
    pub strip_quotes: Option<bool>,
    /// Only mail to one of these addresses is taken.
    pub catch: Option<Vec<String>>,
    /// What becomes of machine-made mail.
    pub bulk: Option<Bulk>,
    /// Whether mail through mailing lists counts as machine-made.
    pub bulk_lists: Option<bool>,
    /// Who gets the mail that cannot be processed.
    pub forward_to: Option<String>,
    /// Whether a sender whom we do not know becomes a person.
    pub create_persons: Option<bool>,
    /// In whose name mail of unknown senders is taken.
    pub default_reporter: Option<String>,
    /// Whether persons who are created are told.
    pub notify: Option<bool>,
    /// Whether the first known person in To and Cc becomes the assignee.
    pub cc_assignee: Option<bool>,
    /// Whether the known persons in To and Cc become watchers.
    pub cc_watchers: Option<bool>,
    /// Regular expressions of markers; Jira's form with `/` around them is understood.
    pub split: Option<Vec<String>>,
    /// Senders who are trusted.
    pub allow: Option<Vec<String>>,
    /// Whether only mail of trusted senders is taken.
    pub only_allowed: Option<bool>,
    /// Senders whose mail is refused.
    pub deny: Option<Vec<String>>,
    /// Whether issues get the priority that the mail says.
    pub priority: Option<bool>,
    /// Whether words behind a `+` become labels or name the project.
    pub sub_addresses: Option<bool>,
    /// Whether a key in the subject leads to its issue only for those who have a part in it.
    pub only_involved: Option<bool>,
    /// What becomes of mail whose sender's domain does not stand behind it.
    pub unauthenticated: Option<Unauthenticated>,
    /// Octets of one file.
    pub attachments_largest: Option<u64>,
    /// Files of one message.
    pub attachments_most: Option<u32>,
    /// Media types that are left out.
    pub attachments_deny_types: Option<Vec<String>>,
    /// File names that are left out.
    pub attachments_deny_names: Option<Vec<String>>,
    /// Whether pictures of signatures are attached too.
    pub attachments_decorations: Option<bool>,
    /// Whether a comment opens a resolved issue again.
    pub reopen: Option<bool>,
    /// Messages of one sender within an hour.
    pub sender_per_hour: Option<u32>,
    /// Messages of one sender to one issue within an hour.
    pub issue_per_hour: Option<u32>,
}

impl SettingsDraft {
    /// The settings that come of it where these stand. They are read, and not yet checked against each other: that is
    /// done when the handler is saved.
    ///
    /// # Errors
    /// A [`Problem`] at the field that cannot be read.
    pub fn over(self, now: HandlerSettings) -> Result<HandlerSettings, Problem> {
        let files = now.attachments;
        Ok(HandlerSettings {
            issue_type: self.issue_type.map_or(now.issue_type, |text| text.trim().to_owned()),
            strip_quotes: self.strip_quotes.unwrap_or(now.strip_quotes),
            catch: self.catch.map_or(now.catch, |texts| lines(&texts, fold)),
            bulk: self.bulk.unwrap_or(now.bulk),
            bulk_lists: self.bulk_lists.unwrap_or(now.bulk_lists),
            forward_to: self.forward_to.map_or(now.forward_to, |text| address(&text)),
            create_persons: self.create_persons.unwrap_or(now.create_persons),
            default_reporter: self
                .default_reporter
                .map_or(now.default_reporter, |text| address(&text)),
            notify: self.notify.unwrap_or(now.notify),
            cc_assignee: self.cc_assignee.unwrap_or(now.cc_assignee),
            cc_watchers: self.cc_watchers.unwrap_or(now.cc_watchers),
            split: self.split.map_or(now.split, |texts| lines(&texts, undelimited)),
            allow: rules("allow", self.allow, now.allow)?,
            only_allowed: self.only_allowed.unwrap_or(now.only_allowed),
            deny: rules("deny", self.deny, now.deny)?,
            priority: self.priority.unwrap_or(now.priority),
            sub_addresses: self.sub_addresses.unwrap_or(now.sub_addresses),
            only_involved: self.only_involved.unwrap_or(now.only_involved),
            unauthenticated: self.unauthenticated.unwrap_or(now.unauthenticated),
            attachments: AttachmentRules {
                largest: self.attachments_largest.unwrap_or(files.largest),
                most: self.attachments_most.unwrap_or(files.most),
                deny_types: self
                    .attachments_deny_types
                    .map_or(files.deny_types, |texts| lines(&texts, fold)),
                deny_names: self
                    .attachments_deny_names
                    .map_or(files.deny_names, |texts| lines(&texts, fold)),
                decorations: self.attachments_decorations.unwrap_or(files.decorations),
            },
            reopen: self.reopen.unwrap_or(now.reopen),
            sender_per_hour: self.sender_per_hour.unwrap_or(now.sender_per_hour),
            issue_per_hour: self.issue_per_hour.unwrap_or(now.issue_per_hour),
        })
    }
}

/// Each text once, without those that say nothing.
fn lines(texts: &[String], read: impl Fn(&str) -> String) -> Vec<String> {
    let mut all: Vec<String> = Vec::with_capacity(texts.len());
    for text in texts {
        let text = read(text);
        if !text.trim().is_empty() && !all.contains(&text) {
            all.push(text);
        }
    }
    all
}

/// An address in lower case; `None` where there is none.
fn address(text: &str) -> Option<String> {
    Some(fold(text)).filter(|text| !text.is_empty())
}

/// An expression without the slashes that Jira wants around it. Blanks within them are a part of it.
fn undelimited(text: &str) -> String {
    let trimmed = text.trim();
    let inner = trimmed.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    inner.unwrap_or(trimmed).to_owned()
}

fn rules(
    field: &'static str,
    texts: Option<Vec<String>>,
    now: Vec<SenderRule>,
) -> Result<Vec<SenderRule>, Problem> {
    let Some(texts) = texts else { return Ok(now) };
    let mut rules = Vec::with_capacity(texts.len());
    for text in texts.iter().filter(|text| !text.trim().is_empty()) {
        let rule = rule(field, text)?;
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    Ok(rules)
}

/// A rule about senders, as an administrator wrote it.
pub(crate) fn rule(field: &'static str, text: &str) -> Result<SenderRule, Problem> {
    text.parse().map_err(|bad: BadRule| {
        Problem::invalid(
            field,
            "sender_rule_unusable",
            format!("{bad}."),
            "Write one address, one domain or one pattern a line.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_stays_and_what_is_empty_is_taken_away() {
        let now = HandlerSettings {
            catch: vec!["a@example.org".into()],
            forward_to: Some("b@example.org".into()),
            reopen: false,
            ..HandlerSettings::default()
        };
        assert_eq!(SettingsDraft::default().over(now.clone()), Ok(now.clone()));
        let emptied = SettingsDraft {
            catch: Some(Vec::new()),
            forward_to: Some(" ".into()),
            ..SettingsDraft::default()
        };
        let after = emptied.over(now).unwrap();
        assert_eq!((after.catch.len(), after.forward_to, after.reopen), (0, None, false));
    }

    #[test]
    fn texts_are_read_as_they_are_meant() {
        let draft = SettingsDraft {
            issue_type: Some(" Incident ".into()),
            catch: Some(vec![
                " Support@Example.org ".into(),
                "support@example.org".into(),
                "".into(),
            ]),
            split: Some(vec!["/-- cut --/".into(), "^>".into(), " ".into(), "/".into()]),
            allow: Some(vec!["Ann@example.org".into(), "".into(), "ann@example.org".into()]),
            ..SettingsDraft::default()
        };
        let read = draft.over(HandlerSettings::default()).unwrap();
        assert_eq!(read.issue_type, "Incident");
        assert_eq!(read.catch, ["support@example.org"]);
        assert_eq!(read.split, ["-- cut --", "^>", "/"]);
        assert_eq!(read.allow.len(), 1);
        let bad = SettingsDraft { deny: Some(vec!["nobody".into()]), ..SettingsDraft::default() };
        let problem = bad.over(HandlerSettings::default()).unwrap_err();
        assert_eq!((problem.field, problem.code), (Some("deny"), "sender_rule_unusable"));
    }
}

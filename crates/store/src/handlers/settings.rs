//! The settings of a handler as they lie in their cell: JSON in which every field may be absent, and means the default
//! then. So a field that is new needs no migration.

use outlink_model::handler::{AttachmentRules, HandlerSettings, SenderRule};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::cell::{from_json, parse, to_json};

const COLUMN: &str = "handlers.settings";

#[derive(Serialize, Deserialize)]
#[serde(default)]
struct SettingsCell {
    issue_type: String,
    strip_quotes: bool,
    catch: Vec<String>,
    bulk: String,
    bulk_lists: bool,
    forward_to: Option<String>,
    create_persons: bool,
    default_reporter: Option<String>,
    notify: bool,
    cc_assignee: bool,
    cc_watchers: bool,
    split: Vec<String>,
    allow: Vec<String>,
    only_allowed: bool,
    deny: Vec<String>,
    priority: bool,
    sub_addresses: bool,
    only_involved: bool,
    unauthenticated: String,
    attachments: AttachmentsCell,
    reopen: bool,
    sender_per_hour: u32,
    issue_per_hour: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(default)]
struct AttachmentsCell {
    largest: u64,
    most: u32,
    deny_types: Vec<String>,
    deny_names: Vec<String>,
    decorations: bool,
}

impl Default for SettingsCell {
    fn default() -> Self {
        cell(HandlerSettings::default())
    }
}

impl Default for AttachmentsCell {
    fn default() -> Self {
        attachments_cell(AttachmentRules::default())
    }
}

fn cell(settings: HandlerSettings) -> SettingsCell {
    let rules = |rules: &[SenderRule]| rules.iter().map(SenderRule::to_string).collect();
    SettingsCell {
        issue_type: settings.issue_type,
        strip_quotes: settings.strip_quotes,
        catch: settings.catch,
        bulk: settings.bulk.to_string(),
        bulk_lists: settings.bulk_lists,
        forward_to: settings.forward_to,
        create_persons: settings.create_persons,
        default_reporter: settings.default_reporter,
        notify: settings.notify,
        cc_assignee: settings.cc_assignee,
        cc_watchers: settings.cc_watchers,
        split: settings.split,
        allow: rules(&settings.allow),
        only_allowed: settings.only_allowed,
        deny: rules(&settings.deny),
        priority: settings.priority,
        sub_addresses: settings.sub_addresses,
        only_involved: settings.only_involved,
        unauthenticated: settings.unauthenticated.to_string(),
        attachments: attachments_cell(settings.attachments),
        reopen: settings.reopen,
        sender_per_hour: settings.sender_per_hour,
        issue_per_hour: settings.issue_per_hour,
    }
}

fn attachments_cell(rules: AttachmentRules) -> AttachmentsCell {
    let AttachmentRules { largest, most, deny_types, deny_names, decorations } = rules;
    AttachmentsCell { largest, most, deny_types, deny_names, decorations }
}

/// Writes settings. JSON escapes the one character that PostgreSQL refuses in text.
pub(super) fn settings_cell(settings: &HandlerSettings) -> Result<String, Error> {
    to_json(&cell(settings.clone()))
}

/// Reads settings.
pub(super) fn settings(text: &str) -> Result<HandlerSettings, Error> {
    let cell: SettingsCell = from_json(COLUMN, text)?;
    let rules = |rules: &[String]| -> Result<Vec<SenderRule>, Error> {
        rules.iter().map(|rule| parse(COLUMN, rule)).collect()
    };
    let AttachmentsCell { largest, most, deny_types, deny_names, decorations } = cell.attachments;
    Ok(HandlerSettings {
        issue_type: cell.issue_type,
        strip_quotes: cell.strip_quotes,
        catch: cell.catch,
        bulk: parse(COLUMN, &cell.bulk)?,
        bulk_lists: cell.bulk_lists,
        forward_to: cell.forward_to,
        create_persons: cell.create_persons,
        default_reporter: cell.default_reporter,
        notify: cell.notify,
        cc_assignee: cell.cc_assignee,
        cc_watchers: cell.cc_watchers,
        split: cell.split,
        allow: rules(&cell.allow)?,
        only_allowed: cell.only_allowed,
        deny: rules(&cell.deny)?,
        priority: cell.priority,
        sub_addresses: cell.sub_addresses,
        only_involved: cell.only_involved,
        unauthenticated: parse(COLUMN, &cell.unauthenticated)?,
        attachments: AttachmentRules { largest, most, deny_types, deny_names, decorations },
        reopen: cell.reopen,
        sender_per_hour: cell.sender_per_hour,
        issue_per_hour: cell.issue_per_hour,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_the_default() {
        assert_eq!(settings("{}").unwrap(), HandlerSettings::default());
        let some = settings(r#"{"strip_quotes":false,"attachments":{"most":3},"from":"later"}"#);
        let attachments = AttachmentRules { most: 3, ..AttachmentRules::default() };
        let expected =
            HandlerSettings { strip_quotes: false, attachments, ..HandlerSettings::default() };
        assert_eq!(some.unwrap(), expected);
        assert!(settings(r#"{"bulk":"perhaps"}"#).is_err());
    }
}

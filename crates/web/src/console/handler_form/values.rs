//! What stands in the fields of a handler's form.

use outlink_model::handler::{Handler, HandlerSettings, HandlerType, SenderRule};

use super::super::link_edit::Difference;
use crate::form::{Fields, Form};

/// Octets of a MiB, in which people count files.
pub(super) const MIB: f64 = 1_048_576.0;

/// The boxes to tick. Browsers send those alone that are ticked.
const BOXES: [&str; 13] = [
    "enabled",
    "notify",
    "strip_quotes",
    "bulk_lists",
    "create_persons",
    "cc_assignee",
    "cc_watchers",
    "only_allowed",
    "priority",
    "sub_addresses",
    "only_involved",
    "attachments_decorations",
    "reopen",
];

/// The field by which a form with the settings is told from one without.
const MARK: &str = "issue_type";

/// Whether the settings were on the page that was sent.
pub(super) fn has_settings(fields: &Fields) -> bool {
    fields.sent(MARK).is_some()
}

/// A form for a new handler.
pub(crate) fn blank() -> Form {
    let form = Form::new(&[
        ("name", ""),
        ("mail_server", ""),
        ("project", ""),
        ("outgoing", ""),
        ("type", HandlerType::CreateOrComment.as_str()),
        ("enabled", "yes"),
    ]);
    with_settings(form, &HandlerSettings::default())
}

/// A handler as its fields hold it.
pub(super) fn filled(handler: &Handler) -> Form {
    let form = Form::new(&[
        ("updated_at", &handler.updated_at.to_string()),
        ("name", &handler.name),
        ("mail_server", &handler.mail_server_id.to_string()),
        ("project", &handler.project_id.to_string()),
        ("outgoing", &handler.outgoing_id.map(|id| id.to_string()).unwrap_or_default()),
        ("type", handler.kind.as_str()),
    ]);
    with_settings(form, &handler.settings)
}

fn with_settings(form: Form, settings: &HandlerSettings) -> Form {
    let ticked = |on: bool| if on { "yes" } else { "" };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let rules =
        |rules: &[SenderRule]| rules.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let files = &settings.attachments;
    form.with("issue_type", settings.issue_type.clone())
        .with("strip_quotes", ticked(settings.strip_quotes))
        .with("catch", settings.catch.join("\n"))
        .with("bulk", settings.bulk.as_str())
        .with("bulk_lists", ticked(settings.bulk_lists))
        .with("forward_to", text(&settings.forward_to))
        .with("notify", ticked(settings.notify))
        .with("create_persons", ticked(settings.create_persons))
        .with("default_reporter", text(&settings.default_reporter))
        .with("cc_assignee", ticked(settings.cc_assignee))
        .with("cc_watchers", ticked(settings.cc_watchers))
        .with("split", settings.split.join("\n"))
        .with("allow", rules(&settings.allow))
        .with("only_allowed", ticked(settings.only_allowed))
        .with("deny", rules(&settings.deny))
        .with("priority", ticked(settings.priority))
        .with("sub_addresses", ticked(settings.sub_addresses))
        .with("only_involved", ticked(settings.only_involved))
        .with("unauthenticated", settings.unauthenticated.as_str())
        .with("attachments_largest", mib(files.largest))
        .with("attachments_most", files.most.to_string())
        .with("attachments_deny_types", files.deny_types.join("\n"))
        .with("attachments_deny_names", files.deny_names.join("\n"))
        .with("attachments_decorations", ticked(files.decorations))
        .with("reopen", ticked(settings.reopen))
        .with("sender_per_hour", settings.sender_per_hour.to_string())
        .with("issue_per_hour", settings.issue_per_hour.to_string())
}

/// Octets as MiB, exactly: a MiB is a power of two, so that nothing is lost on the way there and back.
fn mib(octets: u64) -> String {
    (octets as f64 / MIB).to_string()
}

/// The form with what was typed and ticked.
pub(super) fn typed(form: Form, fields: &Fields) -> Form {
    let form = form.typed(fields);
    match has_settings(fields) {
        true => BOXES.into_iter().fold(form, |form, name| form.ticked(name, fields)),
        false => form,
    }
}

/// The fields that are compared, by their names on the page.
const COMPARED: [(&str, &str); 29] = [
    ("name", "Name"),
    ("type", "What it does"),
    ("issue_type", "Type of new issues"),
    ("strip_quotes", "Comments without quotes"),
    ("catch", "Only mail to"),
    ("bulk", "Mail that machines wrote"),
    ("bulk_lists", "Mailing lists count as machines"),
    ("forward_to", "Sent on to"),
    ("notify", "New persons are told"),
    ("create_persons", "Unknown senders become persons"),
    ("default_reporter", "Default reporter"),
    ("cc_assignee", "Cc becomes the assignee"),
    ("cc_watchers", "Cc become watchers"),
    ("split", "Markers"),
    ("allow", "Trusted senders"),
    ("only_allowed", "Only trusted senders"),
    ("deny", "Refused senders"),
    ("priority", "Priority from the mail"),
    ("sub_addresses", "Words behind a +"),
    ("only_involved", "Keys count only for those with a part"),
    ("unauthenticated", "Senders who are not proven"),
    ("attachments_largest", "Largest file (MiB)"),
    ("attachments_most", "Files of one message"),
    ("attachments_deny_types", "Media types left out"),
    ("attachments_deny_names", "File names left out"),
    ("attachments_decorations", "Pictures of signatures"),
    ("reopen", "Comments open resolved issues"),
    ("sender_per_hour", "Messages of one sender"),
    ("issue_per_hour", "Messages to one issue"),
];

/// Where a handler is not what stands in a form: what saving the form would overwrite.
pub(super) fn differences(handler: &Handler, form: &Form) -> Vec<Difference> {
    let now = filled(handler);
    let differs = COMPARED.into_iter().filter(|(name, _)| {
        let lines = |form: &Form| {
            form.value(name)
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        lines(&now) != lines(form)
    });
    differs.map(|(name, label)| Difference { label, now: now.value(name).to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_in_mib_loses_no_octet() {
        for octets in [1, 1_500_000, 25 << 20, (1 << 30) - 1] {
            let back = mib(octets).parse::<f64>().unwrap() * MIB;
            assert_eq!(back as u64, octets, "{octets}");
        }
        assert_eq!(mib(25 << 20), "25");
    }

    #[test]
    fn a_box_that_was_not_ticked_is_empty_where_the_boxes_were_on_the_page() {
        let form = typed(blank(), &Fields::of(&[("issue_type", "Bug"), ("reopen", "yes")]));
        assert_eq!((form.value("reopen"), form.value("strip_quotes")), ("yes", ""));
        let form = typed(blank(), &Fields::of(&[("name", "H")]));
        assert_eq!((form.value("name"), form.value("strip_quotes")), ("H", "yes"));
    }
}

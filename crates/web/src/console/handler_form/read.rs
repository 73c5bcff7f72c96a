//! What was entered for a handler, as the engine takes it.

use outlink_engine::handlers::{HandlerEdit, NewHandler, SettingsDraft};
use outlink_model::Timestamp;
use outlink_model::handler::HandlerSettings;
use outlink_model::problem::Problem;

use super::values::{MIB, has_settings};
use crate::choice::{choice, optional_choice};
use crate::error::ApiError;
use crate::form::{Fields, number};

/// A new handler.
pub(super) fn new_handler(fields: &Fields) -> Result<NewHandler, ApiError> {
    Ok(NewHandler {
        outgoing: fields.sent("outgoing"),
        name: fields.text("name"),
        mail_server: fields.text("mail_server"),
        project: fields.text("project"),
        kind: choice("type", &fields.text("type"))?,
        settings: settings(fields)?.over(HandlerSettings::default())?,
        enabled: !has_settings(fields) || ticked(fields, "enabled"),
    })
}

/// What is changed about a handler. What was not sent is left as it is.
pub(super) fn edit(fields: &Fields) -> Result<HandlerEdit, ApiError> {
    Ok(HandlerEdit {
        outgoing: fields.sent("outgoing"),
        name: fields.sent("name"),
        mail_server: fields.sent("mail_server"),
        project: fields.sent("project"),
        kind: optional_choice("type", fields.sent("type").as_deref())?,
        enabled: None,
        settings: settings(fields)?,
        seen: seen(fields)?,
    })
}

fn settings(fields: &Fields) -> Result<SettingsDraft, ApiError> {
    if !has_settings(fields) {
        return Ok(SettingsDraft::default());
    }
    let on = |name: &str| Some(ticked(fields, name));
    let lines =
        |name: &str| fields.sent(name).map(|text| text.lines().map(str::to_owned).collect());
    let sent = |name: &'static str| fields.sent(name);
    Ok(SettingsDraft {
        issue_type: sent("issue_type"),
        strip_quotes: on("strip_quotes"),
        catch: lines("catch"),
        bulk: optional_choice("bulk", sent("bulk").as_deref())?,
        bulk_lists: on("bulk_lists"),
        forward_to: sent("forward_to"),
        create_persons: on("create_persons"),
        default_reporter: sent("default_reporter"),
        notify: on("notify"),
        cc_assignee: on("cc_assignee"),
        cc_watchers: on("cc_watchers"),
        split: lines("split"),
        allow: lines("allow"),
        only_allowed: on("only_allowed"),
        deny: lines("deny"),
        priority: on("priority"),
        sub_addresses: on("sub_addresses"),
        only_involved: on("only_involved"),
        unauthenticated: optional_choice("unauthenticated", sent("unauthenticated").as_deref())?,
        attachments_largest: sent("attachments_largest").map(|text| octets(&text)).transpose()?,
        attachments_most: count(fields, "attachments_most")?,
        attachments_deny_types: lines("attachments_deny_types"),
        attachments_deny_names: lines("attachments_deny_names"),
        attachments_decorations: on("attachments_decorations"),
        reopen: on("reopen"),
        sender_per_hour: count(fields, "sender_per_hour")?,
        issue_per_hour: count(fields, "issue_per_hour")?,
    })
}

fn ticked(fields: &Fields, name: &str) -> bool {
    fields.optional(name).is_some()
}

fn count(fields: &Fields, name: &'static str) -> Result<Option<u32>, ApiError> {
    fields.sent(name).map(|text| number(name, &text)).transpose()
}

/// Octets, of MiB.
fn octets(text: &str) -> Result<u64, Problem> {
    let mib = text.trim().replace(',', ".").parse::<f64>().ok();
    // Every f64 has a u64 next to it; what is too large is refused with the rest of the settings.
    mib.filter(|mib| mib.is_finite() && *mib >= 0.0)
        .map(|mib| (mib * MIB).round() as u64)
        .ok_or_else(|| {
            Problem::invalid(
                "attachments_largest",
                "not_a_number",
                format!("{:?} is no size.", text.trim()),
                "Write MiB in digits, like 25 or 0.5.",
            )
        })
}

/// When the handler was last edited, as the page with the form has it.
fn seen(fields: &Fields) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = fields.sent("updated_at") else { return Ok(None) };
    text.trim().parse().map(Some).map_err(|_| {
        Problem::invalid(
            "updated_at",
            "moment_unusable",
            "The form does not say any more which state of the handler it was filled in with.",
            "Open it anew.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_mib() {
        assert_eq!(octets(" 25 "), Ok(25 << 20));
        assert_eq!(octets("0,5"), Ok(512 << 10));
        for wrong in ["", "x", "-1", "NaN", "inf"] {
            assert_eq!(octets(wrong).unwrap_err().field, Some("attachments_largest"), "{wrong}");
        }
        assert_eq!(octets("1e300"), Ok(u64::MAX));
    }

    #[test]
    fn a_form_without_the_settings_changes_none() {
        let short = Fields::of(&[("name", "H"), ("type", "create")]);
        let new = new_handler(&short).unwrap();
        assert!(new.enabled && new.settings == HandlerSettings::default());
        let long = Fields::of(&[
            ("name", "H"),
            ("type", "create"),
            ("issue_type", "Bug"),
            ("split", "a\r\nb"),
        ]);
        let new = new_handler(&long).unwrap();
        assert!(!new.enabled && !new.settings.strip_quotes);
        assert_eq!((new.settings.issue_type.as_str(), new.settings.split.len()), ("Bug", 2));
    }
}

//! Which files of a message become attachments, and writing them down.

use outlink_mail::message::{Parsed, Part};
use outlink_model::handler::{AttachmentRules, fits};
use outlink_model::message::Message;
use outlink_model::tracker::Attachment;
use outlink_model::{CommentId, IssueId};
use outlink_store::Intake;

use crate::clock;

/// Attaches the files that the rules let through, and returns their names.
pub(super) fn attach(
    tx: &mut Intake,
    row: &Message,
    issue: IssueId,
    comment: Option<CommentId>,
    parsed: &Parsed,
    rules: &AttachmentRules,
) -> Vec<String> {
    let mut attached = Vec::new();
    let wanted = parsed.attachments.iter().filter(|part| is_attached(part, rules));
    for part in wanted.take(rules.most as usize) {
        tx.add_attachment(Attachment {
            id: clock::id(),
            issue_id: issue,
            comment_id: comment,
            message_id: row.id,
            name: part.name.clone(),
            media_type: part.media_type.clone(),
            size: part.size,
            part: part.range,
        });
        attached.push(part.name.clone());
    }
    attached
}

/// Whether a file is attached. One that is not stays in the raw message.
fn is_attached(part: &Part, rules: &AttachmentRules) -> bool {
    let denied = |rules: &[String], text: &str| {
        let text = text.to_lowercase();
        rules.iter().any(|rule| fits(&rule.to_lowercase(), &text))
    };
    part.size <= rules.largest
        && (rules.decorations || !part.decoration)
        && !denied(&rules.deny_types, &part.media_type)
        && !denied(&rules.deny_names, &part.name)
}

#[cfg(test)]
mod tests {
    use outlink_model::tracker::{PartRange, TransferEncoding};

    use super::*;

    #[test]
    fn files_are_left_out_by_size_type_and_name() {
        let rules = AttachmentRules {
            largest: 100,
            deny_types: vec!["video/*".into()],
            deny_names: vec!["*.EXE".into(), "winmail.dat".into()],
            ..AttachmentRules::default()
        };
        let part = |name: &str, media_type: &str, size| Part {
            name: name.into(),
            media_type: media_type.into(),
            size,
            range: PartRange { offset: 0, length: 0, encoding: TransferEncoding::Identity },
            inline: false,
            decoration: false,
        };
        for (part, attached) in [
            (part("a.pdf", "application/pdf", 100), true),
            (part("a.pdf", "application/pdf", 101), false),
            (part("a.mp4", "Video/mp4", 1), false),
            (part("run.exe", "application/pdf", 1), false),
            (part("Winmail.dat", "application/ms-tnef", 1), false),
            (Part { decoration: true, ..part("logo.png", "image/png", 1) }, false),
        ] {
            assert_eq!(is_attached(&part, &rules), attached, "{part:?}");
        }
    }
}

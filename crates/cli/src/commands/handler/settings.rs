//! The flags for how a handler does what it does: the same when it is created and when it is changed.

use clap::Args;
use serde::Serialize;

const FILTERS: &str = "Which mail is taken";
const ISSUES: &str = "What issues and comments are like";
const PERSONS: &str = "Who has a part in them";
const FILES: &str = "Attachments";
const OUT: &str = "What is sent, and through what";

/// What is not named stays as it is, or as usual for a new handler. A list is named item by item, and emptied by one item
/// that is empty: `--catch ""`.
#[derive(Clone, Debug, Default, Args, Serialize)]
pub(crate) struct Settings {
    /// What it does with a message: create_or_comment (usual), comment_new_text, comment_whole, create or
    /// comment_before_marker
    #[arg(long = "type", value_name = "TYPE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<String>,
    /// Take only mail to this address, with any word behind a +; may be given several times
    #[arg(long, value_name = "ADDRESS", help_heading = FILTERS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    catch: Option<Vec<String>>,
    /// What becomes of machine-made mail: ignore (usual), forward, delete or accept
    #[arg(long, value_name = "POLICY", help_heading = FILTERS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    bulk: Option<String>,
    /// Whether mail through mailing lists counts as machine-made (usual: false)
    #[arg(long, value_name = "BOOL", help_heading = FILTERS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    bulk_lists: Option<bool>,
    /// Who gets the mail that this handler cannot process; it takes --outgoing
    #[arg(long, value_name = "ADDRESS", help_heading = OUT)]
    #[serde(skip_serializing_if = "Option::is_none")]
    forward_to: Option<String>,
    /// Whether persons who are created are told, by mail, which issue their message made (usual: false); it takes --outgoing
    #[arg(long, value_name = "BOOL", help_heading = OUT)]
    #[serde(skip_serializing_if = "Option::is_none")]
    notify: Option<bool>,
    /// The mail server through which it sends, by name or id: one whose protocol is smtp; '' for none
    #[arg(long, value_name = "NAME", help_heading = OUT)]
    #[serde(skip_serializing_if = "Option::is_none")]
    outgoing: Option<String>,
    /// Trust these senders: an address, a domain or a pattern with *; may be given several times
    #[arg(long, value_name = "RULE", help_heading = FILTERS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    allow: Option<Vec<String>>,
    /// Whether only mail of the senders under --allow is taken (usual: false)
    #[arg(long, value_name = "BOOL", help_heading = FILTERS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    only_allowed: Option<bool>,
    /// Refuse these senders: an address, a domain or a pattern with *; may be given several times
    #[arg(long, value_name = "RULE", help_heading = FILTERS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    deny: Option<Vec<String>>,
    /// What becomes of mail whose sender's domain does not stand behind it: accept, mark (usual) or quarantine
    #[arg(long, value_name = "POLICY", help_heading = FILTERS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    unauthenticated: Option<String>,
    /// Messages of one sender within an hour, beyond which they are quarantined; 0 for no limit (usual: 500)
    #[arg(long, value_name = "N", help_heading = FILTERS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_per_hour: Option<u32>,
    /// Messages of one sender to one issue within an hour; 0 for no limit (usual: 50)
    #[arg(long, value_name = "N", help_heading = FILTERS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    issue_per_hour: Option<u32>,
    /// The type of new issues (usual: Task)
    #[arg(long, value_name = "TYPE", help_heading = ISSUES)]
    #[serde(skip_serializing_if = "Option::is_none")]
    issue_type: Option<String>,
    /// Whether comments of create_or_comment are without quotes and signature (usual: true)
    #[arg(long, value_name = "BOOL", help_heading = ISSUES)]
    #[serde(skip_serializing_if = "Option::is_none")]
    strip_quotes: Option<bool>,
    /// A regular expression of a marker before which comments of comment_before_marker end; may be given several times
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true, help_heading = ISSUES)]
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<Vec<String>>,
    /// Whether a new issue gets the priority that the mail's headers say (usual: true)
    #[arg(long, value_name = "BOOL", help_heading = ISSUES)]
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<bool>,
    /// Whether words behind a + of the mailbox's address become labels or name the project (usual: false)
    #[arg(long, value_name = "BOOL", help_heading = ISSUES)]
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_addresses: Option<bool>,
    /// Whether a comment opens a resolved issue again (usual: true)
    #[arg(long, value_name = "BOOL", help_heading = ISSUES)]
    #[serde(skip_serializing_if = "Option::is_none")]
    reopen: Option<bool>,
    /// Whether a key in the subject leads to its issue only for those who have a part in it (usual: true)
    #[arg(long, value_name = "BOOL", help_heading = PERSONS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    only_involved: Option<bool>,
    /// Whether a sender whom nobody knows becomes a person (usual: true)
    #[arg(long, value_name = "BOOL", help_heading = PERSONS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    create_persons: Option<bool>,
    /// In whose name mail of unknown senders is taken, where no persons are created
    #[arg(long, value_name = "ADDRESS", help_heading = PERSONS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    default_reporter: Option<String>,
    /// Whether the first known person in To and Cc becomes the assignee of a new issue (usual: false)
    #[arg(long, value_name = "BOOL", help_heading = PERSONS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    cc_assignee: Option<bool>,
    /// Whether the known persons in To and Cc become watchers of a new issue (usual: false)
    #[arg(long, value_name = "BOOL", help_heading = PERSONS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    cc_watchers: Option<bool>,
    /// Octets of the largest file that is attached (usual: 26214400, 25 MiB)
    #[arg(long, value_name = "OCTETS", help_heading = FILES)]
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments_largest: Option<u64>,
    /// Files of one message that are attached at most (usual: 100)
    #[arg(long, value_name = "N", help_heading = FILES)]
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments_most: Option<u32>,
    /// A media type that is not attached, like video/*; may be given several times
    #[arg(long = "attachments-deny-type", value_name = "TYPE", help_heading = FILES)]
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments_deny_types: Option<Vec<String>>,
    /// A file name that is not attached, like *.exe; may be given several times
    #[arg(long = "attachments-deny-name", value_name = "NAME", help_heading = FILES)]
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments_deny_names: Option<Vec<String>>,
    /// Whether pictures of signatures are attached too (usual: false)
    #[arg(long, value_name = "BOOL", help_heading = FILES)]
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments_decorations: Option<bool>,
}

//! A handler as it is shown: every setting, so that what is shown can be sent back.

use jiff::Timestamp;
use outlink_engine::Engine;
use outlink_model::handler::{Handler, SenderRule};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::names;

/// A handler.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Handler)]
pub(super) struct HandlerBody {
    id: String,
    name: String,
    /// The mail server's name.
    mail_server: String,
    mail_server_id: String,
    /// The project's key.
    project: String,
    project_id: String,
    r#type: &'static str,
    /// Its place among the handlers of its mail server: the lowest is asked first.
    position: u32,
    enabled: bool,
    issue_type: String,
    strip_quotes: bool,
    catch: Vec<String>,
    /// `ignore`, `forward`, `delete` or `accept`.
    bulk: &'static str,
    bulk_lists: bool,
    /// The name of the mail server that it sends through.
    outgoing: Option<String>,
    outgoing_id: Option<String>,
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
    /// `accept`, `mark` or `quarantine`.
    unauthenticated: &'static str,
    attachments_largest: u64,
    attachments_most: u32,
    attachments_deny_types: Vec<String>,
    attachments_deny_names: Vec<String>,
    attachments_decorations: bool,
    reopen: bool,
    sender_per_hour: u32,
    issue_per_hour: u32,
    created_at: Timestamp,
    /// When an administrator last changed it. Send it back with a change, and one on top of somebody else's is refused.
    updated_at: Timestamp,
}

pub(super) async fn shape(engine: &Engine, handler: Handler) -> Result<HandlerBody, ApiError> {
    let (mail_server, project) = names::of_handler(engine, &handler).await?;
    let outgoing = names::of_outgoing(engine, &handler).await?;
    let settings = handler.settings;
    let files = settings.attachments;
    Ok(HandlerBody {
        id: handler.id.to_string(),
        name: handler.name,
        mail_server,
        mail_server_id: handler.mail_server_id.to_string(),
        project,
        project_id: handler.project_id.to_string(),
        r#type: handler.kind.as_str(),
        position: handler.position,
        enabled: handler.enabled,
        issue_type: settings.issue_type,
        strip_quotes: settings.strip_quotes,
        catch: settings.catch,
        bulk: settings.bulk.as_str(),
        bulk_lists: settings.bulk_lists,
        outgoing,
        outgoing_id: handler.outgoing_id.map(|id| id.to_string()),
        forward_to: settings.forward_to,
        create_persons: settings.create_persons,
        default_reporter: settings.default_reporter,
        notify: settings.notify,
        cc_assignee: settings.cc_assignee,
        cc_watchers: settings.cc_watchers,
        split: settings.split,
        allow: texts(&settings.allow),
        only_allowed: settings.only_allowed,
        deny: texts(&settings.deny),
        priority: settings.priority,
        sub_addresses: settings.sub_addresses,
        only_involved: settings.only_involved,
        unauthenticated: settings.unauthenticated.as_str(),
        attachments_largest: files.largest,
        attachments_most: files.most,
        attachments_deny_types: files.deny_types,
        attachments_deny_names: files.deny_names,
        attachments_decorations: files.decorations,
        reopen: settings.reopen,
        sender_per_hour: settings.sender_per_hour,
        issue_per_hour: settings.issue_per_hour,
        created_at: handler.created_at,
        updated_at: handler.updated_at,
    })
}

fn texts(rules: &[SenderRule]) -> Vec<String> {
    rules.iter().map(SenderRule::to_string).collect()
}

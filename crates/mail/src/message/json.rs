//! What `outlink message parse --json` prints. The names are public: changing one breaks somebody's script.

use outlink_model::Timestamp;
use serde::Serialize;

use super::{Address, AuthenticationResults, DeliveryReport, FailedRecipient, Parsed, Part};

/// A mail, read, as JSON.
#[derive(Debug, Serialize)]
pub struct ParsedJson<'a> {
    message_id: Option<&'a str>,
    in_reply_to: &'a [String],
    references: &'a [String],
    from: Option<AddressJson<'a>>,
    to: Vec<AddressJson<'a>>,
    cc: Vec<AddressJson<'a>>,
    reply_to: Vec<AddressJson<'a>>,
    recipients: &'a [String],
    subject: &'a str,
    /// RFC 3339.
    date: Option<Timestamp>,
    text: &'a str,
    reply: &'a str,
    quoted: &'a str,
    attachments: Vec<PartJson<'a>>,
    /// Why a machine wrote it.
    automatic: Option<&'a str>,
    /// In what way: `report`, `reply`, `bulk` or `list`.
    machine: Option<&'a str>,
    fingerprint: Option<&'a str>,
    list_id: Option<&'a str>,
    priority: Option<&'a str>,
    authentication: Vec<AuthenticationJson<'a>>,
    report: Option<ReportJson<'a>>,
    keys: &'a [String],
}

#[derive(Debug, Serialize)]
struct AuthenticationJson<'a> {
    server: &'a str,
    /// `none`, `pass` or `fail`.
    verdict: &'a str,
    summary: &'a str,
}

#[derive(Debug, Serialize)]
struct ReportJson<'a> {
    recipients: Vec<RecipientJson<'a>>,
    original_ids: &'a [String],
}

#[derive(Debug, Serialize)]
struct RecipientJson<'a> {
    address: &'a str,
    /// `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
    action: &'a str,
    status: &'a str,
    diagnostic: &'a str,
}

#[derive(Debug, Serialize)]
struct AddressJson<'a> {
    name: &'a str,
    address: &'a str,
}

#[derive(Debug, Serialize)]
struct PartJson<'a> {
    name: &'a str,
    r#type: &'a str,
    size: u64,
    inline: bool,
    decoration: bool,
}

impl<'a> From<&'a Parsed> for ParsedJson<'a> {
    fn from(parsed: &'a Parsed) -> Self {
        Self {
            message_id: parsed.message_id.as_deref(),
            in_reply_to: &parsed.in_reply_to,
            references: &parsed.references,
            from: parsed.from.as_ref().map(AddressJson::from),
            to: parsed.to.iter().map(AddressJson::from).collect(),
            cc: parsed.cc.iter().map(AddressJson::from).collect(),
            reply_to: parsed.reply_to.iter().map(AddressJson::from).collect(),
            recipients: &parsed.recipients,
            subject: &parsed.subject,
            date: parsed.date,
            text: &parsed.text,
            reply: &parsed.reply,
            quoted: &parsed.quoted,
            attachments: parsed.attachments.iter().map(PartJson::from).collect(),
            automatic: parsed.machine.as_ref().map(|machine| machine.why.as_str()),
            machine: parsed.machine.as_ref().map(|machine| machine.kind.as_str()),
            fingerprint: parsed.fingerprint.as_deref(),
            list_id: parsed.list_id.as_deref(),
            priority: parsed.priority.map(|priority| priority.as_str()),
            authentication: parsed.authentication.iter().map(AuthenticationJson::from).collect(),
            report: parsed.report.as_ref().map(ReportJson::from),
            keys: &parsed.keys,
        }
    }
}

impl<'a> From<&'a Address> for AddressJson<'a> {
    fn from(address: &'a Address) -> Self {
        Self { name: &address.name, address: &address.address }
    }
}

impl<'a> From<&'a AuthenticationResults> for AuthenticationJson<'a> {
    fn from(found: &'a AuthenticationResults) -> Self {
        Self { server: &found.server, verdict: found.verdict.as_str(), summary: &found.summary }
    }
}

impl<'a> From<&'a DeliveryReport> for ReportJson<'a> {
    fn from(report: &'a DeliveryReport) -> Self {
        Self {
            recipients: report.recipients.iter().map(RecipientJson::from).collect(),
            original_ids: &report.original_ids,
        }
    }
}

impl<'a> From<&'a FailedRecipient> for RecipientJson<'a> {
    fn from(recipient: &'a FailedRecipient) -> Self {
        Self {
            address: &recipient.address,
            action: recipient.action.as_str(),
            status: &recipient.status,
            diagnostic: &recipient.diagnostic,
        }
    }
}

impl<'a> From<&'a Part> for PartJson<'a> {
    fn from(part: &'a Part) -> Self {
        Self {
            name: &part.name,
            r#type: &part.media_type,
            size: part.size,
            inline: part.inline,
            decoration: part.decoration,
        }
    }
}

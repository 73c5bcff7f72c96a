//! The page with the form for a new link.

use outlink_model::provider::{Cloud, MailService};
use outlink_oauth::{Filled, Preset};
use serde::Serialize;

use super::{Asked, LinkFields};
use crate::form::{Choice, Form, choice};
use crate::words::grant_type_words;

/// The redirect URL to register, with what the provider is known to refuse about it.
#[derive(Debug, Serialize)]
pub(crate) struct RedirectView {
    pub(crate) url: String,
    pub(crate) warnings: Vec<String>,
}

/// The form.
#[derive(Debug, Serialize)]
pub(crate) struct LinkNewPage {
    provider: &'static str,
    provider_name: &'static str,
    pub(crate) notice: Option<String>,
    form: Form,
    /// See [`Asked::encode`].
    filled_by: String,
    /// Whether anything could be filled in yet.
    ready: bool,
    /// Whether there is anything to choose before.
    chooses: bool,
    asks_tenant: bool,
    asks_instance: bool,
    clouds: Vec<Choice>,
    tenants: [Choice; 3],
    protocols: Vec<Choice>,
    grant_types: Vec<Choice>,
    fields: LinkFields,
    redirect: Option<RedirectView>,
    documentation: Option<String>,
    steps: Vec<String>,
    commands: String,
    command_lines: usize,
    notes: Vec<String>,
    /// Whether the rarely needed settings are unfolded: they are once something went wrong, which may be among them.
    more_open: bool,
}

impl LinkNewPage {
    pub(crate) fn new(
        preset: &'static Preset,
        form: Form,
        asked: &Asked,
        filled: Option<Filled>,
        redirect: Option<RedirectView>,
        notice: Option<String>,
    ) -> Self {
        let grant_types = preset.grant_types.iter();
        let grant_types: Vec<_> =
            grant_types.map(|t| choice(t.as_str(), grant_type_words(*t))).collect();
        let protocols = MailService::ALL.into_iter();
        let protocols =
            protocols.filter(|p| preset.mail_hosts.iter().any(|host| host.service == *p));
        let protocols: Vec<_> = protocols.map(|p| choice(p.as_str(), protocol_words(p))).collect();
        let grant_type = asked.choice.grant_type;
        let ready = filled.is_some();
        let (documentation, steps, commands, notes) = match filled {
            Some(filled) => (filled.documentation, filled.steps, filled.commands, filled.notes),
            None => (preset.documentation.map(str::to_owned), Vec::new(), Vec::new(), Vec::new()),
        };
        Self {
            provider: preset.kind.as_str(),
            provider_name: preset.display_name,
            notice,
            filled_by: if ready { asked.encode(preset.kind) } else { String::new() },
            ready,
            chooses: preset.asks_tenant
                || preset.asks_instance
                || grant_types.len() > 1
                || !protocols.is_empty(),
            asks_tenant: preset.asks_tenant,
            asks_instance: preset.asks_instance,
            clouds: Cloud::ALL.into_iter().map(|c| choice(c.as_str(), cloud_words(c))).collect(),
            tenants: [
                choice("common", "work, school and personal accounts"),
                choice("organizations", "work and school accounts of any tenant"),
                choice("consumers", "personal accounts"),
            ],
            protocols,
            grant_types,
            fields: LinkFields::new(preset.kind, grant_type, asked.client_auth, true),
            redirect,
            documentation,
            steps,
            command_lines: commands.len(),
            commands: commands.join("\n"),
            notes,
            more_open: form.is_refused(),
            form,
        }
    }
}

/// What Microsoft's clouds are called.
pub(crate) fn cloud_words(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Worldwide => "Worldwide, and GCC",
        Cloud::Gcc => "GCC, by the older name outlook.office365.com",
        Cloud::GccHigh => "GCC High",
        Cloud::Dod => "DoD (unverified)",
        Cloud::China => "China, run by 21Vianet (unverified)",
    }
}

fn protocol_words(protocol: MailService) -> &'static str {
    match protocol {
        MailService::Imap => "IMAP: reading mail, with folders",
        MailService::Pop3 => "POP3: reading the inbox",
        MailService::Smtp => "SMTP: sending mail",
    }
}

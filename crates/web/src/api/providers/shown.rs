//! A provider as it is shown: as it stands in the table, and filled in for what was chosen.

use std::collections::BTreeMap;

use outlink_oauth::{Filled, MailHost, Preset};
use serde::Serialize;
use utoipa::ToSchema;

/// A preset, as it stands before anything is chosen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Provider)]
pub(super) struct ProviderBody {
    #[serde(flatten)]
    facts: FactsBody,
    authorization_endpoint: Option<&'static str>,
    token_endpoint: Option<&'static str>,
    issuer: Option<&'static str>,
    userinfo_endpoint: Option<&'static str>,
    /// What is asked for unless the link says otherwise.
    scope: &'static str,
    /// The provider's own instructions.
    documentation: Option<&'static str>,
    mail_hosts: Vec<MailHostBody>,
}

/// What never changes about a provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderFacts)]
struct FactsBody {
    /// What `provider` of a link is.
    id: &'static str,
    /// What people call it.
    name: &'static str,
    /// One sentence: what it is for.
    text: &'static str,
    /// Whether there is a cloud and a tenant to choose.
    asks_tenant: bool,
    /// Whether it may run on somebody's own host.
    asks_instance: bool,
    /// The ways of getting tokens that are offered.
    grant_types: Vec<&'static str>,
}

/// A preset, filled in for what was chosen. What the grant type does not use is `null`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderFilled)]
pub(super) struct ProviderFilledBody {
    #[serde(flatten)]
    facts: FactsBody,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    issuer: Option<String>,
    userinfo_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
    /// Separated by spaces, whatever stands between them in a request.
    scope: String,
    /// `space`, `comma` or `plus`: what stands between scopes in a request.
    scope_separator: &'static str,
    /// Whether requests carry a code challenge (RFC 7636).
    pkce: bool,
    /// Parameters besides the usual ones in the authorization request.
    authorization_params: BTreeMap<String, String>,
    /// Parameters besides the usual ones in requests to the token endpoint.
    token_params: BTreeMap<String, String>,
    /// How the client authenticates.
    client_auth: &'static str,
    /// The mail hosts that fit.
    mail_hosts: Vec<MailHostBody>,
    /// The provider's own instructions.
    documentation: Option<String>,
    /// How to register there, one sentence each.
    steps: Vec<String>,
    /// Exchange PowerShell that an administrator runs once, with placeholders in angle brackets.
    commands: Vec<String>,
    /// What must be known, and what could not be verified.
    notes: Vec<String>,
}

/// A mail host of a provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailHost)]
struct MailHostBody {
    /// `imap`, `pop3` or `smtp`.
    service: &'static str,
    host: &'static str,
    port: u16,
    /// `tls` or `starttls`.
    security: &'static str,
}

impl From<&MailHost> for MailHostBody {
    fn from(host: &MailHost) -> Self {
        Self {
            service: host.service.as_str(),
            host: host.host,
            port: host.port,
            security: host.security.as_str(),
        }
    }
}

impl From<&Preset> for FactsBody {
    fn from(preset: &Preset) -> Self {
        Self {
            id: preset.kind.as_str(),
            name: preset.display_name,
            text: preset.text,
            asks_tenant: preset.asks_tenant,
            asks_instance: preset.asks_instance,
            grant_types: preset.grant_types.iter().map(|kind| kind.as_str()).collect(),
        }
    }
}

impl From<&Preset> for ProviderBody {
    fn from(preset: &Preset) -> Self {
        Self {
            facts: preset.into(),
            authorization_endpoint: preset.authorization_endpoint,
            token_endpoint: preset.token_endpoint,
            issuer: preset.issuer,
            userinfo_endpoint: preset.userinfo_endpoint,
            scope: preset.scope,
            documentation: preset.documentation,
            mail_hosts: preset.mail_hosts.iter().map(MailHostBody::from).collect(),
        }
    }
}

impl ProviderFilledBody {
    pub(super) fn new(preset: &Preset, filled: Filled) -> Self {
        Self {
            facts: preset.into(),
            authorization_endpoint: filled.authorization_endpoint,
            token_endpoint: filled.token_endpoint,
            revocation_endpoint: filled.revocation_endpoint,
            device_authorization_endpoint: filled.device_authorization_endpoint,
            issuer: filled.issuer,
            userinfo_endpoint: filled.userinfo_endpoint,
            introspection_endpoint: filled.introspection_endpoint,
            scope: filled.scope,
            scope_separator: filled.scope_separator.as_str(),
            pkce: filled.pkce,
            authorization_params: filled.authorization_params.into_iter().collect(),
            token_params: filled.token_params.into_iter().collect(),
            client_auth: filled.client_auth.as_str(),
            mail_hosts: filled.mail_hosts.iter().map(MailHostBody::from).collect(),
            documentation: filled.documentation,
            steps: filled.steps,
            commands: filled.commands,
            notes: filled.notes,
        }
    }
}

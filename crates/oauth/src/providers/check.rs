//! What may be chosen together.

use outlink_model::link::GrantType;
use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;

use super::{Choice, Preset, preset};
use crate::endpoint::check_endpoint;

/// Refuses a way of getting tokens that the provider does not offer for what links are for, and says why.
pub fn check_grant_type(kind: ProviderKind, grant_type: GrantType) -> Result<(), Problem> {
    let preset = preset(kind);
    if preset.grant_types.contains(&grant_type) {
        return Ok(());
    }
    let name = preset.display_name;
    let (message, hint) = match (kind, grant_type) {
        (ProviderKind::Google, GrantType::DeviceCode) => (
            "Google does not hand out mail scopes by device code.".to_owned(),
            "Choose authorization_code (a one-time consent link can be opened on any machine), or jwt_bearer for a \
             service account of a Google Workspace.",
        ),
        (ProviderKind::Google, GrantType::ClientCredentials) => (
            "Google has no client credentials grant for mail.".to_owned(),
            "Choose jwt_bearer with a service account and domain-wide delegation, or authorization_code.",
        ),
        (ProviderKind::Microsoft, GrantType::JwtBearer) => (
            "Microsoft takes a JWT bearer only on behalf of a signed-in user, which is of no use for mail.".to_owned(),
            "Choose client_credentials for application permissions, or authorization_code.",
        ),
        (_, GrantType::AuthorizationCode) => (
            format!("{name} does not document the grant type {grant_type}."),
            "Choose another grant type.",
        ),
        _ => (
            format!("{name} does not document the grant type {grant_type}."),
            "Choose authorization_code, or make a custom link if you know better.",
        ),
    };
    Err(Problem::invalid("grant_type", "grant_type_not_offered", message, hint))
}

/// Refuses answers to questions that the provider does not ask, so that nobody believes that they took effect.
pub(super) fn check_choice(preset: &Preset, choice: &Choice) -> Result<(), Problem> {
    let idle = |field: &'static str, what: &str| {
        Problem::invalid(
            field,
            "choice_without_effect",
            format!("{} has no {what} to choose.", preset.display_name),
            format!("Leave {field} out."),
        )
    };
    if choice.cloud.is_some() && !preset.asks_tenant {
        return Err(idle("cloud", "cloud"));
    }
    if choice.tenant.is_some() && !preset.asks_tenant {
        return Err(idle("tenant", "tenant"));
    }
    if choice.instance.is_some() && !preset.asks_instance {
        return Err(idle("instance", "instance"));
    }
    if choice.protocols.is_empty() && !preset.mail_hosts.is_empty() {
        return Err(Problem::invalid(
            "protocols",
            "protocols_missing",
            "No protocol is chosen, so there is nothing to ask for.",
            "Choose at least one of imap, pop3 and smtp.",
        ));
    }
    Ok(())
}

/// The address of an instance without a slash at its end. A path stays: some run below one.
pub(super) fn instance(text: &str) -> Result<String, Problem> {
    // Whether plain http may be dialled is decided where endpoints are saved.
    let url = check_endpoint("instance", text, |_| true)?;
    if url.query().is_some() {
        return Err(Problem::invalid(
            "instance",
            "instance_invalid",
            "The address of the instance has a query (a part after ?).",
            "Enter the address of its start page, for example https://git.example.com.",
        ));
    }
    Ok(text.trim().trim_end_matches('/').to_owned())
}

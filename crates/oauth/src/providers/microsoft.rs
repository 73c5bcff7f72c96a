//! Microsoft: Entra tenants of every cloud, and personal accounts.

mod registration;

use outlink_model::link::{ClientAuth, GrantType};
use outlink_model::problem::Problem;
use outlink_model::provider::{Cloud, MailService, ProviderKind};

use super::tenant::{check_tenant, is_alias, login_host};
use super::{Choice, CredentialProbe, Filled, MailHost, MailSecurity, Preset, host};

/// The worldwide cloud, for accounts of any tenant and personal ones.
pub(super) const MICROSOFT: Preset = Preset {
    kind: ProviderKind::Microsoft,
    display_name: "Microsoft",
    text: "Microsoft 365, Exchange Online and Outlook.com mailboxes.",
    more: false,
    asks_tenant: true,
    asks_instance: false,
    grant_types: &[
        GrantType::AuthorizationCode,
        GrantType::ClientCredentials,
        GrantType::DeviceCode,
    ],
    authorization_endpoint: Some("https://login.microsoftonline.com/common/oauth2/v2.0/authorize"),
    token_endpoint: Some("https://login.microsoftonline.com/common/oauth2/v2.0/token"),
    // Callbacks carry no `iss`, and the issuer of an id_token differs from tenant to tenant.
    issuer: None,
    revocation_endpoint: None,
    userinfo_endpoint: None,
    introspection_endpoint: None,
    device_authorization_endpoint: Some(
        "https://login.microsoftonline.com/common/oauth2/v2.0/devicecode",
    ),
    // All scopes of one request must be of one resource, besides those of OpenID Connect. Without `profile` Entra does
    // not send `oid`, by which a person is known whatever the client.
    scope: "offline_access openid email profile https://outlook.office.com/IMAP.AccessAsUser.All",
    authorization_params: &[],
    client_auth: ClientAuth::Post,
    mail_hosts: &[
        host(MailService::Imap, "outlook.office365.com", 993, MailSecurity::Tls),
        host(MailService::Pop3, "outlook.office365.com", 995, MailSecurity::Tls),
        host(MailService::Smtp, "smtp.office365.com", 587, MailSecurity::StartTls),
        // Personal accounts send through a host of their own.
        host(MailService::Smtp, "smtp-mail.outlook.com", 587, MailSecurity::StartTls),
    ],
    never_prompt_consent: true,
    // Refresh tokens that nobody uses for 90 days die.
    keep_alive: Some(30 * 24),
    credential_probe: CredentialProbe::ClientCredentials,
    documentation: Some(
        "https://learn.microsoft.com/en-us/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth",
    ),
    notes: &[],
};

const US_HOSTS: [MailHost; 3] = [
    host(MailService::Imap, "outlook.office365.us", 993, MailSecurity::Tls),
    host(MailService::Pop3, "outlook.office365.us", 995, MailSecurity::Tls),
    host(MailService::Smtp, "smtp.office365.us", 587, MailSecurity::StartTls),
];

const DOD_HOSTS: [MailHost; 3] = [
    host(MailService::Imap, "outlook-dod.office365.us", 993, MailSecurity::Tls),
    host(MailService::Pop3, "outlook-dod.office365.us", 995, MailSecurity::Tls),
    host(MailService::Smtp, "outlook-dod.office365.us", 587, MailSecurity::StartTls),
];

const CHINA_HOSTS: [MailHost; 3] = [
    host(MailService::Imap, "partner.outlook.cn", 993, MailSecurity::Tls),
    host(MailService::Pop3, "partner.outlook.cn", 995, MailSecurity::Tls),
    host(MailService::Smtp, "smtp.partner.outlook.cn", 587, MailSecurity::StartTls),
];

/// The hosts of personal accounts, their own for sending first.
fn personal_hosts() -> Vec<MailHost> {
    let mut hosts = MICROSOFT.mail_hosts.to_vec();
    hosts.sort_by_key(|host| host.host == "smtp.office365.com");
    hosts
}

/// Fills in by cloud, tenant, protocols and grant type.
pub(super) fn fill(filled: &mut Filled, choice: &Choice) -> Result<(), Problem> {
    let cloud = choice.cloud.unwrap_or(Cloud::Worldwide);
    let app_only = choice.grant_type == GrantType::ClientCredentials;
    let tenant = tenant(choice, cloud, app_only)?;
    let endpoint =
        |name: &str| Some(format!("https://{}/{tenant}/oauth2/v2.0/{name}", login_host(cloud)));
    filled.authorization_endpoint = endpoint("authorize");
    filled.token_endpoint = endpoint("token");
    filled.device_authorization_endpoint = endpoint("devicecode");
    filled.mail_hosts = match cloud {
        Cloud::Worldwide | Cloud::Gcc if tenant == "consumers" => personal_hosts(),
        Cloud::Worldwide | Cloud::Gcc => filled.mail_hosts.clone(),
        Cloud::GccHigh => US_HOSTS.to_vec(),
        Cloud::Dod => DOD_HOSTS.to_vec(),
        Cloud::China => CHINA_HOSTS.to_vec(),
    };
    filled.scope = if app_only {
        format!("{}/.default", app_resource(cloud))
    } else {
        let mail = choice.protocols.iter().map(|protocol| permission(*protocol));
        let mail: String = mail.map(|name| format!(" {}/{name}", resource(cloud))).collect();
        format!("offline_access openid email profile{mail}")
    };
    if choice.grant_type == GrantType::DeviceCode {
        // Entra hands device codes to public clients, and those must not send a secret.
        filled.client_auth = ClientAuth::None;
    }
    filled.steps = registration::steps(cloud, &tenant, choice);
    filled.commands =
        if app_only { registration::commands(cloud, &choice.protocols) } else { Vec::new() };
    filled.notes = registration::notes(cloud, choice);
    Ok(())
}

fn tenant(choice: &Choice, cloud: Cloud, app_only: bool) -> Result<String, Problem> {
    let given = choice.tenant.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let tenant = check_tenant(given.unwrap_or("common"))?;
    if app_only && is_alias(&tenant) {
        return Err(Problem::invalid(
            "tenant",
            "tenant_needed",
            "With client credentials nobody signs in, so Microsoft cannot tell the tenant from the account.",
            "Enter the tenant's id (Directory ID) or one of its domains.",
        ));
    }
    let worldwide = matches!(cloud, Cloud::Worldwide | Cloud::Gcc);
    if tenant == "consumers" && !worldwide {
        return Err(Problem::invalid(
            "tenant",
            "tenant_not_in_cloud",
            "Personal Microsoft accounts exist in the worldwide cloud alone.",
            "Choose the cloud worldwide, or another tenant.",
        ));
    }
    Ok(tenant)
}

/// What scopes of people's permissions begin with.
fn resource(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Worldwide => "https://outlook.office.com",
        Cloud::Gcc => "https://outlook.office365.com",
        Cloud::GccHigh | Cloud::Dod => "https://outlook.office365.us",
        Cloud::China => "https://partner.outlook.cn",
    }
}

/// What the scope of application permissions begins with. Worldwide it is the older name.
fn app_resource(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Worldwide => "https://outlook.office365.com",
        Cloud::Gcc | Cloud::GccHigh | Cloud::Dod | Cloud::China => resource(cloud),
    }
}

fn permission(protocol: MailService) -> &'static str {
    match protocol {
        MailService::Imap => "IMAP.AccessAsUser.All",
        MailService::Pop3 => "POP.AccessAsUser.All",
        MailService::Smtp => "SMTP.Send",
    }
}

//! What is to be done in Entra and in Exchange before a link to Microsoft works.

use outlink_model::link::GrantType;
use outlink_model::provider::{Cloud, MailService};

use super::{app_resource, permission};
use crate::providers::Choice;
use crate::providers::tenant::login_host;

fn app_permission(protocol: MailService) -> &'static str {
    match protocol {
        MailService::Imap => "IMAP.AccessAsApp",
        MailService::Pop3 => "POP.AccessAsApp",
        MailService::Smtp => "SMTP.SendAsApp",
    }
}

fn listed(protocols: &[MailService], name: fn(MailService) -> &'static str) -> String {
    protocols.iter().map(|protocol| name(*protocol)).collect::<Vec<_>>().join(", ")
}

/// How to register there, for accounts of this tenant.
pub(super) fn steps(cloud: Cloud, tenant: &str, choice: &Choice) -> Vec<String> {
    let center = match cloud {
        Cloud::Worldwide | Cloud::Gcc => "the Entra admin center (https://entra.microsoft.com)",
        Cloud::GccHigh | Cloud::Dod => {
            "Entra ID in the portal of your cloud (https://portal.azure.us)"
        }
        Cloud::China => "Entra ID in the portal of your cloud (https://portal.azure.cn)",
    };
    let accounts = match tenant {
        "common" => "accounts in any organizational directory and personal Microsoft accounts",
        "organizations" => "accounts in any organizational directory",
        "consumers" => "personal Microsoft accounts only",
        _ => "accounts in this organizational directory only",
    };
    let mut steps = vec![format!(
        "Open {center}, go to App registrations, and register an application for {accounts}."
    )];
    let delegated = listed(&choice.protocols, permission);
    match choice.grant_type {
        GrantType::AuthorizationCode => steps.extend([
            "Under Authentication add the platform Web (not Single-page application), and copy this link's redirect URL \
             there, letter by letter."
                .to_owned(),
            format!(
                "Under API permissions add the delegated permissions {delegated} and offline_access (they are listed under \
                 Microsoft Graph; this link's scopes name Outlook all the same), and have an administrator consent if your \
                 tenant demands it."
            ),
            SECRET_STEP.to_owned(),
        ]),
        GrantType::DeviceCode => steps.extend([
            "Under Authentication allow public client flows; device codes need them, and no client secret is used."
                .to_owned(),
            format!(
                "Under API permissions add the delegated permissions {delegated} and offline_access (they are listed under \
                 Microsoft Graph; this link's scopes name Outlook all the same)."
            ),
        ]),
        GrantType::ClientCredentials | GrantType::JwtBearer => steps.extend([
            format!(
                "Under API permissions choose APIs my organization uses, Office 365 Exchange Online, Application \
                 permissions, add {}, and grant admin consent.",
                listed(&choice.protocols, app_permission)
            ),
            admin_consent(cloud, tenant, &choice.protocols),
            SECRET_STEP.to_owned(),
            "Under Enterprise applications (not App registrations, whose object id is another one) open the application and \
             note its object id."
                .to_owned(),
            "Run the commands below in Exchange Online PowerShell, with your own values for what stands in angle brackets; \
             those that name a mailbox once for each mailbox."
                .to_owned(),
        ]),
    }
    steps.push("Copy the Application (client) ID from the overview into this link.".to_owned());
    steps
}

/// Where an administrator lets an application in that is registered in another tenant, since it does not stand among the
/// app registrations of theirs.
fn admin_consent(cloud: Cloud, tenant: &str, protocols: &[MailService]) -> String {
    let reads = protocols.iter().any(|protocol| *protocol != MailService::Smtp);
    let exchange = format!("{}/.default", app_resource(cloud));
    let worldwide = matches!(cloud, Cloud::Worldwide | Cloud::Gcc);
    let mut scopes = Vec::new();
    if reads && worldwide {
        scopes.push("https://ps.outlook.com/.default");
    }
    if protocols.contains(&MailService::Smtp) || !worldwide {
        scopes.push(&exchange);
    }
    let address = |scope: &&str| {
        format!(
            "https://{}/{tenant}/v2.0/adminconsent?client_id=<APPLICATION-ID>&redirect_uri=<REDIRECT-URI>&scope={scope}",
            login_host(cloud)
        )
    };
    let addresses: Vec<_> = scopes.iter().map(address).collect();
    format!(
        "Where the application is registered in another tenant, an administrator of this one consents by opening {} instead, \
         with a redirect URI of the registration.",
        addresses.join(" and ")
    )
}

const SECRET_STEP: &str = "Under Certificates & secrets make a client secret, copy its Value (not its Secret ID) into this \
     link, and enter the day on which it expires.";

/// What lets an application into mailboxes. Angle brackets cannot be run by mistake: PowerShell refuses them.
pub(super) fn commands(cloud: Cloud, protocols: &[MailService]) -> Vec<String> {
    let environment = match cloud {
        Cloud::Worldwide | Cloud::Gcc => "",
        Cloud::GccHigh => " -ExchangeEnvironmentName O365USGovGCCHigh",
        Cloud::Dod => " -ExchangeEnvironmentName O365USGovDoD",
        Cloud::China => " -ExchangeEnvironmentName O365China",
    };
    let has = |protocol| protocols.contains(&protocol);
    let mut commands = vec![
        format!("Connect-ExchangeOnline{environment}"),
        "New-ServicePrincipal -AppId <APPLICATION-ID> -ObjectId <ENTERPRISE-APPLICATION-OBJECT-ID> -DisplayName outlink"
            .to_owned(),
    ];
    if has(MailService::Imap) || has(MailService::Pop3) {
        commands.push(
            "Add-MailboxPermission -Identity <MAILBOX> -User <ENTERPRISE-APPLICATION-OBJECT-ID> -AccessRights FullAccess"
                .to_owned(),
        );
    }
    if has(MailService::Smtp) {
        commands.push(
            "Add-RecipientPermission -Identity <MAILBOX> -Trustee <ENTERPRISE-APPLICATION-OBJECT-ID> -AccessRights SendAs \
             -Confirm:$false"
                .to_owned(),
        );
    }
    let mut switches = String::new();
    for (protocol, switch) in [
        (MailService::Imap, " -ImapEnabled $true"),
        (MailService::Pop3, " -PopEnabled $true"),
        (MailService::Smtp, " -SmtpClientAuthenticationDisabled $false"),
    ] {
        if has(protocol) {
            switches.push_str(switch);
        }
    }
    commands.push(format!("Set-CASMailbox -Identity <MAILBOX>{switches}"));
    commands
}

/// What must be known, and what could not be verified.
pub(super) fn notes(cloud: Cloud, choice: &Choice) -> Vec<String> {
    let mut notes = Vec::new();
    match cloud {
        Cloud::Worldwide => {}
        Cloud::Gcc => notes.push(
            "These scopes name outlook.office365.com, as older instructions for GCC have it; the cloud worldwide works for \
             GCC as well."
                .to_owned(),
        ),
        Cloud::GccHigh => notes.push(
            "The mail hosts of GCC High could not be tried here; compare them with your tenant's own.".to_owned(),
        ),
        Cloud::Dod => notes.push(
            "Scopes and mail hosts of the DoD cloud are unverified; compare them with your tenant's own. Many tenants of \
             this cloud have IMAP, POP3 and SMTP switched off."
                .to_owned(),
        ),
        Cloud::China => notes.push(
            "Endpoints, scopes and mail hosts of the cloud of 21Vianet are unverified; compare them with your tenant's own."
                .to_owned(),
        ),
    }
    if !matches!(cloud, Cloud::Worldwide | Cloud::Gcc) {
        notes.push(
            "An application must be registered in the cloud that its mailboxes are in.".to_owned(),
        );
    }
    if choice.grant_type == GrantType::ClientCredentials
        && !matches!(cloud, Cloud::Worldwide | Cloud::Gcc)
    {
        notes.push(
            "The address for the consent of another tenant's administrator is unverified in this cloud.".to_owned(),
        );
    }
    if choice.protocols.contains(&MailService::Smtp) {
        notes.push(
            "Sending needs authenticated SMTP switched on for the mailbox (Set-CASMailbox \
             -SmtpClientAuthenticationDisabled $false), by OAuth 2.0 too; security defaults switch it off."
                .to_owned(),
        );
    }
    notes
}

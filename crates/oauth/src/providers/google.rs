//! Google: accounts of people, and service accounts that act for people of a Workspace.

use outlink_model::link::{ClientAuth, GrantType};
use outlink_model::provider::{MailService, ProviderKind};

use super::{Choice, CredentialProbe, Filled, MailSecurity, Preset, host, sentences};

/// Everything that IMAP, POP3 and SMTP can do. The slash at the end belongs to the scope.
pub(crate) const MAIL_SCOPE: &str = "https://mail.google.com/";

pub(super) const GOOGLE: Preset = Preset {
    kind: ProviderKind::Google,
    display_name: "Google",
    text: "Gmail and Google Workspace mailboxes.",
    more: false,
    asks_tenant: false,
    asks_instance: false,
    // Client credentials do not exist for mail, and device codes are not for mail scopes.
    grant_types: &[GrantType::AuthorizationCode, GrantType::JwtBearer],
    authorization_endpoint: Some("https://accounts.google.com/o/oauth2/v2/auth"),
    token_endpoint: Some("https://oauth2.googleapis.com/token"),
    issuer: Some("https://accounts.google.com"),
    revocation_endpoint: Some("https://oauth2.googleapis.com/revoke"),
    userinfo_endpoint: None,
    introspection_endpoint: None,
    device_authorization_endpoint: None,
    scope: "https://mail.google.com/ openid email",
    // Without the first there is no refresh token at all; without the second there is one only the first time.
    authorization_params: &[("access_type", "offline"), ("prompt", "consent")],
    client_auth: ClientAuth::Post,
    mail_hosts: &[
        host(MailService::Imap, "imap.gmail.com", 993, MailSecurity::Tls),
        host(MailService::Pop3, "pop.gmail.com", 995, MailSecurity::Tls),
        host(MailService::Smtp, "smtp.gmail.com", 465, MailSecurity::Tls),
        host(MailService::Smtp, "smtp.gmail.com", 587, MailSecurity::StartTls),
    ],
    never_prompt_consent: false,
    // Refresh tokens that nobody uses for six months die.
    keep_alive: Some(30 * 24),
    credential_probe: CredentialProbe::BogusCode,
    documentation: Some("https://developers.google.com/identity/protocols/oauth2/web-server"),
    notes: &[],
};

/// One scope is for all three protocols, so the choice of them changes the hosts alone.
pub(super) fn fill(filled: &mut Filled, choice: &Choice) {
    match choice.grant_type {
        GrantType::JwtBearer => service_account(filled, choice),
        GrantType::AuthorizationCode | GrantType::DeviceCode | GrantType::ClientCredentials => {
            consent(filled);
        }
    }
}

fn consent(filled: &mut Filled) {
    filled.steps = sentences(&[
        "Open the Google Cloud console (https://console.cloud.google.com), choose or make a project, and go to Google \
         Auth Platform.",
        "Under Audience choose Internal if all mailboxes are of your Workspace, else External, and then publish the \
         application: while it is in Testing, every consent ends after seven days.",
        "Under Data access add the scope https://mail.google.com/ with its slash at the end.",
        "Under Clients make a client of the type Web application, and copy this link's redirect URL into Authorized \
         redirect URIs, letter by letter.",
        "Copy the client ID and the client secret into this link; Google shows the secret only once.",
        "In a Workspace, have the application trusted in the admin console (https://admin.google.com) under Security, \
         Access and data control, API controls.",
    ]);
    filled.notes.extend(sentences(&[
        "Google keeps at most 100 refresh tokens for one account and client; the next one silently ends the oldest.",
        "A change of the account's password ends the consent, since it covers mail.",
        "Outside of a Workspace, Google asks for a review of an application with this scope before strangers may use it.",
    ]));
}

fn service_account(filled: &mut Filled, choice: &Choice) {
    filled.scope = MAIL_SCOPE.to_owned();
    filled.revocation_endpoint = None;
    filled.documentation =
        Some("https://developers.google.com/identity/protocols/oauth2/service-account".to_owned());
    filled.steps = sentences(&[
        "Open the Google Cloud console (https://console.cloud.google.com) and make a service account under IAM & Admin, \
         Service Accounts.",
        "Make a key of the type JSON for it, and hand the file to this link; it holds the private key and is offered \
         only once.",
        "Note the service account's numeric client ID (its unique ID).",
        "In the Workspace's admin console (https://admin.google.com) go to Security, Access and data control, API \
         controls, Domain-wide delegation, and add that client ID with exactly this link's scopes.",
        "Ask for one grant for each mailbox, and name the mailbox's address as its subject.",
    ]);
    if choice.protocols == [MailService::Imap] {
        filled.notes.push(
            "For IMAP alone the scope https://www.googleapis.com/auth/gmail.imap_admin works as well; it shows all labels \
             and messages, whatever the mailbox's own IMAP settings say."
                .to_owned(),
        );
    }
    filled.notes.push(
        "Domain-wide delegation lets the key's holder read every mailbox of the Workspace: guard the file."
            .to_owned(),
    );
}

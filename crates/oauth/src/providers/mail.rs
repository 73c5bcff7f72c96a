//! Mail providers behind "more": only as far as they, or the mail clients that they admit, document it.

use outlink_model::link::{ClientAuth, GrantType};
use outlink_model::problem::Problem;
use outlink_model::provider::{MailService, ProviderKind};

use super::{Choice, CredentialProbe, Filled, MORE, MailSecurity, Preset, host, sentences};

pub(super) const YAHOO: Preset = Preset {
    kind: ProviderKind::Yahoo,
    display_name: "Yahoo",
    text: "Yahoo Mail, for clients that Yahoo has approved.",
    authorization_endpoint: Some("https://api.login.yahoo.com/oauth2/request_auth"),
    token_endpoint: Some("https://api.login.yahoo.com/oauth2/get_token"),
    // One scope for reading and sending.
    scope: "mail-w",
    mail_hosts: &[
        host(MailService::Imap, "imap.mail.yahoo.com", 993, MailSecurity::Tls),
        host(MailService::Pop3, "pop.mail.yahoo.com", 995, MailSecurity::Tls),
        host(MailService::Smtp, "smtp.mail.yahoo.com", 465, MailSecurity::Tls),
        host(MailService::Smtp, "smtp.mail.yahoo.com", 587, MailSecurity::StartTls),
    ],
    documentation: Some("https://senders.yahooinc.com/developer/documentation/"),
    notes: &[
        "Yahoo gives the mail scope only to clients that it has approved, by contract; without that, use an app password.",
        "How long Yahoo's refresh tokens live, and whether they change, is unverified.",
    ],
    ..MORE
};

pub(super) const AOL: Preset = Preset {
    kind: ProviderKind::Aol,
    display_name: "AOL",
    text: "AOL Mail, for clients that Yahoo has approved.",
    authorization_endpoint: Some("https://api.login.aol.com/oauth2/request_auth"),
    token_endpoint: Some("https://api.login.aol.com/oauth2/get_token"),
    mail_hosts: &[
        host(MailService::Imap, "imap.aol.com", 993, MailSecurity::Tls),
        host(MailService::Pop3, "pop.aol.com", 995, MailSecurity::Tls),
        host(MailService::Smtp, "smtp.aol.com", 465, MailSecurity::Tls),
    ],
    notes: &[
        "AOL belongs to Yahoo, which gives the mail scope only to clients that it has approved; without that, use an app \
         password.",
        "The client id and secret are not those of a Yahoo client: AOL hands out its own.",
        "How long AOL's refresh tokens live, and whether they change, is unverified.",
    ],
    ..YAHOO
};

pub(super) const FASTMAIL: Preset = Preset {
    kind: ProviderKind::Fastmail,
    display_name: "Fastmail",
    text: "Fastmail mailboxes, for clients that Fastmail has registered.",
    authorization_endpoint: Some("https://api.fastmail.com/oauth/authorize"),
    // Codes and refresh tokens go to the same address, whatever its name says.
    token_endpoint: Some("https://api.fastmail.com/oauth/refresh"),
    scope: "https://www.fastmail.com/dev/protocol-imap",
    client_auth: ClientAuth::None,
    mail_hosts: &[
        host(MailService::Imap, "imap.fastmail.com", 993, MailSecurity::Tls),
        host(MailService::Pop3, "pop.fastmail.com", 995, MailSecurity::Tls),
        host(MailService::Smtp, "smtp.fastmail.com", 465, MailSecurity::Tls),
    ],
    credential_probe: CredentialProbe::None,
    documentation: Some("https://www.fastmail.com/for-developers/oauth/"),
    notes: &[
        "Fastmail registers clients by hand, on request.",
        "Whether Fastmail's refresh tokens change at each use is unverified.",
    ],
    ..MORE
};

pub(super) const YANDEX: Preset = Preset {
    kind: ProviderKind::Yandex,
    display_name: "Yandex",
    text: "Yandex Mail and Yandex 360 mailboxes.",
    grant_types: &[GrantType::AuthorizationCode, GrantType::DeviceCode],
    authorization_endpoint: Some("https://oauth.yandex.com/authorize"),
    token_endpoint: Some("https://oauth.yandex.com/token"),
    userinfo_endpoint: Some("https://login.yandex.ru/info"),
    device_authorization_endpoint: Some("https://oauth.yandex.com/device/code"),
    scope: "mail:imap_full",
    mail_hosts: &[
        host(MailService::Imap, "imap.yandex.com", 993, MailSecurity::Tls),
        host(MailService::Smtp, "smtp.yandex.com", 465, MailSecurity::Tls),
    ],
    documentation: Some("https://yandex.com/dev/id/doc/en/register-client"),
    notes: &[
        "Yandex signs in by XOAUTH2 alone, and IMAP must be switched on in the mailbox's settings.",
        "Yandex says who consented; the address only where the application has the permission to see it (login:email) \
         and the link's scopes name it.",
        "Not every mailbox seems to be let in by OAuth 2.0; some people were told to use app passwords.",
        "Yandex documents device codes, but whether they work for mail scopes is unverified.",
    ],
    ..MORE
};

/// Scopes by protocol, and what to do there.
pub(super) fn fill(
    filled: &mut Filled,
    kind: ProviderKind,
    choice: &Choice,
) -> Result<(), Problem> {
    let scopes = choice.protocols.iter().map(|protocol| scope(kind, *protocol));
    let mut scopes = scopes.collect::<Result<Vec<_>, _>>()?;
    scopes.dedup();
    filled.scope = scopes.join(" ");
    filled.steps = match kind {
        ProviderKind::Fastmail => sentences(&[
            "Ask Fastmail to register a client (its page for developers says how), and name this link's redirect URL.",
            "Copy the client ID into this link; Fastmail's clients have no secret and are protected by PKCE.",
        ]),
        ProviderKind::Yandex => sentences(&[
            "Sign in at https://oauth.yandex.com and make an application for web services.",
            "Copy this link's redirect URL into Redirect URI, letter by letter.",
            "Under data access add the mail permissions that this link's scopes name.",
            "Copy the client ID and the client secret into this link.",
        ]),
        _ => sentences(&[
            "Ask for access to mail by the form on the provider's page for senders and developers, and wait for its answer.",
            "Make an application there, and copy this link's redirect URL into its redirect URIs, letter by letter.",
            "Copy the client ID and the client secret into this link.",
        ]),
    };
    Ok(())
}

fn scope(kind: ProviderKind, protocol: MailService) -> Result<&'static str, Problem> {
    Ok(match (kind, protocol) {
        (ProviderKind::Fastmail, MailService::Imap) => "https://www.fastmail.com/dev/protocol-imap",
        (ProviderKind::Fastmail, MailService::Pop3) => "https://www.fastmail.com/dev/protocol-pop",
        (ProviderKind::Fastmail, MailService::Smtp) => "https://www.fastmail.com/dev/protocol-smtp",
        (ProviderKind::Yandex, MailService::Imap) => "mail:imap_full",
        (ProviderKind::Yandex, MailService::Smtp) => "mail:smtp",
        (ProviderKind::Yandex, MailService::Pop3) => {
            return Err(Problem::invalid(
                "protocols",
                "protocol_not_offered",
                "Yandex documents no OAuth 2.0 scope for POP3.",
                "Choose imap for reading.",
            ));
        }
        _ => YAHOO.scope,
    })
}

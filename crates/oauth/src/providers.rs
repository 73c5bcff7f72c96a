//! The provider table: a provider is a row here before it is code.

use outlink_model::link::ClientAuth;
use outlink_model::provider::ProviderKind;

/// What a mail host is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailService {
    /// Reading, with folders.
    Imap,
    /// Reading, the inbox alone.
    Pop3,
    /// Sending.
    Smtp,
}

outlink_model::names!(MailService, "mail service", {
    Imap => "imap",
    Pop3 => "pop3",
    Smtp => "smtp",
});

/// How a connection to a mail host is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailSecurity {
    /// TLS from the first byte.
    Tls,
    /// TLS after a command.
    StartTls,
}

outlink_model::names!(MailSecurity, "mail security", { Tls => "tls", StartTls => "starttls" });

/// A mail host of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailHost {
    /// What it is for.
    pub service: MailService,
    /// Its name.
    pub host: &'static str,
    /// The TCP port.
    pub port: u16,
    /// How the connection is secured.
    pub security: MailSecurity,
}

/// What a link to a provider is filled in with.
#[derive(Debug)]
pub struct Preset {
    /// Which one.
    pub kind: ProviderKind,
    /// What people call it.
    pub display_name: &'static str,
    /// Where the browser is sent (RFC 6749 §3.1).
    pub authorization_endpoint: Option<&'static str>,
    /// Where tokens come from (RFC 6749 §3.2).
    pub token_endpoint: Option<&'static str>,
    /// What `iss` of a callback must be (RFC 9207).
    pub issuer: Option<&'static str>,
    /// Where tokens are given back (RFC 7009).
    pub revocation_endpoint: Option<&'static str>,
    /// Where to ask who consented (OpenID Connect Core §5.3). Absent where the id_token says it.
    pub userinfo_endpoint: Option<&'static str>,
    /// Where a device asks for a code (RFC 8628 §3.1). Absent where mail scopes cannot be had that way.
    pub device_authorization_endpoint: Option<&'static str>,
    /// What is asked for by default: reading mail, and learning whose it is.
    pub scope: &'static str,
    /// Parameters besides the usual ones in the authorization request.
    pub authorization_params: &'static [(&'static str, &'static str)],
    /// How the client authenticates unless the administrator says otherwise.
    pub client_auth: ClientAuth,
    /// The provider's mail hosts; tokens of its links may go to these.
    pub mail_hosts: &'static [MailHost],
    /// Quirk: `prompt=consent` is never added. At Microsoft it overrides what an administrator has consented to for
    /// everybody, and then asks people who are not allowed to consent; the refresh token comes without it.
    pub never_prompt_consent: bool,
    /// Quirk: its callbacks carry no `iss`, so an issuer must not be compared there (Microsoft).
    pub callback_without_issuer: bool,
    /// The page of the provider's documentation that says how to register a client.
    pub documentation: Option<&'static str>,
}

const fn host(
    service: MailService,
    host: &'static str,
    port: u16,
    security: MailSecurity,
) -> MailHost {
    MailHost { service, host, port, security }
}

/// Every preset, in the order in which people are offered them.
pub static PRESETS: &[Preset] = &[GOOGLE, MICROSOFT, CUSTOM];

/// The preset of this kind.
pub fn preset(kind: ProviderKind) -> &'static Preset {
    match kind {
        ProviderKind::Google => &PRESETS[0],
        ProviderKind::Microsoft => &PRESETS[1],
        ProviderKind::Custom => &PRESETS[2],
    }
}

const GOOGLE: Preset = Preset {
    kind: ProviderKind::Google,
    display_name: "Google",
    authorization_endpoint: Some("https://accounts.google.com/o/oauth2/v2/auth"),
    token_endpoint: Some("https://oauth2.googleapis.com/token"),
    issuer: Some("https://accounts.google.com"),
    revocation_endpoint: Some("https://oauth2.googleapis.com/revoke"),
    userinfo_endpoint: None,
    device_authorization_endpoint: None,
    // The slash at the end belongs to the scope.
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
    callback_without_issuer: false,
    documentation: Some("https://developers.google.com/identity/protocols/oauth2/web-server"),
};

/// The worldwide cloud, for accounts of any tenant and personal ones.
const MICROSOFT: Preset = Preset {
    kind: ProviderKind::Microsoft,
    display_name: "Microsoft",
    authorization_endpoint: Some("https://login.microsoftonline.com/common/oauth2/v2.0/authorize"),
    token_endpoint: Some("https://login.microsoftonline.com/common/oauth2/v2.0/token"),
    // Callbacks carry no `iss`, and the issuer of an id_token differs from tenant to tenant.
    issuer: None,
    revocation_endpoint: None,
    userinfo_endpoint: None,
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
    callback_without_issuer: true,
    documentation: Some(
        "https://learn.microsoft.com/en-us/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth",
    ),
};

const CUSTOM: Preset = Preset {
    kind: ProviderKind::Custom,
    display_name: "Custom",
    authorization_endpoint: None,
    token_endpoint: None,
    issuer: None,
    revocation_endpoint: None,
    userinfo_endpoint: None,
    device_authorization_endpoint: None,
    scope: "",
    authorization_params: &[],
    // The one that every server must support (RFC 6749 §2.3.1).
    client_auth: ClientAuth::Basic,
    mail_hosts: &[],
    never_prompt_consent: false,
    callback_without_issuer: false,
    documentation: None,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorize::check_authorization_params;
    use crate::endpoint::check_endpoint;

    #[test]
    fn every_kind_has_its_row() {
        assert_eq!(PRESETS.len(), ProviderKind::ALL.len());
        for kind in ProviderKind::ALL {
            assert_eq!(preset(kind).kind, kind);
        }
    }

    #[test]
    fn every_row_would_pass_as_an_administrators_entry() {
        for preset in PRESETS {
            let endpoints = [
                preset.authorization_endpoint,
                preset.token_endpoint,
                preset.issuer,
                preset.revocation_endpoint,
                preset.device_authorization_endpoint,
                preset.documentation,
            ];
            for text in endpoints.into_iter().flatten() {
                check_endpoint("endpoint", text, |_| false).expect("a good address");
            }
            let pairs = preset.authorization_params.iter();
            let params: Vec<_> = pairs.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            check_authorization_params(&params).expect("good parameters");
        }
    }

    #[test]
    fn microsofts_scopes_are_of_one_resource() {
        assert!(preset(ProviderKind::Microsoft).scope.split(' ').any(|scope| scope == "profile"));
        let resources = preset(ProviderKind::Microsoft).scope.split(' ');
        let resources: Vec<_> = resources.filter(|scope| scope.contains("://")).collect();
        assert_eq!(resources, ["https://outlook.office.com/IMAP.AccessAsUser.All"]);
    }
}

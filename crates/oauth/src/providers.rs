//! The provider table: a provider is a row here before it is code.
//!
//! A row says what never changes ([`Preset`]). What depends on an administrator's choice (cloud, tenant, protocols, the
//! way of getting tokens, whose instance) is made by [`fill`]. Every value of it can be edited afterwards.

mod check;
mod filled;
mod forges;
mod google;
mod mail;
mod microsoft;
mod tenant;

use outlink_model::link::{ClientAuth, GrantType};
pub use outlink_model::provider::MailService;
use outlink_model::provider::ProviderKind;

pub use check::check_grant_type;
use filled::sentences;
pub use filled::{Choice, Filled, fill};
pub use tenant::cloud_of;
pub(crate) use tenant::{
    is_alias as is_tenant_alias, is_id as is_tenant_id, issuer_of as tenant_issuer,
};

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

/// How it can be found out, without a person, whether a provider accepts the client's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialProbe {
    /// By asking for a token for the client itself (RFC 6749 §4.4). At Microsoft only where the tenant is named.
    ClientCredentials,
    /// By offering a code that nobody handed out: a server that authenticates the client first (RFC 6749 §4.1.3) says
    /// `invalid_client` to wrong credentials and `invalid_grant` to right ones.
    BogusCode,
    /// In no way that is known.
    None,
}

/// What a link to a provider is filled in with, and what is peculiar to the provider.
#[derive(Debug)]
pub struct Preset {
    /// Which one.
    pub kind: ProviderKind,
    /// What people call it.
    pub display_name: &'static str,
    /// One sentence: what it is for.
    pub text: &'static str,
    /// Whether it is offered behind "more".
    pub more: bool,
    /// Whether there is a cloud and a tenant to choose.
    pub asks_tenant: bool,
    /// Whether it may run on somebody's own host.
    pub asks_instance: bool,
    /// The ways of getting tokens that are offered.
    pub grant_types: &'static [GrantType],
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
    /// Where to ask what a token is good for (RFC 7662).
    pub introspection_endpoint: Option<&'static str>,
    /// Where a device asks for a code (RFC 8628 §3.1). Absent where what is wanted cannot be had that way.
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
    /// Hours within which an idle grant must be used, or the provider ends it in the long run; a day where nothing is
    /// known.
    pub keep_alive: Option<i64>,
    /// How credentials can be tried without a person.
    pub credential_probe: CredentialProbe,
    /// The page of the provider's documentation that says how to register a client.
    pub documentation: Option<&'static str>,
    /// What an administrator must know before beginning, and what of the row could not be verified.
    pub notes: &'static [&'static str],
}

/// Every preset, in the order in which people are offered them.
pub static PRESETS: &[Preset] = &[
    google::GOOGLE,
    microsoft::MICROSOFT,
    CUSTOM,
    mail::YAHOO,
    mail::AOL,
    mail::FASTMAIL,
    mail::YANDEX,
    forges::GITHUB,
    forges::GITLAB,
    forges::BITBUCKET,
    forges::FORGEJO,
];

/// The preset of this kind.
pub fn preset(kind: ProviderKind) -> &'static Preset {
    match kind {
        ProviderKind::Google => &PRESETS[0],
        ProviderKind::Microsoft => &PRESETS[1],
        ProviderKind::Custom => &PRESETS[2],
        ProviderKind::Yahoo => &PRESETS[3],
        ProviderKind::Aol => &PRESETS[4],
        ProviderKind::Fastmail => &PRESETS[5],
        ProviderKind::Yandex => &PRESETS[6],
        ProviderKind::Github => &PRESETS[7],
        ProviderKind::Gitlab => &PRESETS[8],
        ProviderKind::Bitbucket => &PRESETS[9],
        ProviderKind::Forgejo => &PRESETS[10],
    }
}

const fn host(
    service: MailService,
    host: &'static str,
    port: u16,
    security: MailSecurity,
) -> MailHost {
    MailHost { service, host, port, security }
}

const CUSTOM: Preset = Preset {
    kind: ProviderKind::Custom,
    display_name: "Custom",
    text: "Any other OAuth 2.0 provider: by its issuer, or by its endpoints.",
    more: false,
    asks_tenant: false,
    asks_instance: false,
    grant_types: &[
        GrantType::AuthorizationCode,
        GrantType::ClientCredentials,
        GrantType::JwtBearer,
        GrantType::DeviceCode,
    ],
    authorization_endpoint: None,
    token_endpoint: None,
    issuer: None,
    revocation_endpoint: None,
    userinfo_endpoint: None,
    introspection_endpoint: None,
    device_authorization_endpoint: None,
    scope: "",
    authorization_params: &[],
    // The one that every server must support (RFC 6749 §2.3.1).
    client_auth: ClientAuth::Basic,
    mail_hosts: &[],
    never_prompt_consent: false,
    keep_alive: None,
    credential_probe: CredentialProbe::BogusCode,
    documentation: None,
    notes: &[],
};

/// What the rows behind "more" share, unless they say otherwise.
const MORE: Preset = Preset {
    more: true,
    grant_types: &[GrantType::AuthorizationCode],
    client_auth: ClientAuth::Post,
    ..CUSTOM
};

#[cfg(test)]
mod tests;

//! What a link is filled in with, once an administrator has chosen.

use outlink_model::link::{ClientAuth, GrantType, ScopeSeparator};
use outlink_model::problem::Problem;
use outlink_model::provider::{Cloud, MailService, ProviderKind};

use super::check::{check_choice, check_grant_type};
use super::{MailHost, Preset, forges, google, mail, microsoft, preset};

/// What an administrator chooses before a link is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Microsoft's cloud; the worldwide one where it is absent.
    pub cloud: Option<Cloud>,
    /// Microsoft's tenant: `common`, `organizations`, `consumers`, an id or a domain.
    pub tenant: Option<String>,
    /// What tokens are for.
    pub protocols: Vec<MailService>,
    /// How tokens are to be had.
    pub grant_type: GrantType,
    /// The address of a GitLab, Forgejo, Gitea or GitHub Enterprise Server of one's own, such as
    /// `https://git.example.com`.
    pub instance: Option<String>,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            cloud: None,
            tenant: None,
            protocols: vec![MailService::Imap],
            grant_type: GrantType::AuthorizationCode,
            instance: None,
        }
    }
}

/// What a link is filled in with. Endpoints that the grant type does not use are absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// Where the browser is sent.
    pub authorization_endpoint: Option<String>,
    /// Where tokens come from.
    pub token_endpoint: Option<String>,
    /// The issuer.
    pub issuer: Option<String>,
    /// Where tokens are given back.
    pub revocation_endpoint: Option<String>,
    /// Where a device asks for its code.
    pub device_authorization_endpoint: Option<String>,
    /// Where to ask who consented.
    pub userinfo_endpoint: Option<String>,
    /// Where to ask what a token is good for.
    pub introspection_endpoint: Option<String>,
    /// What is asked for, separated by spaces.
    pub scope: String,
    /// What stands between two scopes in a request.
    pub scope_separator: ScopeSeparator,
    /// Whether requests carry a code challenge.
    pub pkce: bool,
    /// More parameters of the authorization request.
    pub authorization_params: Vec<(String, String)>,
    /// More parameters of token requests.
    pub token_params: Vec<(String, String)>,
    /// How the client authenticates. `none` for a JWT bearer: the assertion proves everything.
    pub client_auth: ClientAuth,
    /// The mail hosts that fit the choice.
    pub mail_hosts: Vec<MailHost>,
    /// The provider's own page.
    pub documentation: Option<String>,
    /// How to register the client there, one sentence each.
    pub steps: Vec<String>,
    /// Exchange PowerShell that application permissions need, with placeholders in angle brackets.
    pub commands: Vec<String>,
    /// What must be known, and what could not be verified.
    pub notes: Vec<String>,
}

/// Fills a link in for what was chosen.
///
/// # Errors
/// A [`Problem`] where the provider does not offer what was chosen, with the reason.
pub fn fill(kind: ProviderKind, choice: &Choice) -> Result<Filled, Problem> {
    let preset = preset(kind);
    check_grant_type(kind, choice.grant_type)?;
    check_choice(preset, choice)?;
    let mut filled = base(preset, choice.grant_type);
    match kind {
        ProviderKind::Google => google::fill(&mut filled, choice),
        ProviderKind::Microsoft => microsoft::fill(&mut filled, choice)?,
        ProviderKind::Custom => {}
        ProviderKind::Yahoo | ProviderKind::Aol | ProviderKind::Fastmail | ProviderKind::Yandex => {
            mail::fill(&mut filled, kind, choice)?;
        }
        ProviderKind::Github
        | ProviderKind::Gitlab
        | ProviderKind::Bitbucket
        | ProviderKind::Forgejo => forges::fill(&mut filled, kind, choice)?,
    }
    filled.mail_hosts.retain(|host| choice.protocols.contains(&host.service));
    only_used(&mut filled, choice.grant_type);
    Ok(filled)
}

/// The row as it stands.
fn base(preset: &Preset, grant_type: GrantType) -> Filled {
    let own = |text: Option<&str>| text.map(str::to_owned);
    let pairs = preset.authorization_params.iter();
    Filled {
        authorization_endpoint: own(preset.authorization_endpoint),
        token_endpoint: own(preset.token_endpoint),
        issuer: own(preset.issuer),
        revocation_endpoint: own(preset.revocation_endpoint),
        device_authorization_endpoint: own(preset.device_authorization_endpoint),
        userinfo_endpoint: own(preset.userinfo_endpoint),
        introspection_endpoint: own(preset.introspection_endpoint),
        scope: preset.scope.to_owned(),
        scope_separator: ScopeSeparator::Space,
        pkce: true,
        authorization_params: pairs.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        token_params: Vec::new(),
        client_auth: match grant_type {
            GrantType::JwtBearer => ClientAuth::None,
            _ => preset.client_auth,
        },
        mail_hosts: preset.mail_hosts.to_vec(),
        documentation: own(preset.documentation),
        steps: Vec::new(),
        commands: Vec::new(),
        notes: preset.notes.iter().map(|note| (*note).to_owned()).collect(),
    }
}

/// Leaves out what the grant type does not use.
fn only_used(filled: &mut Filled, grant_type: GrantType) {
    if !grant_type.has_redirect() {
        filled.authorization_endpoint = None;
    }
    if grant_type != GrantType::DeviceCode {
        filled.device_authorization_endpoint = None;
    }
    if !grant_type.has_consent() {
        filled.authorization_params.clear();
        filled.userinfo_endpoint = None;
        filled.issuer = None;
    }
}

pub(super) fn sentences(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

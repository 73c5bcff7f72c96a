//! The page of a link.

use outlink_engine::Engine;
use outlink_model::Timestamp;
use outlink_model::link::{ClientSecret, GrantType, Link, LinkHealth};
use outlink_model::provider::ProviderKind;
use outlink_oauth::preset;
use serde::Serialize;

use super::{LinkGrants, News, grant_form};
use crate::console::link_form::Proof;
use crate::console::report::{Failure, Report};
use crate::form::Form;
use crate::words::{Badge, Ends, ScopeView, TroubleView, When, grant_type_words, link_badge};

/// One link.
#[derive(Debug, Serialize)]
pub(crate) struct LinkPage {
    pub(crate) notice: Option<String>,
    /// What was just done and should be known.
    pub(crate) told: Vec<String>,
    pub(crate) failure: Option<Failure>,
    pub(crate) report: Option<Report>,
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) badge: Badge,
    pub(crate) enabled: bool,
    pub(crate) trouble: Option<TroubleView>,
    /// What stands with the link as it is.
    pub(crate) warnings: Vec<String>,
    /// `page`, `device`, `subject` or `itself`.
    pub(crate) way: &'static str,
    /// Whether the subject may be left out.
    pub(crate) subject_optional: bool,
    pub(crate) redirect_url: Option<String>,
    pub(crate) form: Form,
    pub(crate) grants: LinkGrants,
    pub(crate) secrets: Vec<SecretRow>,
    /// `secret`, `key` or `nothing`.
    pub(crate) proof: &'static str,
    pub(crate) facts: Vec<Fact>,
    pub(crate) scopes: Vec<ScopeView>,
    pub(crate) created_at: When,
    pub(crate) updated_at: When,
}

/// A client secret or a key: everything but its value.
#[derive(Debug, Serialize)]
pub(crate) struct SecretRow {
    /// What it is: the one that is used first, or the one beside it.
    pub(crate) what: &'static str,
    pub(crate) ends: Option<Ends>,
    pub(crate) refused_at: Option<When>,
    pub(crate) key_id: Option<String>,
    pub(crate) has_certificate: bool,
    pub(crate) created_at: When,
}

/// A setting.
#[derive(Debug, Serialize)]
pub(crate) struct Fact {
    pub(crate) label: &'static str,
    pub(crate) value: String,
}

impl SecretRow {
    pub(crate) fn all(secrets: &[ClientSecret], now: Timestamp) -> Vec<Self> {
        let row = |(place, secret): (usize, &ClientSecret)| Self {
            what: match (place, secrets.len()) {
                (0, 1) => "In use",
                (0, _) => "Used first",
                (_, _) => "Used where the first is refused",
            },
            ends: secret.expires_at.map(|at| Ends::new(at, now)),
            refused_at: secret.refused_at.map(When::from),
            key_id: secret.key_id.clone(),
            has_certificate: secret.certificate.is_some(),
            created_at: secret.created_at.into(),
        };
        secrets.iter().enumerate().map(row).collect()
    }
}

impl LinkPage {
    pub(crate) fn new(engine: &Engine, link: Link, grants: LinkGrants, news: News) -> Self {
        let trouble = match &link.health {
            LinkHealth::Healthy => None,
            LinkHealth::Marked { trouble, .. } => Some(TroubleView::from(trouble)),
        };
        let warnings = engine.link_warnings(&link);
        let (way, subject_optional) = way(&link);
        Self {
            notice: news.notice,
            told: news.warnings.into_iter().filter(|told| !warnings.contains(told)).collect(),
            failure: news.failure,
            report: news.report,
            redirect_url: engine.redirect_url_of(&link),
            facts: facts(&link),
            href: format!("/links/{}", link.id),
            badge: link_badge(&link),
            enabled: link.enabled,
            trouble,
            warnings,
            way,
            subject_optional,
            form: news.form.unwrap_or_else(grant_form),
            grants,
            secrets: SecretRow::all(&link.client_secrets, engine.now()),
            proof: Proof::of(link.grant_type, Some(link.client_auth)).as_str(),
            scopes: ScopeView::all(link.scope.split(' ')),
            created_at: link.created_at.into(),
            updated_at: link.updated_at.into(),
            name: link.name,
            description: link.description,
        }
    }
}

/// How a grant is made under a link, and whether a subject may be left out.
fn way(link: &Link) -> (&'static str, bool) {
    match link.grant_type {
        GrantType::AuthorizationCode => ("page", false),
        GrantType::DeviceCode => ("device", false),
        GrantType::ClientCredentials => ("itself", false),
        GrantType::JwtBearer => ("subject", link.provider != ProviderKind::Google),
    }
}

fn facts(link: &Link) -> Vec<Fact> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let params = |pairs: &[(String, String)]| {
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
    };
    let pkce = match (link.grant_type.has_redirect(), link.pkce) {
        (true, false) => "off",
        _ => "",
    };
    let separator = match link.scope_separator.as_str() {
        "space" => String::new(),
        other => other.to_owned(),
    };
    let all = [
        ("Direction", format!("{}: this server is the client", link.direction)),
        ("Provider", preset(link.provider).display_name.to_owned()),
        ("Grant type", grant_type_words(link.grant_type).to_owned()),
        ("Client ID", link.client_id.clone()),
        ("Client authentication", link.client_auth.to_string()),
        ("Signing algorithm", link.signing_alg.map(|alg| alg.to_string()).unwrap_or_default()),
        ("Authorization endpoint", text(&link.authorization_endpoint)),
        ("Token endpoint", link.token_endpoint.clone()),
        ("Device authorization endpoint", text(&link.device_authorization_endpoint)),
        ("Revocation endpoint", text(&link.revocation_endpoint)),
        ("Issuer", text(&link.issuer)),
        ("Answers must name the issuer", if link.requires_iss { "yes" } else { "" }.to_owned()),
        ("Userinfo endpoint", text(&link.userinfo_endpoint)),
        ("Introspection endpoint", text(&link.introspection_endpoint)),
        ("Scopes are separated by", separator),
        ("PKCE", pkce.to_owned()),
        ("Extra authorization parameters", params(&link.authorization_params)),
        ("Extra token parameters", params(&link.token_params)),
        ("Hosts that tokens may go to", link.token_hosts.join(", ")),
    ];
    let set = all.into_iter().filter(|(_, value)| !value.is_empty());
    set.map(|(label, value)| Fact { label, value }).collect()
}

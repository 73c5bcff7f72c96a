//! A link as it is shown. Its secrets never are: what is told of them is that they are there, and until when.

use jiff::Timestamp;
use outlink_engine::Engine;
use outlink_model::link::{ClientSecret, Link, LinkHealth};
use outlink_model::provider::ProviderKind;
use outlink_oauth::cloud_of;
use serde::Serialize;
use utoipa::ToSchema;

use super::params::{Params, Values};
use crate::api::TroubleBody;

/// A link. Its client secrets are never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Link)]
pub(super) struct LinkBody {
    id: String,
    name: String,
    description: String,
    /// `outgoing`: this server is the client.
    direction: &'static str,
    /// Which preset it was made from; `/providers` lists them.
    provider: &'static str,
    /// Microsoft's cloud that its token endpoint is in. GCC shares its hosts with `worldwide`, and DoD with `gcc_high`.
    cloud: Option<&'static str>,
    /// Microsoft's tenant that its token endpoint names.
    tenant: Option<String>,
    /// Whether anything is sent under it.
    enabled: bool,
    /// `authorization_code`, `client_credentials`, `jwt_bearer` or `device_code`.
    grant_type: &'static str,
    client_id: String,
    client_auth: &'static str,
    /// Whether a client secret or a private key is kept.
    has_client_secret: bool,
    /// What is kept, the one in use first. Two while one takes over from the other.
    client_secrets: Vec<ClientSecretBody>,
    /// `RS256`, `PS256` or `ES256`; `null` for what fits the key.
    signing_alg: Option<&'static str>,
    authorization_endpoint: Option<String>,
    token_endpoint: String,
    revocation_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    issuer: Option<String>,
    /// Whether a callback must name the issuer (RFC 9207).
    requires_iss: bool,
    userinfo_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
    /// Separated by spaces, whatever stands between them in a request.
    scope: String,
    /// `space`, `comma` or `plus`: what stands between scopes in a request.
    scope_separator: &'static str,
    /// Whether requests carry a code challenge (RFC 7636).
    pkce: bool,
    /// Each with a text, or with a list of texts where it is sent several times.
    #[schema(value_type = BTreeMap<String, Values<'_>>)]
    authorization_params: Params,
    /// The same for requests to the token endpoint.
    #[schema(value_type = BTreeMap<String, Values<'_>>)]
    token_params: Params,
    /// Hosts that tokens of this link may be shown to.
    token_hosts: Vec<String>,
    /// To be registered at the provider; `null` where the grant type has no redirect.
    redirect_url: Option<String>,
    health: LinkHealthBody,
    created_at: Timestamp,
    /// When it was last edited. Sent along with an edit, it keeps that from undoing somebody else's.
    updated_at: Timestamp,
}

/// A link, with what should be known about it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinkWithWarnings)]
pub(super) struct SavedLinkBody {
    #[serde(flatten)]
    link: LinkBody,
    /// What the provider is known to refuse, what was left out, what is to be done next: one or two sentences each.
    warnings: Vec<String>,
}

/// A client secret or a private key, but for the secret itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientSecret)]
struct ClientSecretBody {
    id: String,
    /// When the provider will refuse it; `null` where nobody has said so.
    expires_at: Option<Timestamp>,
    /// Since when the provider has refused it, while another one was accepted.
    refused_at: Option<Timestamp>,
    /// The key's name at the provider.
    key_id: Option<String>,
    /// Whether the provider knows the key by a certificate.
    has_certificate: bool,
    created_at: Timestamp,
}

/// Whether the provider accepts the link itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinkHealth)]
struct LinkHealthBody {
    /// `healthy` or `marked`.
    state: &'static str,
    #[serde(flatten)]
    trouble: TroubleBody,
    /// Probes that failed in a row.
    failures: u32,
    /// When it is probed next.
    probe_at: Option<Timestamp>,
}

impl From<&ClientSecret> for ClientSecretBody {
    fn from(secret: &ClientSecret) -> Self {
        Self {
            id: secret.id.to_string(),
            expires_at: secret.expires_at,
            refused_at: secret.refused_at,
            key_id: secret.key_id.clone(),
            has_certificate: secret.certificate.is_some(),
            created_at: secret.created_at,
        }
    }
}

impl From<&LinkHealth> for LinkHealthBody {
    fn from(health: &LinkHealth) -> Self {
        match health {
            LinkHealth::Healthy => {
                Self { state: "healthy", trouble: None.into(), failures: 0, probe_at: None }
            }
            LinkHealth::Marked { trouble, failures, probe_at } => Self {
                state: "marked",
                trouble: Some(trouble).into(),
                failures: *failures,
                probe_at: Some(*probe_at),
            },
        }
    }
}

impl LinkBody {
    pub(super) fn new(engine: &Engine, link: Link) -> Self {
        let of_microsoft = link.provider == ProviderKind::Microsoft;
        let place = of_microsoft.then(|| cloud_of(&link.token_endpoint)).flatten();
        let (cloud, tenant) = place.unzip();
        Self {
            redirect_url: engine.redirect_url_of(&link),
            id: link.id.to_string(),
            name: link.name,
            description: link.description,
            direction: link.direction.as_str(),
            provider: link.provider.as_str(),
            cloud: cloud.map(|cloud| cloud.as_str()),
            tenant,
            enabled: link.enabled,
            grant_type: link.grant_type.as_str(),
            client_id: link.client_id,
            client_auth: link.client_auth.as_str(),
            has_client_secret: !link.client_secrets.is_empty(),
            client_secrets: link.client_secrets.iter().map(ClientSecretBody::from).collect(),
            signing_alg: link.signing_alg.map(|alg| alg.as_str()),
            authorization_endpoint: link.authorization_endpoint,
            token_endpoint: link.token_endpoint,
            revocation_endpoint: link.revocation_endpoint,
            device_authorization_endpoint: link.device_authorization_endpoint,
            issuer: link.issuer,
            requires_iss: link.requires_iss,
            userinfo_endpoint: link.userinfo_endpoint,
            introspection_endpoint: link.introspection_endpoint,
            scope: link.scope,
            scope_separator: link.scope_separator.as_str(),
            pkce: link.pkce,
            authorization_params: Params(link.authorization_params),
            token_params: Params(link.token_params),
            token_hosts: link.token_hosts,
            health: (&link.health).into(),
            created_at: link.created_at,
            updated_at: link.updated_at,
        }
    }
}

impl SavedLinkBody {
    pub(super) fn new(engine: &Engine, link: Link, warnings: Vec<String>) -> Self {
        Self { link: LinkBody::new(engine, link), warnings }
    }
}

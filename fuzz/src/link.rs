//! A link to speak for.

use outlink_model::link::{
    ClientAuth, ClientSecret, GrantType, Link, LinkDirection, LinkHealth, ScopeSeparator,
};
use outlink_model::provider::ProviderKind;
use outlink_model::{Secret, Timestamp};

use crate::shown::SECRET;

/// When everything happens.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_750_000_000).expect("a time")
}

/// The provider that an octet stands for.
pub fn provider(octet: u8) -> ProviderKind {
    ProviderKind::ALL[usize::from(octet) % ProviderKind::ALL.len()]
}

/// A link as plain as can be, with [`SECRET`] as its client secret.
pub fn link(provider: ProviderKind) -> Link {
    let (token_endpoint, issuer) = match provider {
        ProviderKind::Microsoft => (
            "https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
            "https://login.microsoftonline.com/{tenantid}/v2.0",
        ),
        ProviderKind::Google => {
            ("https://oauth2.googleapis.com/token", "https://accounts.google.com")
        }
        _ => ("https://as.example/token", "https://as.example"),
    };
    let secret = ClientSecret {
        id: "01890000-0000-7000-8000-000000000002".parse().expect("an id"),
        value: Secret::new(SECRET),
        certificate: None,
        key_id: None,
        expires_at: None,
        refused_at: None,
        created_at: now(),
    };
    Link {
        id: "01890000-0000-7000-8000-000000000001".parse().expect("an id"),
        name: "Work".to_owned(),
        description: String::new(),
        direction: LinkDirection::Outgoing,
        provider,
        enabled: true,
        grant_type: GrantType::AuthorizationCode,
        client_id: "client-1".to_owned(),
        client_secrets: vec![secret],
        client_auth: ClientAuth::Post,
        signing_alg: None,
        authorization_endpoint: Some("https://as.example/authorize".to_owned()),
        token_endpoint: token_endpoint.to_owned(),
        revocation_endpoint: None,
        device_authorization_endpoint: None,
        issuer: Some(issuer.to_owned()),
        requires_iss: false,
        userinfo_endpoint: None,
        introspection_endpoint: None,
        scope: "openid email".to_owned(),
        scope_separator: ScopeSeparator::Space,
        pkce: true,
        authorization_params: Vec::new(),
        token_params: Vec::new(),
        token_hosts: Vec::new(),
        health: LinkHealth::Healthy,
        created_at: now(),
        updated_at: now(),
    }
}

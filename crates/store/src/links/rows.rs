//! A link as its rows have it: one for each of its secrets.

use outlink_model::link::{ClientSecret, Link, LinkHealth};

use crate::cell::{damaged, from_json, number, parse, parse_some, time, time_some, trouble};
use crate::client_secrets::SECRET;
use crate::{Error, Vault};

/// The link and one of its secrets.
#[derive(sqlx::FromRow)]
pub(super) struct LinkRow {
    id: String,
    name: String,
    description: String,
    direction: String,
    provider: String,
    enabled: i64,
    grant_type: String,
    client_id: String,
    client_auth: String,
    signing_alg: Option<String>,
    authorization_endpoint: Option<String>,
    token_endpoint: String,
    revocation_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    issuer: Option<String>,
    requires_iss: i64,
    userinfo_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
    scope: String,
    scope_separator: String,
    pkce: i64,
    authorization_params: String,
    token_params: String,
    token_hosts: String,
    trouble: Option<String>,
    failures: i64,
    probe_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
    #[sqlx(flatten)]
    secret: SecretRow,
}

/// Empty in every cell where the link has no secret.
#[derive(sqlx::FromRow)]
struct SecretRow {
    secret_id: Option<String>,
    secret_value: Option<Vec<u8>>,
    secret_certificate: Option<String>,
    secret_key_id: Option<String>,
    secret_expires_at: Option<i64>,
    secret_refused_at: Option<i64>,
    secret_created_at: Option<i64>,
}

impl SecretRow {
    fn model(self, vault: &Vault) -> Result<Option<ClientSecret>, Error> {
        let (Some(id), Some(value)) = (self.secret_id, self.secret_value) else { return Ok(None) };
        Ok(Some(ClientSecret {
            value: vault.open(SECRET, &id, value)?,
            id: parse("client_secrets.id", &id)?,
            certificate: self.secret_certificate,
            key_id: self.secret_key_id,
            expires_at: time_some("client_secrets.expires_at", self.secret_expires_at)?,
            refused_at: time_some("client_secrets.refused_at", self.secret_refused_at)?,
            created_at: time_some("client_secrets.created_at", self.secret_created_at)?
                .unwrap_or_default(),
        }))
    }
}

impl LinkRow {
    /// The link, with the one secret that stands in this row.
    fn model(self, vault: &Vault) -> Result<Link, Error> {
        let health = match trouble("links.trouble", self.trouble.as_deref())? {
            None => LinkHealth::Healthy,
            Some(trouble) => LinkHealth::Marked {
                trouble,
                failures: number("links.failures", self.failures)?,
                probe_at: time_some("links.probe_at", self.probe_at)?.unwrap_or_default(),
            },
        };
        let params = |column: &str, cell: &str| from_json::<Vec<(String, String)>>(column, cell);
        Ok(Link {
            id: parse("links.id", &self.id)?,
            name: self.name,
            description: self.description,
            direction: parse("links.direction", &self.direction)?,
            provider: parse("links.provider", &self.provider)?,
            enabled: self.enabled != 0,
            grant_type: parse("links.grant_type", &self.grant_type)?,
            client_id: self.client_id,
            client_secrets: self.secret.model(vault)?.into_iter().collect(),
            client_auth: parse("links.client_auth", &self.client_auth)?,
            signing_alg: parse_some("links.signing_alg", self.signing_alg.as_deref())?,
            authorization_endpoint: self.authorization_endpoint,
            token_endpoint: self.token_endpoint,
            revocation_endpoint: self.revocation_endpoint,
            device_authorization_endpoint: self.device_authorization_endpoint,
            issuer: self.issuer,
            requires_iss: self.requires_iss != 0,
            userinfo_endpoint: self.userinfo_endpoint,
            introspection_endpoint: self.introspection_endpoint,
            scope: self.scope,
            scope_separator: parse("links.scope_separator", &self.scope_separator)?,
            pkce: self.pkce != 0,
            authorization_params: params("links.authorization_params", &self.authorization_params)?,
            token_params: params("links.token_params", &self.token_params)?,
            token_hosts: from_json("links.token_hosts", &self.token_hosts)?,
            health,
            created_at: time("links.created_at", self.created_at)?,
            updated_at: time("links.updated_at", self.updated_at)?,
        })
    }
}

/// The rows of each link by themselves. They come in the order of the links.
pub(super) fn grouped(rows: Vec<LinkRow>) -> Vec<Vec<LinkRow>> {
    let mut links: Vec<Vec<LinkRow>> = Vec::new();
    for row in rows {
        match links.last_mut().filter(|link| link.first().is_some_and(|first| first.id == row.id)) {
            Some(link) => link.push(row),
            None => links.push(vec![row]),
        }
    }
    links
}

/// The link of these rows; `None` where there are none.
pub(super) fn link(rows: Vec<LinkRow>, vault: &Vault) -> Option<Result<Link, Error>> {
    (!rows.is_empty()).then(|| whole(rows, vault))
}

/// The link of these rows, of which there is one at least.
pub(super) fn whole(rows: Vec<LinkRow>, vault: &Vault) -> Result<Link, Error> {
    let mut rows = rows.into_iter();
    let first = rows.next().ok_or_else(|| damaged("links", "a link without a row"))?;
    let mut link = first.model(vault)?;
    for row in rows {
        link.client_secrets.extend(row.secret.model(vault)?);
    }
    Ok(link)
}

//! Links: our registrations at providers.

use outlink_model::link::{Link, LinkHealth};
use outlink_model::{LinkId, Secret, Timestamp};

use crate::cell::{
    from_json, micros, number, parse, plain, plain_some, time, time_some, to_json, trouble,
    trouble_cell,
};
use crate::db::{executing, executing_within, found, reading, within};
use crate::{Error, Listed, Page, Store, Vault};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, description, provider, grant_type, client_id, client_secret, client_auth,
                authorization_endpoint, token_endpoint, issuer, userinfo_endpoint, scope,
                authorization_params, token_hosts, trouble, failures, probe_at, created_at, updated_at
            FROM links ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE id = $1");
const BY_NAME: &str = select!("WHERE name = $1");
const PAGE: &str = select!("WHERE id > $1 ORDER BY id LIMIT $2");

const INSERT: &str = "
    INSERT INTO links (id, name, description, provider, grant_type, client_id, client_secret, client_auth,
        authorization_endpoint, token_endpoint, issuer, userinfo_endpoint, scope, authorization_params,
        token_hosts, trouble, failures, probe_at, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";

const UPDATE: &str = "
    UPDATE links SET name = $2, description = $3, provider = $4, grant_type = $5, client_id = $6,
        client_secret = $7, client_auth = $8, authorization_endpoint = $9, token_endpoint = $10,
        issuer = $11, userinfo_endpoint = $12, scope = $13, authorization_params = $14,
        token_hosts = $15, updated_at = $16
    WHERE id = $1";

const SET_HEALTH: &str = "
    UPDATE links SET trouble = $2, failures = $3, probe_at = $4 WHERE id = $1";

const CLAIM_PROBE: &str = "UPDATE links SET probe_at = $3 WHERE id = $1 AND probe_at = $2";

const DELETE: &str = "DELETE FROM links WHERE id = $1";

/// Writes nothing new; takes the row's lock on PostgreSQL, so that two additions do not lose one another.
const HOSTS: &str =
    "UPDATE links SET token_hosts = token_hosts WHERE id = $1 RETURNING token_hosts";
const SET_HOSTS: &str = "UPDATE links SET token_hosts = $2 WHERE id = $1";

const SECRET: &str = "links.client_secret";

#[derive(sqlx::FromRow)]
struct LinkRow {
    id: String,
    name: String,
    description: String,
    provider: String,
    grant_type: String,
    client_id: String,
    client_secret: Option<Vec<u8>>,
    client_auth: String,
    authorization_endpoint: Option<String>,
    token_endpoint: String,
    issuer: Option<String>,
    userinfo_endpoint: Option<String>,
    scope: String,
    authorization_params: String,
    token_hosts: String,
    trouble: Option<String>,
    failures: i64,
    probe_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
}

impl LinkRow {
    fn model(self, vault: &Vault) -> Result<Link, Error> {
        let health = match trouble("links.trouble", self.trouble.as_deref())? {
            None => LinkHealth::Healthy,
            Some(trouble) => LinkHealth::Marked {
                trouble,
                failures: number("links.failures", self.failures)?,
                probe_at: time_some("links.probe_at", self.probe_at)?.unwrap_or_default(),
            },
        };
        Ok(Link {
            client_secret: vault.open_some(SECRET, &self.id, self.client_secret)?,
            id: parse("links.id", &self.id)?,
            name: self.name,
            description: self.description,
            provider: parse("links.provider", &self.provider)?,
            grant_type: parse("links.grant_type", &self.grant_type)?,
            client_id: self.client_id,
            client_auth: parse("links.client_auth", &self.client_auth)?,
            authorization_endpoint: self.authorization_endpoint,
            token_endpoint: self.token_endpoint,
            issuer: self.issuer,
            userinfo_endpoint: self.userinfo_endpoint,
            scope: self.scope,
            authorization_params: from_json(
                "links.authorization_params",
                &self.authorization_params,
            )?,
            token_hosts: from_json("links.token_hosts", &self.token_hosts)?,
            health,
            created_at: time("links.created_at", self.created_at)?,
            updated_at: time("links.updated_at", self.updated_at)?,
        })
    }
}

/// The cells of a link's health: trouble, failures, time of the next probe.
type HealthCells = (Option<String>, i64, Option<i64>);

fn health_cells(health: &LinkHealth) -> Result<HealthCells, Error> {
    Ok(match health {
        LinkHealth::Healthy => (None, 0, None),
        LinkHealth::Marked { trouble, failures, probe_at } => {
            (trouble_cell(Some(trouble))?, i64::from(*failures), Some(micros(*probe_at)))
        }
    })
}

impl Store {
    /// Adds a link.
    ///
    /// # Errors
    /// [`Error::Taken`] with `name`.
    pub async fn create_link(&self, link: &Link) -> Result<(), Error> {
        let secret = self.seal_client_secret(link.id, link.client_secret.as_ref())?;
        let (trouble, failures, probe_at) = health_cells(&link.health)?;
        let params = to_json(&link.authorization_params)?;
        let hosts = to_json(&link.token_hosts)?;
        executing!(self.db, on => sqlx::query(INSERT)
            .bind(link.id.to_string())
            .bind(plain(&link.name))
            .bind(plain(&link.description))
            .bind(link.provider.as_str())
            .bind(link.grant_type.as_str())
            .bind(plain(&link.client_id))
            .bind(&secret)
            .bind(link.client_auth.as_str())
            .bind(plain_some(link.authorization_endpoint.as_deref()))
            .bind(plain(&link.token_endpoint))
            .bind(plain_some(link.issuer.as_deref()))
            .bind(plain_some(link.userinfo_endpoint.as_deref()))
            .bind(plain(&link.scope))
            .bind(&params)
            .bind(&hosts)
            .bind(&trouble)
            .bind(failures)
            .bind(probe_at)
            .bind(micros(link.created_at))
            .bind(micros(link.updated_at))
            .execute(on))
        .map_err(|error| Error::taken(error, "name"))?;
        Ok(())
    }

    /// The link with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn link(&self, id: LinkId) -> Result<Option<Link>, Error> {
        let row: Option<LinkRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(on))?;
        row.map(|row| row.model(&self.vault)).transpose()
    }

    /// The link of this name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn link_by_name(&self, name: &str) -> Result<Option<Link>, Error> {
        let row: Option<LinkRow> = reading!(self.db, on =>
            sqlx::query_as(BY_NAME).bind(plain(name)).fetch_optional(on))?;
        row.map(|row| row.model(&self.vault)).transpose()
    }

    /// Links, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn links(&self, page: &Page) -> Result<Listed<Link>, Error> {
        let rows: Vec<LinkRow> = reading!(self.db, on =>
            sqlx::query_as(PAGE).bind(page.above()).bind(page.rows()).fetch_all(on))?;
        page.listed(rows, |row| row.model(&self.vault), |link| link.id)
    }

    /// Writes every field but the health and the time of making.
    ///
    /// # Errors
    /// [`Error::Taken`] with `name`; [`Error::Missing`].
    pub async fn update_link(&self, link: &Link) -> Result<(), Error> {
        let secret = self.seal_client_secret(link.id, link.client_secret.as_ref())?;
        let params = to_json(&link.authorization_params)?;
        let hosts = to_json(&link.token_hosts)?;
        let done = executing!(self.db, on => sqlx::query(UPDATE)
            .bind(link.id.to_string())
            .bind(plain(&link.name))
            .bind(plain(&link.description))
            .bind(link.provider.as_str())
            .bind(link.grant_type.as_str())
            .bind(plain(&link.client_id))
            .bind(&secret)
            .bind(link.client_auth.as_str())
            .bind(plain_some(link.authorization_endpoint.as_deref()))
            .bind(plain(&link.token_endpoint))
            .bind(plain_some(link.issuer.as_deref()))
            .bind(plain_some(link.userinfo_endpoint.as_deref()))
            .bind(plain(&link.scope))
            .bind(&params)
            .bind(&hosts)
            .bind(micros(link.updated_at))
            .execute(on))
        .map_err(|error| Error::taken(error, "name"))?;
        found(done)
    }

    /// Deletes a link that has no grants, and the consents that were asked for under it.
    ///
    /// # Errors
    /// [`Error::InUse`] if grants stand under it; [`Error::Missing`].
    pub async fn delete_link(&self, id: LinkId) -> Result<(), Error> {
        let done = executing!(self.db, on =>
            sqlx::query(DELETE).bind(id.to_string()).execute(on));
        found(done.map_err(Error::in_use)?)
    }

    /// Moves the time of a marked link's next probe. Whoever moves it is the one that may probe: of several that have
    /// read the same time, one. Keeps **A link's fault stays on the link**.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn claim_probe(
        &self,
        id: LinkId,
        seen: Timestamp,
        next: Timestamp,
    ) -> Result<bool, Error> {
        let done = executing!(self.db, on => sqlx::query(CLAIM_PROBE)
            .bind(id.to_string())
            .bind(micros(seen))
            .bind(micros(next))
            .execute(on))?;
        Ok(done > 0)
    }

    /// Writes the health alone.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn set_link_health(&self, id: LinkId, health: &LinkHealth) -> Result<(), Error> {
        let (trouble, failures, probe_at) = health_cells(health)?;
        let done = executing!(self.db, on => sqlx::query(SET_HEALTH)
            .bind(id.to_string())
            .bind(&trouble)
            .bind(failures)
            .bind(probe_at)
            .execute(on))?;
        found(done)
    }

    /// Lets tokens of this link go to one more host. Adding one that is there already changes nothing.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn add_token_host(&self, id: LinkId, host: &str) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let hosts: Option<String> = within!(tx, on =>
            sqlx::query_scalar(HOSTS).bind(id.to_string()).fetch_optional(on))?;
        let mut hosts: Vec<String> = from_json("links.token_hosts", &hosts.ok_or(Error::Missing)?)?;
        if hosts.iter().any(|known| known == host) {
            return Ok(());
        }
        hosts.push(plain(host).into_owned());
        let hosts = to_json(&hosts)?;
        executing_within!(tx, on =>
            sqlx::query(SET_HOSTS).bind(id.to_string()).bind(&hosts).execute(on))?;
        tx.commit().await
    }

    fn seal_client_secret(
        &self,
        id: LinkId,
        secret: Option<&Secret>,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.vault.seal_some(SECRET, id, secret)
    }
}

//! Links: our registrations at providers.

use outlink_model::event::Event;
use outlink_model::grant::Trouble;
use outlink_model::link::{Link, LinkHealth};
use outlink_model::{LinkId, Timestamp};

use crate::cell::{from_json, micros, plain, plain_some, to_json, trouble_cell};
use crate::db::{executing, executing_with_event, executing_within, found, reading, within};
use crate::mail_servers::detach_servers_of_link;
use crate::{Error, Listed, Page, Store};

mod rows;

use rows::LinkRow;

/// A link and its secrets are read by one statement, so that no client id is ever seen with the secret of another. There
/// is a row for each secret, and one for a link without any.
macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT l.id, l.name, l.description, l.direction, l.provider, l.enabled, l.grant_type, l.client_id,
                l.client_auth, l.signing_alg, l.authorization_endpoint, l.token_endpoint, l.revocation_endpoint,
                l.device_authorization_endpoint, l.issuer, l.requires_iss, l.userinfo_endpoint, l.introspection_endpoint,
                l.scope, l.scope_separator, l.pkce, l.authorization_params, l.token_params, l.token_hosts,
                l.trouble, l.failures, l.probe_at, l.created_at, l.updated_at,
                s.id AS secret_id, s.value AS secret_value, s.certificate AS secret_certificate,
                s.key_id AS secret_key_id, s.expires_at AS secret_expires_at,
                s.refused_at AS secret_refused_at, s.created_at AS secret_created_at
            FROM (SELECT * FROM links ",
            $which,
            ") l LEFT JOIN client_secrets s ON s.link_id = l.id ORDER BY l.id, s.place, s.id"
        )
    };
}

const BY_ID: &str = select!("WHERE id = $1");
const BY_NAME: &str = select!("WHERE name = $1");
const PAGE: &str = select!("WHERE id > $1 ORDER BY id LIMIT $2");

/// The first 25 parameters are those of [`UPDATE`].
const INSERT: &str = "
    INSERT INTO links (id, name, description, direction, provider, enabled, grant_type, client_id,
        client_auth, signing_alg, authorization_endpoint, token_endpoint, revocation_endpoint,
        device_authorization_endpoint, issuer, userinfo_endpoint, introspection_endpoint, scope,
        scope_separator, pkce, authorization_params, token_params, token_hosts, requires_iss, updated_at,
        trouble, failures, probe_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
        $23, $24, $25, $26, $27, $28, $29)";

const UPDATE: &str = "
    UPDATE links SET name = $2, description = $3, direction = $4, provider = $5, enabled = $6,
        grant_type = $7, client_id = $8, client_auth = $9, signing_alg = $10, authorization_endpoint = $11,
        token_endpoint = $12, revocation_endpoint = $13, device_authorization_endpoint = $14, issuer = $15,
        userinfo_endpoint = $16, introspection_endpoint = $17, scope = $18, scope_separator = $19, pkce = $20,
        authorization_params = $21, token_params = $22, token_hosts = $23, requires_iss = $24,
        updated_at = $25
    WHERE id = $1 AND updated_at = $26";

const IS_THERE: &str = "SELECT COUNT(*) FROM links WHERE id = $1";

/// Only as it was seen: a call that was begun before the link was mended, or at the same time as others that have failed
/// alike, says nothing new. The time of the next probe is the mark's version, and there is none without a mark.
const MARK: &str = "
    UPDATE links SET trouble = $2, failures = $3, probe_at = $4
    WHERE id = $1 AND updated_at = $5 AND probe_at IS NOT DISTINCT FROM $6";

const HEAL: &str = "
    UPDATE links SET trouble = NULL, failures = 0, probe_at = NULL
    WHERE id = $1 AND trouble IS NOT NULL";

const HASTEN_PROBE: &str = "UPDATE links SET probe_at = $2 WHERE id = $1 AND trouble IS NOT NULL";

const CLAIM_PROBE: &str = "UPDATE links SET probe_at = $3 WHERE id = $1 AND probe_at = $2";

const DELETE: &str = "DELETE FROM links WHERE id = $1";

const DELETE_GRANTS: &str = "DELETE FROM grants WHERE link_id = $1";

/// Writes nothing new; takes the row's lock on PostgreSQL, so that two additions do not lose one another.
const HOSTS: &str =
    "UPDATE links SET token_hosts = token_hosts WHERE id = $1 RETURNING token_hosts";
/// Counts as a change, if the smallest: an edit that has read the older list must not put it back.
const SET_HOSTS: &str =
    "UPDATE links SET token_hosts = $2, updated_at = updated_at + 1 WHERE id = $1";

/// The JSON cells of a link.
struct Cells {
    authorization_params: String,
    token_params: String,
    token_hosts: String,
}

fn cells(link: &Link) -> Result<Cells, Error> {
    Ok(Cells {
        authorization_params: to_json(&link.authorization_params)?,
        token_params: to_json(&link.token_params)?,
        token_hosts: to_json(&link.token_hosts)?,
    })
}

/// The 25 parameters that [`INSERT`] and [`UPDATE`] have in common.
macro_rules! bind_fields {
    ($text:expr, $link:expr, $cells:expr) => {
        sqlx::query($text)
            .bind($link.id.to_string())
            .bind(plain(&$link.name))
            .bind(plain(&$link.description))
            .bind($link.direction.as_str())
            .bind($link.provider.as_str())
            .bind(i64::from($link.enabled))
            .bind($link.grant_type.as_str())
            .bind(plain(&$link.client_id))
            .bind($link.client_auth.as_str())
            .bind($link.signing_alg.map(|alg| alg.as_str()))
            .bind(plain_some($link.authorization_endpoint.as_deref()))
            .bind(plain(&$link.token_endpoint))
            .bind(plain_some($link.revocation_endpoint.as_deref()))
            .bind(plain_some($link.device_authorization_endpoint.as_deref()))
            .bind(plain_some($link.issuer.as_deref()))
            .bind(plain_some($link.userinfo_endpoint.as_deref()))
            .bind(plain_some($link.introspection_endpoint.as_deref()))
            .bind(plain(&$link.scope))
            .bind($link.scope_separator.as_str())
            .bind(i64::from($link.pkce))
            .bind(&$cells.authorization_params)
            .bind(&$cells.token_params)
            .bind(&$cells.token_hosts)
            .bind(i64::from($link.requires_iss))
            .bind(micros($link.updated_at))
    };
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
        let cells = cells(link)?;
        let (trouble, failures, probe_at) = health_cells(&link.health)?;
        let mut tx = self.db.begin().await?;
        executing_within!(tx, on => bind_fields!(INSERT, link, cells)
            .bind(&trouble)
            .bind(failures)
            .bind(probe_at)
            .bind(micros(link.created_at))
            .execute(on))
        .map_err(|error| Error::taken(error, "name"))?;
        for (place, secret) in (0..).zip(&link.client_secrets) {
            self.insert_client_secret(&mut tx, link.id, place, secret).await?;
        }
        tx.commit().await
    }

    /// The link with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn link(&self, id: LinkId) -> Result<Option<Link>, Error> {
        let rows: Vec<LinkRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_all(on))?;
        rows::link(rows, &self.vault).transpose()
    }

    /// The link of this name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn link_by_name(&self, name: &str) -> Result<Option<Link>, Error> {
        let rows: Vec<LinkRow> = reading!(self.db, on =>
            sqlx::query_as(BY_NAME).bind(plain(name)).fetch_all(on))?;
        rows::link(rows, &self.vault).transpose()
    }

    /// Links, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn links(&self, page: &Page) -> Result<Listed<Link>, Error> {
        let rows: Vec<LinkRow> = reading!(self.db, on =>
            sqlx::query_as(PAGE).bind(page.above()).bind(page.rows()).fetch_all(on))?;
        page.listed(rows::grouped(rows), |rows| rows::whole(rows, &self.vault), |link| link.id)
    }

    /// Writes every field but the health and the time of making. Of the secrets, those that are not named any more go,
    /// those with a new id are added, and the others keep their value: a row is never given another one.
    ///
    /// `seen` is [`Link::updated_at`] as it was read. False, and nothing is written, if somebody has changed the link
    /// since: what they wrote would be undone.
    ///
    /// # Errors
    /// [`Error::Taken`] with `name`; [`Error::Missing`]; [`Error::Broken`] if a secret has the id of another value.
    pub async fn update_link(&self, link: &Link, seen: Timestamp) -> Result<bool, Error> {
        let cells = cells(link)?;
        let mut tx = self.db.begin().await?;
        let done = executing_within!(tx, on =>
            bind_fields!(UPDATE, link, cells).bind(micros(seen)).execute(on));
        if done.map_err(|error| Error::taken(error, "name"))? == 0 {
            let there: i64 = within!(tx, on =>
                sqlx::query_scalar(IS_THERE).bind(link.id.to_string()).fetch_one(on))?;
            return if there == 0 { Err(Error::Missing) } else { Ok(false) };
        }
        self.replace_client_secrets(&mut tx, link.id, &link.client_secrets).await?;
        tx.commit().await?;
        Ok(true)
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

    /// Deletes a link with its grants. Mail servers that signed in with one of them are left without, paused and in
    /// trouble.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::InUse`] if something came to use it meanwhile: try again.
    pub async fn delete_link_with_grants(
        &self,
        id: LinkId,
        now: Timestamp,
        trouble: &Trouble,
        event: &Event,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        detach_servers_of_link(&mut tx, id, now, trouble).await?;
        executing_within!(tx, on => sqlx::query(DELETE_GRANTS).bind(id.to_string()).execute(on))
            .map_err(Error::in_use)?;
        let done =
            executing_within!(tx, on => sqlx::query(DELETE).bind(id.to_string()).execute(on));
        found(done.map_err(Error::in_use)?)?;
        self.insert_event(&mut tx, event).await?;
        tx.commit().await
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

    /// Marks a link that was read as `seen`, or writes its mark anew, and the event that tells of it. False if it was
    /// changed, marked, probed or healed since: then nothing is written.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn mark_link(
        &self,
        seen: &Link,
        health: &LinkHealth,
        event: Option<&Event>,
    ) -> Result<bool, Error> {
        let (trouble, failures, probe_at) = health_cells(health)?;
        let (_, _, seen_probe_at) = health_cells(&seen.health)?;
        let done = executing_with_event!(self, event, on => sqlx::query(MARK)
            .bind(seen.id.to_string())
            .bind(&trouble)
            .bind(failures)
            .bind(probe_at)
            .bind(micros(seen.updated_at))
            .bind(seen_probe_at)
            .execute(on));
        Ok(done > 0)
    }

    /// Takes the mark from a link, and writes the event that tells of it. False if there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn heal_link(&self, id: LinkId, event: &Event) -> Result<bool, Error> {
        let done = executing_with_event!(self, Some(event), on =>
            sqlx::query(HEAL).bind(id.to_string()).execute(on));
        Ok(done > 0)
    }

    /// Lets a marked link be probed at this time, whenever it was to be probed. False if it is not marked.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn hasten_probe(&self, id: LinkId, at: Timestamp) -> Result<bool, Error> {
        let done = executing!(self.db, on =>
            sqlx::query(HASTEN_PROBE).bind(id.to_string()).bind(micros(at)).execute(on))?;
        Ok(done > 0)
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
}

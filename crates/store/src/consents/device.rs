//! Consents by device code (RFC 8628): a person types a code elsewhere, and the provider is asked until that is done.

use outlink_model::grant::BoundTo;
use outlink_model::{ConsentId, Secret, Timestamp};

use super::Consent;
use crate::cell::{damaged, micros, number, parse, plain, plain_some, time_some};
use crate::db::{executing, reading, won};
use crate::grants::{bound_cell, bound_to};
use crate::{Error, Store, Vault};

const CODE: &str = "consents.device_code";

const INSERT: &str = "
    INSERT INTO consents (id, link_id, grant_id, login_hint, start_hash, state, begun_at, device_code,
        user_code, verification_uri, verification_uri_complete, poll_seconds, next_poll_at, created_at,
        expires_at, bound_to, mail_server_id)
    VALUES ($1, $2, $3, $4, $5, 'begun', $6, $7, $8, $9, $10, $11, $12, $6, $13, $14, $15)";

/// Nothing is sent under a link that is switched off.
macro_rules! waiting {
    ($what:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM consents c JOIN links l ON l.id = c.link_id
            WHERE c.next_poll_at IS NOT NULL AND c.state = 'begun' AND l.enabled = 1 ",
            $rest
        )
    };
}

const DUE: &str =
    waiting!("c.id", "AND c.next_poll_at <= $1 ORDER BY c.next_poll_at, c.id LIMIT $2");
const NEXT: &str = waiting!("MIN(c.next_poll_at)", "");

const CLAIM: &str = "
    UPDATE consents SET next_poll_at = $3, poll_seconds = $4
    WHERE id = $1 AND next_poll_at = $2 AND state = 'begun'";

const END: &str = "UPDATE consents SET next_poll_at = NULL WHERE id = $1 AND state = 'begun'";

/// What the provider gave out for a consent by device code (RFC 8628 §3.2).
#[derive(Clone, Debug)]
pub struct DeviceConsent {
    /// What the provider is asked with.
    pub code: Secret,
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same with the code in it, for a QR code.
    pub verification_uri_complete: Option<String>,
    /// Seconds between two questions.
    pub poll_seconds: u32,
    /// When the provider may be asked next; `None` once it has answered with tokens.
    pub next_poll_at: Option<Timestamp>,
    /// Where the code came from, and may be sent to.
    pub bound_to: BoundTo,
}

/// Empty in every cell where the consent is not by device code, and in some once it is over.
#[derive(sqlx::FromRow)]
pub(super) struct DeviceRow {
    device_code: Option<Vec<u8>>,
    user_code: Option<String>,
    verification_uri: Option<String>,
    verification_uri_complete: Option<String>,
    poll_seconds: Option<i64>,
    next_poll_at: Option<i64>,
    bound_to: Option<String>,
}

impl DeviceRow {
    pub(super) fn model(self, vault: &Vault, row: &str) -> Result<Option<DeviceConsent>, Error> {
        let Some(code) = vault.open_some(CODE, row, self.device_code)? else { return Ok(None) };
        let needed = |column: &str| damaged(column, "nothing beside a device code");
        let bound_to = bound_to("consents.bound_to", self.bound_to.as_deref())?;
        Ok(Some(DeviceConsent {
            code,
            user_code: self.user_code.ok_or_else(|| needed("consents.user_code"))?,
            verification_uri: self
                .verification_uri
                .ok_or_else(|| needed("consents.verification_uri"))?,
            verification_uri_complete: self.verification_uri_complete,
            poll_seconds: number("consents.poll_seconds", self.poll_seconds.unwrap_or(5))?,
            next_poll_at: time_some("consents.next_poll_at", self.next_poll_at)?,
            bound_to: bound_to.ok_or_else(|| needed("consents.bound_to"))?,
        }))
    }
}

impl Store {
    /// Adds a consent by device code, in the state [`Begun`](super::ConsentState::Begun) from its making on.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such link, grant or mail server, or the consent has no device code.
    pub async fn create_device_consent(&self, consent: &Consent) -> Result<(), Error> {
        let device = consent.device.as_ref().ok_or(Error::Missing)?;
        let code = self.vault.seal(CODE, consent.id, &device.code)?;
        let bound_to = bound_cell(&device.bound_to)?;
        // It has no start page. What stands here is too short to be the hash of a token.
        let no_start = consent.id.0.as_bytes().to_vec();
        executing!(self.db, on => sqlx::query(INSERT)
            .bind(consent.id.to_string())
            .bind(consent.link_id.to_string())
            .bind(consent.grant_id.map(|id| id.to_string()))
            .bind(plain_some(consent.login_hint.as_deref()))
            .bind(&no_start)
            .bind(micros(consent.created_at))
            .bind(&code)
            .bind(plain(&device.user_code))
            .bind(plain(&device.verification_uri))
            .bind(plain_some(device.verification_uri_complete.as_deref()))
            .bind(i64::from(device.poll_seconds))
            .bind(device.next_poll_at.map(micros))
            .bind(micros(consent.expires_at))
            .bind(&bound_to)
            .bind(consent.mail_server.map(|id| id.to_string()))
            .execute(on))?;
        Ok(())
    }

    /// Consents by device code that the provider may be asked about, the longest due first. They may have expired.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn due_device_consents(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ConsentId>, Error> {
        let ids: Vec<String> = reading!(self.db, on => sqlx::query_scalar(DUE)
            .bind(micros(now))
            .bind(i64::from(limit))
            .fetch_all(on))?;
        ids.iter().map(|id| parse("consents.id", id)).collect()
    }

    /// When [`Store::due_device_consents`] has something to tell next, perhaps in the past; `None` if it never has.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn next_device_poll(&self) -> Result<Option<Timestamp>, Error> {
        let at: Option<i64> = reading!(self.db, on => sqlx::query_scalar(NEXT).fetch_one(on))?;
        time_some("consents.next_poll_at", at)
    }

    /// Moves the time at which the provider may be asked, and how long to wait between two questions. Whoever moves it is
    /// the one that may ask: of several that have read the same time, one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn claim_device_poll(
        &self,
        id: ConsentId,
        seen_next: Timestamp,
        next: Timestamp,
        poll_seconds: u32,
    ) -> Result<bool, Error> {
        let done = executing!(self.db, on => sqlx::query(CLAIM)
            .bind(id.to_string())
            .bind(micros(seen_next))
            .bind(micros(next))
            .bind(i64::from(poll_seconds))
            .execute(on))?;
        Ok(done > 0)
    }

    /// Writes that the provider has answered with tokens: it is not asked again, however long they take to be kept. Safe
    /// to repeat.
    ///
    /// # Errors
    /// [`Error::Stale`] if the consent is over.
    pub async fn poll_ended(&self, id: ConsentId) -> Result<(), Error> {
        won(executing!(self.db, on => sqlx::query(END).bind(id.to_string()).execute(on))?)
    }
}

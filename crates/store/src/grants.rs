//! Grants: consents that stand under links, and their tokens.
//!
//! Keeps **No lost grant** together with [`refresh`]: `generation` goes up in the statements that write tokens, and in
//! no other, and each of them names the generation that it has seen.

use outlink_model::grant::{Grant, GrantState, GrantStateName, Identity, Intent, Tokens};
use outlink_model::{GrantId, LinkId, Secret, Timestamp};

use crate::cell::{
    damaged, from_json, micros, number, parse, plain, plain_some, time, time_some, to_json,
    trouble, trouble_cell,
};
use crate::db::{Tx, executing, executing_within, found, reading};
use crate::{Error, Listed, Page, Store};

mod consented;
mod leftovers;
mod refresh;

pub use consented::NewConsent;
pub use refresh::{Claim, FailedRefresh};

const ACCESS: &str = "grants.access_token";
const REFRESH: &str = "grants.refresh_token";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, link_id, issuer, subject, email, scopes, generation, state, trouble, failures, since,
                expires_at, issued_at,
                CAST(CASE WHEN refresh_token IS NULL THEN 0 ELSE 1 END AS BIGINT) AS renewable,
                next_refresh_at, intent_at, intent_retried, created_at
            FROM grants ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE id = $1");
const PAGE: &str = select!("WHERE id > $1 ORDER BY id LIMIT $2");
const OF_LINK: &str = select!("WHERE link_id = $1 ORDER BY id");
const BY_EMAIL: &str = select!("WHERE email_folded = $1 ORDER BY id");

const INSERT: &str = "
    INSERT INTO grants (id, link_id, issuer, subject, email, email_folded, scopes, generation, state,
        trouble, failures, since, access_token, refresh_token, expires_at, issued_at, next_refresh_at,
        intent_at, intent_retried, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
    ON CONFLICT (id) DO NOTHING";

const TOKENS: &str = "
    SELECT generation, access_token, refresh_token, expires_at FROM grants WHERE id = $1";

const DELETE: &str = "DELETE FROM grants WHERE id = $1";

#[derive(sqlx::FromRow)]
struct GrantRow {
    id: String,
    link_id: String,
    issuer: Option<String>,
    subject: Option<String>,
    email: Option<String>,
    scopes: String,
    generation: i64,
    state: String,
    trouble: Option<String>,
    failures: i64,
    since: i64,
    expires_at: i64,
    issued_at: i64,
    renewable: i64,
    next_refresh_at: Option<i64>,
    intent_at: Option<i64>,
    intent_retried: i64,
    created_at: i64,
}

impl GrantRow {
    fn model(self) -> Result<Grant, Error> {
        let state = self.state()?;
        Ok(Grant {
            id: parse("grants.id", &self.id)?,
            link_id: parse("grants.link_id", &self.link_id)?,
            identity: Identity { issuer: self.issuer, subject: self.subject, email: self.email },
            scopes: from_json("grants.scopes", &self.scopes)?,
            generation: self.generation,
            state,
            since: time("grants.since", self.since)?,
            expires_at: time("grants.expires_at", self.expires_at)?,
            issued_at: time("grants.issued_at", self.issued_at)?,
            renewable: self.renewable != 0,
            next_refresh_at: time_some("grants.next_refresh_at", self.next_refresh_at)?,
            intent: intent(self.intent_at, self.intent_retried)?,
            created_at: time("grants.created_at", self.created_at)?,
        })
    }

    fn state(&self) -> Result<GrantState, Error> {
        let trouble = trouble("grants.trouble", self.trouble.as_deref())?;
        let failures = number("grants.failures", self.failures)?;
        let name: GrantStateName = parse("grants.state", &self.state)?;
        let needed = || damaged("grants.trouble", format!("nothing, though the state is {name}"));
        Ok(match name {
            GrantStateName::Active => GrantState::Active,
            GrantStateName::Revoked => GrantState::Revoked,
            GrantStateName::Degraded => {
                GrantState::Degraded { trouble: trouble.ok_or_else(needed)?, failures }
            }
            GrantStateName::Blocked => {
                GrantState::Blocked { trouble: trouble.ok_or_else(needed)?, failures }
            }
            GrantStateName::NeedsConsent => {
                GrantState::NeedsConsent { trouble: trouble.ok_or_else(needed)? }
            }
        })
    }
}

/// The cells of an intent.
fn intent(at: Option<i64>, retried: i64) -> Result<Option<Intent>, Error> {
    let at = time_some("grants.intent_at", at)?;
    Ok(at.map(|at| Intent { at, retried: retried != 0 }))
}

#[derive(sqlx::FromRow)]
struct TokensRow {
    generation: i64,
    access_token: Vec<u8>,
    refresh_token: Option<Vec<u8>>,
    expires_at: i64,
}

/// The tokens of one answer of a token endpoint, to be written.
#[derive(Clone, Debug)]
pub struct NewTokens {
    /// The access token.
    pub access: Secret,
    /// The refresh token; `None` keeps the one that is there (RFC 6749 §6).
    pub refresh: Option<Secret>,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// When the answer came.
    pub issued_at: Timestamp,
    /// What was granted; `None` keeps what is there (RFC 6749 §5.1).
    pub scopes: Option<Vec<String>>,
}

/// Tokens sealed for their cells.
struct Sealed {
    access: Vec<u8>,
    refresh: Option<Vec<u8>>,
}

/// An address as it is compared.
fn folded(email: Option<&str>) -> Option<String> {
    email.map(|email| plain(email).to_lowercase())
}

impl Store {
    fn seal_tokens(
        &self,
        id: GrantId,
        access: &Secret,
        refresh: Option<&Secret>,
    ) -> Result<Sealed, Error> {
        Ok(Sealed {
            access: self.vault.seal(ACCESS, id, access)?,
            refresh: self.vault.seal_some(REFRESH, id, refresh)?,
        })
    }

    /// Adds a grant with its first tokens. Its generation and its times are the grant's; `renewable` follows from the
    /// tokens.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such link.
    pub async fn create_grant(&self, grant: &Grant, tokens: &Tokens) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        self.insert_grant(&mut tx, grant, tokens).await?;
        tx.commit().await
    }

    /// Adds a grant within a transaction, once: one that is there already stays as it is.
    async fn insert_grant(&self, tx: &mut Tx, grant: &Grant, tokens: &Tokens) -> Result<(), Error> {
        let sealed = self.seal_tokens(grant.id, &tokens.access, tokens.refresh.as_ref())?;
        let trouble = trouble_cell(grant.state.trouble())?;
        let scopes = to_json(&grant.scopes)?;
        let email = grant.identity.email.as_deref();
        let folded = folded(email);
        executing_within!(*tx, on => sqlx::query(INSERT)
            .bind(grant.id.to_string())
            .bind(grant.link_id.to_string())
            .bind(plain_some(grant.identity.issuer.as_deref()))
            .bind(plain_some(grant.identity.subject.as_deref()))
            .bind(plain_some(email))
            .bind(&folded)
            .bind(&scopes)
            .bind(grant.generation)
            .bind(grant.state.name().as_str())
            .bind(&trouble)
            .bind(i64::from(grant.state.failures()))
            .bind(micros(grant.since))
            .bind(&sealed.access)
            .bind(&sealed.refresh)
            .bind(micros(tokens.expires_at))
            .bind(micros(grant.issued_at))
            .bind(grant.next_refresh_at.map(micros))
            .bind(grant.intent.map(|intent| micros(intent.at)))
            .bind(i64::from(grant.intent.is_some_and(|intent| intent.retried)))
            .bind(micros(grant.created_at))
            .execute(on))?;
        Ok(())
    }

    /// The grant with this id, without its tokens.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn grant(&self, id: GrantId) -> Result<Option<Grant>, Error> {
        let row: Option<GrantRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(on))?;
        row.map(GrantRow::model).transpose()
    }

    /// Grants, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn grants(&self, page: &Page) -> Result<Listed<Grant>, Error> {
        let rows: Vec<GrantRow> = reading!(self.db, on =>
            sqlx::query_as(PAGE).bind(page.above()).bind(page.rows()).fetch_all(on))?;
        page.listed(rows, GrantRow::model, |grant| grant.id)
    }

    /// Every grant under a link, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn grants_of_link(&self, link: LinkId) -> Result<Vec<Grant>, Error> {
        let rows: Vec<GrantRow> = reading!(self.db, on =>
            sqlx::query_as(OF_LINK).bind(link.to_string()).fetch_all(on))?;
        rows.into_iter().map(GrantRow::model).collect()
    }

    /// Every grant of this address, upper and lower case being the same, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn grants_by_email(&self, email: &str) -> Result<Vec<Grant>, Error> {
        let folded = folded(Some(email));
        let rows: Vec<GrantRow> = reading!(self.db, on =>
            sqlx::query_as(BY_EMAIL).bind(&folded).fetch_all(on))?;
        rows.into_iter().map(GrantRow::model).collect()
    }

    /// The tokens of a grant, opened.
    ///
    /// # Errors
    /// [`Error::Broken`] if they do not open.
    pub async fn tokens(&self, id: GrantId) -> Result<Option<Tokens>, Error> {
        let row: Option<TokensRow> = reading!(self.db, on =>
            sqlx::query_as(TOKENS).bind(id.to_string()).fetch_optional(on))?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Tokens {
            generation: row.generation,
            access: self.vault.open(ACCESS, id, row.access_token)?,
            expires_at: time("grants.expires_at", row.expires_at)?,
            refresh: self.vault.open_some(REFRESH, id, row.refresh_token)?,
        }))
    }

    /// Deletes a grant with its tokens, its leftovers and the consents that led to it.
    ///
    /// # Errors
    /// [`Error::InUse`] if a mail server signs in with it; [`Error::Missing`].
    pub async fn delete_grant(&self, id: GrantId) -> Result<(), Error> {
        let done = executing!(self.db, on =>
            sqlx::query(DELETE).bind(id.to_string()).execute(on));
        found(done.map_err(Error::in_use)?)
    }
}

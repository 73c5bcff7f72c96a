//! Grants: consents that stand under links, and their tokens.
//!
//! Keeps **No lost grant** together with [`refresh`]: `generation` goes up in the statements that write tokens, and in
//! no other, and each of them names the generation that it has seen.

use outlink_model::grant::{BoundTo, Grant, Tokens};
use outlink_model::{GrantId, LinkId, Secret, Timestamp};

use crate::cell::{micros, plain, plain_some, time, to_json, trouble_cell};
use crate::db::{Tx, executing_within, reading};
use crate::{Error, Store};

mod alike;
mod census;
mod consented;
mod due;
mod ends;
mod first;
mod leftovers;
mod link_edits;
mod listed;
mod previous;
mod refresh;
mod rows;
mod tokens_now;

pub use census::GrantGroup;
pub use consented::NewConsent;
pub use due::DueGrant;
pub use listed::GrantFilter;
pub use refresh::{Claim, FailedRefresh};
pub(crate) use rows::{bound_cell, bound_to};
pub use tokens_now::TokensNow;

use rows::{GrantRow, intent};

const ACCESS: &str = "grants.access_token";
const REFRESH: &str = "grants.refresh_token";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, link_id, issuer, subject, email, scopes, generation, state, trouble, failures, since,
                expires_at, issued_at,
                CAST(CASE WHEN refresh_token IS NULL AND self_renewing = 0 THEN 0 ELSE 1 END AS BIGINT)
                    AS renewable,
                assertion_subject, refresh_expires_at, bound_to,
                CAST(CASE WHEN EXISTS (SELECT 1 FROM grant_leftovers k
                    WHERE k.grant_id = grants.id AND k.kind = 'replaced') THEN 1 ELSE 0 END AS BIGINT)
                    AS has_previous,
                next_refresh_at, intent_at, intent_retried, created_at
            FROM grants ",
            $rest
        )
    };
}
use select;

const BY_ID: &str = select!("WHERE id = $1");
const OF_LINK: &str = select!("WHERE link_id = $1 ORDER BY id");
const BY_EMAIL: &str = select!("WHERE email_folded = $1 ORDER BY id");

const INSERT: &str = "
    INSERT INTO grants (id, link_id, issuer, subject, email, email_folded, scopes, generation, state,
        trouble, failures, since, access_token, refresh_token, expires_at, issued_at, next_refresh_at,
        intent_at, intent_retried, created_at, self_renewing, assertion_subject, refresh_expires_at, bound_to)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
        $23, $24)
    ON CONFLICT (id) DO NOTHING";

const TOKENS: &str = "
    SELECT generation, access_token, refresh_token, expires_at FROM grants WHERE id = $1";

/// The minute lets the index be used: nothing within a minute happens later than a minute after its beginning.
const IN_USE: &str = "
    SELECT CAST(CASE WHEN
        EXISTS (SELECT 1 FROM mail_servers WHERE grant_id = $1 AND paused = 0)
        OR EXISTS (SELECT 1 FROM hand_outs WHERE grant_id = $1 AND minute >= $2 - 60000000 AND last_at >= $2)
        THEN 1 ELSE 0 END AS BIGINT)";

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
    /// When the refresh token ends, where the provider has said so. `None` beside a new refresh token means that nothing is
    /// known of its end, and beside the one that is kept that nothing new is.
    pub refresh_expires_at: Option<Timestamp>,
    /// Where the tokens came from; `None` keeps what is there.
    pub bound_to: Option<BoundTo>,
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

    /// Adds a grant with its first tokens. Its generation and its times are the grant's. One that is renewable without a
    /// refresh token stays so for good: its link asks for tokens on its own.
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
        let bound_to = grant.bound_to.as_ref().map(bound_cell).transpose()?;
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
            .bind(i64::from(grant.renewable && tokens.refresh.is_none()))
            .bind(plain_some(grant.subject.as_deref()))
            .bind(grant.refresh_expires_at.map(micros))
            .bind(&bound_to)
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

    /// Whether anything signs in with this grant: a mail server that is not paused, or a program that was handed an access
    /// token at this time or later.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn grant_in_use(&self, id: GrantId, since: Timestamp) -> Result<bool, Error> {
        let used: i64 = reading!(self.db, on => sqlx::query_scalar(IN_USE)
            .bind(id.to_string())
            .bind(micros(since))
            .fetch_one(on))?;
        Ok(used != 0)
    }
}

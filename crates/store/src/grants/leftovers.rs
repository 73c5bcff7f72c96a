//! Tokens that are not their grant's: answers that came too late, since the provider may honour nothing else, and those
//! that a new consent replaced, since it may have been the wrong one. Kept sealed, each bound to its own row.

use std::mem::take;

use aws_lc_rs::digest::{Context, SHA256};
use outlink_model::grant::Identity;
use outlink_model::{GrantId, Secret};

use super::NewTokens;
use super::rows::{bound_cell, bound_to};
use crate::cell::{from_json, micros, plain_some, time, time_some, to_json};
use crate::db::{Tx, executing_within, reading, within};
use crate::vault::hex;
use crate::{Error, Store, Vault};

const ACCESS: &str = "grant_leftovers.access_token";
const REFRESH: &str = "grant_leftovers.refresh_token";

const INSERT: &str = "
    INSERT INTO grant_leftovers
        (id, grant_id, generation, access_token, refresh_token, expires_at, issued_at, scopes, kind, bound_to,
        refresh_expires_at, issuer, subject, email)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO NOTHING";

const OF_GRANT: &str = "
    SELECT id, access_token, refresh_token, expires_at, issued_at, scopes, bound_to, refresh_expires_at, issuer,
        subject, email
    FROM grant_leftovers WHERE grant_id = $1 AND kind = $2 ORDER BY issued_at, id";

const DELETE: &str = "DELETE FROM grant_leftovers WHERE grant_id = $1 AND kind = 'replaced'";

/// Every sealed text is another one, so it tells whether the row is still the one that was read.
const ROTATE: &str = "
    UPDATE grant_leftovers SET refresh_token = $3 WHERE id = $1 AND refresh_token = $2";

const OVERTAKEN: &str = "overtaken";
const REPLACED: &str = "replaced";

/// Tokens that a new consent replaced, with the person whose they are.
pub(super) struct Replaced {
    pub(super) tokens: NewTokens,
    pub(super) identity: Identity,
}

#[derive(sqlx::FromRow)]
struct LeftoverRow {
    id: String,
    access_token: Vec<u8>,
    refresh_token: Option<Vec<u8>>,
    expires_at: i64,
    issued_at: i64,
    scopes: Option<String>,
    bound_to: Option<String>,
    refresh_expires_at: Option<i64>,
    issuer: Option<String>,
    subject: Option<String>,
    email: Option<String>,
}

impl LeftoverRow {
    fn open(mut self, vault: &Vault) -> Result<Replaced, Error> {
        let access = vault.open(ACCESS, &self.id, take(&mut self.access_token))?;
        let refresh = vault.open_some(REFRESH, &self.id, self.refresh_token.take())?;
        self.with(access, refresh)
    }

    /// The same, where a token that does not open is as good as none.
    fn open_whole(mut self, vault: &Vault) -> Result<Replaced, Error> {
        let access = vault.open_whole(ACCESS, &self.id, Some(take(&mut self.access_token)));
        let refresh = vault.open_whole(REFRESH, &self.id, self.refresh_token.take());
        self.with(access.unwrap_or_else(|| Secret::new("")), refresh)
    }

    fn with(self, access: Secret, refresh: Option<Secret>) -> Result<Replaced, Error> {
        let scopes = self.scopes.as_deref();
        Ok(Replaced {
            tokens: NewTokens {
                access,
                refresh,
                expires_at: time("grant_leftovers.expires_at", self.expires_at)?,
                issued_at: time("grant_leftovers.issued_at", self.issued_at)?,
                scopes: scopes.map(|cell| from_json("grant_leftovers.scopes", cell)).transpose()?,
                refresh_expires_at: time_some(
                    "grant_leftovers.refresh_expires_at",
                    self.refresh_expires_at,
                )?,
                bound_to: bound_to("grant_leftovers.bound_to", self.bound_to.as_deref())?,
            },
            identity: Identity { issuer: self.issuer, subject: self.subject, email: self.email },
        })
    }
}

/// The id of a leftover follows from the answer, so that keeping it twice is keeping it once.
fn leftover_id(id: GrantId, generation: i64, tokens: &NewTokens) -> String {
    let mut digest = Context::new(&SHA256);
    digest.update(tokens.access.expose().as_bytes());
    digest.update(&[0]);
    digest.update(tokens.refresh.as_ref().map_or("", |token| token.expose()).as_bytes());
    format!("{id}.{generation}.{}", hex(&digest.finish().as_ref()[..8]))
}

impl Store {
    /// Keeps an answer that was overtaken while it was under way, by a new consent for example. `generation` is the one
    /// that the call had seen. Keeps **No lost grant**. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::Missing`] if the grant is gone.
    pub async fn keep_overtaken(
        &self,
        id: GrantId,
        generation: i64,
        tokens: &NewTokens,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let nobody = Identity::default();
        self.insert_leftover(&mut tx, id, generation, tokens, OVERTAKEN, &nobody).await?;
        tx.commit().await
    }

    /// The overtaken answers of a grant, opened, the oldest first.
    ///
    /// # Errors
    /// [`Error::Broken`] if they do not open.
    pub async fn overtaken(&self, id: GrantId) -> Result<Vec<NewTokens>, Error> {
        let rows: Vec<LeftoverRow> = reading!(self.db, on =>
            sqlx::query_as(OF_GRANT).bind(id.to_string()).bind(OVERTAKEN).fetch_all(on))?;
        rows.into_iter().map(|row| Ok(row.open(&self.vault)?.tokens)).collect()
    }

    /// The tokens that stood before the last consent, opened, where they are kept.
    ///
    /// # Errors
    /// [`Error::Broken`] if they do not open.
    pub async fn previous_tokens(&self, id: GrantId) -> Result<Option<NewTokens>, Error> {
        let row: Option<LeftoverRow> = reading!(self.db, on =>
            sqlx::query_as(OF_GRANT).bind(id.to_string()).bind(REPLACED).fetch_optional(on))?;
        row.map(|row| Ok(row.open(&self.vault)?.tokens)).transpose()
    }

    /// [`Store::previous_tokens`] within a transaction, with the person whose they are.
    pub(super) async fn replaced(
        &self,
        tx: &mut Tx,
        id: GrantId,
    ) -> Result<Option<Replaced>, Error> {
        let row: Option<LeftoverRow> = within!(*tx, on =>
            sqlx::query_as(OF_GRANT).bind(id.to_string()).bind(REPLACED).fetch_optional(on))?;
        row.map(|row| row.open_whole(&self.vault)).transpose()
    }

    /// Puts a refresh token in the place of the one that was spent for it, if that is the one that [`Store::previous_tokens`]
    /// gives; whether it was. A call may be under way with a token while a new consent replaces it, and the provider may
    /// have rotated it. Keeps **No lost grant**. Safe to repeat.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn replace_kept_refresh(
        &self,
        id: GrantId,
        spent: &Secret,
        rotated: &Secret,
    ) -> Result<bool, Error> {
        let mut tx = self.db.begin().await?;
        let row: Option<LeftoverRow> = within!(tx, on =>
            sqlx::query_as(OF_GRANT).bind(id.to_string()).bind(REPLACED).fetch_optional(on))?;
        let Some(row) = row else { return Ok(false) };
        let kept = self.vault.open_whole(REFRESH, &row.id, row.refresh_token.clone());
        if kept.is_none_or(|kept| kept.expose() != spent.expose()) {
            return Ok(false);
        }
        let sealed = self.vault.seal(REFRESH, &row.id, rotated)?;
        let done = executing_within!(tx, on => sqlx::query(ROTATE)
            .bind(&row.id)
            .bind(&row.refresh_token)
            .bind(&sealed)
            .execute(on))?;
        tx.commit().await?;
        Ok(done > 0)
    }

    /// Keeps tokens that are being replaced, in the place of those that were replaced before. Tokens without a refresh token
    /// are not worth it: they are over soon.
    pub(super) async fn keep_replaced(
        &self,
        tx: &mut Tx,
        id: GrantId,
        generation: i64,
        replaced: &Replaced,
    ) -> Result<(), Error> {
        if replaced.tokens.refresh.is_none() {
            return Ok(());
        }
        forget_replaced(tx, id).await?;
        let Replaced { tokens, identity } = replaced;
        self.insert_leftover(tx, id, generation, tokens, REPLACED, identity).await
    }

    async fn insert_leftover(
        &self,
        tx: &mut Tx,
        id: GrantId,
        generation: i64,
        tokens: &NewTokens,
        kind: &'static str,
        identity: &Identity,
    ) -> Result<(), Error> {
        let row = leftover_id(id, generation, tokens);
        let access = self.vault.seal(ACCESS, &row, &tokens.access)?;
        let refresh = self.vault.seal_some(REFRESH, &row, tokens.refresh.as_ref())?;
        let scopes = tokens.scopes.as_ref().map(to_json).transpose()?;
        let bound_to = tokens.bound_to.as_ref().map(bound_cell).transpose()?;
        executing_within!(*tx, on => sqlx::query(INSERT)
            .bind(&row)
            .bind(id.to_string())
            .bind(generation)
            .bind(&access)
            .bind(&refresh)
            .bind(micros(tokens.expires_at))
            .bind(micros(tokens.issued_at))
            .bind(&scopes)
            .bind(kind)
            .bind(&bound_to)
            .bind(tokens.refresh_expires_at.map(micros))
            .bind(plain_some(identity.issuer.as_deref()))
            .bind(plain_some(identity.subject.as_deref()))
            .bind(plain_some(identity.email.as_deref()))
            .execute(on))?;
        Ok(())
    }
}

/// Forgets the tokens that a new consent replaced.
pub(super) async fn forget_replaced(tx: &mut Tx, id: GrantId) -> Result<(), Error> {
    executing_within!(*tx, on => sqlx::query(DELETE).bind(id.to_string()).execute(on))?;
    Ok(())
}

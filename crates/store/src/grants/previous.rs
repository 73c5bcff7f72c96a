//! Going back to the tokens that stood before the last consent.

use outlink_model::event::Event;
use outlink_model::grant::Identity;
use outlink_model::{GrantId, Secret, Timestamp};

use super::leftovers::{Replaced, forget_replaced};
use super::rows::{bound_cell, bound_to};
use super::{ACCESS, NewTokens, REFRESH, folded};
use crate::cell::{from_json, micros, plain_some, time, time_some, to_json};
use crate::db::{Tx, executing_within, within, won};
use crate::{Error, Store};

const CURRENT: &str = "
    SELECT access_token, refresh_token, expires_at, issued_at, scopes, refresh_expires_at, bound_to, issuer,
        subject, email
    FROM grants WHERE id = $1 AND generation = $2";

/// The person goes back with the tokens: the consent may have been somebody else's.
const RESTORE: &str = "
    UPDATE grants SET
        generation = generation + 1, access_token = $3, refresh_token = $4, scopes = COALESCE($5, scopes),
        expires_at = $6, issued_at = $7, refresh_expires_at = $8, bound_to = $9,
        issuer = $10, subject = $11, email = $12, email_folded = $13, next_refresh_at = $14,
        since = CASE WHEN state = 'active' THEN since ELSE $15 END,
        state = 'active', trouble = NULL, failures = 0,
        intent_at = NULL, intent_retried = 0, lease_holder = NULL, lease_until = NULL
    WHERE id = $1 AND generation = $2";

#[derive(sqlx::FromRow)]
struct CurrentRow {
    access_token: Vec<u8>,
    refresh_token: Option<Vec<u8>>,
    expires_at: i64,
    issued_at: i64,
    scopes: String,
    refresh_expires_at: Option<i64>,
    bound_to: Option<String>,
    issuer: Option<String>,
    subject: Option<String>,
    email: Option<String>,
}

/// What becomes the grant's: the provider's fresh answer, and for what it does not say, the tokens that it was got with.
fn restored(fresh: &NewTokens, kept: NewTokens) -> NewTokens {
    let fresh = fresh.clone();
    let refresh_expires_at = match &fresh.refresh {
        Some(_) => fresh.refresh_expires_at,
        None => fresh.refresh_expires_at.or(kept.refresh_expires_at),
    };
    NewTokens {
        refresh: fresh.refresh.or(kept.refresh),
        scopes: fresh.scopes.or(kept.scopes),
        refresh_expires_at,
        bound_to: fresh.bound_to.or(kept.bound_to),
        ..fresh
    }
}

impl Store {
    /// The tokens of a grant and the person whose they are, if they are still those of `seen_generation`. They stay so
    /// for whoever then writes with that generation: it goes up with every token.
    ///
    /// These are tokens that are about to be replaced. One that does not open is as good as none, and does not keep new
    /// ones from being written.
    pub(super) async fn current(
        &self,
        tx: &mut Tx,
        id: GrantId,
        seen_generation: i64,
    ) -> Result<Replaced, Error> {
        let row: Option<CurrentRow> = within!(*tx, on => sqlx::query_as(CURRENT)
            .bind(id.to_string())
            .bind(seen_generation)
            .fetch_optional(on))?;
        let row = row.ok_or(Error::Stale)?;
        Ok(Replaced {
            tokens: NewTokens {
                access: self
                    .vault
                    .open_whole(ACCESS, id, Some(row.access_token))
                    .unwrap_or_else(|| Secret::new("")),
                refresh: self.vault.open_whole(REFRESH, id, row.refresh_token),
                expires_at: time("grants.expires_at", row.expires_at)?,
                issued_at: time("grants.issued_at", row.issued_at)?,
                scopes: Some(from_json("grants.scopes", &row.scopes)?),
                refresh_expires_at: time_some("grants.refresh_expires_at", row.refresh_expires_at)?,
                bound_to: bound_to("grants.bound_to", row.bound_to.as_deref())?,
            },
            identity: Identity { issuer: row.issuer, subject: row.subject, email: row.email },
        })
    }

    /// Puts back the tokens that stood before the last consent, if the present ones are still those of `seen_generation`,
    /// and keeps the present ones in their place. `fresh` is what the provider has just answered to the refresh token
    /// that [`Store::previous_tokens`] gave: only tokens that are known to work are put back. Returns the new generation.
    ///
    /// # Errors
    /// [`Error::Stale`] if the tokens were written meanwhile or the grant is gone: then [`Store::keep_overtaken`] keeps
    /// the answer. [`Error::Missing`] if no tokens are kept.
    pub async fn restore_previous(
        &self,
        id: GrantId,
        seen_generation: i64,
        fresh: &NewTokens,
        next_refresh_at: Option<Timestamp>,
        now: Timestamp,
        event: Option<&Event>,
    ) -> Result<i64, Error> {
        let mut tx = self.db.begin().await?;
        let before = self.current(&mut tx, id, seen_generation).await?;
        let kept = self.replaced(&mut tx, id).await?.ok_or(Error::Missing)?;
        let (tokens, identity) = (restored(fresh, kept.tokens), kept.identity);
        let sealed = self.seal_tokens(id, &tokens.access, tokens.refresh.as_ref())?;
        let scopes = tokens.scopes.as_ref().map(to_json).transpose()?;
        let bound_to = tokens.bound_to.as_ref().map(bound_cell).transpose()?;
        let done = executing_within!(tx, on => sqlx::query(RESTORE)
            .bind(id.to_string())
            .bind(seen_generation)
            .bind(&sealed.access)
            .bind(&sealed.refresh)
            .bind(&scopes)
            .bind(micros(tokens.expires_at))
            .bind(micros(tokens.issued_at))
            .bind(tokens.refresh_expires_at.map(micros))
            .bind(&bound_to)
            .bind(plain_some(identity.issuer.as_deref()))
            .bind(plain_some(identity.subject.as_deref()))
            .bind(plain_some(identity.email.as_deref()))
            .bind(folded(identity.email.as_deref()))
            .bind(next_refresh_at.map(micros))
            .bind(micros(now))
            .execute(on))?;
        won(done)?;
        forget_replaced(&mut tx, id).await?;
        self.keep_replaced(&mut tx, id, seen_generation, &before).await?;
        if let Some(event) = event {
            self.insert_event(&mut tx, event).await?;
        }
        tx.commit().await?;
        Ok(seen_generation + 1)
    }
}

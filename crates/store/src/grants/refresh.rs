//! Refreshing a grant: who may start, what is written before the call, and what becomes of its answer.
//!
//! Keeps **No lost grant**. The lease decides who may *start* a call and nothing else. The generation decides whether
//! an answer is written: a provider that rotates has already forgotten the old refresh token when its answer comes, so
//! an answer is never turned away because it is late.

use outlink_model::event::Event;
use outlink_model::grant::{GrantState, Intent};
use outlink_model::{GrantId, Secret, Timestamp};

use super::rows::bound_cell;
use super::{NewTokens, REFRESH, intent};
use crate::cell::{micros, time, to_json, trouble_cell};
use crate::db::{executing, executing_with_event, executing_within, within, won};
use crate::{Error, Store};

/// Takes the lease and returns the intent that stood before. On PostgreSQL it also locks the row until the commit.
///
/// The grant becomes due again when the lease lapses, so an intent whose answer never comes is found by whoever asks
/// what is due, and nobody need look for it.
const LEASE: &str = "
    UPDATE grants SET lease_holder = $3, lease_until = $4, next_refresh_at = $4
    WHERE id = $1 AND generation = $2 AND (lease_until IS NULL OR lease_until <= $5)
    RETURNING intent_at, intent_retried";

const WRITE_INTENT: &str = "UPDATE grants SET intent_at = $2, intent_retried = $3 WHERE id = $1";

const WHY_NOT: &str = "SELECT generation, lease_until FROM grants WHERE id = $1";

/// Compare-and-swap on the generation alone: the lease is cleared, never asked.
const COMMIT: &str = "
    UPDATE grants SET
        generation = generation + 1, access_token = $3,
        refresh_token = COALESCE($4, refresh_token), scopes = COALESCE($5, scopes),
        refresh_expires_at = CASE WHEN $10 = 1 THEN $11 ELSE COALESCE($11, refresh_expires_at) END,
        bound_to = COALESCE($12, bound_to),
        expires_at = $6, issued_at = $7, next_refresh_at = $8,
        since = CASE WHEN state = 'active' THEN since ELSE $9 END,
        state = 'active', trouble = NULL, failures = 0,
        intent_at = NULL, intent_retried = 0, lease_holder = NULL, lease_until = NULL
    WHERE id = $1 AND generation = $2";

/// The access token stays, and so does what goes with it; lease and intent are for the end of the call to clear.
const ROTATE: &str = "
    UPDATE grants SET generation = generation + 1, refresh_token = $3
    WHERE id = $1 AND generation = $2";

/// Lease and intent are cleared only by whoever holds the lease or held it last: another call may be under way by now.
/// The next try is for that call to say, unless its lease is over too: a call that never ends says nothing.
const FAIL: &str = "
    UPDATE grants SET
        since = CASE WHEN state = $3 THEN since ELSE $8 END,
        state = $3, trouble = $4, failures = $5,
        next_refresh_at = CASE
            WHEN lease_holder IS NULL OR lease_holder = $9 OR lease_until <= $8 THEN $6
            ELSE next_refresh_at END,
        intent_at = CASE WHEN lease_holder = $9 AND $7 = 1 THEN NULL ELSE intent_at END,
        intent_retried = CASE WHEN lease_holder = $9 AND $7 = 1 THEN 0 ELSE intent_retried END,
        lease_until = CASE WHEN lease_holder = $9 THEN NULL ELSE lease_until END,
        lease_holder = CASE WHEN lease_holder = $9 THEN NULL ELSE lease_holder END
    WHERE id = $1 AND generation = $2";

const POSTPONE: &str =
    "UPDATE grants SET next_refresh_at = $2 WHERE id = $1 AND next_refresh_at < $2";

const RELEASE: &str = "
    UPDATE grants SET lease_holder = NULL, lease_until = NULL WHERE id = $1 AND lease_holder = $2";

/// A grant with an intent becomes due at once: the process that wrote it is gone, and the provider's grace is short. One
/// that nobody may refresh is never due, whatever was done with it under the lease.
const VOID: &str = "
    UPDATE grants SET lease_holder = NULL, lease_until = NULL,
        next_refresh_at = CASE
            WHEN state IN ('needs_consent', 'revoked') THEN NULL
            WHEN intent_at IS NULL THEN next_refresh_at
            ELSE intent_at END
    WHERE lease_holder IS NOT NULL";

const VOID_POLLS: &str = "
    UPDATE mail_servers SET lease_holder = NULL, lease_until = NULL WHERE lease_holder IS NOT NULL";

/// The answer to [`Store::claim_refresh`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The caller may ask the provider, and has the lease until the time it named.
    Won {
        /// An intent that was written before and whose answer never came.
        previous_intent: Option<Intent>,
    },
    /// Somebody else is asking.
    Held {
        /// When their lease lapses.
        until: Timestamp,
    },
    /// The tokens were written after the caller read them: there may be nothing left to do.
    Stale,
}

/// How a refresh failed, to be written.
#[derive(Clone, Copy, Debug)]
pub struct FailedRefresh<'a> {
    /// Who claimed it.
    pub holder: &'a str,
    /// The grant's state from now on.
    pub state: &'a GrantState,
    /// The next try; `None` while only a person can help.
    pub next_refresh_at: Option<Timestamp>,
    /// Whether the provider is known to have answered, or never to have been reached: then no token can have been
    /// rotated, and the intent is cleared. It stays after a timeout.
    pub clear_intent: bool,
}

impl Store {
    /// Asks to be the one who refreshes this grant. If it is won, the intent to do so has been committed, and only then
    /// may the provider be asked. The intent counts as retried if another stood there without an answer.
    ///
    /// `holder` names this one call, not the node: a node can have two.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn claim_refresh(
        &self,
        id: GrantId,
        seen_generation: i64,
        holder: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Claim, Error> {
        let mut tx = self.db.begin().await?;
        let leased: Option<(Option<i64>, i64)> = within!(tx, on => sqlx::query_as(LEASE)
            .bind(id.to_string())
            .bind(seen_generation)
            .bind(holder)
            .bind(micros(lease_until))
            .bind(micros(now))
            .fetch_optional(on))?;
        let Some((at, retried)) = leased else {
            let row: Option<(i64, Option<i64>)> = within!(tx, on =>
                sqlx::query_as(WHY_NOT).bind(id.to_string()).fetch_optional(on))?;
            return Ok(match row.ok_or(Error::Missing)? {
                (generation, _) if generation != seen_generation => Claim::Stale,
                (_, Some(until)) => Claim::Held { until: time("grants.lease_until", until)? },
                // It was given back between the two statements.
                (_, None) => Claim::Held { until: now },
            });
        };
        let previous_intent = intent(at, retried)?;
        executing_within!(tx, on => sqlx::query(WRITE_INTENT)
            .bind(id.to_string())
            .bind(micros(now))
            .bind(i64::from(previous_intent.is_some()))
            .execute(on))?;
        tx.commit().await?;
        Ok(Claim::Won { previous_intent })
    }

    /// Writes the answer of the provider, if the tokens are still those of `seen_generation`; whether the lease has
    /// lapsed meanwhile does not matter. The grant becomes active, and `event` tells of it. Returns the new generation; the
    /// new tokens may be used from here on, and not before.
    ///
    /// # Errors
    /// [`Error::Stale`] if the tokens were written meanwhile or the grant is gone: then
    /// [`Store::keep_overtaken`] keeps the answer. After [`Error::Away`] the same call is to be repeated until it
    /// succeeds; one that had succeeded unseen says [`Error::Stale`].
    pub async fn commit_refresh(
        &self,
        id: GrantId,
        seen_generation: i64,
        tokens: &NewTokens,
        next_refresh_at: Option<Timestamp>,
        now: Timestamp,
        event: Option<&Event>,
    ) -> Result<i64, Error> {
        let sealed = self.seal_tokens(id, &tokens.access, tokens.refresh.as_ref())?;
        let scopes = tokens.scopes.as_ref().map(to_json).transpose()?;
        let bound_to = tokens.bound_to.as_ref().map(bound_cell).transpose()?;
        let done = executing_with_event!(self, event, on => sqlx::query(COMMIT)
            .bind(id.to_string())
            .bind(seen_generation)
            .bind(&sealed.access)
            .bind(&sealed.refresh)
            .bind(&scopes)
            .bind(micros(tokens.expires_at))
            .bind(micros(tokens.issued_at))
            .bind(next_refresh_at.map(micros))
            .bind(micros(now))
            .bind(i64::from(tokens.refresh.is_some()))
            .bind(tokens.refresh_expires_at.map(micros))
            .bind(&bound_to)
            .execute(on));
        won(done)?;
        Ok(seen_generation + 1)
    }

    /// Writes a refresh token alone, if the tokens are still those of `seen_generation`: the provider has rotated it, and
    /// what else it sent is of no use. Returns the new generation.
    ///
    /// # Errors
    /// [`Error::Stale`] if the tokens were written meanwhile or the grant is gone.
    pub async fn rotate_refresh_token(
        &self,
        id: GrantId,
        seen_generation: i64,
        refresh: &Secret,
    ) -> Result<i64, Error> {
        let sealed = self.vault.seal(REFRESH, id, refresh)?;
        let done = executing!(self.db, on => sqlx::query(ROTATE)
            .bind(id.to_string())
            .bind(seen_generation)
            .bind(&sealed)
            .execute(on))?;
        won(done)?;
        Ok(seen_generation + 1)
    }

    /// Writes that a refresh failed, and the event that tells of it. The tokens and their generation stay as they are.
    ///
    /// # Errors
    /// [`Error::Stale`] if the tokens were written meanwhile: the failure says nothing about the new ones.
    pub async fn fail_refresh(
        &self,
        id: GrantId,
        seen_generation: i64,
        failed: &FailedRefresh<'_>,
        now: Timestamp,
        event: Option<&Event>,
    ) -> Result<(), Error> {
        let trouble = trouble_cell(failed.state.trouble())?;
        let done = executing_with_event!(self, event, on => sqlx::query(FAIL)
            .bind(id.to_string())
            .bind(seen_generation)
            .bind(failed.state.name().as_str())
            .bind(&trouble)
            .bind(i64::from(failed.state.failures()))
            .bind(failed.next_refresh_at.map(micros))
            .bind(i64::from(failed.clear_intent))
            .bind(micros(now))
            .bind(failed.holder)
            .execute(on));
        won(done)
    }

    /// Puts the next refresh off, where it is due sooner.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn postpone_refresh(&self, id: GrantId, next: Timestamp) -> Result<(), Error> {
        executing!(self.db, on =>
            sqlx::query(POSTPONE).bind(id.to_string()).bind(micros(next)).execute(on))?;
        Ok(())
    }

    /// Gives a lease back, if this holder still has it. The intent stays, and the grant stays due.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn release_lease(&self, id: GrantId, holder: &str) -> Result<(), Error> {
        executing!(self.db, on =>
            sqlx::query(RELEASE).bind(id.to_string()).bind(holder).execute(on))?;
        Ok(())
    }

    /// Voids every lease, on grants and on mail servers. Only for a process that has the store to itself: at the start
    /// on SQLite, when whoever held them is gone.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn void_leases(&self) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        executing_within!(tx, on => sqlx::query(VOID).execute(on))?;
        executing_within!(tx, on => sqlx::query(VOID_POLLS).execute(on))?;
        tx.commit().await
    }
}

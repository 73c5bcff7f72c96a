//! The end of a grant: given back, or deleted.

use outlink_model::event::Event;
use outlink_model::grant::Trouble;
use outlink_model::{GrantId, Secret, Timestamp};

use super::ACCESS;
use crate::cell::micros;
use crate::db::{executing_within, found, won};
use crate::mail_servers::detach_servers_of_grant;
use crate::{Error, Store};

/// The generation goes up, so that an answer which is still under way does not bring the grant back.
const REVOKE: &str = "
    UPDATE grants SET
        generation = generation + 1, access_token = $3, refresh_token = NULL, refresh_expires_at = NULL,
        since = CASE WHEN state = 'revoked' THEN since ELSE $4 END,
        state = 'revoked', trouble = NULL, failures = 0, next_refresh_at = NULL,
        intent_at = NULL, intent_retried = 0, lease_holder = NULL, lease_until = NULL
    WHERE id = $1 AND generation = $2";

const FORGET: &str = "DELETE FROM grant_leftovers WHERE grant_id = $1";

const DELETE: &str = "DELETE FROM grants WHERE id = $1";

impl Store {
    /// Writes that a grant was given back, if the tokens are still those of `seen_generation`. Its tokens are forgotten, and
    /// so is everything that was kept of earlier ones; a new consent brings it back.
    ///
    /// # Errors
    /// [`Error::Stale`] if the tokens were written meanwhile or the grant is gone.
    pub async fn revoke_grant(
        &self,
        id: GrantId,
        seen_generation: i64,
        now: Timestamp,
        event: &Event,
    ) -> Result<(), Error> {
        let nothing = self.vault.seal(ACCESS, id, &Secret::new(""))?;
        let mut tx = self.db.begin().await?;
        let done = executing_within!(tx, on => sqlx::query(REVOKE)
            .bind(id.to_string())
            .bind(seen_generation)
            .bind(&nothing)
            .bind(micros(now))
            .execute(on))?;
        won(done)?;
        executing_within!(tx, on => sqlx::query(FORGET).bind(id.to_string()).execute(on))?;
        self.insert_event(&mut tx, event).await?;
        tx.commit().await
    }

    /// Deletes a grant with its tokens, what was kept of earlier ones, and the consents that led to it. Mail servers that
    /// signed in with it are left without, paused and in this trouble.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::InUse`] if a mail server came to use it meanwhile: try again.
    pub async fn delete_grant(
        &self,
        id: GrantId,
        now: Timestamp,
        trouble: &Trouble,
        event: &Event,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        detach_servers_of_grant(&mut tx, id, now, trouble).await?;
        let done =
            executing_within!(tx, on => sqlx::query(DELETE).bind(id.to_string()).execute(on));
        found(done.map_err(Error::in_use)?)?;
        self.insert_event(&mut tx, event).await?;
        tx.commit().await
    }
}

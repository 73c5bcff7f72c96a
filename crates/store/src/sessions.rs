//! Sessions: browsers that are signed in, known by the SHA-256 of their cookie.

use jiff::SignedDuration;
use outlink_model::grant::later;
use outlink_model::user::User;
use outlink_model::{Timestamp, UserId};

use crate::cell::micros;
use crate::db::{executing, reading};
use crate::users::user;
use crate::{Error, Store};

/// How old the note of the last visit may grow before it is written anew: a write for each click is too many.
const TOUCH: SignedDuration = SignedDuration::from_secs(60);

const INSERT: &str = "
    INSERT INTO sessions (hash, user_id, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $3, $4)";

const FIND: &str = "
    SELECT u.id, u.name, u.created_at, s.seen_at
    FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.hash = $1 AND s.expires_at > $2 AND s.seen_at > $3";

const SEEN: &str = "UPDATE sessions SET seen_at = $2 WHERE hash = $1 AND seen_at < $2";

const DELETE: &str = "DELETE FROM sessions WHERE hash = $1";

const SWEEP: &str = "DELETE FROM sessions WHERE expires_at <= $1";

impl Store {
    /// Begins a session that ends at `expires_at` at the latest.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such user.
    pub async fn create_session(
        &self,
        hash: &[u8; 32],
        user: UserId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), Error> {
        executing!(self.db, on => sqlx::query(INSERT)
            .bind(&hash[..])
            .bind(user.to_string())
            .bind(micros(now))
            .bind(micros(expires_at))
            .execute(on))?;
        Ok(())
    }

    /// Whose session this is, and that it was used just now; `None` if it has expired or was not used for as long as
    /// `idle`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn session(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
        idle: SignedDuration,
    ) -> Result<Option<User>, Error> {
        let row: Option<(String, String, i64, i64)> = reading!(self.db, on =>
            sqlx::query_as(FIND)
                .bind(&hash[..])
                .bind(micros(now))
                .bind(micros(later(now, -idle)))
                .fetch_optional(on))?;
        let Some((id, name, created_at, seen_at)) = row else { return Ok(None) };
        if seen_at <= micros(later(now, -TOUCH)) {
            executing!(self.db, on =>
                sqlx::query(SEEN).bind(&hash[..]).bind(micros(now)).execute(on))?;
        }
        user(&id, name, created_at).map(Some)
    }

    /// Ends a session. Ending one that is over is no error.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_session(&self, hash: &[u8; 32]) -> Result<(), Error> {
        executing!(self.db, on => sqlx::query(DELETE).bind(&hash[..]).execute(on))?;
        Ok(())
    }

    /// Forgets sessions that have expired by now.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sweep_sessions(&self, now: Timestamp) -> Result<u64, Error> {
        Ok(executing!(self.db, on => sqlx::query(SWEEP).bind(micros(now)).execute(on))?)
    }
}

//! Sign-ins: addresses that sign a user in once, known by the SHA-256 of their token.

use outlink_model::{Timestamp, UserId};

use crate::cell::{micros, parse_some};
use crate::db::{executing, writing};
use crate::{Error, Store};

const INSERT: &str = "INSERT INTO sign_ins (hash, user_id, expires_at) VALUES ($1, $2, $3)";

/// One statement finds it and forgets it, so of two who use it together one is turned away.
const TAKE: &str = "DELETE FROM sign_ins WHERE hash = $1 AND expires_at > $2 RETURNING user_id";

const SWEEP: &str = "DELETE FROM sign_ins WHERE expires_at <= $1";

impl Store {
    /// Adds a sign-in, good for one use until `expires_at`.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such user.
    pub async fn create_sign_in(
        &self,
        hash: &[u8; 32],
        user: UserId,
        expires_at: Timestamp,
    ) -> Result<(), Error> {
        executing!(self.db, on => sqlx::query(INSERT)
            .bind(&hash[..])
            .bind(user.to_string())
            .bind(micros(expires_at))
            .execute(on))?;
        Ok(())
    }

    /// Uses a sign-in up; `None` if it has expired, was used, or never was.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn take_sign_in(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<UserId>, Error> {
        let id: Option<String> = writing!(self.db, on =>
            sqlx::query_scalar(TAKE).bind(&hash[..]).bind(micros(now)).fetch_optional(on))?;
        parse_some("sign_ins.user_id", id.as_deref())
    }

    /// Forgets sign-ins that have expired by now.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sweep_sign_ins(&self, now: Timestamp) -> Result<u64, Error> {
        Ok(executing!(self.db, on => sqlx::query(SWEEP).bind(micros(now)).execute(on))?)
    }
}

//! Users: the administrators.

use outlink_model::UserId;
use outlink_model::user::User;

use crate::cell::{micros, number, parse, plain, time};
use crate::db::{executing, executing_within, found, reading};
use crate::{Error, Store};

const BY_ID: &str = "SELECT id, name, password_hash, created_at FROM users WHERE id = $1";
const BY_NAME: &str = "SELECT id, name, password_hash, created_at FROM users WHERE name = $1";
const COUNT: &str = "SELECT COUNT(*) FROM users";

const INSERT: &str = "
    INSERT INTO users (id, name, password_hash, created_at) VALUES ($1, $2, $3, $4)";

const SET_PASSWORD: &str = "UPDATE users SET password_hash = $2 WHERE id = $1";
const END_SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1";
const END_SIGN_INS: &str = "DELETE FROM sign_ins WHERE user_id = $1";

#[derive(sqlx::FromRow)]
struct UserRow {
    id: String,
    name: String,
    password_hash: String,
    created_at: i64,
}

/// Makes a user of the columns that a query brings.
pub(crate) fn user(id: &str, name: String, created_at: i64) -> Result<User, Error> {
    Ok(User { id: parse("users.id", id)?, name, created_at: time("users.created_at", created_at)? })
}

impl Store {
    /// Adds a user with the hash of the password, as a PHC string.
    ///
    /// # Errors
    /// [`Error::Taken`] with `name`.
    pub async fn create_user(&self, user: &User, password_hash: &str) -> Result<(), Error> {
        executing!(self.db, on => sqlx::query(INSERT)
            .bind(user.id.to_string())
            .bind(plain(&user.name))
            .bind(password_hash)
            .bind(micros(user.created_at))
            .execute(on))
        .map_err(|error| Error::taken(error, "name"))?;
        Ok(())
    }

    /// The user with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, Error> {
        let row: Option<UserRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(on))?;
        row.map(|row| user(&row.id, row.name, row.created_at)).transpose()
    }

    /// The user of this name, with the hash of the password.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<(User, String)>, Error> {
        let row: Option<UserRow> = reading!(self.db, on =>
            sqlx::query_as(BY_NAME).bind(plain(name)).fetch_optional(on))?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some((user(&row.id, row.name, row.created_at)?, row.password_hash)))
    }

    /// Writes the hash of a new password, and ends every session and every sign-in address of this user: whoever knew
    /// the old password is out.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn set_password(&self, id: UserId, password_hash: &str) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let done = executing_within!(tx, on =>
            sqlx::query(SET_PASSWORD).bind(id.to_string()).bind(password_hash).execute(on))?;
        found(done)?;
        for end in [END_SESSIONS, END_SIGN_INS] {
            executing_within!(tx, on => sqlx::query(end).bind(id.to_string()).execute(on))?;
        }
        tx.commit().await
    }

    /// How many users there are.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn count_users(&self) -> Result<u64, Error> {
        let count: i64 = reading!(self.db, on => sqlx::query_scalar(COUNT).fetch_one(on))?;
        number("users", count)
    }
}

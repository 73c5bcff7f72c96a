//! API tokens, known by the SHA-256 of their text, and the grants whose access tokens they are handed.

use outlink_model::user::{ApiToken, TokenScope};
use outlink_model::{GrantId, TokenId};

use crate::cell::{from_json, micros, parse, plain, time, to_json};
use crate::db::{executing, executing_within, found, reading};
use crate::{Error, Listed, Page, Store};

/// One statement, since every request to the API asks it.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, scopes, created_at,
                (SELECT string_agg(g.grant_id, ' ' ORDER BY g.grant_id) FROM token_grants g
                    WHERE g.token_id = tokens.id) AS grants
            FROM tokens ",
            $rest
        )
    };
}

const BY_HASH: &str = select!("WHERE hash = $1");
const BY_ID: &str = select!("WHERE id = $1");
const BY_NAME: &str = select!("WHERE name = $1");
const PAGE: &str = select!("WHERE id > $1 ORDER BY id LIMIT $2");

const INSERT: &str = "
    INSERT INTO tokens (id, name, hash, scopes, created_at) VALUES ($1, $2, $3, $4, $5)";

/// A grant that is named twice is named once.
const INSERT_GRANT: &str = "
    INSERT INTO token_grants (token_id, grant_id) VALUES ($1, $2)
    ON CONFLICT (token_id, grant_id) DO NOTHING";

const DELETE: &str = "DELETE FROM tokens WHERE id = $1";

#[derive(sqlx::FromRow)]
struct TokenRow {
    id: String,
    name: String,
    scopes: String,
    created_at: i64,
    grants: Option<String>,
}

impl TokenRow {
    fn model(self) -> Result<ApiToken, Error> {
        let names: Vec<String> = from_json("tokens.scopes", &self.scopes)?;
        let scopes = names.iter().map(|name| parse("tokens.scopes", name));
        let ids = self.grants.as_deref().unwrap_or_default().split_ascii_whitespace();
        let grants = ids.map(|id| parse("token_grants.grant_id", id));
        Ok(ApiToken {
            id: parse("tokens.id", &self.id)?,
            name: self.name,
            scopes: scopes.collect::<Result<Vec<TokenScope>, Error>>()?,
            grants: grants.collect::<Result<Vec<GrantId>, Error>>()?,
            created_at: time("tokens.created_at", self.created_at)?,
        })
    }
}

impl Store {
    /// Adds a token, to be found by the SHA-256 of its text. Its grants come back in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Taken`] with `name`; [`Error::Missing`] if it names a grant that does not exist.
    pub async fn create_token(&self, token: &ApiToken, hash: &[u8; 32]) -> Result<(), Error> {
        let names: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
        let scopes = to_json(&names)?;
        let mut tx = self.db.begin().await?;
        executing_within!(tx, on => sqlx::query(INSERT)
            .bind(token.id.to_string())
            .bind(plain(&token.name))
            .bind(&hash[..])
            .bind(&scopes)
            .bind(micros(token.created_at))
            .execute(on))
        .map_err(|error| Error::taken(error, "name"))?;
        for grant in &token.grants {
            executing_within!(tx, on => sqlx::query(INSERT_GRANT)
                .bind(token.id.to_string())
                .bind(grant.to_string())
                .execute(on))?;
        }
        tx.commit().await
    }

    /// The token whose text has this SHA-256.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn token_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiToken>, Error> {
        let row: Option<TokenRow> = reading!(self.db, on =>
            sqlx::query_as(BY_HASH).bind(&hash[..]).fetch_optional(on))?;
        row.map(TokenRow::model).transpose()
    }

    /// The token with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn token(&self, id: TokenId) -> Result<Option<ApiToken>, Error> {
        let row: Option<TokenRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(on))?;
        row.map(TokenRow::model).transpose()
    }

    /// The token of this name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn token_by_name(&self, name: &str) -> Result<Option<ApiToken>, Error> {
        let row: Option<TokenRow> = reading!(self.db, on =>
            sqlx::query_as(BY_NAME).bind(plain(name)).fetch_optional(on))?;
        row.map(TokenRow::model).transpose()
    }

    /// Tokens, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn api_tokens(&self, page: &Page) -> Result<Listed<ApiToken>, Error> {
        let rows: Vec<TokenRow> = reading!(self.db, on =>
            sqlx::query_as(PAGE).bind(page.above()).bind(page.rows()).fetch_all(on))?;
        page.listed(rows, TokenRow::model, |token| token.id)
    }

    /// Deletes a token; from then on it opens nothing.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn delete_token(&self, id: TokenId) -> Result<(), Error> {
        found(executing!(self.db, on => sqlx::query(DELETE).bind(id.to_string()).execute(on))?)
    }
}

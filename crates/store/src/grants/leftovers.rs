//! Answers that came too late to be their grant's tokens: kept sealed, since the provider may honour nothing else.

use aws_lc_rs::digest::{Context, SHA256};
use outlink_model::GrantId;

use super::NewTokens;
use crate::cell::{from_json, micros, time, to_json};
use crate::db::{executing, reading};
use crate::vault::hex;
use crate::{Error, Store};

const ACCESS: &str = "grant_leftovers.access_token";
const REFRESH: &str = "grant_leftovers.refresh_token";

const INSERT: &str = "
    INSERT INTO grant_leftovers
        (id, grant_id, generation, access_token, refresh_token, expires_at, issued_at, scopes)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING";

const OF_GRANT: &str = "
    SELECT id, access_token, refresh_token, expires_at, issued_at, scopes
    FROM grant_leftovers WHERE grant_id = $1 ORDER BY issued_at, id";

#[derive(sqlx::FromRow)]
struct LeftoverRow {
    id: String,
    access_token: Vec<u8>,
    refresh_token: Option<Vec<u8>>,
    expires_at: i64,
    issued_at: i64,
    scopes: Option<String>,
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
        let row = leftover_id(id, generation, tokens);
        let access = self.vault.seal(ACCESS, &row, &tokens.access)?;
        let refresh = self.vault.seal_some(REFRESH, &row, tokens.refresh.as_ref())?;
        let scopes = tokens.scopes.as_ref().map(to_json).transpose()?;
        executing!(self.db, on => sqlx::query(INSERT)
            .bind(&row)
            .bind(id.to_string())
            .bind(generation)
            .bind(&access)
            .bind(&refresh)
            .bind(micros(tokens.expires_at))
            .bind(micros(tokens.issued_at))
            .bind(&scopes)
            .execute(on))?;
        Ok(())
    }

    /// The overtaken answers of a grant, opened, the oldest first.
    ///
    /// # Errors
    /// [`Error::Broken`] if they do not open.
    pub async fn overtaken(&self, id: GrantId) -> Result<Vec<NewTokens>, Error> {
        let rows: Vec<LeftoverRow> = reading!(self.db, on =>
            sqlx::query_as(OF_GRANT).bind(id.to_string()).fetch_all(on))?;
        let open = |row: LeftoverRow| {
            Ok(NewTokens {
                access: self.vault.open(ACCESS, &row.id, row.access_token)?,
                refresh: self.vault.open_some(REFRESH, &row.id, row.refresh_token)?,
                expires_at: time("grant_leftovers.expires_at", row.expires_at)?,
                issued_at: time("grant_leftovers.issued_at", row.issued_at)?,
                scopes: row
                    .scopes
                    .as_deref()
                    .map(|cell| from_json("grant_leftovers.scopes", cell))
                    .transpose()?,
            })
        };
        rows.into_iter().map(open).collect()
    }
}

//! What a hand-out needs, in one question: whoever is handed a token that still lives makes no other.

use outlink_model::grant::{BoundTo, GrantStateName};
use outlink_model::{GrantId, Secret, Timestamp};

use super::ACCESS;
use super::rows::bound_to;
use crate::cell::{from_json, parse, time};
use crate::db::reading;
use crate::{Error, Store};

const NOW: &str = "
    SELECT g.generation, g.state, g.access_token, g.issued_at, g.expires_at, g.scopes, g.bound_to,
        l.enabled, l.client_id, l.token_endpoint, l.issuer, l.revocation_endpoint,
        l.userinfo_endpoint, l.introspection_endpoint, l.device_authorization_endpoint
    FROM grants g JOIN links l ON l.id = g.link_id WHERE g.id = $1";

/// The access token of a grant as it is now, and what decides whether it may be used.
#[derive(Clone, Debug)]
pub struct TokensNow {
    /// The generation that this is; see [`Grant::generation`](outlink_model::grant::Grant::generation).
    pub generation: i64,
    /// The access token.
    pub access: Secret,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// What was granted.
    pub scopes: Vec<String>,
    /// The state of the grant.
    pub state: GrantStateName,
    /// Where its tokens came from; see [`Grant::bound_to`](outlink_model::grant::Grant::bound_to).
    pub bound_to: Option<BoundTo>,
    /// Whether its link is switched on.
    pub link_enabled: bool,
    /// The link's client.
    pub client_id: String,
    /// The link's token endpoint.
    pub token_endpoint: String,
    /// The link's issuer.
    pub issuer: Option<String>,
    /// The link's other endpoints that are shown tokens.
    pub shown_to: [Option<String>; 4],
}

#[derive(sqlx::FromRow)]
struct NowRow {
    generation: i64,
    state: String,
    access_token: Vec<u8>,
    issued_at: i64,
    expires_at: i64,
    scopes: String,
    bound_to: Option<String>,
    enabled: i64,
    client_id: String,
    token_endpoint: String,
    issuer: Option<String>,
    revocation_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
}

impl Store {
    /// The access token of a grant, with what decides whether it may be used.
    ///
    /// # Errors
    /// [`Error::Broken`] if it does not open.
    pub async fn tokens_now(&self, id: GrantId) -> Result<Option<TokensNow>, Error> {
        let row: Option<NowRow> = reading!(self.db, on =>
            sqlx::query_as(NOW).bind(id.to_string()).fetch_optional(on))?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(TokensNow {
            generation: row.generation,
            access: self.vault.open(ACCESS, id, row.access_token)?,
            issued_at: time("grants.issued_at", row.issued_at)?,
            expires_at: time("grants.expires_at", row.expires_at)?,
            scopes: from_json("grants.scopes", &row.scopes)?,
            state: parse("grants.state", &row.state)?,
            bound_to: bound_to("grants.bound_to", row.bound_to.as_deref())?,
            link_enabled: row.enabled != 0,
            client_id: row.client_id,
            token_endpoint: row.token_endpoint,
            issuer: row.issuer,
            shown_to: [
                row.revocation_endpoint,
                row.userinfo_endpoint,
                row.introspection_endpoint,
                row.device_authorization_endpoint,
            ],
        }))
    }
}

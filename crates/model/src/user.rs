//! Users: the administrators, and the API tokens.

use crate::{GrantId, Timestamp, TokenId, UserId};

/// An administrator of this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// What is typed at sign-in; unique.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What an API token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenScope {
    /// Everything but the hand-out of access tokens.
    Admin,
    /// Looking, not changing.
    Read,
    /// Being handed the access tokens of the grants that it names, and nothing else.
    HandOut,
}

crate::names!(TokenScope, "scope", {
    Admin => "admin",
    Read => "read",
    HandOut => "grant_token",
});

/// An API token. Its text is shown once and kept only as a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: TokenId,
    /// Unique, chosen by the administrator.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<TokenScope>,
    /// The grants whose access tokens it is handed; see [`TokenScope::HandOut`].
    pub grants: Vec<GrantId>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How often the access tokens of one grant were handed to one API token within one minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOut {
    /// The API token that asked.
    pub token_id: TokenId,
    /// Whose access token it was.
    pub grant_id: GrantId,
    /// The minute, by its beginning.
    pub minute: Timestamp,
    /// How often.
    pub count: u64,
    /// The first time within the minute.
    pub first_at: Timestamp,
    /// The last time within the minute.
    pub last_at: Timestamp,
    /// The addresses that asked, each once; at most 16.
    pub addresses: Vec<String>,
}

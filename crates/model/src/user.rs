//! Users: the administrators, and the API tokens.

use crate::{Timestamp, TokenId, UserId};

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
}

crate::names!(TokenScope, "scope", { Admin => "admin", Read => "read" });

/// An API token. Its text is shown once and kept only as a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: TokenId,
    /// Unique, chosen by the administrator.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<TokenScope>,
    /// When it was made.
    pub created_at: Timestamp,
}

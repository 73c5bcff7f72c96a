//! Where things lie: the only crate with SQL.
//!
//! One concrete [`Store`] over SQLite or PostgreSQL. A table is a file here and a file of the tests, and its SQL stands
//! once for both databases. What comes in and goes out are types of `model`; the rows are private.
//!
//! Absent on purpose: the clock, decisions about what should happen, and any network but the database's own. Nothing
//! here retries; [`Error`] says whether that would help.

mod attachments;
mod cell;
mod changes;
mod client_secrets;
mod comments;
mod connections;
mod consents;
mod db;
mod deliveries;
mod error;
mod events;
mod filter;
mod folders;
mod grants;
mod hand_outs;
mod handlers;
mod intake;
mod involved;
mod issues;
mod links;
mod mail_servers;
mod messages;
mod meta;
mod page;
mod people;
#[cfg(test)]
mod plan;
mod projects;
mod provider_calls;
mod raws;
mod sender_rules;
mod sessions;
mod sign_ins;
mod store;
mod tokens;
mod totals;
mod users;
mod vault;
mod webhooks;

pub use client_secrets::EndingSecret;
pub use connections::ConnectionFilter;
pub use consents::{BeginConsent, Consent, ConsentState, DeviceConsent};
pub use deliveries::{DeliveryFilter, Ended, Still};
pub use error::Error;
pub use grants::{
    Claim, DueGrant, FailedRefresh, GrantFilter, GrantGroup, NewConsent, NewTokens, TokensNow,
};
pub use intake::Intake;
pub use issues::IssueFilter;
pub use mail_servers::{KnownMailServer, Poll};
pub use messages::{InFolder, KnownUidl, MessageFilter, Untold, Written};
pub use page::{Listed, Page};
pub use provider_calls::{Calls, Reserved};
pub use raws::{Packed, pack};
pub use store::Store;
pub use totals::Totals;
pub use vault::Vault;
pub use webhooks::Due;

//! A grant as its row has it.

use outlink_model::grant::{BoundTo, Grant, GrantState, GrantStateName, Identity, Intent};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::cell::{damaged, from_json, number, parse, time, time_some, to_json, trouble};

#[derive(sqlx::FromRow)]
pub(super) struct GrantRow {
    id: String,
    link_id: String,
    issuer: Option<String>,
    subject: Option<String>,
    email: Option<String>,
    scopes: String,
    generation: i64,
    state: String,
    trouble: Option<String>,
    failures: i64,
    since: i64,
    expires_at: i64,
    issued_at: i64,
    renewable: i64,
    assertion_subject: Option<String>,
    refresh_expires_at: Option<i64>,
    bound_to: Option<String>,
    has_previous: i64,
    next_refresh_at: Option<i64>,
    intent_at: Option<i64>,
    intent_retried: i64,
    created_at: i64,
}

impl GrantRow {
    pub(super) fn model(self) -> Result<Grant, Error> {
        let state = self.state()?;
        Ok(Grant {
            id: parse("grants.id", &self.id)?,
            link_id: parse("grants.link_id", &self.link_id)?,
            identity: Identity { issuer: self.issuer, subject: self.subject, email: self.email },
            scopes: from_json("grants.scopes", &self.scopes)?,
            generation: self.generation,
            state,
            since: time("grants.since", self.since)?,
            expires_at: time("grants.expires_at", self.expires_at)?,
            issued_at: time("grants.issued_at", self.issued_at)?,
            renewable: self.renewable != 0,
            subject: self.assertion_subject,
            refresh_expires_at: time_some("grants.refresh_expires_at", self.refresh_expires_at)?,
            bound_to: bound_to("grants.bound_to", self.bound_to.as_deref())?,
            has_previous: self.has_previous != 0,
            next_refresh_at: time_some("grants.next_refresh_at", self.next_refresh_at)?,
            intent: intent(self.intent_at, self.intent_retried)?,
            created_at: time("grants.created_at", self.created_at)?,
        })
    }

    fn state(&self) -> Result<GrantState, Error> {
        let trouble = trouble("grants.trouble", self.trouble.as_deref())?;
        let failures = number("grants.failures", self.failures)?;
        let name: GrantStateName = parse("grants.state", &self.state)?;
        let needed = || damaged("grants.trouble", format!("nothing, though the state is {name}"));
        Ok(match name {
            GrantStateName::Active => GrantState::Active,
            GrantStateName::Revoked => GrantState::Revoked,
            GrantStateName::Degraded => {
                GrantState::Degraded { trouble: trouble.ok_or_else(needed)?, failures }
            }
            GrantStateName::Blocked => {
                GrantState::Blocked { trouble: trouble.ok_or_else(needed)?, failures }
            }
            GrantStateName::NeedsConsent => {
                GrantState::NeedsConsent { trouble: trouble.ok_or_else(needed)? }
            }
        })
    }
}

/// The cells of an intent.
pub(super) fn intent(at: Option<i64>, retried: i64) -> Result<Option<Intent>, Error> {
    let at = time_some("grants.intent_at", at)?;
    Ok(at.map(|at| Intent { at, retried: retried != 0 }))
}

/// [`BoundTo`] as it lies in a cell.
#[derive(Serialize, Deserialize)]
struct BoundCell {
    client_id: String,
    token_endpoint: String,
    issuer: Option<String>,
    origins: Vec<String>,
}

/// Writes where tokens came from.
pub(crate) fn bound_cell(bound: &BoundTo) -> Result<String, Error> {
    let BoundTo { client_id, token_endpoint, issuer, origins } = bound.clone();
    to_json(&BoundCell { client_id, token_endpoint, issuer, origins })
}

/// Reads where tokens came from.
pub(crate) fn bound_to(column: &str, cell: Option<&str>) -> Result<Option<BoundTo>, Error> {
    let Some(cell) = cell else { return Ok(None) };
    let BoundCell { client_id, token_endpoint, issuer, origins } = from_json(column, cell)?;
    Ok(Some(BoundTo { client_id, token_endpoint, issuer, origins }))
}

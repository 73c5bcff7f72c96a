//! Grants: consents that stand, their tokens and their states.

use crate::{GrantId, LinkId, Secret, Timestamp};

mod refresh;

pub use refresh::{
    Failure, FailureClass, Held, KEEP_ALIVE, Verdict, after_failure, backoff, keep_alive_at, later,
    refresh_at, renew_at,
};

/// Who must act for things to work again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// It passes by itself.
    Nobody,
    /// Whoever manages the link here.
    LinkAdministrator,
    /// Whoever manages the provider's tenant.
    TenantAdministrator,
    /// The person whose mailbox it is.
    MailboxOwner,
    /// Whoever runs this server.
    Operator,
}

crate::names!(Actor, "actor", {
    Nobody => "nobody",
    LinkAdministrator => "link_administrator",
    TenantAdministrator => "tenant_administrator",
    MailboxOwner => "mailbox_owner",
    Operator => "operator",
});

/// What is wrong, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Who must act.
    pub actor: Actor,
    /// One sentence: what is wrong.
    pub reason: String,
    /// One sentence: what to do.
    pub hint: String,
    /// The provider's own words, secrets cut out.
    pub provider_error: Option<String>,
}

impl Trouble {
    /// The reason, and behind it the other side's own words, where there are any. `who` says them: `It`,
    /// `The provider`.
    pub fn told(&self, who: &str) -> String {
        let words = self.provider_error.as_ref().map(|words| format!(" {who} says: {words}"));
        format!("{}{}", self.reason, words.unwrap_or_default())
    }
}

/// The state of a grant. Only the provider's word ends one: see [`after_failure`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantState {
    /// Tokens are fresh, or will be when they are needed.
    Active,
    /// The last refresh failed for a reason that passes; the tokens are kept and tried again.
    Degraded {
        /// What is wrong.
        trouble: Trouble,
        /// Failures in a row.
        failures: u32,
    },
    /// The provider said that the consent is over. Only a person's new consent helps.
    NeedsConsent {
        /// What the provider said.
        trouble: Trouble,
    },
    /// The provider refuses for a reason that an administrator must mend; the tokens are kept.
    Blocked {
        /// What is wrong.
        trouble: Trouble,
        /// Failures in a row.
        failures: u32,
    },
    /// Given back by us.
    Revoked,
}

/// The names of the states alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantStateName {
    /// See [`GrantState::Active`].
    Active,
    /// See [`GrantState::Degraded`].
    Degraded,
    /// See [`GrantState::NeedsConsent`].
    NeedsConsent,
    /// See [`GrantState::Blocked`].
    Blocked,
    /// See [`GrantState::Revoked`].
    Revoked,
}

crate::names!(GrantStateName, "state", {
    Active => "active",
    Degraded => "degraded",
    NeedsConsent => "needs_consent",
    Blocked => "blocked",
    Revoked => "revoked",
});

impl GrantState {
    /// The state's name.
    pub fn name(&self) -> GrantStateName {
        match self {
            Self::Active => GrantStateName::Active,
            Self::Degraded { .. } => GrantStateName::Degraded,
            Self::NeedsConsent { .. } => GrantStateName::NeedsConsent,
            Self::Blocked { .. } => GrantStateName::Blocked,
            Self::Revoked => GrantStateName::Revoked,
        }
    }

    /// What is wrong, where something is.
    pub fn trouble(&self) -> Option<&Trouble> {
        match self {
            Self::Degraded { trouble, .. }
            | Self::NeedsConsent { trouble }
            | Self::Blocked { trouble, .. } => Some(trouble),
            Self::Active | Self::Revoked => None,
        }
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        match self {
            Self::Degraded { failures, .. } | Self::Blocked { failures, .. } => *failures,
            Self::Active | Self::NeedsConsent { .. } | Self::Revoked => 0,
        }
    }

    /// Whether asking the provider for a token could succeed without a person.
    pub fn may_refresh(&self) -> bool {
        matches!(self, Self::Active | Self::Degraded { .. } | Self::Blocked { .. })
    }
}

/// Who consented. The e-mail address is for display and comparison only, since it can change.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Identity {
    /// The issuer that `subject` is unique at.
    pub issuer: Option<String>,
    /// The provider's lasting name for the person (`sub`; at Entra, tenant and object id).
    pub subject: Option<String>,
    /// The address, where the provider told it.
    pub email: Option<String>,
}

/// A consent that stands under a link. Its tokens are read apart, by whoever needs them: see [`Tokens`].
#[derive(Clone, Debug)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The link that it stands under.
    pub link_id: LinkId,
    /// Who consented.
    pub identity: Identity,
    /// What was granted.
    pub scopes: Vec<String>,
    /// Goes up by one on every token write, and on nothing else. Keeps **No lost grant**: a writer that has seen an
    /// older number loses.
    pub generation: i64,
    /// The state.
    pub state: GrantState,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// When the tokens at hand were issued.
    pub issued_at: Timestamp,
    /// Whether a new access token can be had without a person: by a refresh token, or since the link asks for tokens on
    /// its own. Otherwise the grant ends with its access token.
    pub renewable: bool,
    /// Whose tokens are asked for with a JWT bearer (`sub` of the assertion, RFC 7523 §3).
    pub subject: Option<String>,
    /// When the refresh token ends, where the provider has said so.
    pub refresh_expires_at: Option<Timestamp>,
    /// Where its tokens came from; see [`BoundTo`]. Absent until the first token write of a grant that was imported.
    pub bound_to: Option<BoundTo>,
    /// Whether tokens that stood before the last consent are kept and can be put back.
    pub has_previous: bool,
    /// When the background refresh is due; `None` while only a person can help.
    pub next_refresh_at: Option<Timestamp>,
    /// A refresh that was begun and whose answer has not been committed.
    pub intent: Option<Intent>,
    /// When the first consent was given.
    pub created_at: Timestamp,
}

/// Whose a grant's tokens are and the addresses of its link that they may be sent to, as they were when the tokens were
/// issued. Keeps **A moved endpoint locks its secrets**: whoever moves an endpoint is not sent what was meant for the
/// old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundTo {
    /// The client that they were given to. A provider answers another client as if the consent were over (RFC 6749
    /// §5.2), so nothing is asked for under another one: with the right id back, the grant lives on.
    pub client_id: String,
    /// The token endpoint, byte for byte.
    pub token_endpoint: String,
    /// The issuer, where the link names one.
    pub issuer: Option<String>,
    /// Scheme, host and port of the other endpoints that are shown tokens, sorted, each once.
    pub origins: Vec<String>,
}

impl BoundTo {
    /// Whether a link with these addresses may be sent tokens that are bound to `self`. An endpoint that was added
    /// beside the token endpoint, on the same host, is shown nothing new.
    pub fn permits(&self, now: &Self) -> bool {
        let issuer_moved = match (&self.issuer, &now.issuer) {
            (Some(before), Some(now)) => before != now,
            _ => false,
        };
        self.client_id == now.client_id
            && self.token_endpoint == now.token_endpoint
            && !issuer_moved
            && now.origins.iter().all(|origin| self.origins.contains(origin))
    }
}

/// The record that a refresh was begun: written before the call, cleared by the commit of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intent {
    /// When the call was begun.
    pub at: Timestamp,
    /// Whether this call is itself the second try after an intent without an answer.
    pub retried: bool,
}

/// The tokens of a grant, with the generation that they are.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The generation that these are; see [`Grant::generation`].
    pub generation: i64,
    /// The access token (RFC 6749 §1.4).
    pub access: Secret,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// The refresh token (RFC 6749 §1.5), where the provider gave one.
    pub refresh: Option<Secret>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_where_they_came_from_and_nowhere_else() {
        let bound = |token: &str, issuer: Option<&str>, origins: &[&str]| BoundTo {
            client_id: "client".into(),
            token_endpoint: token.into(),
            issuer: issuer.map(str::to_owned),
            origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
        };
        let before = bound("https://as.example/token", Some("https://as.example"), &["https://a"]);
        let table = [
            (bound("https://as.example/token", Some("https://as.example"), &["https://a"]), true),
            (bound("https://as.example/token", None, &[]), true),
            (bound("https://as.example/token2", Some("https://as.example"), &["https://a"]), false),
            (bound("https://as.example/token", Some("https://other"), &["https://a"]), false),
            (bound("https://as.example/token", None, &["https://a", "https://b"]), false),
        ];
        for (now, permitted) in table {
            assert_eq!(before.permits(&now), permitted, "{now:?}");
        }
        let other_client = BoundTo { client_id: "other".into(), ..before.clone() };
        assert!(
            !before.permits(&other_client),
            "another client would be refused, and the grant with it"
        );
    }
}

//! Grants: consents that stand, their tokens and their states.

use jiff::SignedDuration;

use crate::{GrantId, LinkId, Secret, Timestamp};

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
    /// Whether there is a refresh token. Without one the grant ends with its access token.
    pub renewable: bool,
    /// When the background refresh is due; `None` while only a person can help.
    pub next_refresh_at: Option<Timestamp>,
    /// A refresh that was begun and whose answer has not been committed.
    pub intent: Option<Intent>,
    /// When the first consent was given.
    pub created_at: Timestamp,
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

/// What a token endpoint said no with, sorted by what follows from it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What follows.
    pub class: FailureClass,
    /// What is wrong, in words.
    pub trouble: Trouble,
    /// Whether the answer was `unauthorized_client` or `invalid_scope` (RFC 6749 §5.2), which may be said of the client
    /// as well as of the grant.
    pub may_be_link: bool,
    /// How long the provider asked us to wait (`Retry-After`).
    pub retry_after: Option<SignedDuration>,
    /// The refresh token of an answer whose access token cannot be used. The provider may have put it in the place of
    /// the one that was sent, so it must be kept.
    pub rotated: Option<Box<Secret>>,
}

impl Failure {
    /// A failure of which no more is known.
    pub fn new(class: FailureClass, trouble: Trouble) -> Self {
        Self { class, trouble, may_be_link: false, retry_after: None, rotated: None }
    }
}

/// Classes of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// Network, 408, 425, 429, 5xx, HTML, odd JSON: it passes. Never ends a grant.
    Passing,
    /// `invalid_grant` and its kin: the provider says that the consent is over. Believed after a second asking.
    Ended,
    /// `unauthorized_client`, `invalid_scope`, a tenant's policy: this grant cannot be served until somebody acts.
    Blocked,
    /// `invalid_client`, a wrong address: the link itself is refused.
    Link,
}

/// What to do after a failed refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Ask once more in a few seconds before believing it.
    Confirm {
        /// How long to wait.
        after: SignedDuration,
    },
    /// Go into this state and try again at this time (never, where it is `None`).
    Become {
        /// The new state.
        state: GrantState,
        /// The next try.
        next_refresh_at: Option<Timestamp>,
    },
    /// Leave the grant as it is and mark its link.
    MarkLink,
}

/// How long to wait before `invalid_grant` is asked a second time: providers have answered it in error and taken it
/// back a moment later, and a token that another node has just rotated looks the same.
const CONFIRM_AFTER: SignedDuration = SignedDuration::from_secs(3);

/// Decides what a failed refresh means. Keeps **Only the provider's word ends a grant**: nothing but
/// [`FailureClass::Ended`], said twice, leads to [`GrantState::NeedsConsent`].
///
/// | class | first time | when confirmed |
/// |---|---|---|
/// | passing | degraded, back-off | degraded, back-off |
/// | ended | ask once more | needs consent |
/// | blocked | blocked, slow back-off | blocked, slow back-off |
/// | link | mark the link | mark the link |
///
/// `jitter` is between 0 and 1.
pub fn after_failure(
    before: &GrantState,
    failure: &Failure,
    confirmed: bool,
    now: Timestamp,
    jitter: f64,
) -> Verdict {
    let failures = before.failures().saturating_add(1);
    let trouble = failure.trouble.clone();
    let retry = |wait: SignedDuration| {
        let wait = failure.retry_after.map_or(wait, |asked| asked.max(wait));
        Some(later(now, wait))
    };
    match failure.class {
        FailureClass::Passing => Verdict::Become {
            state: GrantState::Degraded { trouble, failures },
            next_refresh_at: retry(backoff(failures, jitter)),
        },
        FailureClass::Ended if !confirmed => Verdict::Confirm { after: CONFIRM_AFTER },
        FailureClass::Ended => {
            Verdict::Become { state: GrantState::NeedsConsent { trouble }, next_refresh_at: None }
        }
        FailureClass::Blocked => Verdict::Become {
            state: GrantState::Blocked { trouble, failures },
            next_refresh_at: retry(backoff(failures, jitter).saturating_mul(10)),
        },
        FailureClass::Link => Verdict::MarkLink,
    }
}

/// Whether a grant's failure says that its link is at fault. Keeps **A link's fault stays on the link**: one grant alone
/// may be refused for reasons of its own, so it takes a second one of the link that is refused in the same words, and
/// none that was served since. `others` are the link's other grants.
pub fn blames_link(failure: &Failure, others: &[Grant]) -> bool {
    let served_since = |at: Timestamp| {
        others.iter().any(|other| other.state == GrantState::Active && other.issued_at > at)
    };
    let agrees = |other: &Grant| match &other.state {
        GrantState::Blocked { trouble, .. } => {
            trouble.reason == failure.trouble.reason && !served_since(other.since)
        }
        _ => false,
    };
    failure.may_be_link && failure.class == FailureClass::Blocked && others.iter().any(agrees)
}

/// How long to wait after so many failures in a row: 5 s, doubled each time, at most 15 minutes, less up to a quarter
/// by `jitter` (between 0 and 1) so that grants which failed together do not come back together.
pub fn backoff(failures: u32, jitter: f64) -> SignedDuration {
    const FIRST: i64 = 5_000;
    const MOST: i64 = 15 * 60_000;
    let doublings = failures.saturating_sub(1).min(16);
    let full = (FIRST << doublings).min(MOST);
    let cut = full as f64 * 0.25 * jitter.clamp(0.0, 1.0);
    SignedDuration::from_millis(full - cut as i64)
}

/// When a token that lives from `issued_at` to `expires_at` is renewed in the background: after 70 % of its life, up to
/// 10 % sooner by `jitter` (between 0 and 1), but never in its last 5 seconds.
pub fn refresh_at(issued_at: Timestamp, expires_at: Timestamp, jitter: f64) -> Timestamp {
    let life = expires_at.duration_since(issued_at).as_millis().max(0) as f64;
    let after = life * (0.70 - 0.10 * jitter.clamp(0.0, 1.0));
    let due = later(issued_at, SignedDuration::from_millis(after as i64));
    due.min(later(expires_at, SignedDuration::from_secs(-5)))
}

/// `at` moved by `by`, held inside what a timestamp can say: a provider's absurd lifetime must not panic us.
pub fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(class: FailureClass) -> Failure {
        let trouble = Trouble {
            actor: Actor::Nobody,
            reason: "it failed".into(),
            hint: String::new(),
            provider_error: None,
        };
        Failure::new(class, trouble)
    }

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn only_the_providers_word_ends_a_grant() {
        for class in [FailureClass::Passing, FailureClass::Blocked, FailureClass::Link] {
            for confirmed in [false, true] {
                let verdict =
                    after_failure(&GrantState::Active, &failure(class), confirmed, NOW, 0.0);
                let ended = matches!(
                    verdict,
                    Verdict::Become { state: GrantState::NeedsConsent { .. }, .. }
                );
                assert!(!ended, "{class:?} must never end a grant");
            }
        }
        let ended = failure(FailureClass::Ended);
        let first = after_failure(&GrantState::Active, &ended, false, NOW, 0.0);
        assert!(matches!(first, Verdict::Confirm { .. }), "asked once more before it is believed");
        let second = after_failure(&GrantState::Active, &ended, true, NOW, 0.0);
        assert!(matches!(
            second,
            Verdict::Become { state: GrantState::NeedsConsent { .. }, next_refresh_at: None }
        ));
    }

    #[test]
    fn the_wait_doubles_and_ends_at_a_quarter_of_an_hour() {
        let seconds = |n| backoff(n, 0.0).as_secs();
        assert_eq!([1, 2, 3, 4, 8, 9, 400].map(seconds), [5, 10, 20, 40, 640, 900, 900]);
        assert_eq!(backoff(1, 1.0).as_millis(), 3750);
    }

    #[test]
    fn a_longer_retry_after_wins() {
        let mut slow = failure(FailureClass::Passing);
        slow.retry_after = Some(SignedDuration::from_secs(120));
        let Verdict::Become { next_refresh_at, .. } =
            after_failure(&GrantState::Active, &slow, false, NOW, 0.0)
        else {
            panic!("a passing fault changes the state")
        };
        assert_eq!(next_refresh_at.map(|at| at.as_second()), Some(120));
    }

    #[test]
    fn refresh_comes_well_before_the_end_and_absurd_lifetimes_do_not_panic() {
        let hour = later(NOW, SignedDuration::from_secs(3600));
        assert_eq!(refresh_at(NOW, hour, 0.0).as_second(), 2520);
        assert_eq!(refresh_at(NOW, hour, 1.0).as_second(), 2160);
        assert!(refresh_at(NOW, Timestamp::MAX, 0.5) < Timestamp::MAX);
        assert!(refresh_at(Timestamp::MAX, Timestamp::MIN, 0.5) <= Timestamp::MAX);
    }

    #[test]
    fn a_link_is_blamed_when_two_grants_agree_and_none_was_served_since() {
        let at = |seconds| later(NOW, SignedDuration::from_secs(seconds));
        let scope = Failure { may_be_link: true, ..failure(FailureClass::Blocked) };
        let grant = |state: GrantState, since, issued_at| Grant {
            id: GrantId(uuid::Uuid::nil()),
            link_id: LinkId(uuid::Uuid::nil()),
            identity: Identity::default(),
            scopes: Vec::new(),
            generation: 1,
            state,
            since: at(since),
            expires_at: at(3600),
            issued_at: at(issued_at),
            renewable: true,
            next_refresh_at: None,
            intent: None,
            created_at: NOW,
        };
        let blocked = |reason: &str| {
            let trouble =
                Trouble { reason: reason.into(), ..failure(FailureClass::Blocked).trouble };
            grant(GrantState::Blocked { trouble, failures: 1 }, 100, 0)
        };
        let same = blocked("it failed");
        let idle = grant(GrantState::Active, 0, 50);
        let served = grant(GrantState::Active, 0, 150);
        assert!(!blames_link(&scope, &[]), "one alone");
        assert!(blames_link(&scope, &[idle.clone(), same.clone()]));
        assert!(!blames_link(&scope, &[blocked("another reason"), idle]));
        assert!(!blames_link(&scope, &[served, same.clone()]), "the link serves others");
        assert!(!blames_link(&failure(FailureClass::Blocked), &[same]), "said of a person");
    }
}

//! What is decided about a refresh: what a failure means, when the next one is due.

use jiff::SignedDuration;

use super::{GrantState, Trouble};
use crate::{Secret, Timestamp};

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
    /// What of the answer must not be printed.
    pub held: Box<Held>,
}

/// What a refusal holds that must not be printed.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// The refresh token of an answer whose access token cannot be used. The provider may have put it in the place of
    /// the one that was sent, so it must be kept.
    pub rotated: Option<Secret>,
    /// The provider's own words as they came, until whoever asked has cut out what was sent. Never kept.
    pub quoted: Option<Secret>,
}

impl Failure {
    /// A failure of which no more is known.
    pub fn new(class: FailureClass, trouble: Trouble) -> Self {
        Self { class, trouble, may_be_link: false, retry_after: None, held: Box::default() }
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

/// Nothing is asked sooner than this after the last answer: a provider whose tokens live for a moment only would be asked
/// without end. Whoever needs such a token asks for it then.
const FLOOR: SignedDuration = SignedDuration::from_secs(5);

/// When a token that lives from `issued_at` to `expires_at` is renewed in the background: after 70 % of its life, up to
/// 10 % sooner by `jitter` (between 0 and 1), but not in its last 5 seconds, and never within 5 seconds of its issue.
pub fn refresh_at(issued_at: Timestamp, expires_at: Timestamp, jitter: f64) -> Timestamp {
    let life = expires_at.duration_since(issued_at).as_millis().max(0) as f64;
    let after = life * (0.70 - 0.10 * jitter.clamp(0.0, 1.0));
    let due = later(issued_at, SignedDuration::from_millis(after as i64));
    due.min(later(expires_at, -FLOOR)).max(later(issued_at, FLOOR))
}

/// When a grant that something uses is refreshed: ahead of the access token's end, and of the refresh token's where that
/// comes sooner.
pub fn renew_at(
    issued_at: Timestamp,
    expires_at: Timestamp,
    refresh_expires_at: Option<Timestamp>,
    jitter: f64,
) -> Timestamp {
    let ahead = refresh_at(issued_at, expires_at, jitter);
    refresh_expires_at.map_or(ahead, |end| ahead.min(refresh_at(issued_at, end, jitter)))
}

/// How long a grant that nothing uses may wait between two refreshes, where the provider is known to bear it.
pub const KEEP_ALIVE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// When a grant that nothing uses is refreshed, so that its refresh token does not end for want of use: after
/// `keep_alive`, sooner where the refresh token ends sooner, less up to 10 % by `jitter` (between 0 and 1).
pub fn keep_alive_at(
    issued_at: Timestamp,
    refresh_expires_at: Option<Timestamp>,
    keep_alive: SignedDuration,
    jitter: f64,
) -> Timestamp {
    let told = refresh_expires_at.map(|end| refresh_at(issued_at, end, jitter));
    let cut = keep_alive.as_millis() as f64 * 0.10 * jitter.clamp(0.0, 1.0);
    let idle = later(issued_at, keep_alive - SignedDuration::from_millis(cut as i64));
    told.map_or(idle, |told| told.min(idle))
}

/// `at` moved by `by`, held inside what a timestamp can say: a provider's absurd lifetime must not panic us.
pub fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::super::Actor;
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
        for seconds in [-3600, 0, 1, 6] {
            let end = later(NOW, SignedDuration::from_secs(seconds));
            assert_eq!(refresh_at(NOW, end, 1.0).as_second(), 5, "not without end");
        }
        assert!(refresh_at(Timestamp::MAX, Timestamp::MIN, 0.5) <= Timestamp::MAX);
    }

    #[test]
    fn an_idle_grant_is_refreshed_before_its_refresh_token_ends() {
        let day = |days: i64| later(NOW, SignedDuration::from_hours(24 * days));
        assert_eq!(keep_alive_at(NOW, None, KEEP_ALIVE, 0.0), day(30));
        assert_eq!(keep_alive_at(NOW, None, KEEP_ALIVE, 1.0), day(27));
        assert_eq!(keep_alive_at(NOW, Some(day(90)), KEEP_ALIVE, 0.0), day(30));
        assert_eq!(keep_alive_at(NOW, Some(day(10)), KEEP_ALIVE, 0.0), day(7));
        // Also where the access token lives longer than the refresh token.
        assert_eq!(renew_at(NOW, day(20), Some(day(10)), 0.0), day(7));
        assert_eq!(renew_at(NOW, day(10), Some(day(90)), 0.0), day(7));
        assert_eq!(renew_at(NOW, day(10), None, 0.0), day(7));
    }
}

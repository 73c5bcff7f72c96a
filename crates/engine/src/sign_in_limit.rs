//! How often somebody may try to sign in. Kept in memory: a restart forgives, which harms nobody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;
use outlink_model::Timestamp;
use outlink_model::grant::later;

/// Failures forgiven before anybody must wait.
const FREE: u32 = 5;
/// Failures are forgotten after so long without one.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_secs(15 * 60);
/// More sources than this are not remembered one by one, so that nobody can fill our memory.
const MOST: usize = 50_000;

/// Failed sign-ins by address and by user name. Both count: one guards against one guesser with many names, the other
/// against many machines that guess one name.
#[derive(Default)]
pub(crate) struct SignInLimit {
    failures: Mutex<HashMap<String, (u32, Timestamp)>>,
}

impl SignInLimit {
    /// How long this source must wait before its next try; `None` when it may try now.
    pub(crate) fn must_wait(
        &self,
        from: IpAddr,
        name: &str,
        now: Timestamp,
    ) -> Option<SignedDuration> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let until =
            keys(from, name).iter().filter_map(|key| failures.get(key)).map(next_try).max()?;
        (until > now).then(|| until.duration_since(now))
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, from: IpAddr, name: &str, now: Timestamp) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MOST {
            failures.retain(|_, (_, at)| later(*at, FORGOTTEN_AFTER) > now);
        }
        for key in keys(from, name) {
            if failures.len() >= MOST && !failures.contains_key(&key) {
                continue;
            }
            let (count, at) = failures.entry(key).or_insert((0, now));
            *count = if later(*at, FORGOTTEN_AFTER) < now { 1 } else { count.saturating_add(1) };
            *at = now;
        }
    }

    /// Forgets the failures of a source that has signed in.
    pub(crate) fn succeeded(&self, from: IpAddr, name: &str) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(from, name) {
            failures.remove(&key);
        }
    }
}

fn keys(from: IpAddr, name: &str) -> [String; 2] {
    // A household's IPv6 network has 2^64 addresses: it counts as one source.
    let source = match from {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("{:x?}", &v6.segments()[..4]),
    };
    [format!("from {source}"), format!("name {}", name.to_lowercase())]
}

/// After the free failures each further one doubles the wait, from 2 seconds to 2 minutes.
fn next_try(&(count, at): &(u32, Timestamp)) -> Timestamp {
    match count.checked_sub(FREE) {
        None => Timestamp::MIN,
        Some(over) => later(at, SignedDuration::from_secs((2_i64 << over.min(10)).min(120))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_is_slowed_down_by_address_and_by_name() {
        let limit = SignInLimit::default();
        let ip = |last| IpAddr::from([192, 0, 2, last]);
        let now = Timestamp::UNIX_EPOCH;
        for n in 0..4 {
            limit.failed(ip(n), "admin", now);
        }
        assert_eq!(limit.must_wait(ip(9), "admin", now), None, "a few mistakes are free");
        limit.failed(ip(4), "admin", now);
        assert!(limit.must_wait(ip(9), "Admin", now).is_some(), "many machines, one name");
        assert_eq!(limit.must_wait(ip(9), "other", now), None);
        for n in 0..9 {
            limit.failed(ip(77), &format!("name{n}"), now);
        }
        let wait = limit.must_wait(ip(77), "fresh", now);
        assert!(
            wait.is_some_and(|w| w <= SignedDuration::from_secs(120)),
            "one machine, many names"
        );
        limit.succeeded(ip(77), "fresh");
        assert_eq!(limit.must_wait(ip(77), "fresh", now), None);
    }
}

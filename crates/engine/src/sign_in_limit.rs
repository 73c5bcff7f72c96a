//! How often somebody may try to sign in. Kept in memory: a restart forgives, which harms nobody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;
use outlink_model::Timestamp;
use outlink_model::grant::later;

/// Failures are forgotten after so long without one.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_secs(15 * 60);
/// More sources than this are not remembered one by one, so that nobody can fill our memory.
const MOST: usize = 50_000;

/// Tries to sign in that have not succeeded, by where they come from and whom they name.
#[derive(Default)]
pub(crate) struct SignInLimit {
    failures: Mutex<HashMap<Key, (u32, Timestamp)>>,
}

/// What is counted. The first guards against one guesser with many names, the second is what a person with a bad memory
/// meets, the third guards against many machines that guess one name. That last one only slows down: if it shut
/// anybody out, a stranger could keep an administrator out for as long as they liked.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Source(String),
    SourceAndName(String, String),
    Name(String),
}

impl Key {
    /// So many tries are free.
    fn free(&self) -> u32 {
        match self {
            Self::Source(_) => 20,
            Self::SourceAndName(..) => 5,
            Self::Name(_) => 100,
        }
    }

    /// The longest wait, in seconds.
    fn longest(&self) -> i64 {
        match self {
            Self::Source(_) | Self::SourceAndName(..) => 120,
            Self::Name(_) => 2,
        }
    }

    /// After the free tries each further one doubles the wait, from 2 seconds on.
    fn next_try(&self, (count, at): (u32, Timestamp)) -> Timestamp {
        match count.checked_sub(self.free()) {
            None => Timestamp::MIN,
            Some(over) => {
                let wait = (2_i64 << over.min(10)).min(self.longest());
                later(at, SignedDuration::from_secs(wait))
            }
        }
    }
}

impl SignInLimit {
    /// Counts a try, or says how long this source must wait before its next one.
    ///
    /// # Errors
    /// The time to wait.
    pub(crate) fn begin(
        &self,
        from: IpAddr,
        name: &str,
        now: Timestamp,
    ) -> Result<(), SignedDuration> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = keys(from, name);
        let tried = |key: &Key| failures.get(key).map(|&tried| key.next_try(tried));
        let until = keys.iter().filter_map(tried).max();
        if let Some(until) = until.filter(|until| *until > now) {
            return Err(until.duration_since(now));
        }
        if failures.len() >= MOST {
            make_room(&mut failures, now);
        }
        for key in keys {
            let (count, at) = failures.entry(key).or_insert((0, now));
            *count = if later(*at, FORGOTTEN_AFTER) < now { 1 } else { count.saturating_add(1) };
            *at = now;
        }
        Ok(())
    }

    /// Forgets the tries of a source that has signed in.
    pub(crate) fn succeeded(&self, from: IpAddr, name: &str) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(from, name) {
            failures.remove(&key);
        }
    }
}

/// Forgets what is long past, and where that is not enough the older half: filling the memory with made-up names buys
/// nobody a free guess.
fn make_room(failures: &mut HashMap<Key, (u32, Timestamp)>, now: Timestamp) {
    failures.retain(|_, (_, at)| later(*at, FORGOTTEN_AFTER) > now);
    if failures.len() >= MOST {
        let mut times: Vec<_> = failures.values().map(|(_, at)| *at).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        failures.retain(|_, (_, at)| *at > median);
    }
}

fn keys(from: IpAddr, name: &str) -> [Key; 3] {
    // A household's IPv6 network has 2^64 addresses: it counts as one source.
    let source = match from {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("{:x?}", &v6.segments()[..4]),
    };
    let name: String = name.chars().take(100).flat_map(char::to_lowercase).collect();
    [Key::Source(source.clone()), Key::SourceAndName(source, name.clone()), Key::Name(name)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_is_slowed_down_by_address_and_by_name() {
        let limit = SignInLimit::default();
        let ip = |last| IpAddr::from([192, 0, 2, last]);
        let now = Timestamp::UNIX_EPOCH;
        let tries = |last, name: &str| limit.begin(ip(last), name, now);
        for _ in 0..5 {
            assert_eq!(tries(1, "admin"), Ok(()), "a few mistakes are free");
        }
        assert!(tries(1, "Admin").is_err(), "one machine, one name");
        assert_eq!(tries(2, "admin"), Ok(()), "whoever sits elsewhere is not shut out by it");
        for n in 0..20 {
            assert_eq!(tries(77, &format!("name{n}")), Ok(()));
        }
        let wait = tries(77, "fresh").unwrap_err();
        assert!(wait <= SignedDuration::from_secs(120), "one machine, many names");
        limit.succeeded(ip(77), "fresh");
        assert_eq!(limit.begin(ip(77), "fresh", now), Ok(()));
    }

    #[test]
    fn many_machines_slow_one_name_down_and_shut_nobody_out() {
        let limit = SignInLimit::default();
        let now = Timestamp::UNIX_EPOCH;
        for n in 0..100_u32 {
            let from = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            assert_eq!(limit.begin(from, "admin", now), Ok(()));
        }
        let owner = IpAddr::from([192, 0, 2, 1]);
        let wait = limit.begin(owner, "admin", now).unwrap_err();
        assert_eq!(wait, SignedDuration::from_secs(2));
    }

    #[test]
    fn a_full_memory_gives_nobody_a_free_guess() {
        let limit = SignInLimit::default();
        let at = |second| later(Timestamp::UNIX_EPOCH, SignedDuration::from_secs(second));
        for n in 0..30_000_u32 {
            let from = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            limit.begin(from, &format!("made up {n}"), at(i64::from(n / 1000))).unwrap();
        }
        let guesser = IpAddr::from([192, 0, 2, 1]);
        let refused = (0..9).filter(|_| limit.begin(guesser, "admin", at(31)).is_err()).count();
        assert_eq!(refused, 4, "counted all the same");
        assert!(limit.failures.lock().unwrap().len() <= MOST + 2);
    }
}

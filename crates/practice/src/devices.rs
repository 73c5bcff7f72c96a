//! Devices that wait for somebody to type a code elsewhere (RFC 8628). Pure: the time comes in.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::grants::Refusal;
use crate::random;
use crate::state::User;

/// By so much the interval grows with each `slow_down` (RFC 8628 §3.5).
const SLOWER: SignedDuration = SignedDuration::from_secs(5);
/// Past this many devices, those are forgotten whose time is over.
const TABLE_CAP: usize = 1024;

/// What a device asks for.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) client: String,
    pub(crate) scopes: Vec<String>,
    user_code: String,
    expires_at: Timestamp,
    interval: SignedDuration,
    asked_at: Option<Timestamp>,
    decision: Decision,
}

#[derive(Clone, Debug)]
enum Decision {
    Open,
    Denied,
    Allowed(User),
    Used,
}

/// All devices, by their secret code.
#[derive(Default)]
pub(crate) struct Devices(HashMap<String, Device>);

impl Devices {
    /// A device begins to wait: its own code, and the one to type.
    pub(crate) fn begin(
        &mut self,
        now: Timestamp,
        client: &str,
        scopes: Vec<String>,
        lifetime: SignedDuration,
        interval: SignedDuration,
    ) -> (String, String) {
        if self.0.len() >= TABLE_CAP {
            self.0.retain(|_, device| device.expires_at > now);
        }
        let (code, user_code) = (random::token("pd_"), random::user_code());
        let device = Device {
            client: client.to_owned(),
            scopes,
            user_code: user_code.clone(),
            expires_at: now.saturating_add(lifetime).unwrap_or(Timestamp::MAX),
            interval,
            asked_at: None,
            decision: Decision::Open,
        };
        self.0.insert(code.clone(), device);
        (code, user_code)
    }

    /// The device behind a code that somebody typed, while it waits.
    pub(crate) fn waiting(&self, now: Timestamp, typed: &str) -> Option<&Device> {
        let typed = plain(typed);
        let waits = |device: &&Device| {
            matches!(device.decision, Decision::Open)
                && device.expires_at > now
                && plain(&device.user_code) == typed
        };
        self.0.values().find(waits)
    }

    /// Somebody has decided; none as the user: against it. Whether a device was waiting for it.
    pub(crate) fn decide(&mut self, now: Timestamp, typed: &str, user: Option<User>) -> bool {
        let Some(user_code) = self.waiting(now, typed).map(|device| device.user_code.clone())
        else {
            return false;
        };
        let device = self.0.values_mut().find(|device| device.user_code == user_code);
        device.is_some_and(|device| {
            device.decision = user.map_or(Decision::Denied, Decision::Allowed);
            true
        })
    }

    /// A device asks how it stands (RFC 8628 §3.5): who allowed what, or why there is nothing.
    pub(crate) fn poll(
        &mut self,
        now: Timestamp,
        code: &str,
        client: &str,
    ) -> Result<(User, Vec<String>), Refusal> {
        let found = self.0.get_mut(code).filter(|device| device.client == client);
        let Some(device) = found else {
            return Err(Refusal::new("invalid_grant", "The device code is not known."));
        };
        let before = device.asked_at.replace(now);
        match &device.decision {
            Decision::Used => {
                Err(Refusal::new("invalid_grant", "The device code was used before."))
            }
            _ if device.expires_at <= now => {
                Err(Refusal::new("expired_token", "The device code has expired."))
            }
            Decision::Denied => Err(Refusal::new("access_denied", "The consent was denied.")),
            Decision::Allowed(user) => {
                let allowed = (user.clone(), device.scopes.clone());
                device.decision = Decision::Used;
                Ok(allowed)
            }
            Decision::Open if before.is_some_and(|before| early(before, now, device.interval)) => {
                device.interval += SLOWER;
                Err(Refusal::new("slow_down", "The device asks too often."))
            }
            Decision::Open => Err(Refusal::new("authorization_pending", "Nobody has decided yet.")),
        }
    }
}

/// Whether a question comes too soon after the one before. A tenth is let go, for what the way here takes.
fn early(before: Timestamp, now: Timestamp, interval: SignedDuration) -> bool {
    now.duration_since(before) < interval - interval / 10
}

/// People leave out the hyphen, and type small letters.
fn plain(typed: &str) -> String {
    let letters = typed.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlink_model::Secret;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn begun() -> (Devices, String, String) {
        let mut devices = Devices::default();
        let (lifetime, interval) = (SignedDuration::from_secs(60), SignedDuration::from_secs(5));
        let scopes = vec!["mail.imap".to_owned()];
        let (code, typed) = devices.begin(at(0), "c", scopes, lifetime, interval);
        (devices, code, typed)
    }

    fn error(answer: Result<(User, Vec<String>), Refusal>) -> &'static str {
        answer.unwrap_err().error
    }

    #[test]
    fn impatience_makes_the_interval_longer() {
        let (mut devices, code, _) = begun();
        let expected = [
            (0, "authorization_pending"),
            (5, "authorization_pending"),
            (6, "slow_down"),
            (12, "slow_down"),
            (27, "authorization_pending"),
            (60, "expired_token"),
        ];
        for (second, expected) in expected {
            assert_eq!(error(devices.poll(at(second), &code, "c")), expected, "after {second} s");
        }
        assert_eq!(error(devices.poll(at(1), &code, "another")), "invalid_grant");
    }

    #[test]
    fn a_decision_is_made_once_and_used_once() {
        let (mut devices, code, typed) = begun();
        let user = User {
            address: "a@example.org".into(),
            name: "A".into(),
            subject: "1".into(),
            password: Secret::new("x"),
        };
        let typed = typed.replace('-', " ").to_lowercase();
        assert!(!devices.decide(at(61), &typed, None), "its time is over");
        assert!(devices.decide(at(1), &typed, Some(user)));
        assert!(!devices.decide(at(2), &typed, None), "it is decided");
        assert_eq!(devices.poll(at(3), &code, "c").unwrap().0.address, "a@example.org");
        assert_eq!(error(devices.poll(at(9), &code, "c")), "invalid_grant");
    }
}

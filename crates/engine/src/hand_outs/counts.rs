//! The record of hand-outs: counted in memory by token, grant and minute, and written once a second, so that handing out
//! costs no write. A crash may lose the last second.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::user::HandOut;
use outlink_model::{GrantId, Timestamp, TokenId};

use crate::{Engine, Error};

/// How often the counts are written.
const EVERY: Duration = Duration::from_secs(1);
/// So many counts wait for the store at most. While it takes none, hand-outs end before the memory does.
const MOST: usize = 50_000;
/// So many addresses are kept of one minute.
const ADDRESSES: usize = 16;
/// How often the counts are tried to be written at a stop.
const TRIES_AT_STOP: u32 = 3;

type Key = (TokenId, GrantId, Timestamp);

/// What is not written yet.
#[derive(Default)]
pub(crate) struct Counts(Mutex<HashMap<Key, HandOut>>);

impl Counts {
    /// Counts one hand-out.
    pub(super) fn add(
        &self,
        token_id: TokenId,
        grant_id: GrantId,
        at: Timestamp,
        address: Option<IpAddr>,
    ) -> Result<(), Problem> {
        let minute = minute(at);
        let key = (token_id, grant_id, minute);
        let mut all = self.locked();
        if all.len() >= MOST && !all.contains_key(&key) {
            return Err(Problem::new(
                ProblemKind::Later,
                "hand_out_unrecorded",
                "The hand-out cannot be recorded at the moment, so nothing was handed out.",
                "Try again in a minute. If it lasts, look at the server's log.",
            ));
        }
        let addresses = address.map(|address| address.to_canonical().to_string());
        let one = HandOut {
            token_id,
            grant_id,
            minute,
            count: 1,
            first_at: at,
            last_at: at,
            addresses: addresses.into_iter().collect(),
        };
        merge(&mut all, one);
        Ok(())
    }

    /// Takes out what is to be written.
    fn take(&self) -> Vec<HandOut> {
        std::mem::take(&mut *self.locked()).into_values().collect()
    }

    /// Puts back what could not be written. This may go beyond [`MOST`] by what was under way.
    fn put_back(&self, hand_outs: Vec<HandOut>) {
        let mut all = self.locked();
        for hand_out in hand_outs {
            merge(&mut all, hand_out);
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Key, HandOut>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Writes the counts each second until the engine stops.
    pub(crate) async fn keep_counting(&self) {
        loop {
            tokio::select! {
                () = self.0.stopping.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            if let Err(error) = self.flush_hand_outs().await {
                tracing::error!(%error, "hand-outs could not be recorded; it is tried again");
            }
        }
    }

    /// Writes what is left, at a stop.
    pub(crate) async fn flush_last_hand_outs(&self) {
        for _ in 0..TRIES_AT_STOP {
            match self.flush_hand_outs().await {
                Ok(()) => return,
                Err(error) => tracing::error!(%error, "the last hand-outs could not be recorded"),
            }
        }
    }

    /// Writes the counts. Those that the store does not take stay, and are written the next time; where only its word of
    /// a write was lost, they count twice, which in a record of this kind is better than not at all.
    async fn flush_hand_outs(&self) -> Result<(), Error> {
        let counted = self.0.hand_outs.take();
        if let Err(error) = self.store().add_hand_outs(&counted).await {
            self.0.hand_outs.put_back(counted);
            return Err(error.into());
        }
        Ok(())
    }
}

fn merge(all: &mut HashMap<Key, HandOut>, more: HandOut) {
    let key = (more.token_id, more.grant_id, more.minute);
    let Some(known) = all.get_mut(&key) else {
        all.insert(key, more);
        return;
    };
    known.count = known.count.saturating_add(more.count);
    known.first_at = known.first_at.min(more.first_at);
    known.last_at = known.last_at.max(more.last_at);
    for address in more.addresses {
        if known.addresses.len() < ADDRESSES && !known.addresses.contains(&address) {
            known.addresses.push(address);
        }
    }
}

/// The beginning of the minute that `at` lies in.
fn minute(at: Timestamp) -> Timestamp {
    let seconds = at.as_second();
    Timestamp::from_second(seconds - seconds.rem_euclid(60)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn one(counts: &Counts, when: &str, address: &str) {
        let (token, grant) = (TokenId(Uuid::from_u128(1)), GrantId(Uuid::from_u128(2)));
        counts.add(token, grant, at(when), Some(address.parse().unwrap())).unwrap();
    }

    #[test]
    fn hand_outs_of_one_minute_are_one_row() {
        let counts = Counts::default();
        one(&counts, "2027-03-01T10:00:59.5Z", "192.0.2.1");
        one(&counts, "2027-03-01T10:00:00Z", "::ffff:192.0.2.1");
        one(&counts, "2027-03-01T10:01:00Z", "192.0.2.2");
        let mut rows = counts.take();
        rows.sort_by_key(|row| row.minute);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].count, rows[1].count), (2, 1));
        assert_eq!(rows[0].minute, at("2027-03-01T10:00:00Z"));
        assert_eq!(rows[0].first_at, at("2027-03-01T10:00:00Z"));
        assert_eq!(rows[0].last_at, at("2027-03-01T10:00:59.5Z"));
        assert_eq!(rows[0].addresses, ["192.0.2.1"], "one address, however it is written");
        assert!(counts.take().is_empty());
    }

    #[test]
    fn what_is_put_back_is_counted_with_what_came_meanwhile() {
        let counts = Counts::default();
        for n in 0..20 {
            one(&counts, "2027-03-01T10:00:30Z", &format!("192.0.2.{n}"));
        }
        let failed = counts.take();
        one(&counts, "2027-03-01T10:00:40Z", "198.51.100.1");
        counts.put_back(failed);
        let rows = counts.take();
        assert_eq!((rows.len(), rows[0].count), (1, 21));
        assert_eq!(rows[0].addresses.len(), ADDRESSES);
        assert_eq!(rows[0].first_at, at("2027-03-01T10:00:30Z"));
    }

    #[test]
    fn memory_has_an_end_and_what_is_not_recorded_is_not_handed_out() {
        let counts = Counts::default();
        let token = TokenId(Uuid::from_u128(1));
        let when = at("2027-03-01T10:00:30Z");
        for n in 0..MOST as u128 {
            counts.add(token, GrantId(Uuid::from_u128(n)), when, None).unwrap();
        }
        let full = counts.add(token, GrantId(Uuid::from_u128(MOST as u128)), when, None);
        assert_eq!(full.unwrap_err().code, "hand_out_unrecorded");
        counts.add(token, GrantId(Uuid::from_u128(7)), when, None).unwrap();
    }
}

//! Calls to providers: no more of them than a provider bears, over all nodes.
//!
//! A row says when the next call to one host may go out, and moves on by one interval with every call. While nobody calls
//! it falls behind, but at most so far that `burst` calls may go out at once. So the k-th call is written at a time x(k)
//! with x(k) + interval ≤ x(k+1), and goes out between x(k) and x(k) + (burst − 1) · interval: within any time t there
//! are at most burst + t / interval of them, whichever node asks and in whatever order.

use jiff::SignedDuration;
use outlink_model::Timestamp;

use crate::cell::{micros, plain, time};
use crate::db::{executing, reading, writing};
use crate::{Error, Store};

/// One statement: on PostgreSQL the row's lock makes callers take turns, on SQLite the one writer does. `$2` is how far
/// behind the row may be, `$3` how far it moves, `$4` how far ahead it may be for anybody to wait that long.
const RESERVE: &str = "
    INSERT INTO provider_calls (host, next_at) VALUES ($1, $2 + $3)
    ON CONFLICT (host) DO UPDATE SET next_at = $3
        + CASE WHEN provider_calls.next_at > $2 THEN provider_calls.next_at ELSE $2 END
    WHERE provider_calls.next_at <= $4
    RETURNING next_at - $3";

const NEXT: &str = "SELECT next_at FROM provider_calls WHERE host = $1";

const PAUSE: &str = "
    INSERT INTO provider_calls (host, next_at) VALUES ($1, $2)
    ON CONFLICT (host) DO UPDATE SET next_at = excluded.next_at
    WHERE provider_calls.next_at < excluded.next_at";

/// Longer than anybody waits, and short enough that no sum runs over.
const LONGEST: i64 = 366 * 24 * 3600 * 1_000_000;

/// What somebody wants to ask of a host, and what the host bears.
#[derive(Clone, Copy, Debug)]
pub struct Calls {
    /// Between two calls, in the long run.
    pub interval: SignedDuration,
    /// So many may go out at once after a time of rest.
    pub burst: u32,
    /// So many are reserved together.
    pub count: u32,
    /// So long the caller would wait for the first of them.
    pub patience: SignedDuration,
}

/// When calls may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// The first at this time, each of the others one interval after the one before.
    From(Timestamp),
    /// Nothing was reserved, since it would be later than the caller waits: come back at this time.
    NotBefore(Timestamp),
}

impl Store {
    /// Reserves calls to this host. What is reserved and not used is not given back, so nothing is reserved that lies
    /// beyond the caller's patience: callers that come back in vain would push one another further and further away.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn reserve_calls(
        &self,
        host: &str,
        now: Timestamp,
        calls: Calls,
    ) -> Result<Reserved, Error> {
        let behind = span(calls.interval, calls.burst.saturating_sub(1));
        let at: Option<i64> = writing!(self.db, on => sqlx::query_scalar(RESERVE)
            .bind(plain(host))
            .bind(micros(now).saturating_sub(behind))
            .bind(span(calls.interval, calls.count))
            .bind(micros(now).saturating_add(span(calls.patience, 1)))
            .fetch_optional(on))?;
        if let Some(at) = at {
            return Ok(Reserved::From(time("provider_calls.next_at", at)?.max(now)));
        }
        let next: Option<i64> = reading!(self.db, on =>
            sqlx::query_scalar(NEXT).bind(plain(host)).fetch_optional(on))?;
        let next = next.map(|at| time("provider_calls.next_at", at)).transpose()?;
        Ok(Reserved::NotBefore(next.unwrap_or(now).max(now)))
    }

    /// Lets no call out to this host before `until`, and from then on one each interval. A later pause that stands
    /// already is not shortened. Calls that were reserved before keep their times.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn pause_calls(&self, host: &str, until: Timestamp) -> Result<(), Error> {
        executing!(self.db, on =>
            sqlx::query(PAUSE).bind(plain(host)).bind(micros(until)).execute(on))?;
        Ok(())
    }
}

/// The microseconds of so many intervals.
fn span(interval: SignedDuration, times: u32) -> i64 {
    let one = i64::try_from(interval.as_micros()).unwrap_or(LONGEST);
    one.clamp(0, LONGEST).saturating_mul(i64::from(times)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_never_negative_and_never_too_long() {
        assert_eq!(span(SignedDuration::from_millis(5), 3), 15_000);
        assert_eq!(span(SignedDuration::from_millis(5), 0), 0);
        assert_eq!(span(SignedDuration::from_secs(-5), 3), 0);
        assert_eq!(span(SignedDuration::MAX, u32::MAX), LONGEST);
    }
}

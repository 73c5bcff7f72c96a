//! Hand-outs: which API token was handed the access tokens of which grant, by the minute.

use outlink_model::user::HandOut;
use outlink_model::{GrantId, Timestamp};

use crate::cell::{from_json, micros, number, parse, size, time, to_json};
use crate::db::{Tx, executing, executing_within, reading, within};
use crate::{Error, Listed, Page, Store};

/// How many addresses are kept of one minute.
const ADDRESSES: usize = 16;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT token_id, grant_id, minute, count, first_at, last_at, addresses FROM hand_outs
            WHERE (minute, token_id, grant_id) < ($1, $2, $3) ",
            $rest,
            " ORDER BY minute DESC, token_id DESC, grant_id DESC LIMIT $4"
        )
    };
}

const PAGE: &str = select!("");
const PAGE_OF_GRANT: &str = select!("AND grant_id = $5");

/// Adds to the row of this minute, or makes it. On PostgreSQL the row stays locked until the commit, so the addresses
/// that come back are still the row's when the new ones are written.
const MERGE: &str = "
    INSERT INTO hand_outs (token_id, grant_id, minute, count, first_at, last_at, addresses)
    VALUES ($1, $2, $3, $4, $5, $6, '[]')
    ON CONFLICT (token_id, grant_id, minute) DO UPDATE SET
        count = hand_outs.count + excluded.count,
        first_at = CASE WHEN excluded.first_at < hand_outs.first_at
            THEN excluded.first_at ELSE hand_outs.first_at END,
        last_at = CASE WHEN excluded.last_at > hand_outs.last_at
            THEN excluded.last_at ELSE hand_outs.last_at END
    RETURNING addresses";

const SET_ADDRESSES: &str = "
    UPDATE hand_outs SET addresses = $4 WHERE token_id = $1 AND grant_id = $2 AND minute = $3";

const SWEEP: &str = "DELETE FROM hand_outs WHERE minute < $1";

#[derive(sqlx::FromRow)]
struct HandOutRow {
    token_id: String,
    grant_id: String,
    minute: i64,
    count: i64,
    first_at: i64,
    last_at: i64,
    addresses: String,
}

impl HandOutRow {
    fn model(self) -> Result<HandOut, Error> {
        Ok(HandOut {
            token_id: parse("hand_outs.token_id", &self.token_id)?,
            grant_id: parse("hand_outs.grant_id", &self.grant_id)?,
            minute: time("hand_outs.minute", self.minute)?,
            count: number("hand_outs.count", self.count)?,
            first_at: time("hand_outs.first_at", self.first_at)?,
            last_at: time("hand_outs.last_at", self.last_at)?,
            addresses: from_json("hand_outs.addresses", &self.addresses)?,
        })
    }
}

impl Store {
    /// Adds these hand-outs to what is known of their minutes: counts are summed, first and last are the outermost, and
    /// addresses are united, up to 16. All of them or none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_hand_outs(&self, hand_outs: &[HandOut]) -> Result<(), Error> {
        if hand_outs.is_empty() {
            return Ok(());
        }
        // In one order on every node, so that no two wait for one another's rows.
        let mut all: Vec<&HandOut> = hand_outs.iter().collect();
        all.sort_by_key(|it| (it.minute, it.token_id, it.grant_id));
        let mut tx = self.db.begin().await?;
        for it in all {
            let (token, grant) = (it.token_id.to_string(), it.grant_id.to_string());
            let known: String = within!(tx, on => sqlx::query_scalar(MERGE)
                .bind(&token)
                .bind(&grant)
                .bind(micros(it.minute))
                .bind(size(it.count))
                .bind(micros(it.first_at))
                .bind(micros(it.last_at))
                .fetch_one(on))?;
            let mut addresses: Vec<String> = from_json("hand_outs.addresses", &known)?;
            if unite(&mut addresses, &it.addresses) {
                executing_within!(tx, on => sqlx::query(SET_ADDRESSES)
                    .bind(&token)
                    .bind(&grant)
                    .bind(micros(it.minute))
                    .bind(to_json(&addresses)?)
                    .execute(on))?;
            }
        }
        commit_aside(tx).await
    }

    /// Hand-outs, the newest first; of one grant, if one is named. A token or grant that they tell of may be gone.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn hand_outs(
        &self,
        grant: Option<GrantId>,
        page: &Page,
    ) -> Result<Listed<HandOut>, Error> {
        let (minute, token, of) = before(page);
        let rows: Vec<HandOutRow> = match grant {
            None => reading!(self.db, on => sqlx::query_as(PAGE)
                .bind(minute)
                .bind(token)
                .bind(of)
                .bind(page.rows())
                .fetch_all(on))?,
            Some(grant) => reading!(self.db, on => sqlx::query_as(PAGE_OF_GRANT)
                .bind(minute)
                .bind(token)
                .bind(of)
                .bind(page.rows())
                .bind(grant.to_string())
                .fetch_all(on))?,
        };
        page.listed(rows, HandOutRow::model, cursor)
    }

    /// Forgets the hand-outs of minutes before this time.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sweep_hand_outs(&self, before: Timestamp) -> Result<u64, Error> {
        Ok(executing!(self.db, on => sqlx::query(SWEEP).bind(micros(before)).execute(on))?)
    }
}

/// Makes counts lasting. The epoch goes on: whatever was read before is as exact as it was.
async fn commit_aside(tx: Tx) -> Result<(), Error> {
    match tx {
        Tx::Sqlite(tx, changes) => {
            changes.settle();
            tx.commit().await?;
        }
        Tx::Postgres(tx) => tx.commit().await?,
    }
    Ok(())
}

/// The row as a cursor names it: it has no id of its own.
fn cursor(it: &HandOut) -> String {
    format!("{}.{}.{}", micros(it.minute), it.token_id, it.grant_id)
}

/// What every wanted row comes before. A cursor that is none of ours begins at the newest.
fn before(page: &Page) -> (i64, &str, &str) {
    let after = page.after.as_deref().filter(|after| !after.contains('\0'));
    let parts = after.and_then(|after| {
        let (minute, ids) = after.split_once('.')?;
        let (token, grant) = ids.split_once('.')?;
        Some((minute.parse().ok()?, token, grant))
    });
    parts.unwrap_or((i64::MAX, "", ""))
}

/// Adds the addresses that are not yet known, as long as there is room. Whether there were any.
fn unite(known: &mut Vec<String>, more: &[String]) -> bool {
    let had = known.len();
    for address in more {
        if known.len() < ADDRESSES && !known.contains(address) {
            known.push(address.clone());
        }
    }
    known.len() > had
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_united_each_once_up_to_sixteen() {
        let texts = |range: std::ops::Range<u8>| range.map(|n| n.to_string()).collect::<Vec<_>>();
        let mut known = texts(0..3);
        assert!(!unite(&mut known, &texts(1..3)), "nothing new");
        assert!(unite(&mut known, &texts(2..5)));
        assert_eq!(known, texts(0..5));
        assert!(unite(&mut known, &texts(0..40)));
        assert_eq!(known, texts(0..16));
        assert!(!unite(&mut known, &texts(0..40)), "it is full");
    }

    #[test]
    fn a_cursor_is_read_and_a_strange_one_begins_anew() {
        let page = |after: &str| Page { limit: 5, after: Some(after.into()) };
        assert_eq!(before(&page("12.a.b")), (12, "a", "b"));
        for strange in ["", "12", "12.a", "x.a.b", "12.a\0.b"] {
            assert_eq!(before(&page(strange)), (i64::MAX, "", ""), "{strange:?}");
        }
    }
}

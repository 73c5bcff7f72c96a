//! Client secrets: one for each link as a rule, two while one takes over from the other.
//!
//! A row keeps its value for as long as it stands, so that bytes of an old copy of the database do not open in a row that
//! has come to hold another secret. Keeps **Secrets stay in**.

use outlink_model::event::Event;
use outlink_model::link::ClientSecret;
use outlink_model::{ClientSecretId, LinkId, Secret, Timestamp};

use crate::cell::{damaged, micros, parse, plain_some, time};
use crate::db::{Tx, executing_within, reading, within};
use crate::{Error, Store};

/// The name that secrets are sealed under. It is that of the column where they lay when a link had one only, since those
/// were moved here as they were.
pub(crate) const SECRET: &str = "links.client_secret";

const INSERT: &str = "
    INSERT INTO client_secrets (id, link_id, value, certificate, key_id, place, expires_at, refused_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const OF_LINK: &str = "
    SELECT id, value, refused_at FROM client_secrets WHERE link_id = $1 ORDER BY place, id";

/// What was said of another end says nothing of this one.
const UPDATE: &str = "
    UPDATE client_secrets SET certificate = $2, key_id = $3, place = $4,
        warned = CASE WHEN expires_at IS NOT DISTINCT FROM $5 THEN warned ELSE NULL END,
        expires_at = $5, refused_at = $6
    WHERE id = $1";

const DELETE: &str = "DELETE FROM client_secrets WHERE id = $1";

/// Takes the link's lock on PostgreSQL, so that two who see the same refusal do it one after the other. It counts as a
/// change, if the smallest: an edit that has read the older order must not put it back.
const LOCK: &str = "UPDATE links SET updated_at = updated_at + 1 WHERE id = $1";

const ORDER: &str = "UPDATE client_secrets SET place = $2, refused_at = $3 WHERE id = $1";

const ENDING: &str = "
    SELECT s.id, s.link_id, l.name AS link_name, s.expires_at, s.warned
    FROM client_secrets s JOIN links l ON l.id = s.link_id
    WHERE s.expires_at <= $1 AND l.enabled = 1
    ORDER BY s.expires_at, s.id";

const WARN: &str = "
    UPDATE client_secrets SET warned = $3 WHERE id = $1 AND warned IS NOT DISTINCT FROM $2";

/// A client secret that ends, or has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndingSecret {
    /// The link that it belongs to.
    pub link_id: LinkId,
    /// What that is called.
    pub link_name: String,
    /// The secret.
    pub id: ClientSecretId,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The last warning about that, in days before it.
    pub warned: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct SecretRow {
    id: String,
    value: Vec<u8>,
    refused_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct EndingRow {
    id: String,
    link_id: String,
    link_name: String,
    expires_at: i64,
    warned: Option<i64>,
}

impl EndingRow {
    fn model(self) -> Result<EndingSecret, Error> {
        Ok(EndingSecret {
            link_id: parse("client_secrets.link_id", &self.link_id)?,
            link_name: self.link_name,
            id: parse("client_secrets.id", &self.id)?,
            expires_at: time("client_secrets.expires_at", self.expires_at)?,
            warned: self.warned,
        })
    }
}

/// The secrets in the order of their use with `accepted` first, each with the time since when it is refused; `None` where
/// that is how they stand, or where one of the two is gone.
fn preferred(
    rows: &[SecretRow],
    accepted: &str,
    refused: &str,
    at: i64,
) -> Option<Vec<(String, Option<i64>)>> {
    let first = rows.iter().find(|row| row.id == accepted)?;
    let other = rows.iter().find(|row| row.id == refused && row.id != accepted)?;
    let done = rows.first()?.id == accepted && other.refused_at.is_some();
    if done && first.refused_at.is_none() {
        return None;
    }
    let rest = rows.iter().filter(|row| row.id != accepted).map(|row| {
        let since = if row.id == refused { row.refused_at.or(Some(at)) } else { row.refused_at };
        (row.id.clone(), since)
    });
    Some(std::iter::once((first.id.clone(), None)).chain(rest).collect())
}

impl Store {
    pub(crate) async fn insert_client_secret(
        &self,
        tx: &mut Tx,
        link: LinkId,
        place: i64,
        secret: &ClientSecret,
    ) -> Result<(), Error> {
        let value = self.vault.seal(SECRET, secret.id, &secret.value)?;
        executing_within!(*tx, on => sqlx::query(INSERT)
            .bind(secret.id.to_string())
            .bind(link.to_string())
            .bind(&value)
            .bind(plain_some(secret.certificate.as_deref()))
            .bind(plain_some(secret.key_id.as_deref()))
            .bind(place)
            .bind(secret.expires_at.map(micros))
            .bind(secret.refused_at.map(micros))
            .bind(micros(secret.created_at))
            .execute(on))?;
        Ok(())
    }

    /// Makes these the secrets of a link whose row the transaction has locked.
    pub(crate) async fn replace_client_secrets(
        &self,
        tx: &mut Tx,
        link: LinkId,
        secrets: &[ClientSecret],
    ) -> Result<(), Error> {
        let rows: Vec<SecretRow> = within!(*tx, on =>
            sqlx::query_as(OF_LINK).bind(link.to_string()).fetch_all(on))?;
        let id = |secret: &ClientSecret| secret.id.to_string();
        for gone in rows.iter().filter(|row| !secrets.iter().any(|new| id(new) == row.id)) {
            executing_within!(*tx, on => sqlx::query(DELETE).bind(&gone.id).execute(on))?;
        }
        for (place, secret) in (0..).zip(secrets) {
            let Some(row) = rows.iter().find(|row| row.id == id(secret)) else {
                self.insert_client_secret(tx, link, place, secret).await?;
                continue;
            };
            if !is_same(&self.vault.open(SECRET, &row.id, row.value.clone())?, &secret.value) {
                return Err(damaged("client_secrets.value", "another secret under the same id"));
            }
            executing_within!(*tx, on => sqlx::query(UPDATE)
                .bind(&row.id)
                .bind(plain_some(secret.certificate.as_deref()))
                .bind(plain_some(secret.key_id.as_deref()))
                .bind(place)
                .bind(secret.expires_at.map(micros))
                .bind(secret.refused_at.map(micros))
                .execute(on))?;
        }
        Ok(())
    }

    /// Writes that the provider accepted one secret of a link while it refused another: from now on the accepted one is
    /// used first. False if that is how they stand already, or one of them is gone.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn prefer_client_secret(
        &self,
        link: LinkId,
        accepted: ClientSecretId,
        refused: ClientSecretId,
        at: Timestamp,
    ) -> Result<bool, Error> {
        let mut tx = self.db.begin().await?;
        executing_within!(tx, on => sqlx::query(LOCK).bind(link.to_string()).execute(on))?;
        let rows: Vec<SecretRow> = within!(tx, on =>
            sqlx::query_as(OF_LINK).bind(link.to_string()).fetch_all(on))?;
        let (accepted, refused) = (accepted.to_string(), refused.to_string());
        let Some(order) = preferred(&rows, &accepted, &refused, micros(at)) else {
            return Ok(false);
        };
        for (place, (id, refused_at)) in (0_i64..).zip(order) {
            executing_within!(tx, on =>
                sqlx::query(ORDER).bind(&id).bind(place).bind(refused_at).execute(on))?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The secrets of enabled links that end before this time or with it, the first to end first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn secrets_that_end(&self, before: Timestamp) -> Result<Vec<EndingSecret>, Error> {
        let rows: Vec<EndingRow> = reading!(self.db, on =>
            sqlx::query_as(ENDING).bind(micros(before)).fetch_all(on))?;
        rows.into_iter().map(EndingRow::model).collect()
    }

    /// Writes that the warning of this many days before the end was given, and the event that gives it. `seen` is the
    /// warning before. False, and nothing is written, if somebody else gave one meanwhile.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn warn_secret(
        &self,
        id: ClientSecretId,
        seen: Option<i64>,
        days: i64,
        event: &Event,
    ) -> Result<bool, Error> {
        let mut tx = self.db.begin().await?;
        let done = executing_within!(tx, on => sqlx::query(WARN)
            .bind(id.to_string())
            .bind(seen)
            .bind(days)
            .execute(on))?;
        if done == 0 {
            return Ok(false);
        }
        self.insert_event(&mut tx, event).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Whoever compares has both already, so how long it takes tells nobody anything.
fn is_same(a: &Secret, b: &Secret) -> bool {
    a.expose() == b.expose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(all: &[(&str, Option<i64>)]) -> Vec<SecretRow> {
        let row = |(id, refused_at): &(&str, Option<i64>)| SecretRow {
            id: (*id).into(),
            value: Vec::new(),
            refused_at: *refused_at,
        };
        all.iter().map(row).collect()
    }

    #[test]
    fn the_accepted_secret_comes_first_and_the_first_refusal_counts() {
        let order = |all: &[(&str, Option<i64>)], accepted: &str, refused: &str| {
            preferred(&rows(all), accepted, refused, 9).map(|order| {
                order
                    .into_iter()
                    .map(|(id, at)| format!("{id}:{at:?}"))
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        };
        let table = [
            (vec![("old", None), ("new", None)], "new", "old", Some("new:None old:Some(9)")),
            (vec![("old", Some(1)), ("new", None)], "new", "old", Some("new:None old:Some(1)")),
            (vec![("new", None), ("old", None)], "new", "old", Some("new:None old:Some(9)")),
            (vec![("new", None), ("old", Some(1))], "new", "old", None),
            (
                vec![("a", None), ("b", Some(2)), ("c", Some(3))],
                "c",
                "a",
                Some("c:None a:Some(9) b:Some(2)"),
            ),
            (vec![("old", None)], "new", "old", None),
            (vec![("new", None)], "new", "old", None),
            (vec![("new", None)], "new", "new", None),
        ];
        for (all, accepted, refused, expected) in table {
            assert_eq!(order(&all, accepted, refused).as_deref(), expected, "{all:?}");
        }
    }
}

//! Mail servers that bring no mail and that nobody has switched off.

use outlink_model::mail_server::MailServer;

use super::{ServerRow, columns};
use crate::cell::number;
use crate::db::reading;
use crate::{Error, Store};

/// One without a sign-in has been paused by whoever took that away, not by somebody who wants no mail from it.
macro_rules! troubled {
    () => {
        " FROM mail_servers
        WHERE deleted_at IS NULL
            AND ((grant_id IS NULL AND password IS NULL) OR (trouble IS NOT NULL AND paused = 0))"
    };
}

/// Who must act is looked for as it stands in the cell, with its name and its quotes: no other text can hold those, since
/// quotes within a text are escaped.
const FIRST: &str = concat!(
    "SELECT ",
    columns!(),
    troubled!(),
    " ORDER BY CASE WHEN REPLACE(trouble, '\"actor\":\"nobody\"', '') <> trouble THEN 1 ELSE 0 END, id
    LIMIT $1"
);

const COUNT: &str = concat!("SELECT COUNT(*)", troubled!());

impl Store {
    /// The first mail servers that have nothing to sign in with, or that fail and are not paused: those that wait for
    /// somebody before those that are tried again by themselves, the oldest first. And how many there are in all.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn troubled_mail_servers(&self, limit: u32) -> Result<(Vec<MailServer>, u64), Error> {
        let rows: Vec<ServerRow> = reading!(self.db, on =>
            sqlx::query_as(FIRST).bind(i64::from(limit)).fetch_all(on))?;
        let first: Result<Vec<_>, Error> =
            rows.into_iter().map(|row| row.model(&self.vault)).collect();
        let count: i64 = reading!(self.db, on => sqlx::query_scalar(COUNT).fetch_one(on))?;
        Ok((first?, number("mail_servers", count)?))
    }
}

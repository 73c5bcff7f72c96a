//! Statements that are put off until somebody asks for something, and then go to SQLite as one.
//!
//! SQLite runs on a thread of its own, and each statement costs the way there and back. Two threads that wake one another
//! take longer than most of our statements do.

use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Execute, Sqlite};

use crate::db::Tx;
use crate::{Error, cell};

/// The most that is put off.
const MOST: usize = 16;

/// What is to be written. PostgreSQL takes one statement at a time, so there nothing is ever put off.
#[derive(Default)]
pub(crate) struct Later {
    /// The statements, each with a semicolon behind it, and their parameters numbered through.
    text: String,
    arguments: SqliteArguments,
    parameters: usize,
    statements: usize,
    /// A statement that was put off failed: without it, what came after it must not be committed.
    has_failed: bool,
}

/// Runs a statement that returns nothing, on SQLite together with the next one that returns something:
/// `later!(self, TEXT, query => query.bind(a).bind(b))` within an [`crate::Intake`]. What is wrong with it, whoever asks
/// next is told, or the end of the savepoint or of the intake.
macro_rules! later {
    ($intake:expr, $text:expr, $query:ident => $bound:expr) => {
        match $intake.put_off() {
            ($crate::db::Tx::Sqlite(..), later) => {
                let $query = later.next();
                let bound = $bound;
                later.add($text, bound)?;
                if later.is_full() {
                    $intake.on().await?;
                }
            }
            ($crate::db::Tx::Postgres(tx), _) => {
                let $query = sqlx::query($text);
                $bound
                    .execute(&mut **tx)
                    .await
                    .map_err(|error| $crate::Error::taken(error, "place"))?;
            }
        }
    };
}

pub(crate) use later;

type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

impl Later {
    /// What the parameters of the next statement are bound to.
    pub(crate) fn next(&mut self) -> Query {
        sqlx::query_with("", std::mem::take(&mut self.arguments))
    }

    /// Adds a statement, whose parameters have been bound to [`Later::next`].
    pub(crate) fn add(&mut self, text: &'static str, mut bound: Query) -> Result<(), Error> {
        let arguments =
            bound.take_arguments().map_err(|error| cell::damaged("a parameter", error))?;
        self.arguments = arguments.unwrap_or_default();
        self.parameters += renumber(&mut self.text, text, self.parameters);
        self.statements += 1;
        Ok(())
    }

    pub(crate) fn is_full(&self) -> bool {
        self.statements >= MOST
    }

    /// Writes what was put off.
    pub(crate) async fn run(&mut self, tx: &mut Tx) -> Result<(), Error> {
        if self.has_failed {
            return Err(Error::Broken("a statement before this one has failed".to_owned()));
        }
        let Tx::Sqlite(tx, _) = tx else { return Ok(()) };
        if self.statements == 0 {
            return Ok(());
        }
        let Self { text, arguments, .. } = std::mem::take(self);
        // It is put together of our own texts alone, and there are few ways to do so: each is prepared once.
        let done = sqlx::query_with(AssertSqlSafe(text), arguments).execute(&mut **tx).await;
        self.has_failed = done.is_err();
        done.map_err(|error| Error::taken(error, "place"))?;
        Ok(())
    }
}

/// Appends a statement whose parameters are numbered from 1 (`$1`), with numbers that go on behind so many others. Returns
/// how many parameters it has.
fn renumber(into: &mut String, text: &str, others: usize) -> usize {
    let mut most = 0;
    let mut parts = text.split('$');
    into.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = part[..digits].parse().unwrap_or_default();
        most = most.max(number);
        into.push('$');
        into.push_str(&(number + others).to_string());
        into.push_str(&part[digits..]);
    }
    into.push(';');
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_through() {
        let mut text = String::new();
        let first = renumber(&mut text, "INSERT INTO a VALUES ($1, $2, $2)", 0);
        let second = renumber(&mut text, "UPDATE b SET c = $12 WHERE d = $1", first);
        assert_eq!((first, second), (2, 12));
        assert_eq!(text, "INSERT INTO a VALUES ($1, $2, $2);UPDATE b SET c = $14 WHERE d = $3;");
    }
}

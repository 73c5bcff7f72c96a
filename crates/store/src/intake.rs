//! Intake: one write transaction that carries many messages, each in its savepoint.
//!
//! Keeps **A message counts once**: a message's row, its raw bytes, the issue or comment that it made and the folder's
//! cursor are committed together or not at all. What an intake can write stands in the files of the tables.

use crate::db::{Tx, executing_within};
use crate::{Error, Store};

/// A write transaction for incoming messages. Dropped without [`Intake::commit`], it is rolled back.
///
/// On SQLite every other write waits for it, so nothing slow may happen between its calls: no network, no parsing, no
/// compressing.
///
/// After an error within a savepoint, [`Intake::rollback_to_savepoint`] makes the transaction usable again; after one
/// outside of a savepoint it is lost.
pub struct Intake {
    pub(crate) tx: Tx,
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Intake")
    }
}

impl Store {
    /// Begins an intake.
    ///
    /// # Errors
    /// [`Error::Away`] if others write for longer than we wait.
    pub async fn intake(&self) -> Result<Intake, Error> {
        Ok(Intake { tx: self.db.begin().await? })
    }
}

impl Intake {
    /// Begins a message. There is one savepoint at a time.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn savepoint(&mut self) -> Result<(), Error> {
        self.run("SAVEPOINT message").await
    }

    /// Takes back everything since [`Intake::savepoint`], and ends it. What was written before stays.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn rollback_to_savepoint(&mut self) -> Result<(), Error> {
        self.run("ROLLBACK TO SAVEPOINT message").await?;
        self.run("RELEASE SAVEPOINT message").await
    }

    /// Ends a message that went well.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn release_savepoint(&mut self) -> Result<(), Error> {
        self.run("RELEASE SAVEPOINT message").await
    }

    /// Makes everything lasting. Only now may the mail server be told.
    ///
    /// # Errors
    /// Those of the database; then nothing was written. After [`Error::Away`] it is not known: what is known can be
    /// asked by [`Intake::known_place`] in a new intake.
    pub async fn commit(self) -> Result<(), Error> {
        self.tx.commit().await
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), Error> {
        executing_within!(self.tx, on => sqlx::query(statement).execute(on))?;
        Ok(())
    }
}

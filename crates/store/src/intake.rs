//! Intake: one write transaction that carries many messages, each in its savepoint where one of them may go wrong.
//!
//! Keeps **A message counts once**: a message's row, its raw bytes, the issue or comment that it made and the folder's
//! cursor are committed together or not at all. What an intake can write stands in the files of the tables.
//!
//! A statement costs a way to the database and back, which is more than most of ours take there. So rows that nothing
//! within the transaction asks for are written together, at the end of it or of the savepoint, and what cannot change
//! meanwhile is asked once.

use std::collections::HashMap;

use outlink_model::ProjectId;
use outlink_model::tracker::{Attachment, Person};

use crate::db::{Tx, executing_within};
use crate::issues::Numbers;
use crate::{Error, Store};

mod later;

pub(crate) use later::{Later, later};

/// A write transaction for incoming messages. Dropped without [`Intake::commit`], it is rolled back.
///
/// On SQLite every other write waits for it, so nothing slow may happen between its calls: no network, no parsing, no
/// compressing.
///
/// After an error within a savepoint, [`Intake::rollback_to_savepoint`] makes the transaction usable again; after one
/// outside of a savepoint it is lost.
pub struct Intake {
    tx: Tx,
    pub(crate) kept: Kept,
}

/// What an intake has still to write, and what it need not ask again.
#[derive(Default)]
pub(crate) struct Kept {
    /// Addresses that get a part in an issue: (issue, address).
    pub(crate) involved: Vec<(String, String)>,
    /// Attachments, whose issue and message are written before them.
    pub(crate) attachments: Vec<Attachment>,
    /// The numbers of the projects in which issues were made. Nobody else takes one meanwhile.
    pub(crate) numbers: HashMap<ProjectId, Numbers>,
    /// People by their addresses; where it is known that nobody has an address, nobody.
    pub(crate) people: HashMap<String, Option<Person>>,
    /// Statements that return nothing, and go to SQLite together.
    pub(crate) later: Later,
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
        Ok(Intake { tx: self.db.begin().await?, kept: Kept::default() })
    }
}

impl Intake {
    /// The transaction. What was put off is written before, so that whoever asks finds it.
    pub(crate) async fn on(&mut self) -> Result<&mut Tx, Error> {
        self.kept.later.run(&mut self.tx).await?;
        Ok(&mut self.tx)
    }

    /// The transaction, to see whose it is.
    pub(crate) fn tx(&self) -> &Tx {
        &self.tx
    }

    /// The transaction and what goes into it later.
    pub(crate) fn put_off(&mut self) -> (&mut Tx, &mut Later) {
        (&mut self.tx, &mut self.kept.later)
    }

    /// Begins a message. There is one savepoint at a time.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn savepoint(&mut self) -> Result<(), Error> {
        self.write_kept().await?;
        self.run("SAVEPOINT message").await
    }

    /// Takes back everything since [`Intake::savepoint`], and ends it. What was written before stays.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn rollback_to_savepoint(&mut self) -> Result<(), Error> {
        self.kept = Kept::default();
        self.run("ROLLBACK TO SAVEPOINT message").await?;
        self.run("RELEASE SAVEPOINT message").await
    }

    /// Ends a message that went well.
    ///
    /// # Errors
    /// Those of the database; [`Error::Missing`] if something that an attachment or a part in an issue names is not there.
    pub async fn release_savepoint(&mut self) -> Result<(), Error> {
        self.write_kept().await?;
        self.run("RELEASE SAVEPOINT message").await
    }

    /// Makes everything lasting. Only now may the mail server be told.
    ///
    /// # Errors
    /// Those of the database; then nothing was written. After [`Error::Away`] it is not known: what is known can be
    /// asked by [`Intake::known_uids`] in a new intake.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.write_kept().await?;
        self.on().await?;
        self.tx.commit().await
    }

    /// Writes what has been kept back.
    async fn write_kept(&mut self) -> Result<(), Error> {
        self.write_involved().await?;
        self.write_attachments().await?;
        self.write_numbers().await
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), Error> {
        executing_within!(*self.on().await?, on => sqlx::query(statement).execute(on))?;
        Ok(())
    }
}

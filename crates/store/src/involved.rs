//! Who has a part in an issue: the addresses that wrote or were written to in it, and the people who watch it.

use outlink_model::tracker::Person;
use outlink_model::{IssueId, PersonId};

use crate::cell::plain;
use crate::db::{executing_within, reading, within};
use crate::people::PersonRow;
use crate::{Error, Intake, Store};

/// Octets of an address (RFC 5321 §4.5.3.1). What is longer cannot have written, and an index of PostgreSQL would
/// refuse it some day.
const LONGEST: usize = 320;

const INVOLVE: &str = "
    INSERT INTO involved (issue_id, address)
    VALUES ($1, $2), ($3, $4), ($5, $6), ($7, $8), ($9, $10), ($11, $12), ($13, $14), ($15, $16)
    ON CONFLICT (issue_id, address) DO NOTHING";

/// How many addresses one statement writes.
const AT_ONCE: usize = 8;

const IS_INVOLVED: &str = "SELECT COUNT(*) FROM involved WHERE issue_id = $1 AND address = $2";

const OF_ISSUE: &str = "SELECT address FROM involved WHERE issue_id = $1 ORDER BY address";

const WATCH: &str = "
    INSERT INTO watchers (issue_id, person_id) VALUES ($1, $2)
    ON CONFLICT (issue_id, person_id) DO NOTHING";

const WATCHERS: &str = "
    SELECT p.id, p.address, p.name FROM watchers w JOIN people p ON p.id = w.person_id
    WHERE w.issue_id = $1 ORDER BY p.address";

impl Store {
    /// Every address that has a part in an issue, in lower case, in the order of the alphabet.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn involved(&self, issue: IssueId) -> Result<Vec<String>, Error> {
        Ok(reading!(self.db, on =>
            sqlx::query_scalar(OF_ISSUE).bind(issue.to_string()).fetch_all(on))?)
    }

    /// The people who watch an issue, in the order of their addresses.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn watchers(&self, issue: IssueId) -> Result<Vec<Person>, Error> {
        let rows: Vec<PersonRow> = reading!(self.db, on =>
            sqlx::query_as(WATCHERS).bind(issue.to_string()).fetch_all(on))?;
        rows.into_iter().map(PersonRow::model).collect()
    }
}

impl Intake {
    /// Gives these addresses, in lower case, a part in an issue. Those that had one already stay, and what is empty or
    /// longer than an address can be is passed over. That there is no such issue is told at the end of the savepoint or of
    /// the intake.
    pub fn involve(&mut self, issue: IssueId, addresses: &[String]) {
        let usable = addresses.iter().filter(|address| (1..=LONGEST).contains(&address.len()));
        let issue = issue.to_string();
        self.kept
            .involved
            .extend(usable.map(|address| (issue.clone(), plain(address).into_owned())));
    }

    pub(crate) async fn write_involved(&mut self) -> Result<(), Error> {
        let mut involved = std::mem::take(&mut self.kept.involved);
        // In one order, so that two intakes on PostgreSQL never wait for one another in a circle.
        involved.sort_unstable();
        involved.dedup();
        for some in involved.chunks(AT_ONCE) {
            executing_within!(*self.on().await?, on => {
                let mut query = sqlx::query(INVOLVE);
                // The last one fills the places that are left over.
                for at in 0..AT_ONCE {
                    let (issue, address) = &some[at.min(some.len() - 1)];
                    query = query.bind(issue).bind(address);
                }
                query.execute(on)
            })?;
        }
        Ok(())
    }

    /// Whether this address, in lower case, has a part in an issue.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_involved(&mut self, issue: IssueId, address: &str) -> Result<bool, Error> {
        let (issue, address) = (issue.to_string(), plain(address));
        if self.is_kept_involved(&issue, &address) {
            return Ok(true);
        }
        let count: i64 = within!(*self.on().await?, on => sqlx::query_scalar(IS_INVOLVED)
            .bind(&issue)
            .bind(&address)
            .fetch_one(on))?;
        Ok(count > 0)
    }

    /// Whether that is still to be written.
    pub(crate) fn is_kept_involved(&self, issue: &str, address: &str) -> bool {
        self.kept.involved.iter().any(|(of, kept)| of == issue && kept == address)
    }

    /// Lets a person watch an issue. Doing it again changes nothing.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such issue or person.
    pub async fn watch(&mut self, issue: IssueId, person: PersonId) -> Result<(), Error> {
        executing_within!(*self.on().await?, on => sqlx::query(WATCH)
            .bind(issue.to_string())
            .bind(person.to_string())
            .execute(on))?;
        Ok(())
    }
}

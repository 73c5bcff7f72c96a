//! People: who wrote to us, one row for each address.

use std::borrow::Cow;

use outlink_model::PersonId;
use outlink_model::tracker::Person;

use crate::cell::{parse, plain};
use crate::db::{reading, within};
use crate::{Error, Intake, Store};

const FIND: &str = "SELECT id, address, name FROM people WHERE address = $1";

/// How many addresses this looks for.
const AT_ONCE: usize = 16;

const FIND_MORE: &str = "
    SELECT id, address, name FROM people
    WHERE address IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

const UPSERT: &str = "
    INSERT INTO people (id, address, name) VALUES ($1, $2, $3)
    ON CONFLICT (address) DO UPDATE SET name = excluded.name
    RETURNING id, address, name";

#[derive(sqlx::FromRow)]
pub(crate) struct PersonRow {
    id: String,
    address: String,
    name: String,
}

impl PersonRow {
    pub(crate) fn model(self) -> Result<Person, Error> {
        person(&self.id, self.address, self.name)
    }
}

/// Makes a person of the columns that a join brings.
pub(crate) fn person(id: &str, address: String, name: String) -> Result<Person, Error> {
    Ok(Person { id: parse("people.id", id)?, address, name })
}

impl Store {
    /// The person with this address, in lower case.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn person_by_address(&self, address: &str) -> Result<Option<Person>, Error> {
        let row: Option<PersonRow> = reading!(self.db, on =>
            sqlx::query_as(FIND).bind(plain(address)).fetch_optional(on))?;
        row.map(PersonRow::model).transpose()
    }
}

impl Intake {
    /// The person with this address, in lower case, also if this very transaction made it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn known_person(&mut self, address: &str) -> Result<Option<Person>, Error> {
        let address = plain(address);
        if let Some(person) = self.kept.people.get(address.as_ref()) {
            return Ok(person.clone());
        }
        let row: Option<PersonRow> = within!(*self.on().await?, on =>
            sqlx::query_as(FIND).bind(&address).fetch_optional(on))?;
        let person = row.map(PersonRow::model).transpose()?;
        self.kept.people.insert(address.into_owned(), person.clone());
        Ok(person)
    }

    /// The person with this address, in lower case, who is made with `new_id` if nobody has it. A name that is not
    /// empty takes the place of the one seen before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn person(
        &mut self,
        address: &str,
        name: &str,
        new_id: PersonId,
    ) -> Result<Person, Error> {
        let (address, name) = (plain(address), plain(name));
        // Most mail comes from people we know by the name we know: reading first leaves their rows unlocked, so that
        // two intakes on PostgreSQL do not wait for one another over a busy sender.
        if let Some(known) = self.known_person(&address).await?
            && (name.is_empty() || known.name == name)
        {
            return Ok(known);
        }
        let row: PersonRow = within!(*self.on().await?, on => sqlx::query_as(UPSERT)
            .bind(new_id.to_string())
            .bind(&address)
            .bind(&name)
            .fetch_one(on))?;
        let person = row.model()?;
        self.kept.people.insert(person.address.clone(), Some(person.clone()));
        Ok(person)
    }

    /// Looks up many people at once, for [`Intake::known_person`] and [`Intake::person`] to be answered without asking. The
    /// addresses are in lower case.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn look_up_people(&mut self, addresses: &[String]) -> Result<(), Error> {
        let addresses: Vec<Cow<'_, str>> = addresses.iter().map(|address| plain(address)).collect();
        for some in addresses.chunks(AT_ONCE) {
            let rows: Vec<PersonRow> = within!(*self.on().await?, on => {
                let mut query = sqlx::query_as(FIND_MORE);
                // The last one fills the places that are left over.
                for at in 0..AT_ONCE {
                    query = query.bind(&some[at.min(some.len() - 1)]);
                }
                query.fetch_all(on)
            })?;
            for address in some {
                self.kept.people.entry(address.to_string()).or_default();
            }
            for row in rows {
                let person = row.model()?;
                self.kept.people.insert(person.address.clone(), Some(person));
            }
        }
        Ok(())
    }
}

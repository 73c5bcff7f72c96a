//! The lists of senders that hold for all handlers.

use outlink_model::SenderRuleId;
use outlink_model::handler::{ListedRule, SenderList, SenderLists};

use crate::cell::{micros, parse, plain, time};
use crate::db::{executing, found, reading};
use crate::{Error, Listed, Page, Store};

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, list, rule, created_at FROM sender_rules ", $rest)
    };
}

const ALL: &str = select!("ORDER BY id");
const PAGE: &str = select!("WHERE id > $1 ORDER BY id LIMIT $2");
const PAGE_OF_LIST: &str = select!("WHERE list = $3 AND id > $1 ORDER BY id LIMIT $2");

const INSERT: &str =
    "INSERT INTO sender_rules (id, list, rule, created_at) VALUES ($1, $2, $3, $4)";

const DELETE: &str = "DELETE FROM sender_rules WHERE id = $1";

#[derive(sqlx::FromRow)]
struct RuleRow {
    id: String,
    list: String,
    rule: String,
    created_at: i64,
}

impl RuleRow {
    fn model(self) -> Result<ListedRule, Error> {
        Ok(ListedRule {
            id: parse("sender_rules.id", &self.id)?,
            list: parse("sender_rules.list", &self.list)?,
            rule: parse("sender_rules.rule", &self.rule)?,
            created_at: time("sender_rules.created_at", self.created_at)?,
        })
    }
}

impl Store {
    /// Rules, the oldest first; of one list, if one is named.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sender_rules(
        &self,
        list: Option<SenderList>,
        page: &Page,
    ) -> Result<Listed<ListedRule>, Error> {
        let rows: Vec<RuleRow> = match list {
            None => reading!(self.db, on =>
                sqlx::query_as(PAGE).bind(page.above()).bind(page.rows()).fetch_all(on))?,
            Some(list) => reading!(self.db, on => sqlx::query_as(PAGE_OF_LIST)
                .bind(page.above())
                .bind(page.rows())
                .bind(list.as_str())
                .fetch_all(on))?,
        };
        page.listed(rows, RuleRow::model, |rule| rule.id)
    }

    /// Every rule of both lists.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sender_lists(&self) -> Result<SenderLists, Error> {
        let rows: Vec<RuleRow> = reading!(self.db, on => sqlx::query_as(ALL).fetch_all(on))?;
        let mut lists = SenderLists::default();
        for row in rows {
            let ListedRule { list, rule, .. } = row.model()?;
            match list {
                SenderList::Allow => lists.allow.push(rule),
                SenderList::Deny => lists.deny.push(rule),
            }
        }
        Ok(lists)
    }

    /// Adds a rule.
    ///
    /// # Errors
    /// [`Error::Taken`] with `rule` if it stands on that list.
    pub async fn create_sender_rule(&self, rule: &ListedRule) -> Result<(), Error> {
        let text = rule.rule.to_string();
        executing!(self.db, on => sqlx::query(INSERT)
            .bind(rule.id.to_string())
            .bind(rule.list.as_str())
            .bind(plain(&text))
            .bind(micros(rule.created_at))
            .execute(on))
        .map_err(|error| Error::taken(error, "rule"))?;
        Ok(())
    }

    /// Deletes a rule.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn delete_sender_rule(&self, id: SenderRuleId) -> Result<(), Error> {
        found(executing!(self.db, on => sqlx::query(DELETE).bind(id.to_string()).execute(on))?)
    }
}

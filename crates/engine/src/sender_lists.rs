//! The lists of senders that hold for every handler.

use outlink_model::event::Event;
use outlink_model::grant::Actor;
use outlink_model::handler::{ListedRule, SenderList};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_store::Error as StoreError;

use crate::{Caller, Engine, Error, Listed, Page, clock, handlers};

/// Rules on both lists together. Each message is held against all of them.
const MOST: u32 = 5000;

impl Engine {
    /// The rules, the oldest first; of one list, if one is named.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn sender_rules(
        &self,
        list: Option<SenderList>,
        page: Page,
    ) -> Result<Listed<ListedRule>, Error> {
        Ok(self.store().sender_rules(list, &page).await?)
    }

    /// Adds a rule: an address, a domain or a pattern.
    ///
    /// # Errors
    /// A [`Problem`] at `rule` where it is none, or stands on that list already.
    pub async fn add_sender_rule(
        &self,
        list: SenderList,
        rule: &str,
        by: &Caller,
    ) -> Result<ListedRule, Error> {
        let rule = handlers::rule("rule", rule)?;
        let lists = self.store().sender_lists().await?;
        if lists.allow.len() + lists.deny.len() >= MOST as usize {
            return Err(Problem::new(
                ProblemKind::Conflict,
                "sender_rules_too_many",
                format!("There are {MOST} rules about senders already, and no more are taken."),
                "Write one rule for a whole domain in place of many for its addresses.",
            )
            .into());
        }
        let rule = ListedRule { id: clock::id(), list, rule, created_at: self.now() };
        self.store().create_sender_rule(&rule).await.map_err(|error| match error {
            StoreError::Taken(_) => Error::from(taken(&rule)),
            error => error.into(),
        })?;
        self.record(Event {
            kind: "sender_rule.added".into(),
            subject: format!("sender rule {}", rule.rule),
            message: format!(
                "{} put {} on the {} list of senders, which holds for every handler.",
                by.name(),
                rule.rule,
                rule.list
            ),
            ..self.event(Actor::Nobody)
        })
        .await;
        Ok(rule)
    }

    /// Takes a rule off its list. It is named by its id, or as it is written where it stands on one list alone.
    ///
    /// # Errors
    /// [`Problem::not_found`]; a [`Problem`] where it stands on both lists.
    pub async fn remove_sender_rule(&self, named: &str, by: &Caller) -> Result<(), Error> {
        let missing = || Problem::not_found("sender rule", named);
        let text = named.trim().to_lowercase();
        let is_named =
            |rule: &ListedRule| rule.id.to_string() == text || rule.rule.to_string() == text;
        let mut named_so = Vec::new();
        let mut page = Page { limit: 1000, after: None };
        loop {
            let Listed { items, next } = self.store().sender_rules(None, &page).await?;
            named_so.extend(items.into_iter().filter(is_named));
            match next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        let mut found = named_so.into_iter();
        let rule = found.next().ok_or_else(missing)?;
        if found.next().is_some() {
            return Err(Problem::new(
                ProblemKind::Conflict,
                "sender_rule_ambiguous",
                format!("{} stands on both lists.", rule.rule),
                "Name the one that is meant by its id.",
            )
            .into());
        }
        self.store().delete_sender_rule(rule.id).await.map_err(|error| match error {
            StoreError::Missing => Error::from(missing()),
            error => error.into(),
        })?;
        self.record(Event {
            kind: "sender_rule.deleted".into(),
            subject: format!("sender rule {}", rule.rule),
            message: format!(
                "{} took {} off the {} list of senders.",
                by.name(),
                rule.rule,
                rule.list
            ),
            ..self.event(Actor::Nobody)
        })
        .await;
        Ok(())
    }
}

fn taken(rule: &ListedRule) -> Problem {
    Problem {
        field: Some("rule"),
        ..Problem::new(
            ProblemKind::Conflict,
            "sender_rule_taken",
            format!("{} stands on the {} list already.", rule.rule, rule.list),
            "Nothing needs to be done.",
        )
    }
}

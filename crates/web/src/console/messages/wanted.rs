//! Which messages are wanted: the filters of the processing log, which stay on its next pages.

use outlink_engine::messages::MessagesWanted;
use outlink_model::message::Outcome;
use serde::Deserialize;

use super::super::filter::{FilterLink, set};
use crate::app::App;
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::period;
use crate::form::{Choice, Form, choice};
use crate::page::with_query;
use crate::words::outcome_badge;

/// As the address says it. An empty filter is none: browsers send every field of a form.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct MessagesQuery {
    pub(crate) mail_server: Option<String>,
    pub(crate) handler: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) sender: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) since: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) limit: Option<u32>,
    pub(crate) after: Option<String>,
}

impl MessagesQuery {
    /// Each filter by its name; `None` where it does not matter.
    pub(super) fn filters(&self) -> [(&'static str, Option<&str>); 8] {
        [
            ("mail_server", set(&self.mail_server)),
            ("handler", set(&self.handler)),
            ("project", set(&self.project)),
            ("outcome", set(&self.outcome)),
            ("sender", set(&self.sender)),
            ("text", set(&self.text)),
            ("since", set(&self.since)),
            ("until", set(&self.until)),
        ]
    }

    /// Whether more is asked for than what became of them.
    pub(super) fn is_narrow(&self) -> bool {
        self.filters().iter().any(|(name, value)| *name != "outcome" && value.is_some())
    }
}

/// The filters as the engine takes them.
pub(super) fn wanted(query: &MessagesQuery) -> Result<MessagesWanted, ApiError> {
    let own = |text: &Option<String>| set(text).map(str::to_owned);
    let (since, until) = period(set(&query.since), set(&query.until))?;
    Ok(MessagesWanted {
        mail_server: own(&query.mail_server),
        handler: own(&query.handler),
        project: own(&query.project),
        outcome: optional_choice("outcome", set(&query.outcome))?,
        sender: own(&query.sender),
        text: own(&query.text),
        since,
        until,
    })
}

/// The filters as a form holds them. What is named by its name is chosen by its id.
pub(super) async fn form(app: &App, query: &MessagesQuery) -> Result<Form, ApiError> {
    let mut form = query
        .filters()
        .into_iter()
        .fold(Form::new(&[]), |form, (name, value)| form.with(name, value.unwrap_or_default()));
    if let Some(named) = set(&query.mail_server) {
        let known = app.engine().known_mail_server(named).await?;
        form = form.with("mail_server", known.server.id.to_string());
    }
    if let Some(named) = set(&query.handler) {
        form = form.with("handler", app.engine().handler(named).await?.id.to_string());
    }
    if let Some(named) = set(&query.project) {
        form = form.with("project", app.engine().project(named).await?.id.to_string());
    }
    Ok(form)
}

/// What may have become of them, to choose from.
pub(crate) fn outcomes() -> Vec<Choice> {
    let each = Outcome::ALL.into_iter();
    let mut all = vec![choice("", "any")];
    all.extend(each.map(|outcome| choice(outcome.as_str(), outcome_badge(outcome).text)));
    all
}

/// The ways that are one click away; the other filters stay beside them.
pub(crate) fn ways(query: &MessagesQuery) -> Vec<FilterLink> {
    let some = [Outcome::Quarantined, Outcome::Unhandled, Outcome::Rejected];
    let ways = std::iter::once(None).chain(some.into_iter().map(Some));
    let now = set(&query.outcome);
    let way = |outcome: Option<Outcome>| {
        let word = outcome.map(|outcome| outcome.as_str());
        let others = query.filters().into_iter().filter(|(name, _)| *name != "outcome");
        let parts: Vec<_> = others.chain([("outcome", word)]).collect();
        FilterLink {
            href: with_query("/messages", &parts),
            label: outcome.map_or("All", |outcome| outcome_badge(outcome).text),
            current: word == now,
        }
    };
    ways.map(way).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_keeps_the_other_filters_and_leaves_out_empty_ones() {
        let query = MessagesQuery {
            outcome: Some("rejected".into()),
            sender: Some(" a&b@example.org ".into()),
            text: Some(" ".into()),
            ..MessagesQuery::default()
        };
        let ways = ways(&query);
        assert_eq!(ways[0].href, "/messages?sender=a%26b%40example.org");
        assert_eq!(ways[1].href, "/messages?sender=a%26b%40example.org&outcome=quarantined");
        let current: Vec<_> = ways.iter().filter(|way| way.current).map(|way| way.label).collect();
        assert_eq!(current, ["Rejected"]);
        assert!(query.is_narrow());
        assert!(!MessagesQuery { sender: None, ..query }.is_narrow());
    }

    #[test]
    fn a_wrong_filter_is_told_at_its_field() {
        let wrong = |query: MessagesQuery| wanted(&query).unwrap_err().field;
        let since = MessagesQuery { since: Some("soon".into()), ..MessagesQuery::default() };
        assert_eq!(wrong(since).as_deref(), Some("since"));
        let outcome = MessagesQuery { outcome: Some("eaten".into()), ..MessagesQuery::default() };
        assert_eq!(wrong(outcome).as_deref(), Some("outcome"));
    }
}

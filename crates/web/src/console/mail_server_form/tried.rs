//! What would become of the newest mail, as a test shows it.

use std::collections::HashMap;

use outlink_engine::intake::Trial;
use outlink_model::HandlerId;
use outlink_model::message::Outcome;
use serde::Serialize;

use crate::app::App;
use crate::console::issues::subject;
use crate::error::ApiError;
use crate::names::known;
use crate::words::{Badge, When, outcome_badge};

/// One message that was tried.
#[derive(Debug, Serialize)]
pub(crate) struct TriedRow {
    pub(crate) date: Option<When>,
    pub(crate) from: String,
    pub(crate) subject: String,
    pub(crate) badge: Badge,
    /// The issue that it belongs to. One that would be made has no key yet.
    pub(crate) issue: Option<String>,
    pub(crate) handler: Option<String>,
    pub(crate) reason: String,
    /// The handlers that would leave it, each with why.
    pub(crate) left: Vec<String>,
}

/// The rows of a test.
pub(crate) async fn tried(app: &App, newest: Vec<Trial>) -> Result<Vec<TriedRow>, ApiError> {
    let mut names: HashMap<HandlerId, Option<String>> = HashMap::new();
    let mut rows = Vec::with_capacity(newest.len());
    for trial in newest {
        let handler = match trial.handler {
            None => None,
            Some(id) => match names.get(&id) {
                Some(known) => known.clone(),
                None => {
                    let handler = known(app.engine().handler(&id.to_string()).await)?;
                    let name = handler.map(|handler| handler.name);
                    names.insert(id, name.clone());
                    name
                }
            },
        };
        rows.push(TriedRow {
            date: trial.date.map(When::from),
            from: trial.from,
            subject: subject(trial.subject),
            badge: outcome_badge(trial.outcome),
            issue: trial.issue.filter(|_| trial.outcome != Outcome::Created),
            handler,
            reason: trial.reason,
            left: trial.left.into_iter().map(|(name, why)| format!("{name}: {why}")).collect(),
        });
    }
    Ok(rows)
}

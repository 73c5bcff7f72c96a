//! Choices among what was set up: as many as a form can hold, and always those that are chosen.

use outlink_engine::Page;
use outlink_engine::grants::{GrantView, grant_name};
use outlink_model::handler::Handler;
use outlink_model::link::Link;
use outlink_model::mail_server::{Direction, MailServer};
use outlink_model::tracker::Project;
use outlink_oauth::preset;
use serde::Serialize;

use crate::app::App;
use crate::error::ApiError;
use crate::form::{Choice, choice};
use crate::names::known;
use crate::words::grant_badge;

/// So many are offered.
const MOST: u32 = 1000;

/// What can be chosen.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Picker {
    pub(crate) options: Vec<Choice>,
    /// Says so where there are more than are offered; empty where there are not.
    pub(crate) note: String,
}

impl Picker {
    /// The first of a list, which may go on, and what is `chosen` besides.
    fn new(first: Vec<Choice>, goes_on: bool, chosen: Vec<Choice>) -> Self {
        let note = match goes_on {
            true => format!(
                "There are more than the first {} that are offered here. The command line takes every one of them.",
                first.len()
            ),
            false => String::new(),
        };
        let besides = chosen.into_iter().filter(|chosen| !is_among(&first, &chosen.value));
        let mut options: Vec<_> = besides.collect();
        options.extend(first);
        Self { options, note }
    }

    /// With a first choice that is none of them.
    pub(crate) fn or(mut self, none: &str) -> Self {
        self.options.insert(0, choice("", none));
        self
    }
}

fn is_among(choices: &[Choice], value: &str) -> bool {
    choices.iter().any(|choice| choice.value == value)
}

fn first_page() -> Page {
    Page { limit: MOST, after: None }
}

/// The grants, those among them that are `chosen` by their ids (separated by spaces).
pub(crate) async fn grants(app: &App, chosen: &str) -> Result<Picker, ApiError> {
    let listed = app.engine().grants(first_page()).await?;
    let first: Vec<_> = listed.items.iter().map(of_grant).collect();
    let mut besides = Vec::new();
    // Only where there are more can one of them be missing.
    let missing = chosen.split(' ').filter(|id| listed.next.is_some() && !id.is_empty());
    for id in missing.filter(|id| !is_among(&first, id)).take(MOST as usize) {
        besides.extend(known(app.engine().grant_view(id).await)?.as_ref().map(of_grant));
    }
    Ok(Picker::new(first, listed.next.is_some(), besides))
}

fn of_grant(view: &GrantView) -> Choice {
    let state = grant_badge(view.grant.state.name()).text.to_lowercase();
    let label = format!("{} ({}, {state})", grant_name(&view.grant), view.link_name);
    choice(view.grant.id.to_string(), label)
}

/// The links that are switched on, the one among them that is `chosen`.
pub(crate) async fn links(app: &App, chosen: &str) -> Result<Picker, ApiError> {
    let of = |link: &Link| {
        let provider = preset(link.provider).display_name;
        choice(link.id.to_string(), format!("{} ({provider})", link.name))
    };
    let listed = app.engine().links(first_page()).await?;
    let besides = match listed.next.is_some() && !chosen.is_empty() {
        true => known(app.engine().link(chosen).await)?,
        false => None,
    };
    let first = listed.items.iter().filter(|link| link.enabled).map(of).collect();
    Ok(Picker::new(first, listed.next.is_some(), besides.iter().map(of).collect()))
}

/// The mail servers that mail comes from, or those that it goes out by, the one among them that is `chosen`.
pub(crate) async fn mail_servers(
    app: &App,
    direction: Direction,
    chosen: &str,
) -> Result<Picker, ApiError> {
    let of = |server: &MailServer| choice(server.id.to_string(), server.name.clone());
    let listed = app.engine().mail_servers(first_page()).await?;
    let besides = match listed.next.is_some() && !chosen.is_empty() {
        true => known(app.engine().mail_server(chosen).await)?,
        false => None,
    };
    let first =
        listed.items.iter().filter(|server| server.direction == direction).map(of).collect();
    Ok(Picker::new(first, listed.next.is_some(), besides.iter().map(of).collect()))
}

/// The handlers, the one among them that is `chosen`.
pub(crate) async fn handlers(app: &App, chosen: &str) -> Result<Picker, ApiError> {
    let of = |handler: &Handler| choice(handler.id.to_string(), handler.name.clone());
    let listed = app.engine().handlers(first_page()).await?;
    let besides = match listed.next.is_some() && !chosen.is_empty() {
        true => known(app.engine().handler(chosen).await)?,
        false => None,
    };
    let first = listed.items.iter().map(of).collect();
    Ok(Picker::new(first, listed.next.is_some(), besides.iter().map(of).collect()))
}

/// The projects, the one among them that is `chosen`.
pub(crate) async fn projects(app: &App, chosen: &str) -> Result<Picker, ApiError> {
    let of = |project: &Project| {
        choice(project.id.to_string(), format!("{} ({})", project.name, project.key))
    };
    let listed = app.engine().projects(first_page()).await?;
    let besides = match listed.next.is_some() && !chosen.is_empty() {
        true => known(app.engine().project(chosen).await)?,
        false => None,
    };
    let first = listed.items.iter().map(of).collect();
    Ok(Picker::new(first, listed.next.is_some(), besides.iter().map(of).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_is_always_among_them_and_once() {
        let all = |picker: &Picker| {
            picker.options.iter().map(|option| option.value.clone()).collect::<Vec<_>>()
        };
        let some = || vec![choice("1", "one"), choice("2", "two")];
        let picker = Picker::new(some(), true, vec![choice("9", "nine"), choice("2", "two")]);
        assert_eq!(all(&picker), ["9", "1", "2"]);
        assert!(picker.note.contains("more than the first 2"), "{}", picker.note);
        let picker = Picker::new(some(), false, vec![]).or("none of them");
        assert_eq!(all(&picker), ["", "1", "2"]);
        assert_eq!(picker.note, "");
    }
}

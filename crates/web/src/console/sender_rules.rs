//! The lists of senders that hold for every handler.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::Page;
use outlink_model::handler::{ListedRule, SenderList};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Signed;
use crate::choice::{choice as named, optional_choice};
use crate::error::ApiError;
use crate::extract::{Path, Query, page};
use crate::form::{self, Choice, Fields, Form, choice};
use crate::page::next_page;
use crate::words::When;

/// Rules of each list that are shown side by side.
const SHOWN: u32 = 50;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/sender-rules", get(show).post(add))
        .route("/sender-rules/{id}/delete", post(remove))
}

/// Both lists, or one of them, page by page.
#[derive(Debug, Serialize)]
pub(crate) struct SenderRulesPage {
    pub(crate) form: Form,
    pub(crate) choices: Vec<Choice>,
    pub(crate) sections: Vec<Section>,
}

/// One list.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    pub(crate) heading: &'static str,
    pub(crate) about: &'static str,
    pub(crate) items: Vec<RuleRow>,
    /// Where the list goes on.
    pub(crate) next: Option<String>,
}

/// One rule.
#[derive(Debug, Serialize)]
pub(crate) struct RuleRow {
    pub(crate) href: String,
    pub(crate) rule: String,
    pub(crate) created_at: When,
}

impl From<ListedRule> for RuleRow {
    fn from(rule: ListedRule) -> Self {
        Self {
            href: format!("/sender-rules/{}", rule.id),
            rule: rule.rule.to_string(),
            created_at: rule.created_at.into(),
        }
    }
}

pub(crate) fn blank() -> Form {
    Form::new(&[("list", SenderList::Deny.as_str()), ("rule", "")])
}

pub(crate) fn choices() -> Vec<Choice> {
    [SenderList::Deny, SenderList::Allow]
        .into_iter()
        .map(|list| choice(list.as_str(), heading(list)))
        .collect()
}

fn heading(list: SenderList) -> &'static str {
    match list {
        SenderList::Allow => "Trusted senders",
        SenderList::Deny => "Refused senders",
    }
}

fn about(list: SenderList) -> &'static str {
    match list {
        SenderList::Allow => {
            "Filters for machine-made mail and limits do not hold for their mail. It is handled like any other apart from that."
        }
        SenderList::Deny => "Their mail is rejected, before any handler is asked.",
    }
}

/// Which list is wanted, and which part of it.
#[derive(Debug, Default, Deserialize)]
struct RulesQuery {
    list: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
}

async fn show(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<RulesQuery>,
) -> Result<Response, ApiError> {
    let form = match optional_choice::<SenderList>("list", query.list.as_deref())? {
        Some(list) => blank().with("list", list.as_str()),
        None => blank(),
    };
    render(&app, &signed, query, form).await
}

async fn add(State(app): State<App>, signed: Signed, fields: Fields) -> Result<Response, ApiError> {
    let added = async {
        let list = named("list", &fields.text("list"))?;
        let rule = fields.text("rule");
        Ok::<_, ApiError>(app.engine().add_sender_rule(list, &rule, &signed.caller()).await?)
    };
    match added.await {
        Ok(_) => Ok(Redirect::to("/sender-rules").into_response()),
        Err(error) => {
            let form = blank().typed(&fields).refused(error, &[])?;
            render(&app, &signed, RulesQuery::default(), form).await
        }
    }
}

async fn remove(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    app.engine().remove_sender_rule(&id, &signed.caller()).await?;
    Ok(Redirect::to("/sender-rules").into_response())
}

async fn render(
    app: &App,
    signed: &Signed,
    query: RulesQuery,
    form: Form,
) -> Result<Response, ApiError> {
    let sections = match optional_choice("list", query.list.as_deref())? {
        Some(list) => vec![section(app, list, page(query.limit, query.after)?).await?],
        None => {
            let first = || Page { limit: SHOWN, after: None };
            let deny = section(app, SenderList::Deny, first()).await?;
            vec![deny, section(app, SenderList::Allow, first()).await?]
        }
    };
    let status = form::status(&form);
    let page = SenderRulesPage { form, choices: choices(), sections };
    app.pages().show_with(status, signed, "handlers", "sender_rules.html", page)
}

async fn section(app: &App, list: SenderList, part: Page) -> Result<Section, ApiError> {
    let limit = part.limit;
    let listed = app.engine().sender_rules(Some(list), part).await?;
    let filters = [("list", Some(list.as_str()))];
    Ok(Section {
        heading: heading(list),
        about: about(list),
        next: next_page("/sender-rules", &filters, Some(limit), listed.next.as_deref()),
        items: listed.items.into_iter().map(RuleRow::from).collect(),
    })
}

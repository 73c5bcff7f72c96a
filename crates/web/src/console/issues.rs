//! Issues: what mail became. Everything here was written by strangers, and is shown as text.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use outlink_engine::deliveries::DeliveriesWanted;
use outlink_engine::tracker::IssueView;
use outlink_model::handler::Unauthenticated;
use outlink_model::message::{Authentication, Message};
use outlink_model::tracker::{Issue, IssueStatus};
use serde::{Deserialize, Serialize};

use super::deliveries::{self, DeliveryRow};
use super::pickers::{self, Picker};
use crate::api::attachments::attachment;
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{Path, Query, page};
use crate::form::{self, Fields, Form};
use crate::page::next_page;
use crate::words::{
    Badge, When, authentication_badge, issue_badge, person, person_name, priority_words,
};

mod entries;

pub(crate) use entries::Entry;
#[cfg(test)]
pub(crate) use entries::{FileRow, Kind};

/// Deliveries that the page of an issue shows.
const DELIVERIES: u32 = 20;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/issues", get(list))
        .route("/issues/{key}", get(show))
        .route("/issues/{key}/resolve", post(resolve))
        .route("/issues/{key}/reopen", post(reopen))
        .route("/issues/{key}/move", post(relocate))
        .route("/attachments/{id}", get(file))
}

/// The issues, a page of them.
#[derive(Debug, Serialize)]
pub(crate) struct IssuesPage {
    pub(crate) project: Option<String>,
    pub(crate) items: Vec<IssueRow>,
    pub(crate) next: Option<String>,
}

/// One issue in the list.
#[derive(Debug, Serialize)]
pub(crate) struct IssueRow {
    pub(crate) href: String,
    pub(crate) key: String,
    pub(crate) summary: String,
    pub(crate) issue_type: String,
    pub(crate) priority: Option<&'static str>,
    pub(crate) labels: Vec<String>,
    pub(crate) badge: Badge,
    pub(crate) reporter: String,
    pub(crate) assignee: Option<String>,
    pub(crate) comments: u64,
    pub(crate) updated_at: When,
}

impl From<Issue> for IssueRow {
    fn from(issue: Issue) -> Self {
        Self {
            href: format!("/issues/{}", issue.key),
            key: issue.key,
            summary: subject(issue.summary),
            issue_type: issue.issue_type,
            priority: issue.priority.map(priority_words),
            labels: issue.labels,
            badge: issue_badge(issue.status),
            reporter: person_name(&issue.reporter),
            assignee: issue.assignee.as_ref().map(person_name),
            comments: issue.comments,
            updated_at: issue.updated_at.into(),
        }
    }
}

/// An issue with all that belongs to it.
#[derive(Debug, Serialize)]
pub(crate) struct IssuePage {
    pub(crate) href: String,
    pub(crate) key: String,
    pub(crate) former_keys: Vec<String>,
    pub(crate) project: String,
    pub(crate) summary: String,
    pub(crate) badge: Badge,
    pub(crate) resolved: bool,
    pub(crate) issue_type: String,
    pub(crate) priority: Option<&'static str>,
    pub(crate) labels: Vec<String>,
    pub(crate) reporter: String,
    pub(crate) assignee: Option<String>,
    pub(crate) watchers: Vec<String>,
    pub(crate) created_at: When,
    pub(crate) updated_at: When,
    /// What went out about it.
    pub(crate) deliveries: Vec<DeliveryRow>,
    pub(crate) entries: Vec<Entry>,
    /// Where it can be moved to.
    pub(crate) projects: Picker,
    pub(crate) form: Form,
}

/// A line that can be clicked even where somebody wrote none.
pub(crate) fn subject(text: String) -> String {
    if text.trim().is_empty() { "(no subject)".to_owned() } else { text }
}

/// What marks mail whose sender's domain does not stand behind it.
pub(crate) fn doubt(authentication: Authentication) -> Option<Badge> {
    let fails = authentication == Authentication::Fail;
    fails.then(|| authentication_badge(authentication))
}

pub(crate) fn blank() -> Form {
    Form::new(&[("project", "")])
}

/// Which issues are wanted.
#[derive(Debug, Deserialize)]
struct IssuesQuery {
    project: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
}

async fn list(
    State(app): State<App>,
    signed: Signed,
    Query(query): Query<IssuesQuery>,
) -> Result<Response, ApiError> {
    let project = query.project.as_deref().filter(|project| !project.is_empty());
    let listed = app.engine().issues(project, page(query.limit, query.after)?).await?;
    let page = IssuesPage {
        next: next_page("/issues", &[("project", project)], query.limit, listed.next.as_deref()),
        project: project.map(str::to_owned),
        items: listed.items.into_iter().map(IssueRow::from).collect(),
    };
    app.pages().show(&signed, "issues", "issues.html", page)
}

async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(key): Path<String>,
) -> Result<Response, ApiError> {
    let view = app.engine().issue(&key).await?;
    // Found by a former key or by its id: the address that is kept should be the one of today.
    if view.issue.key != key {
        return Ok(Redirect::to(&format!("/issues/{}", view.issue.key)).into_response());
    }
    render(&app, &signed, view, blank()).await
}

async fn resolve(
    State(app): State<App>,
    signed: Signed,
    Path(key): Path<String>,
) -> Result<Response, ApiError> {
    set(&app, &signed, &key, IssueStatus::Resolved).await
}

async fn reopen(
    State(app): State<App>,
    signed: Signed,
    Path(key): Path<String>,
) -> Result<Response, ApiError> {
    set(&app, &signed, &key, IssueStatus::Open).await
}

async fn set(
    app: &App,
    signed: &Signed,
    key: &str,
    status: IssueStatus,
) -> Result<Response, ApiError> {
    let view = app.engine().set_issue_status(key, status, &signed.caller()).await?;
    Ok(Redirect::to(&format!("/issues/{}", view.issue.key)).into_response())
}

async fn relocate(
    State(app): State<App>,
    signed: Signed,
    Path(key): Path<String>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let project = fields.text("project");
    match app.engine().move_issue(&key, &project, &signed.caller()).await {
        Ok(view) => Ok(Redirect::to(&format!("/issues/{}", view.issue.key)).into_response()),
        Err(error) => {
            let view = app.engine().issue(&key).await?;
            let form = blank().typed(&fields).refused(error.into(), &[])?;
            render(&app, &signed, view, form).await
        }
    }
}

async fn render(
    app: &App,
    signed: &Signed,
    view: IssueView,
    form: Form,
) -> Result<Response, ApiError> {
    let status = form::status(&form);
    let messages = app.engine().messages_of_issue(&view.issue).await?;
    let former_keys = app.engine().former_keys(&view.issue).await?;
    let unmarked = unmarked(app, &messages).await?;
    let mut projects = pickers::projects(app, form.value("project")).await?;
    let own = view.issue.project_id.to_string();
    projects.options.retain(|option| option.value != own);
    let issue = &view.issue;
    let wanted = DeliveriesWanted { issue: Some(issue.key.clone()), ..DeliveriesWanted::default() };
    let kept = app.engine().with_raw(&messages).await?;
    let page = IssuePage {
        href: format!("/issues/{}", issue.key),
        former_keys,
        project: issue.key.split('-').next().unwrap_or_default().to_owned(),
        key: issue.key.clone(),
        summary: subject(issue.summary.clone()),
        badge: issue_badge(issue.status),
        resolved: issue.status == IssueStatus::Resolved,
        issue_type: issue.issue_type.clone(),
        priority: issue.priority.map(priority_words),
        labels: issue.labels.clone(),
        reporter: person(&issue.reporter),
        assignee: issue.assignee.as_ref().map(person),
        watchers: view.watchers.iter().map(person).collect(),
        created_at: issue.created_at.into(),
        updated_at: issue.updated_at.into(),
        deliveries: deliveries::newest(app, wanted, DELIVERIES).await?,
        entries: entries::all(view, &messages, &kept, &unmarked),
        projects,
        form,
    };
    app.pages().show_with(status, signed, "issues", "issue.html", page)
}

/// The handlers that want no mail marked, of those that took mail whose sender is in doubt.
async fn unmarked(
    app: &App,
    messages: &[Message],
) -> Result<Vec<outlink_model::HandlerId>, ApiError> {
    let doubtful = messages.iter().filter(|message| doubt(message.authentication).is_some());
    let mut ids: Vec<_> = doubtful.filter_map(|message| message.handler_id).collect();
    ids.sort();
    ids.dedup();
    let mut unmarked = Vec::new();
    for id in ids {
        match app.engine().handler(&id.to_string()).await {
            Ok(handler) if handler.settings.unauthenticated == Unauthenticated::Accept => {
                unmarked.push(id);
            }
            // One that is gone wants nothing any more; the mark says the truth in any case.
            Ok(_) | Err(outlink_engine::Error::Problem(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(unmarked)
}

async fn file(
    State(app): State<App>,
    _: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    attachment(&app, &id).await
}

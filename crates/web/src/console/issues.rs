//! Issues: what mail became. Everything here was written by strangers, and is shown as text.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use outlink_engine::tracker::IssueView;
use outlink_model::CommentId;
use outlink_model::tracker::{Attachment, Issue};
use serde::{Deserialize, Serialize};

use crate::api::attachments::attachment;
use crate::app::App;
use crate::auth::Signed;
use crate::error::ApiError;
use crate::extract::{Path, Query, page};
use crate::page::next_page;
use crate::words::{Badge, When, issue_badge, person, size};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/issues", get(list))
        .route("/issues/{key}", get(show))
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
    pub(crate) badge: Badge,
    pub(crate) reporter: String,
    pub(crate) comments: u64,
    pub(crate) created_at: When,
}

impl From<Issue> for IssueRow {
    fn from(issue: Issue) -> Self {
        Self {
            href: format!("/issues/{}", issue.key),
            key: issue.key,
            summary: subject(issue.summary),
            badge: issue_badge(issue.status),
            reporter: person(&issue.reporter),
            comments: issue.comments,
            created_at: issue.created_at.into(),
        }
    }
}

/// An issue with all that belongs to it.
#[derive(Debug, Serialize)]
pub(crate) struct IssuePage {
    pub(crate) key: String,
    pub(crate) project: String,
    pub(crate) summary: String,
    pub(crate) badge: Badge,
    pub(crate) entries: Vec<Entry>,
}

/// The description or a comment.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) author: String,
    pub(crate) created_at: When,
    pub(crate) message_href: Option<String>,
    pub(crate) body: String,
    pub(crate) files: Vec<FileRow>,
}

/// A file.
#[derive(Debug, Serialize)]
pub(crate) struct FileRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) size: String,
}

impl IssuePage {
    pub(crate) fn new(view: IssueView) -> Self {
        let files_of = |comment: Option<CommentId>| -> Vec<FileRow> {
            let of_it = view.attachments.iter().filter(|file| file.comment_id == comment);
            of_it.map(FileRow::from).collect()
        };
        let issue = view.issue;
        let mut entries = vec![Entry {
            author: person(&issue.reporter),
            created_at: issue.created_at.into(),
            message_href: None,
            body: issue.description,
            files: files_of(None),
        }];
        entries.extend(view.comments.into_iter().map(|comment| Entry {
            author: person(&comment.author),
            created_at: comment.created_at.into(),
            message_href: comment.message_id.map(|id| format!("/messages/{id}")),
            body: comment.body,
            files: files_of(Some(comment.id)),
        }));
        Self {
            project: issue.key.split('-').next().unwrap_or_default().to_owned(),
            key: issue.key,
            summary: subject(issue.summary),
            badge: issue_badge(issue.status),
            entries,
        }
    }
}

impl From<&Attachment> for FileRow {
    fn from(file: &Attachment) -> Self {
        Self {
            href: format!("/attachments/{}", file.id),
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: size(file.size),
        }
    }
}

/// A line that can be clicked even where somebody wrote none.
pub(crate) fn subject(text: String) -> String {
    if text.trim().is_empty() { "(no subject)".to_owned() } else { text }
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
    app.pages().show(&signed, "issues", "issue.html", IssuePage::new(view))
}

async fn file(
    State(app): State<App>,
    _: Signed,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    attachment(&app, &id).await
}

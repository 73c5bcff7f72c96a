//! `/issues`: what mail became.

use axum::extract::State;
use jiff::Timestamp;
use outlink_engine::tracker::IssueView;
use outlink_model::tracker::{Attachment, Comment, Issue};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::choice::choice;
use crate::error::ApiError;
use crate::extract::{Json, List, Path, Query, page};
use crate::words::{person, person_name};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show, edit)).routes(routes!(relocate))
}

/// The issues, newest first.
#[utoipa::path(
    get, path = "/issues", tag = "issues",
    params(IssuesQuery),
    responses((status = 200, body = List<IssueRow>)),
)]
async fn list(
    State(app): State<App>,
    _: Reader,
    Query(query): Query<IssuesQuery>,
) -> Result<Json<List<IssueRow>>, ApiError> {
    let page = page(query.limit, query.after)?;
    let listed = app.engine().issues(query.project.as_deref(), page).await?;
    Ok(Json(List::of(listed)))
}

/// One issue with all that belongs to it.
#[utoipa::path(
    get, path = "/issues/{key}", tag = "issues",
    params(("key" = String, Path, description = "Its key or id")),
    responses((status = 200, body = IssueBody)),
)]
async fn show(
    State(app): State<App>,
    _: Reader,
    Path(key): Path<String>,
) -> Result<Json<IssueBody>, ApiError> {
    Ok(Json(app.engine().issue(&key).await?.into()))
}

/// Says where an issue stands.
#[utoipa::path(
    patch, path = "/issues/{key}", tag = "issues",
    params(("key" = String, Path, description = "Its key or id")),
    request_body = IssueEditBody,
    responses((status = 200, body = IssueBody)),
)]
async fn edit(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(key): Path<String>,
    Json(body): Json<IssueEditBody>,
) -> Result<Json<IssueBody>, ApiError> {
    let status = choice("status", &body.status)?;
    Ok(Json(app.engine().set_issue_status(&key, status, &caller).await?.into()))
}

/// Moves an issue to another project, where it gets a new key. It is still found by its former one, also by mail.
#[utoipa::path(
    post, path = "/issues/{key}/move", tag = "issues",
    params(("key" = String, Path, description = "Its key or id")),
    request_body = MoveBody,
    responses((status = 200, body = IssueBody)),
)]
async fn relocate(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(key): Path<String>,
    Json(body): Json<MoveBody>,
) -> Result<Json<IssueBody>, ApiError> {
    Ok(Json(app.engine().move_issue(&key, &body.project, &caller).await?.into()))
}

/// What changes about an issue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IssueEdit)]
struct IssueEditBody {
    /// `open` or `resolved`.
    status: String,
}

/// Where an issue goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IssueMove)]
struct MoveBody {
    /// Id or key of another project.
    project: String,
}

/// Which issues are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct IssuesQuery {
    /// Id or key of a project; all projects where left out.
    project: Option<String>,
    /// How many items at most, 1 to 1000; 50 where left out.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// An issue in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IssueSummary)]
struct IssueRow {
    id: String,
    key: String,
    summary: String,
    /// `open` or `resolved`.
    status: &'static str,
    /// What kind of thing it is: `Task`.
    r#type: String,
    /// `highest`, `high`, `medium`, `low` or `lowest`; `null` where nobody said so.
    priority: Option<&'static str>,
    labels: Vec<String>,
    /// Who takes care of it: `Name <address>`, or the address alone.
    assignee: Option<String>,
    /// Who wrote it: `Name <address>`, or the address alone where there is no name.
    reporter: String,
    /// The name that was last seen with the address; the address where there is none.
    reporter_name: String,
    reporter_address: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// How many comments it has.
    comments: u64,
}

impl From<Issue> for IssueRow {
    fn from(issue: Issue) -> Self {
        Self {
            id: issue.id.to_string(),
            key: issue.key,
            summary: issue.summary,
            status: issue.status.as_str(),
            r#type: issue.issue_type,
            priority: issue.priority.map(|priority| priority.as_str()),
            labels: issue.labels,
            assignee: issue.assignee.as_ref().map(person),
            reporter: person(&issue.reporter),
            reporter_name: person_name(&issue.reporter),
            reporter_address: issue.reporter.address,
            created_at: issue.created_at,
            updated_at: issue.updated_at,
            comments: issue.comments,
        }
    }
}

/// An issue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Issue)]
struct IssueBody {
    id: String,
    key: String,
    summary: String,
    /// `open` or `resolved`.
    status: &'static str,
    /// What kind of thing it is: `Task`.
    r#type: String,
    /// `highest`, `high`, `medium`, `low` or `lowest`; `null` where nobody said so.
    priority: Option<&'static str>,
    labels: Vec<String>,
    /// Who takes care of it: `Name <address>`, or the address alone.
    assignee: Option<String>,
    /// Who wrote it: `Name <address>`, or the address alone where there is no name.
    reporter: String,
    /// The name that was last seen with the address; the address where there is none.
    reporter_name: String,
    reporter_address: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// Who watches it: `Name <address>`, or the address alone.
    watchers: Vec<String>,
    /// Plain text.
    description: String,
    /// Oldest first.
    comments: Vec<CommentBody>,
    attachments: Vec<AttachmentBody>,
}

/// A comment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Comment)]
struct CommentBody {
    id: String,
    /// Who wrote it: `Name <address>`, or the address alone where there is no name.
    author: String,
    /// The name that was last seen with the address; the address where there is none.
    author_name: String,
    author_address: String,
    /// Plain text.
    body: String,
    created_at: Timestamp,
}

impl From<Comment> for CommentBody {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id.to_string(),
            author: person(&comment.author),
            author_name: person_name(&comment.author),
            author_address: comment.author.address,
            body: comment.body,
            created_at: comment.created_at,
        }
    }
}

/// A file; its bytes are at `/attachments/{id}`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attachment)]
struct AttachmentBody {
    id: String,
    name: String,
    /// The media type that the sender claims.
    r#type: String,
    /// Octets.
    size: u64,
    /// The comment that it came with; `null` where it came with the issue itself.
    comment_id: Option<String>,
}

impl From<Attachment> for AttachmentBody {
    fn from(attachment: Attachment) -> Self {
        Self {
            id: attachment.id.to_string(),
            name: attachment.name,
            r#type: attachment.media_type,
            size: attachment.size,
            comment_id: attachment.comment_id.map(|id| id.to_string()),
        }
    }
}

impl From<IssueView> for IssueBody {
    fn from(view: IssueView) -> Self {
        let issue = view.issue;
        Self {
            id: issue.id.to_string(),
            key: issue.key,
            summary: issue.summary,
            status: issue.status.as_str(),
            r#type: issue.issue_type,
            priority: issue.priority.map(|priority| priority.as_str()),
            labels: issue.labels,
            assignee: issue.assignee.as_ref().map(person),
            reporter: person(&issue.reporter),
            reporter_name: person_name(&issue.reporter),
            reporter_address: issue.reporter.address,
            created_at: issue.created_at,
            updated_at: issue.updated_at,
            watchers: view.watchers.iter().map(person).collect(),
            description: issue.description,
            comments: view.comments.into_iter().map(CommentBody::from).collect(),
            attachments: view.attachments.into_iter().map(AttachmentBody::from).collect(),
        }
    }
}

//! The built-in tracker: projects, issues and their files.

use outlink_mail::message::decode_part;
use outlink_model::event::Event;
use outlink_model::grant::Actor;
use outlink_model::problem::{Problem, ProblemKind};
use outlink_model::tracker::{
    Attachment, Comment, Issue, IssueStatus, Person, Project, is_project_key,
};
use outlink_model::{AttachmentId, IssueId, ProjectId};
use outlink_store::{Error as StoreError, IssueFilter};

use crate::{Caller, Engine, Error, Listed, Page, clock, error, links};

mod mails;

/// An issue with all that belongs to it.
#[derive(Debug)]
pub struct IssueView {
    /// The issue.
    pub issue: Issue,
    /// Its comments, oldest first.
    pub comments: Vec<Comment>,
    /// Its files, oldest first.
    pub attachments: Vec<Attachment>,
    /// Who watches it.
    pub watchers: Vec<Person>,
}

impl Engine {
    /// Makes a project.
    ///
    /// # Errors
    /// A [`Problem`] when the key is unusable or taken.
    pub async fn create_project(
        &self,
        key: &str,
        name: &str,
        by: &Caller,
    ) -> Result<Project, Error> {
        let key = key.trim().to_uppercase();
        if !is_project_key(&key) {
            return Err(Problem::invalid(
                "key",
                "key_unusable",
                format!("{key:?} cannot be a project key."),
                "Choose 2 to 10 letters and digits, beginning with a letter, like SUP.",
            )
            .into());
        }
        let name = links::name("name", name)?;
        let project = Project { id: clock::id(), key, name, created_at: self.now() };
        self.store()
            .create_project(&project)
            .await
            .map_err(|error| error::taken(error, "key", "project", &project.key))?;
        self.tell_new_project(&project, by).await;
        Ok(project)
    }

    pub(crate) async fn tell_new_project(&self, project: &Project, by: &Caller) {
        self.record(Event {
            kind: "project.created".into(),
            subject: format!("project {}", project.key),
            message: format!("{} made the project {}.", by.name(), project.key),
            ..self.event(Actor::Nobody)
        })
        .await;
    }

    /// The projects.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn projects(&self, page: Page) -> Result<Listed<Project>, Error> {
        Ok(self.store().projects(&page).await?)
    }

    /// One project, by id or key.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn project(&self, named: &str) -> Result<Project, Error> {
        let found = match named.parse::<ProjectId>() {
            Ok(id) => self.store().project(id).await?,
            Err(_) => self.store().project_by_key(&named.trim().to_uppercase()).await?,
        };
        found.ok_or_else(|| Problem::not_found("project", named).into())
    }

    /// The issues, newest first, of one project or of all.
    ///
    /// # Errors
    /// [`Problem::not_found`] for an unknown project.
    pub async fn issues(&self, project: Option<&str>, page: Page) -> Result<Listed<Issue>, Error> {
        let project = match project {
            Some(named) => Some(self.project(named).await?.id),
            None => None,
        };
        Ok(self.store().issues(&IssueFilter { project, ..IssueFilter::default() }, &page).await?)
    }

    /// One issue with all that belongs to it, by id or key; also by a key that it had before it was moved.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn issue(&self, named: &str) -> Result<IssueView, Error> {
        let issue = self.issue_row(named).await?;
        let comments = self.store().comments(issue.id).await?;
        let attachments = self.store().attachments(issue.id).await?;
        let watchers = self.store().watchers(issue.id).await?;
        Ok(IssueView { issue, comments, attachments, watchers })
    }

    /// Moves an issue to another project. It gets a new key there; mail with its former one still belongs to it.
    ///
    /// # Errors
    /// [`Problem::not_found`]; a [`Problem`] at `project` where it is in that project already.
    pub async fn move_issue(
        &self,
        named: &str,
        project: &str,
        by: &Caller,
    ) -> Result<IssueView, Error> {
        let issue = self.issue_row(named).await?;
        let to = self.project(project).await.map_err(|error| match error {
            Error::Problem(problem) => Problem { field: Some("project"), ..problem }.into(),
            other => other,
        })?;
        let moved = self.store().move_issue(issue.id, to.id, self.now()).await;
        let key = moved.map_err(|error| match error {
            StoreError::Taken(_) => Error::from(already_there(&issue, &to)),
            StoreError::Missing => Problem::not_found("issue", named).into(),
            error => error.into(),
        })?;
        self.record(Event {
            kind: "issue.moved".into(),
            subject: format!("issue {key}"),
            message: format!("{} moved {} to {}: it is {key} now.", by.name(), issue.key, to.key),
            ..self.event(Actor::Nobody)
        })
        .await;
        self.issue(&issue.id.to_string()).await
    }

    /// Says where an issue stands.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn set_issue_status(
        &self,
        named: &str,
        status: IssueStatus,
        by: &Caller,
    ) -> Result<IssueView, Error> {
        let issue = self.issue_row(named).await?;
        if issue.status != status {
            let done = self.store().set_issue_status(issue.id, status, self.now()).await;
            done.map_err(|error| match error {
                StoreError::Missing => Problem::not_found("issue", named).into(),
                error => Error::from(error),
            })?;
            let (kind, did) = match status {
                IssueStatus::Open => ("issue.reopened", "opened"),
                IssueStatus::Resolved => ("issue.resolved", "resolved"),
            };
            let again = if status == IssueStatus::Open { " again" } else { "" };
            self.record(Event {
                kind: kind.into(),
                subject: format!("issue {}", issue.key),
                message: format!("{} {did} {}{again}.", by.name(), issue.key),
                ..self.event(Actor::Nobody)
            })
            .await;
        }
        self.issue(&issue.id.to_string()).await
    }

    pub(crate) async fn issue_row(&self, named: &str) -> Result<Issue, Error> {
        let found = match named.parse::<IssueId>() {
            Ok(id) => self.store().issue(id).await?,
            Err(_) => self.store().issue_by_key(&named.trim().to_uppercase()).await?,
        };
        found.ok_or_else(|| Problem::not_found("issue", named).into())
    }

    /// A file and its bytes.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn attachment(&self, id: AttachmentId) -> Result<(Attachment, Vec<u8>), Error> {
        let missing = || Problem::not_found("attachment", &id.to_string());
        let attachment = self.store().attachment(id).await?.ok_or_else(missing)?;
        let raw = self.store().raw(attachment.message_id).await?.ok_or_else(missing)?;
        let bytes = decode_part(&raw, attachment.part);
        Ok((attachment, bytes))
    }
}

fn already_there(issue: &Issue, project: &Project) -> Problem {
    Problem {
        field: Some("project"),
        ..Problem::new(
            ProblemKind::Conflict,
            "issue_there_already",
            format!("{} is in {} already.", issue.key, project.key),
            "Name another project.",
        )
    }
}

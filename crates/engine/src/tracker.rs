//! The built-in tracker: projects, issues and their files.

use outlink_mail::message::decode_part;
use outlink_model::event::Event;
use outlink_model::grant::Actor;
use outlink_model::problem::Problem;
use outlink_model::tracker::{Attachment, Comment, Issue, Project, is_project_key};
use outlink_model::{AttachmentId, IssueId, ProjectId};
use outlink_store::IssueFilter;

use crate::{Caller, Engine, Error, Listed, Page, clock, error, links};

/// An issue with all that belongs to it.
#[derive(Debug)]
pub struct IssueView {
    /// The issue.
    pub issue: Issue,
    /// Its comments, oldest first.
    pub comments: Vec<Comment>,
    /// Its files, oldest first.
    pub attachments: Vec<Attachment>,
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
        self.record(Event {
            kind: "project.created".into(),
            subject: format!("project {}", project.key),
            message: format!("{} made the project {}.", by.name(), project.key),
            ..self.event(Actor::Nobody)
        })
        .await;
        Ok(project)
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
        Ok(self.store().issues(&IssueFilter { project }, &page).await?)
    }

    /// One issue with all that belongs to it, by id or key.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub async fn issue(&self, named: &str) -> Result<IssueView, Error> {
        let found = match named.parse::<IssueId>() {
            Ok(id) => self.store().issue(id).await?,
            Err(_) => self.store().issue_by_key(&named.trim().to_uppercase()).await?,
        };
        let issue = found.ok_or_else(|| Problem::not_found("issue", named))?;
        let comments = self.store().comments(issue.id).await?;
        let attachments = self.store().attachments(issue.id).await?;
        Ok(IssueView { issue, comments, attachments })
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

//! Issues: the lists that people read, and the keys that they are known by.

use outlink_model::tracker::{Issue, IssueStatus};
use outlink_model::{IssueId, PersonId, ProjectId, Timestamp};

use crate::cell::{micros, number, parse, parse_some, plain, time};
use crate::db::{executing_within, reading, within};
use crate::people::person;
use crate::{Error, Intake, Listed, Page, Store};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, i.project_id, i.key, i.summary, i.description, i.status, i.comment_count,
                i.created_at, i.updated_at,
                p.id AS reporter_id, p.address AS reporter_address, p.name AS reporter_name
            FROM issues i JOIN people p ON p.id = i.reporter_id ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE i.id = $1");
const BY_KEY: &str = select!("WHERE i.key = $1");
// Two texts rather than one with `$1 IS NULL OR ..`, which no index serves.
const PAGE: &str = select!("WHERE i.id < $1 ORDER BY i.id DESC LIMIT $2");
const PAGE_OF_PROJECT: &str =
    select!("WHERE i.project_id = $3 AND i.id < $1 ORDER BY i.id DESC LIMIT $2");

const ID_BY_KEY: &str = "SELECT id FROM issues WHERE key = $1";

/// Locks the project's row on PostgreSQL until the transaction ends, so a number is never given twice, and one that is
/// rolled back leaves no gap.
const NUMBER: &str = "
    UPDATE projects SET next_number = next_number + 1 WHERE id = $1 RETURNING key, next_number - 1";

const INSERT: &str = "
    INSERT INTO issues (id, project_id, key, summary, description, status, reporter_id, comment_count,
        created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8)";

/// Which issues are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IssueFilter {
    /// Those of this project alone.
    pub project: Option<ProjectId>,
}

#[derive(sqlx::FromRow)]
struct IssueRow {
    id: String,
    project_id: String,
    key: String,
    summary: String,
    description: String,
    status: String,
    comment_count: i64,
    created_at: i64,
    updated_at: i64,
    reporter_id: String,
    reporter_address: String,
    reporter_name: String,
}

impl IssueRow {
    fn model(self) -> Result<Issue, Error> {
        Ok(Issue {
            id: parse("issues.id", &self.id)?,
            project_id: parse("issues.project_id", &self.project_id)?,
            key: self.key,
            summary: self.summary,
            description: self.description,
            status: parse("issues.status", &self.status)?,
            reporter: person(&self.reporter_id, self.reporter_address, self.reporter_name)?,
            created_at: time("issues.created_at", self.created_at)?,
            updated_at: time("issues.updated_at", self.updated_at)?,
            comments: number("issues.comment_count", self.comment_count)?,
        })
    }
}

impl Store {
    /// Issues, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn issues(&self, filter: &IssueFilter, page: &Page) -> Result<Listed<Issue>, Error> {
        let rows: Vec<IssueRow> = match filter.project {
            None => reading!(self.db, on =>
                sqlx::query_as(PAGE).bind(page.below()).bind(page.rows()).fetch_all(on))?,
            Some(project) => reading!(self.db, on => sqlx::query_as(PAGE_OF_PROJECT)
                .bind(page.below())
                .bind(page.rows())
                .bind(project.to_string())
                .fetch_all(on))?,
        };
        page.listed(rows, IssueRow::model, |issue| issue.id)
    }

    /// The issue with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn issue(&self, id: IssueId) -> Result<Option<Issue>, Error> {
        let row: Option<IssueRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(on))?;
        row.map(IssueRow::model).transpose()
    }

    /// The issue with this key, in upper case as it is written.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn issue_by_key(&self, key: &str) -> Result<Option<Issue>, Error> {
        let row: Option<IssueRow> = reading!(self.db, on =>
            sqlx::query_as(BY_KEY).bind(plain(key)).fetch_optional(on))?;
        row.map(IssueRow::model).transpose()
    }
}

impl Intake {
    /// The issue with this key, also if this very transaction made it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn issue_by_key(&mut self, key: &str) -> Result<Option<IssueId>, Error> {
        let id: Option<String> = within!(self.tx, on =>
            sqlx::query_scalar(ID_BY_KEY).bind(plain(key)).fetch_optional(on))?;
        parse_some("issues.id", id.as_deref())
    }

    /// Makes an open issue and returns its key, numbered within the same transaction.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such project or person.
    pub async fn create_issue(
        &mut self,
        id: IssueId,
        project: ProjectId,
        summary: &str,
        description: &str,
        reporter: PersonId,
        now: Timestamp,
    ) -> Result<String, Error> {
        let numbered: Option<(String, i64)> = within!(self.tx, on =>
            sqlx::query_as(NUMBER).bind(project.to_string()).fetch_optional(on))?;
        let (project_key, number) = numbered.ok_or(Error::Missing)?;
        let key = format!("{project_key}-{number}");
        executing_within!(self.tx, on => sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(project.to_string())
            .bind(&key)
            .bind(plain(summary))
            .bind(plain(description))
            .bind(IssueStatus::Open.as_str())
            .bind(reporter.to_string())
            .bind(micros(now))
            .execute(on))?;
        Ok(key)
    }
}

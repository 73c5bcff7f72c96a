//! Issues: the lists that people read, and the keys that they are known by.

use outlink_model::tracker::{Issue, IssueStatus, NewIssue};
use outlink_model::{IssueId, ProjectId, Timestamp};

use crate::cell::{from_json, micros, number, parse, parse_some, plain, time, to_json};
use crate::db::{Tx, executing, executing_within, found, reading, within};
use crate::filter::{Filtered, filtered};
use crate::intake::later;
use crate::people::person;
use crate::{Error, Intake, Listed, Page, Store};

mod moved;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, i.project_id, i.key, i.summary, i.description, i.issue_type, i.priority, i.labels, i.status,
                i.comment_count, i.created_at, i.updated_at,
                p.id AS reporter_id, p.address AS reporter_address, p.name AS reporter_name,
                a.id AS assignee_id, a.address AS assignee_address, a.name AS assignee_name
            FROM issues i JOIN people p ON p.id = i.reporter_id LEFT JOIN people a ON a.id = i.assignee_id ",
            $rest
        )
    };
}

/// The issue that has a key, or had it once.
macro_rules! named {
    ($key:literal) => {
        concat!(
            "(SELECT id FROM issues WHERE key = ",
            $key,
            " UNION ALL SELECT issue_id FROM former_keys WHERE key = ",
            $key,
            ")"
        )
    };
}

const BY_ID: &str = select!("WHERE i.id = $1");
const BY_KEY: &str = concat!(select!("WHERE i.id IN "), named!("$1"));
const ALL: &str = select!("");

const ID_BY_KEY: &str = concat!("SELECT id, key FROM issues WHERE id IN ", named!("$1"));
const TO_FOLLOW: &str = "
    SELECT i.key, (SELECT COUNT(*) FROM involved v WHERE v.issue_id = i.id AND v.address = $2)
    FROM issues i WHERE i.id = $1";

/// As it stands in the JSON of the cell, between what can only be the ends of a label.
const HAS_LABEL: &str = "(REPLACE(i.labels, '[' || {}, '') <> i.labels OR REPLACE(i.labels, ',' || {}, '') <> i.labels)";

/// Locks the project's row on PostgreSQL until the transaction ends, so a number is never given twice, and one that is
/// rolled back leaves no gap.
const NUMBER: &str = "
    UPDATE projects SET next_number = next_number + 1 WHERE id = $1 RETURNING key, next_number - 1";

const SET_NUMBER: &str = "UPDATE projects SET next_number = $2 WHERE id = $1";

const INSERT: &str = "
    INSERT INTO issues (id, project_id, key, summary, description, issue_type, priority, labels, status,
        reporter_id, assignee_id, comment_count, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $12)";

/// An issue's time only goes forward.
const SET_STATUS: &str = "
    UPDATE issues SET status = $2, updated_at = CASE WHEN updated_at < $3 THEN $3 ELSE updated_at END
    WHERE id = $1";

/// Which issues are wanted: those that all of this is true of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssueFilter {
    /// Those of this project alone.
    pub project: Option<ProjectId>,
    /// Those that stand so alone.
    pub status: Option<IssueStatus>,
    /// Those with this label alone.
    pub label: Option<String>,
}

#[derive(sqlx::FromRow)]
struct IssueRow {
    id: String,
    project_id: String,
    key: String,
    summary: String,
    description: String,
    issue_type: String,
    priority: Option<String>,
    labels: String,
    status: String,
    comment_count: i64,
    created_at: i64,
    updated_at: i64,
    reporter_id: String,
    reporter_address: String,
    reporter_name: String,
    assignee_id: Option<String>,
    assignee_address: Option<String>,
    assignee_name: Option<String>,
}

impl IssueRow {
    fn model(self) -> Result<Issue, Error> {
        let assignee = match (self.assignee_id, self.assignee_address, self.assignee_name) {
            (Some(id), Some(address), Some(name)) => Some(person(&id, address, name)?),
            _ => None,
        };
        Ok(Issue {
            id: parse("issues.id", &self.id)?,
            project_id: parse("issues.project_id", &self.project_id)?,
            key: self.key,
            summary: self.summary,
            description: self.description,
            issue_type: self.issue_type,
            priority: parse_some("issues.priority", self.priority.as_deref())?,
            labels: from_json("issues.labels", &self.labels)?,
            status: parse("issues.status", &self.status)?,
            reporter: person(&self.reporter_id, self.reporter_address, self.reporter_name)?,
            assignee,
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
        let mut list = Filtered::newest(ALL, "i.id", page);
        if let Some(project) = filter.project {
            list.with_text("i.project_id = {}", project.to_string());
        }
        if let Some(status) = filter.status {
            list.with_text("i.status = {}", status.as_str());
        }
        if let Some(label) = &filter.label {
            list.with_text(HAS_LABEL, to_json(label)?);
        }
        let rows: Vec<IssueRow> = filtered!(self.db, list.finish("i.id", page))?;
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

    /// The issue with this key, in upper case as it is written, or that had it before it was moved.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn issue_by_key(&self, key: &str) -> Result<Option<Issue>, Error> {
        let row: Option<IssueRow> = reading!(self.db, on =>
            sqlx::query_as(BY_KEY).bind(plain(key)).fetch_optional(on))?;
        row.map(IssueRow::model).transpose()
    }

    /// Writes where an issue stands.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn set_issue_status(
        &self,
        id: IssueId,
        status: IssueStatus,
        now: Timestamp,
    ) -> Result<(), Error> {
        found(executing!(self.db, on => sqlx::query(SET_STATUS)
            .bind(id.to_string())
            .bind(status.as_str())
            .bind(micros(now))
            .execute(on))?)
    }
}

impl Intake {
    /// The issue with this key, or that had it before it was moved, and its key today; also if this very transaction made
    /// it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn issue_by_key(&mut self, key: &str) -> Result<Option<(IssueId, String)>, Error> {
        let row: Option<(String, String)> = within!(*self.on().await?, on =>
            sqlx::query_as(ID_BY_KEY).bind(plain(key)).fetch_optional(on))?;
        row.map(|(id, key)| Ok((parse("issues.id", &id)?, key))).transpose()
    }

    /// The key of an issue, and whether this address, in lower case, has a part in it; `None` if there is no such issue.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn issue_to_follow(
        &mut self,
        id: IssueId,
        address: &str,
    ) -> Result<Option<(String, bool)>, Error> {
        let (issue, address) = (id.to_string(), plain(address));
        let row: Option<(String, i64)> = within!(*self.on().await?, on =>
            sqlx::query_as(TO_FOLLOW).bind(&issue).bind(&address).fetch_optional(on))?;
        Ok(row.map(|(key, count)| (key, count > 0 || self.is_kept_involved(&issue, &address))))
    }

    /// Makes an open issue and returns its key, numbered within the same transaction.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such project or person.
    pub async fn create_issue(
        &mut self,
        issue: &NewIssue,
        now: Timestamp,
    ) -> Result<String, Error> {
        let key = self.next_key(issue.project_id).await?;
        let labels = to_json(&issue.labels)?;
        later!(self, INSERT, query => query
            .bind(issue.id.to_string())
            .bind(issue.project_id.to_string())
            .bind(&key)
            .bind(plain(&issue.summary))
            .bind(plain(&issue.description))
            .bind(plain(&issue.issue_type))
            .bind(issue.priority.map(|priority| priority.as_str()))
            .bind(&labels)
            .bind(IssueStatus::Open.as_str())
            .bind(issue.reporter.to_string())
            .bind(issue.assignee.map(|id| id.to_string()))
            .bind(micros(now)));
        Ok(key)
    }
}

impl Intake {
    /// Sees to it that nobody else takes numbers of this project until the intake is over.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such project.
    pub async fn lock_numbers(&mut self, project: ProjectId) -> Result<(), Error> {
        if !self.kept.numbers.contains_key(&project) {
            // What is taken by this is given back, or taken for an issue, when the numbers are written.
            let (prefix, taken) = take_number(self.on().await?, project).await?;
            let numbers = Numbers { prefix, last: taken - 1, is_written: false };
            self.kept.numbers.insert(project, numbers);
        }
        Ok(())
    }

    /// Takes a project's next number, and makes a key of it.
    async fn next_key(&mut self, project: ProjectId) -> Result<String, Error> {
        self.lock_numbers(project).await?;
        let numbers = self.kept.numbers.get_mut(&project).ok_or(Error::Missing)?;
        numbers.last += 1;
        numbers.is_written = false;
        Ok(numbers.key())
    }

    pub(crate) async fn write_numbers(&mut self) -> Result<(), Error> {
        let unwritten = self.kept.numbers.iter().filter(|(_, numbers)| !numbers.is_written);
        let unwritten: Vec<_> =
            unwritten.map(|(project, numbers)| (*project, numbers.last + 1)).collect();
        for (project, next) in unwritten {
            executing_within!(*self.on().await?, on => sqlx::query(SET_NUMBER)
                .bind(project.to_string())
                .bind(next)
                .execute(on))?;
        }
        self.kept.numbers.values_mut().for_each(|numbers| numbers.is_written = true);
        Ok(())
    }
}

/// The numbers that an intake takes of a project.
pub(crate) struct Numbers {
    /// What stands before the number in a key.
    prefix: String,
    /// The last that was taken.
    last: i64,
    /// Whether the project knows that.
    is_written: bool,
}

impl Numbers {
    fn key(&self) -> String {
        format!("{}-{}", self.prefix, self.last)
    }
}

/// Takes a project's next number, and locks the project: what stands before the number in a key, and the number.
async fn take_number(tx: &mut Tx, project: ProjectId) -> Result<(String, i64), Error> {
    let numbered: Option<(String, i64)> = within!(*tx, on =>
        sqlx::query_as(NUMBER).bind(project.to_string()).fetch_optional(on))?;
    numbered.ok_or(Error::Missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn an_issue_is_found_by_any_of_its_keys_without_reading_others() {
        for query in [BY_KEY, ID_BY_KEY] {
            let plan = plan(query).await;
            assert!(!plan.contains("SCAN"), "{plan}");
        }
    }
}

//! Projects: where issues live and where their numbers come from.

use outlink_model::ProjectId;
use outlink_model::tracker::Project;

use crate::cell::{micros, parse, parse_some, plain, time};
use crate::db::{Tx, executing_within, reading, within};
use crate::{Error, Intake, Listed, Page, Store};

const BY_ID: &str = "SELECT id, key, name, created_at FROM projects WHERE id = $1";
const BY_KEY: &str = "SELECT id, key, name, created_at FROM projects WHERE key = $1";
const PAGE: &str =
    "SELECT id, key, name, created_at FROM projects WHERE id > $1 ORDER BY id LIMIT $2";

const ID_BY_KEY: &str = "SELECT id FROM projects WHERE key = $1";

const INSERT: &str = "
    INSERT INTO projects (id, key, name, next_number, created_at) VALUES ($1, $2, $3, 1, $4)";

#[derive(sqlx::FromRow)]
struct ProjectRow {
    id: String,
    key: String,
    name: String,
    created_at: i64,
}

impl ProjectRow {
    fn model(self) -> Result<Project, Error> {
        Ok(Project {
            id: parse("projects.id", &self.id)?,
            key: self.key,
            name: self.name,
            created_at: time("projects.created_at", self.created_at)?,
        })
    }
}

impl Store {
    /// Adds a project, whose first issue will be number 1.
    ///
    /// # Errors
    /// [`Error::Taken`] with `key`.
    pub async fn create_project(&self, project: &Project) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        insert_project(&mut tx, project).await?;
        tx.commit().await
    }

    /// The project with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn project(&self, id: ProjectId) -> Result<Option<Project>, Error> {
        let row: Option<ProjectRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(on))?;
        row.map(ProjectRow::model).transpose()
    }

    /// The project with this key, in upper case as it is written.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn project_by_key(&self, key: &str) -> Result<Option<Project>, Error> {
        let row: Option<ProjectRow> = reading!(self.db, on =>
            sqlx::query_as(BY_KEY).bind(plain(key)).fetch_optional(on))?;
        row.map(ProjectRow::model).transpose()
    }

    /// Projects, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn projects(&self, page: &Page) -> Result<Listed<Project>, Error> {
        let rows: Vec<ProjectRow> = reading!(self.db, on =>
            sqlx::query_as(PAGE).bind(page.above()).bind(page.rows()).fetch_all(on))?;
        page.listed(rows, ProjectRow::model, |project| project.id)
    }
}

/// Adds a project within a transaction.
pub(crate) async fn insert_project(tx: &mut Tx, project: &Project) -> Result<(), Error> {
    executing_within!(*tx, on => sqlx::query(INSERT)
        .bind(project.id.to_string())
        .bind(plain(&project.key))
        .bind(plain(&project.name))
        .bind(micros(project.created_at))
        .execute(on))
    .map_err(|error| Error::taken(error, "key"))?;
    Ok(())
}

impl Intake {
    /// The project with this key, in upper case as it is written.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn project_by_key(&mut self, key: &str) -> Result<Option<ProjectId>, Error> {
        let id: Option<String> = within!(*self.on().await?, on =>
            sqlx::query_scalar(ID_BY_KEY).bind(plain(key)).fetch_optional(on))?;
        parse_some("projects.id", id.as_deref())
    }
}

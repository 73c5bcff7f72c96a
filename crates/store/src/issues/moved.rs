//! Moving an issue to another project. It gets a new key there, and is still found by those that it had.

use outlink_model::{IssueId, ProjectId, Timestamp};

use super::take_number;
use crate::cell::micros;
use crate::db::{executing_within, reading, within};
use crate::{Error, Store};

/// Writes nothing new; takes the row's lock on PostgreSQL, so that two moves do not both leave the same project.
const LOCK: &str = "
    UPDATE issues SET project_id = project_id WHERE id = $1 RETURNING project_id, key";

const MOVE: &str = "
    UPDATE issues SET project_id = $2, key = $3,
        updated_at = CASE WHEN updated_at < $4 THEN $4 ELSE updated_at END
    WHERE id = $1";

const REMEMBER: &str = "INSERT INTO former_keys (key, issue_id) VALUES ($1, $2)";

const FORMER: &str = "SELECT key FROM former_keys WHERE issue_id = $1 ORDER BY key";

impl Store {
    /// Moves an issue to another project, and returns its key there.
    ///
    /// # Errors
    /// [`Error::Taken`] with `project` if it is there already; [`Error::Missing`] if there is no such issue or project.
    pub async fn move_issue(
        &self,
        id: IssueId,
        to: ProjectId,
        now: Timestamp,
    ) -> Result<String, Error> {
        let (issue, project) = (id.to_string(), to.to_string());
        let mut tx = self.db.begin().await?;
        let here: Option<(String, String)> = within!(tx, on =>
            sqlx::query_as(LOCK).bind(&issue).fetch_optional(on))?;
        let (from, former) = here.ok_or(Error::Missing)?;
        if from == project {
            return Err(Error::Taken("project"));
        }
        let (prefix, number) = take_number(&mut tx, to).await?;
        let key = format!("{prefix}-{number}");
        executing_within!(tx, on => sqlx::query(MOVE)
            .bind(&issue)
            .bind(&project)
            .bind(&key)
            .bind(micros(now))
            .execute(on))?;
        executing_within!(tx, on =>
            sqlx::query(REMEMBER).bind(&former).bind(&issue).execute(on))?;
        tx.commit().await?;
        Ok(key)
    }

    /// The keys that an issue had before it was moved, in the order of the alphabet.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn former_keys(&self, id: IssueId) -> Result<Vec<String>, Error> {
        Ok(reading!(self.db, on =>
            sqlx::query_scalar(FORMER).bind(id.to_string()).fetch_all(on))?)
    }
}

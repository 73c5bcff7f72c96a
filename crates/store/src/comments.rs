//! Comments on issues.

use outlink_model::tracker::{Comment, NewComment};
use outlink_model::{IssueId, Timestamp};

use crate::cell::{micros, parse, parse_some, plain, time};
use crate::db::reading;
use crate::intake::later;
use crate::people::person;
use crate::{Error, Intake, Store};

const OF_ISSUE: &str = "
    SELECT c.id, c.body, c.message_id, c.created_at,
        p.id AS author_id, p.address AS author_address, p.name AS author_name
    FROM comments c JOIN people p ON p.id = c.author_id
    WHERE c.issue_id = $1 ORDER BY c.id";

const INSERT: &str = "
    INSERT INTO comments (id, issue_id, author_id, body, message_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

/// An issue's time only goes forward: mail can be taken in out of order.
const COUNT: &str = "
    UPDATE issues SET comment_count = comment_count + 1,
        updated_at = CASE WHEN updated_at < $2 THEN $2 ELSE updated_at END,
        status = CASE WHEN $3 = 1 AND status = 'resolved' THEN 'open' ELSE status END
    WHERE id = $1";

#[derive(sqlx::FromRow)]
struct CommentRow {
    id: String,
    body: String,
    message_id: Option<String>,
    created_at: i64,
    author_id: String,
    author_address: String,
    author_name: String,
}

impl CommentRow {
    fn model(self) -> Result<Comment, Error> {
        Ok(Comment {
            id: parse("comments.id", &self.id)?,
            author: person(&self.author_id, self.author_address, self.author_name)?,
            body: self.body,
            created_at: time("comments.created_at", self.created_at)?,
            message_id: parse_some("comments.message_id", self.message_id.as_deref())?,
        })
    }
}

impl Store {
    /// Every comment on an issue, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn comments(&self, issue: IssueId) -> Result<Vec<Comment>, Error> {
        let rows: Vec<CommentRow> = reading!(self.db, on =>
            sqlx::query_as(OF_ISSUE).bind(issue.to_string()).fetch_all(on))?;
        rows.into_iter().map(CommentRow::model).collect()
    }
}

impl Intake {
    /// Adds a comment, and counts it on its issue.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such issue or person.
    pub async fn add_comment(&mut self, comment: &NewComment, now: Timestamp) -> Result<(), Error> {
        later!(self, COUNT, query => query
            .bind(comment.issue_id.to_string())
            .bind(micros(now))
            .bind(i64::from(comment.reopens)));
        // That there is no such issue, the comment itself says.
        later!(self, INSERT, query => query
            .bind(comment.id.to_string())
            .bind(comment.issue_id.to_string())
            .bind(comment.author.to_string())
            .bind(plain(&comment.body))
            .bind(comment.message_id.map(|id| id.to_string()))
            .bind(micros(now)));
        Ok(())
    }
}

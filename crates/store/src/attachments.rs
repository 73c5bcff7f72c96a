//! Attachments: ranges of raw messages.

use outlink_model::tracker::{Attachment, PartRange};
use outlink_model::{AttachmentId, IssueId};

use crate::cell::{number, parse, parse_some, plain, size};
use crate::db::{executing_within, reading};
use crate::{Error, Intake, Store};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, issue_id, comment_id, message_id, name, media_type, size, part_offset, part_length,
                encoding
            FROM attachments ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE id = $1");
const OF_ISSUE: &str = select!("WHERE issue_id = $1 ORDER BY id");

macro_rules! insert {
    ($more:literal) => {
        concat!(
            "INSERT INTO attachments (id, issue_id, comment_id, message_id, name, media_type, size, part_offset,
                part_length, encoding)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            $more
        )
    };
}

const INSERT: &str = insert!("");

/// How many attachments this writes.
const AT_ONCE: usize = 4;

const INSERT_MORE: &str = insert!(
    ", ($11, $12, $13, $14, $15, $16, $17, $18, $19, $20), ($21, $22, $23, $24, $25, $26, $27, $28, $29, $30),
    ($31, $32, $33, $34, $35, $36, $37, $38, $39, $40)"
);

#[derive(sqlx::FromRow)]
struct AttachmentRow {
    id: String,
    issue_id: String,
    comment_id: Option<String>,
    message_id: String,
    name: String,
    media_type: String,
    size: i64,
    part_offset: i64,
    part_length: i64,
    encoding: String,
}

impl AttachmentRow {
    fn model(self) -> Result<Attachment, Error> {
        Ok(Attachment {
            id: parse("attachments.id", &self.id)?,
            issue_id: parse("attachments.issue_id", &self.issue_id)?,
            comment_id: parse_some("attachments.comment_id", self.comment_id.as_deref())?,
            message_id: parse("attachments.message_id", &self.message_id)?,
            name: self.name,
            media_type: self.media_type,
            size: number("attachments.size", self.size)?,
            part: PartRange {
                offset: number("attachments.part_offset", self.part_offset)?,
                length: number("attachments.part_length", self.part_length)?,
                encoding: parse("attachments.encoding", &self.encoding)?,
            },
        })
    }
}

impl Store {
    /// Every attachment of an issue and its comments, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn attachments(&self, issue: IssueId) -> Result<Vec<Attachment>, Error> {
        let rows: Vec<AttachmentRow> = reading!(self.db, on =>
            sqlx::query_as(OF_ISSUE).bind(issue.to_string()).fetch_all(on))?;
        rows.into_iter().map(AttachmentRow::model).collect()
    }

    /// The attachment with this id. Its bytes are a part of [`Store::raw`] of its message.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn attachment(&self, id: AttachmentId) -> Result<Option<Attachment>, Error> {
        let row: Option<AttachmentRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(on))?;
        row.map(AttachmentRow::model).transpose()
    }
}

impl Intake {
    /// Adds an attachment. That its issue, its comment or its message is not there is told at the end of the savepoint or
    /// of the intake.
    pub fn add_attachment(&mut self, attachment: Attachment) {
        self.kept.attachments.push(attachment);
    }

    pub(crate) async fn write_attachments(&mut self) -> Result<(), Error> {
        let attachments = std::mem::take(&mut self.kept.attachments);
        let (fours, rest) = attachments.as_chunks::<AT_ONCE>();
        for some in fours {
            self.insert_attachments(INSERT_MORE, some).await?;
        }
        for one in rest {
            self.insert_attachments(INSERT, std::slice::from_ref(one)).await?;
        }
        Ok(())
    }

    async fn insert_attachments(
        &mut self,
        text: &'static str,
        attachments: &[Attachment],
    ) -> Result<(), Error> {
        executing_within!(*self.on().await?, on => {
            let mut query = sqlx::query(text);
            for attachment in attachments {
                query = query
                    .bind(attachment.id.to_string())
                    .bind(attachment.issue_id.to_string())
                    .bind(attachment.comment_id.map(|id| id.to_string()))
                    .bind(attachment.message_id.to_string())
                    .bind(plain(&attachment.name))
                    .bind(plain(&attachment.media_type))
                    .bind(size(attachment.size))
                    .bind(size(attachment.part.offset))
                    .bind(size(attachment.part.length))
                    .bind(attachment.part.encoding.as_str());
            }
            query.execute(on)
        })?;
        Ok(())
    }
}

//! Messages: the ledger of what was received.
//!
//! Keeps **A message counts once**: a place is unique in the table, so a message that is taken in twice is refused by
//! the database itself, whoever asks.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use outlink_model::message::{Message, Place};
use outlink_model::{IssueId, MailServerId, MessageId, Timestamp};

use crate::cell::{hash, micros, number, parse, parse_some, plain, plain_some, size, time};
use crate::db::{Tx, executing_within, found, reading, within};
use crate::intake::later;
use crate::{Error, Intake, Store};

mod listed;
mod of_issue;
mod passed_over;
mod rates;
mod returned;
mod uidl;
mod untold;
mod was_read;

pub use listed::MessageFilter;
pub use rates::Written;
pub use returned::InFolder;
pub use uidl::KnownUidl;
pub use untold::Untold;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, mail_server_id, folder, uid_validity, uid, uidl, message_id, sha256, internal_date, sender,
                address, authentication, subject, size, outcome, reason, handler_id, issue_id, comment_id,
                received_at, flagged, delete_there
            FROM messages",
            $rest
        )
    };
}
use select;

const BY_ID: &str = select!(" WHERE id = $1");
const LOCKED: &str = select!(" WHERE id = $1 FOR UPDATE");

const KNOWN: &str = "
    SELECT uid FROM messages
    WHERE mail_server_id = $1 AND folder = $2 AND uid_validity = $3 AND uid BETWEEN $4 AND $5";

/// Two that lie in one folder at the same time are two. A row without a Message-ID may stand for a message that has one:
/// it could not be kept whole.
const SAME: &str = "
    SELECT id FROM messages
    WHERE mail_server_id = $1 AND (folder <> $2 OR uid_validity <> $3) AND sha256 = $5 AND internal_date = $6
        AND (message_id IS NULL OR message_id = $4)
    ORDER BY id LIMIT 1";

/// What the server is never told of counts as told.
const MOVE: &str = "
    UPDATE messages SET mail_server_id = $2, folder = $3, uid_validity = $4, uid = $5, uidl = $6,
        flagged = CASE WHEN outcome IN ('quarantined', 'unhandled') THEN 1 ELSE 0 END
    WHERE id = $1";

const INSERT: &str = "
    INSERT INTO messages (id, mail_server_id, folder, uid_validity, uid, uidl, message_id, sha256,
        internal_date, sender, address, authentication, subject, size, outcome, reason, handler_id, issue_id,
        comment_id, received_at, flagged, delete_there)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)";

const SET_OUTCOME: &str = "
    UPDATE messages SET outcome = $2, reason = $3, handler_id = $4, issue_id = $5, comment_id = $6,
        flagged = $7, delete_there = $8
    WHERE id = $1";

/// How many Message-IDs one statement asks for, and how many are asked for at all: References of a hostile message can
/// be long.
const AT_ONCE: usize = 8;
const AT_MOST: usize = 64;

const ISSUES: &str = "
    SELECT message_id, mail_server_id, issue_id FROM messages
    WHERE message_id IN ($1, $2, $3, $4, $5, $6, $7, $8) AND issue_id IS NOT NULL
        AND outcome IN ('created', 'commented')
    ORDER BY id LIMIT 1000";

#[derive(sqlx::FromRow)]
struct MessageRow {
    id: String,
    mail_server_id: String,
    folder: String,
    uid_validity: i64,
    uid: i64,
    uidl: Option<String>,
    message_id: Option<String>,
    sha256: Option<Vec<u8>>,
    internal_date: i64,
    sender: String,
    address: String,
    authentication: String,
    subject: String,
    size: i64,
    outcome: String,
    reason: Option<String>,
    handler_id: Option<String>,
    issue_id: Option<String>,
    comment_id: Option<String>,
    received_at: i64,
    flagged: i64,
    delete_there: i64,
}

impl MessageRow {
    fn model(self) -> Result<Message, Error> {
        Ok(Message {
            id: parse("messages.id", &self.id)?,
            place: Place {
                mail_server_id: parse("messages.mail_server_id", &self.mail_server_id)?,
                folder: self.folder,
                uid_validity: number("messages.uid_validity", self.uid_validity)?,
                uid: number("messages.uid", self.uid)?,
                uidl: self.uidl,
            },
            message_id: self.message_id,
            sha256: self.sha256.map(|cell| hash("messages.sha256", &cell)).transpose()?,
            internal_date: time("messages.internal_date", self.internal_date)?,
            from: self.sender,
            sender: self.address,
            authentication: parse("messages.authentication", &self.authentication)?,
            subject: self.subject,
            size: number("messages.size", self.size)?,
            outcome: parse("messages.outcome", &self.outcome)?,
            reason: self.reason,
            handler_id: parse_some("messages.handler_id", self.handler_id.as_deref())?,
            issue_id: parse_some("messages.issue_id", self.issue_id.as_deref())?,
            comment_id: parse_some("messages.comment_id", self.comment_id.as_deref())?,
            received_at: time("messages.received_at", self.received_at)?,
            flagged: self.flagged != 0,
            delete: self.delete_there != 0,
        })
    }
}

impl Store {
    /// The message with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>, Error> {
        let row: Option<MessageRow> = reading!(self.db, on =>
            sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(on))?;
        row.map(MessageRow::model).transpose()
    }
}

impl Intake {
    /// The UIDs of a folder, from one to another, whose messages are in the ledger: the first key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn known_uids(
        &mut self,
        server: MailServerId,
        folder: &str,
        uid_validity: u32,
        uids: RangeInclusive<u32>,
    ) -> Result<HashSet<u32>, Error> {
        let known: Vec<i64> = within!(*self.on().await?, on => sqlx::query_scalar(KNOWN)
            .bind(server.to_string())
            .bind(plain(folder))
            .bind(i64::from(uid_validity))
            .bind(i64::from(*uids.start()))
            .bind(i64::from(*uids.end()))
            .fetch_all(on))?;
        known.into_iter().map(|uid| number("messages.uid", uid)).collect()
    }

    /// The message with the same Message-ID, bytes and time of arrival that lay in another folder of the server of
    /// `place`, or in the same under another UIDVALIDITY: the second key, for places that have lost their meaning, and
    /// for messages that were moved from one folder to another. Every message can be asked for: of those that lie in
    /// the folder of `place` as it is, none is the same.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn same_message(
        &mut self,
        place: &Place,
        message_id: Option<&str>,
        sha256: &[u8; 32],
        internal_date: Timestamp,
    ) -> Result<Option<MessageId>, Error> {
        let id: Option<String> = within!(*self.on().await?, on => sqlx::query_scalar(SAME)
            .bind(place.mail_server_id.to_string())
            .bind(plain(&place.folder))
            .bind(i64::from(place.uid_validity))
            .bind(plain_some(message_id))
            .bind(&sha256[..])
            .bind(micros(internal_date))
            .fetch_optional(on))?;
        parse_some("messages.id", id.as_deref())
    }

    /// Writes that a known message lies in another place now, with its UIDL there, where the server has still to be told of it, if it ever
    /// is.
    ///
    /// # Errors
    /// [`Error::Taken`] if another message has that place or UIDL; [`Error::Missing`].
    pub async fn move_message(&mut self, id: MessageId, place: &Place) -> Result<(), Error> {
        let done = executing_within!(*self.on().await?, on => sqlx::query(MOVE)
            .bind(id.to_string())
            .bind(place.mail_server_id.to_string())
            .bind(plain(&place.folder))
            .bind(i64::from(place.uid_validity))
            .bind(i64::from(place.uid))
            .bind(plain_some(place.uidl.as_deref()))
            .execute(on))
        .map_err(|error| Error::taken(error, "place"))?;
        found(done)
    }

    /// The issue that the first known one of these Message-IDs belongs to; the caller puts the likeliest first, and no
    /// more than 64 are looked at. Where several messages have one Message-ID, since the same mail was sent to several
    /// mailboxes, the one that came to `server` counts before the others: an answer belongs with what its reader saw.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn issue_by_message_ids(
        &mut self,
        server: MailServerId,
        message_ids: &[String],
    ) -> Result<Option<IssueId>, Error> {
        let server = server.to_string();
        for ids in message_ids[..message_ids.len().min(AT_MOST)].chunks(AT_ONCE) {
            // The text has eight places: the last id fills those that are left over.
            let id = |n: usize| plain(&ids[n.min(ids.len() - 1)]);
            let rows: Vec<(String, String, String)> = within!(*self.on().await?, on =>
                sqlx::query_as(ISSUES)
                    .bind(id(0))
                    .bind(id(1))
                    .bind(id(2))
                    .bind(id(3))
                    .bind(id(4))
                    .bind(id(5))
                    .bind(id(6))
                    .bind(id(7))
                    .fetch_all(on))?;
            if let Some(issue) = likeliest(&rows, ids, &server) {
                return parse("messages.issue_id", issue).map(Some);
            }
        }
        Ok(None)
    }

    /// Writes a message into the ledger. What it names (raw bytes, issue, comment) is to be written before.
    ///
    /// # Errors
    /// [`Error::Taken`] if its place or its UIDL is in the ledger; [`Error::Missing`] if something that it names is not there.
    pub async fn put_message(&mut self, message: &Message) -> Result<(), Error> {
        later!(self, INSERT, query => query
            .bind(message.id.to_string())
            .bind(message.place.mail_server_id.to_string())
            .bind(plain(&message.place.folder))
            .bind(i64::from(message.place.uid_validity))
            .bind(i64::from(message.place.uid))
            .bind(plain_some(message.place.uidl.as_deref()))
            .bind(plain_some(message.message_id.as_deref()))
            .bind(message.sha256.as_ref().map(|hash| &hash[..]))
            .bind(micros(message.internal_date))
            .bind(plain(&message.from))
            .bind(plain(&message.sender))
            .bind(message.authentication.as_str())
            .bind(plain(&message.subject))
            .bind(size(message.size))
            .bind(message.outcome.as_str())
            .bind(plain_some(message.reason.as_deref()))
            .bind(message.handler_id.map(|id| id.to_string()))
            .bind(message.issue_id.map(|id| id.to_string()))
            .bind(message.comment_id.map(|id| id.to_string()))
            .bind(micros(message.received_at))
            .bind(i64::from(message.flagged))
            .bind(i64::from(message.delete)));
        Ok(())
    }

    /// The message with this id. On PostgreSQL nobody else changes it until the transaction ends; on SQLite nobody else
    /// writes at all.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn message(&mut self, id: MessageId) -> Result<Option<Message>, Error> {
        let text = match self.tx() {
            Tx::Sqlite(..) => BY_ID,
            Tx::Postgres(_) => LOCKED,
        };
        let row: Option<MessageRow> = within!(*self.on().await?, on =>
            sqlx::query_as(text).bind(id.to_string()).fetch_optional(on))?;
        row.map(MessageRow::model).transpose()
    }

    /// Writes what became of a message that stands in the ledger already: the outcome with its reason, what it was handled
    /// by, what it made, and whether the server has still to be told.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is no such message, or something that it names is not there.
    pub async fn set_outcome(&mut self, message: &Message) -> Result<(), Error> {
        let done = executing_within!(*self.on().await?, on => sqlx::query(SET_OUTCOME)
            .bind(message.id.to_string())
            .bind(message.outcome.as_str())
            .bind(plain_some(message.reason.as_deref()))
            .bind(message.handler_id.map(|id| id.to_string()))
            .bind(message.issue_id.map(|id| id.to_string()))
            .bind(message.comment_id.map(|id| id.to_string()))
            .bind(i64::from(message.flagged))
            .bind(i64::from(message.delete))
            .execute(on))?;
        found(done)
    }
}

/// Of the rows (Message-ID, server, issue), oldest first, the issue of the first of `ids` that has one.
fn likeliest<'a>(
    rows: &'a [(String, String, String)],
    ids: &[String],
    server: &str,
) -> Option<&'a str> {
    ids.iter().find_map(|id| {
        let id = plain(id);
        let known = || rows.iter().filter(|row| row.0 == id);
        let row = known().find(|row| row.1 == server).or_else(|| known().next());
        row.map(|row| row.2.as_str())
    })
}

//! Messages by POP3: the server's unique ids (UIDL, RFC 1939 §7) in the place of UIDs.
//!
//! Keeps **A message counts once**: of one server, a UIDL is unique in the table.

use std::collections::HashMap;

use outlink_model::{MailServerId, MessageId};

use crate::cell::{number, parse, parse_some, plain, plain_some};
use crate::db::{executing_within, found, reading, within};
use crate::{Error, Intake, Store};

/// The condition is that of the index `messages_uidl`, which otherwise would not serve.
const ALL: &str = "
    SELECT uidl, size, CAST(CASE WHEN flagged = 0 AND outcome <> 'unhandled' THEN 1 ELSE 0 END AS BIGINT),
        delete_there
    FROM messages WHERE mail_server_id = $1 AND uidl IS NOT NULL";

const KNOWN: &str = "SELECT id, size FROM messages WHERE mail_server_id = $1 AND uidl = $2";

/// A row without a Message-ID may stand for a message that has one: it could not be kept whole.
const SAME: &str = "
    SELECT id FROM messages
    WHERE mail_server_id = $1 AND sha256 = $3 AND (message_id IS NULL OR message_id = $2)
    ORDER BY id LIMIT 1";

const SET: &str = "UPDATE messages SET uidl = $2 WHERE id = $1";

const LAST_NUMBER: &str = "
    SELECT MAX(uid) FROM messages WHERE mail_server_id = $1 AND folder = 'INBOX' AND uid_validity = 0";

/// What the ledger knows of a message by its UIDL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownUidl {
    /// Its octets.
    pub size: u64,
    /// Whether the server has still to be told that we have dealt with it.
    pub untold: bool,
    /// Whether it is to be deleted there, whatever the server's setting is.
    pub delete: bool,
}

impl Store {
    /// Every message of this server that has a UIDL, by that; those that were passed over are among them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn uidls(&self, server: MailServerId) -> Result<HashMap<String, KnownUidl>, Error> {
        let rows: Vec<(String, i64, i64, i64)> = reading!(self.db, on =>
            sqlx::query_as(ALL).bind(server.to_string()).fetch_all(on))?;
        let known = |(uidl, size, untold, delete)| {
            let size = number("messages.size", size)?;
            Ok((uidl, KnownUidl { size, untold: untold != 0, delete: delete != 0 }))
        };
        let mut all = self.passed_over(server).await?;
        let known: HashMap<_, _> = rows.into_iter().map(known).collect::<Result<_, Error>>()?;
        all.extend(known);
        Ok(all)
    }
}

impl Intake {
    /// The message of this server that has this UIDL, and how many octets it has.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn known_uidl(
        &mut self,
        server: MailServerId,
        uidl: &str,
    ) -> Result<Option<(MessageId, u64)>, Error> {
        let row: Option<(String, i64)> = within!(self.tx, on => sqlx::query_as(KNOWN)
            .bind(server.to_string())
            .bind(plain(uidl))
            .fetch_optional(on))?;
        let known = |(id, size): (String, i64)| {
            Ok((parse("messages.id", &id)?, number("messages.size", size)?))
        };
        row.map(known).transpose()
    }

    /// The message of this server with the same Message-ID and bytes, whatever its UIDL is: the second key by POP3, for
    /// servers without UIDL or that have given another one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn same_bytes(
        &mut self,
        server: MailServerId,
        message_id: Option<&str>,
        sha256: &[u8; 32],
    ) -> Result<Option<MessageId>, Error> {
        let id: Option<String> = within!(self.tx, on => sqlx::query_scalar(SAME)
            .bind(server.to_string())
            .bind(plain_some(message_id))
            .bind(&sha256[..])
            .fetch_optional(on))?;
        parse_some("messages.id", id.as_deref())
    }

    /// Writes that a message has no UIDL any more: its server has given that to another one.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn forget_uidl(&mut self, id: MessageId) -> Result<(), Error> {
        self.set_uidl(id, None).await
    }

    /// Writes the UIDL that a message has now.
    ///
    /// # Errors
    /// [`Error::Taken`] with `uidl` if another message of the server has it; [`Error::Missing`].
    pub async fn set_uidl(&mut self, id: MessageId, uidl: Option<&str>) -> Result<(), Error> {
        let done = executing_within!(self.tx, on =>
            sqlx::query(SET).bind(id.to_string()).bind(plain_some(uidl)).execute(on))
        .map_err(|error| Error::taken(error, "uidl"))?;
        found(done)
    }

    /// The number that the next message of a POP3 server gets in the place of a UID.
    ///
    /// # Errors
    /// [`Error::Broken`] if there are more messages than numbers.
    pub async fn next_number(&mut self, server: MailServerId) -> Result<u32, Error> {
        let last: Option<i64> = within!(self.tx, on =>
            sqlx::query_scalar(LAST_NUMBER).bind(server.to_string()).fetch_one(on))?;
        number("messages.uid", last.unwrap_or(0) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;

    #[tokio::test]
    async fn what_pop3_asks_is_found_by_an_index() {
        for (query, index) in [
            (ALL, "messages_uidl"),
            (KNOWN, "messages_uidl"),
            (SAME, "messages_sha256"),
            (LAST_NUMBER, "sqlite_autoindex_messages_2"),
        ] {
            let plan = plan(query).await;
            assert!(plan.contains(index), "{query}: {plan}");
            assert!(!plan.contains("B-TREE"), "{query}: {plan}");
        }
    }
}

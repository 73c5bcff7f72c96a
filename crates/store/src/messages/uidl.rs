//! Messages by POP3: the server's unique ids (UIDL, RFC 1939 §7) in the place of UIDs.
//!
//! Keeps **A message counts once**: of one server, a UIDL is unique in the table.

use std::collections::HashMap;

use outlink_model::{MailServerId, MessageId};

use crate::cell::{number, parse, parse_some, plain, plain_some};
use crate::db::{executing_within, found, reading, within};
use crate::{Error, Intake, Store};

/// How many names one statement asks for: a mailbox may hold tens of thousands, and most hold a few.
const MANY: usize = 512;
const FEW: usize = 8;

const KNOWN: &str = "SELECT id, size FROM messages WHERE mail_server_id = $1 AND uidl = $2";

/// A row without a Message-ID may stand for a message that has one: it could not be kept whole.
const SAME: &str = "
    SELECT id FROM messages
    WHERE mail_server_id = $1 AND sha256 = $3 AND (message_id IS NULL OR message_id = $2)
    ORDER BY id LIMIT 1";

const SET: &str = "UPDATE messages SET uidl = $2 WHERE id = $1";

const LAST_NUMBER: &str = "
    SELECT MAX(uid) FROM messages WHERE mail_server_id = $1 AND folder = 'INBOX' AND uid_validity = 0";

/// What is known of a message by its UIDL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownUidl {
    /// Its octets.
    pub size: u64,
    /// It was passed over, and does not stand in the ledger.
    pub is_passed_over: bool,
}

/// Asks for so many names, in the ledger and among what was passed over. The condition is that of the index
/// `messages_uidl`, which otherwise would not serve.
fn of_names(names: usize) -> String {
    let places: Vec<String> = (2..names + 2).map(|place| format!("${place}")).collect();
    let places = places.join(", ");
    format!(
        "SELECT uidl, size, CAST(1 AS BIGINT) FROM passed_over
        WHERE mail_server_id = $1 AND uidl IN ({places})
        UNION ALL
        SELECT uidl, size, CAST(0 AS BIGINT) FROM messages
        WHERE mail_server_id = $1 AND uidl IS NOT NULL AND uidl IN ({places})"
    )
}

impl Store {
    /// Which of these UIDLs of a server are known, in the ledger or as passed over. One that is both stands for what is in
    /// the ledger. What is known besides is not read, so that a poll costs what lies in the mailbox and no more.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn known_uidls<'a>(
        &self,
        server: MailServerId,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<HashMap<String, KnownUidl>, Error> {
        let names: Vec<_> = names.into_iter().map(plain).collect();
        let mut known = HashMap::new();
        let (many, few) = (of_names(MANY), of_names(FEW));
        let (whole, rest) = names.as_chunks::<MANY>();
        let whole = whole.iter().map(|some| (&many, MANY, &some[..]));
        for (text, places, some) in whole.chain(rest.chunks(FEW).map(|some| (&few, FEW, some))) {
            let rows: Vec<(String, i64, i64)> = reading!(self.db, on => {
                let text = sqlx::AssertSqlSafe(text.clone());
                let mut query = sqlx::query_as(text).bind(server.to_string());
                // The last one fills the places that are left over.
                for at in 0..places {
                    query = query.bind(some[at.min(some.len() - 1)].as_ref());
                }
                query.fetch_all(on)
            })?;
            for (uidl, size, passed_over) in rows {
                let size = number("messages.size", size)?;
                let row = KnownUidl { size, is_passed_over: passed_over != 0 };
                if !row.is_passed_over || !known.contains_key(&uidl) {
                    known.insert(uidl, row);
                }
            }
        }
        Ok(known)
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
        let row: Option<(String, i64)> = within!(*self.on().await?, on => sqlx::query_as(KNOWN)
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
        let id: Option<String> = within!(*self.on().await?, on => sqlx::query_scalar(SAME)
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
        let done = executing_within!(*self.on().await?, on =>
            sqlx::query(SET).bind(id.to_string()).bind(plain_some(uidl)).execute(on))
        .map_err(|error| Error::taken(error, "uidl"))?;
        found(done)
    }

    /// The number that the next message of a POP3 server gets in the place of a UID.
    ///
    /// # Errors
    /// [`Error::Broken`] if there are more messages than numbers.
    pub async fn next_number(&mut self, server: MailServerId) -> Result<u32, Error> {
        let last: Option<i64> = within!(*self.on().await?, on =>
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
            (of_names(FEW).as_str(), "messages_uidl"),
            (of_names(MANY).as_str(), "sqlite_autoindex_passed_over_1"),
            (KNOWN, "messages_uidl"),
            (SAME, "messages_sha256"),
            (LAST_NUMBER, "sqlite_autoindex_messages_2"),
        ] {
            let plan = plan(query).await;
            assert!(plan.contains(index), "{query}: {plan}");
            assert!(!plan.contains("B-TREE") && !plan.contains("SCAN m"), "{query}: {plan}");
        }
    }
}

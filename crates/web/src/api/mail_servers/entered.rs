//! A mail server as it is entered: all of it for a new one, and what shall change for one that stands.

use outlink_engine::mail_servers::{
    AuthorizeMailServer, MailServerDraft, MailServerEdit, NewMailServer,
};
use outlink_model::mail_server::{After, MailServer, Take};
use outlink_model::problem::Problem;
use outlink_model::{Secret, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::links::hours;
use crate::choice::optional_choice;
use crate::extract::{period, secret};

/// Declares a body of its own fields and of those that can be set and changed alike.
macro_rules! mail_server_body {
    ($(#[$about:meta])* $name:ident { $($(#[$meta:meta])* $field:ident: $kind:ty,)* }) => {
        // No `Debug`: it holds a secret.
        #[derive(Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        $(#[$about])*
        pub(super) struct $name {
            $($(#[$meta])* $field: $kind,)*
            /// Unique, chosen by you.
            name: Option<String>,
            /// What it is for, at most 1000 characters.
            description: Option<String>,
            /// `incoming` or `outgoing`. It follows from the protocol, and may be left out.
            direction: Option<String>,
            /// `google`, `microsoft`, `yahoo`, `aol`, `fastmail` or `yandex`: fills in host, port and security, as far
            /// as they are left out. It is not kept.
            provider: Option<String>,
            /// Microsoft's cloud, with `provider`: `worldwide`, `gcc`, `gcc_high`, `dod` or `china`.
            cloud: Option<String>,
            /// `imap`, also where left out, or `pop3`: mail is fetched. `smtp`: mail is sent; `folders`, `after`, `take`,
            /// `poll_seconds`, `idle` and `authserv_id` mean nothing then, and are refused.
            protocol: Option<String>,
            /// `tls`, also where left out, or `starttls`. `none` only for hosts that the operator has named in the
            /// configuration, and with a password.
            security: Option<String>,
            /// Its name or address.
            host: Option<String>,
            /// The usual one of protocol and security where never said.
            port: Option<u16>,
            /// The account's address: whose mail it is, or in whose name mail is sent.
            mailbox: Option<String>,
            /// Id or e-mail address of the grant to sign in with.
            grant: Option<String>,
            /// The password to sign in with, where there is no grant. Kept sealed and never shown again.
            #[serde(default, deserialize_with = "secret")]
            #[schema(value_type = Option<String>, format = Password)]
            password: Option<Secret>,
            /// The folders that are fetched from, 1 to 20; `INBOX` where never said. By POP3 there is `INBOX` alone.
            folders: Option<Vec<String>>,
            /// The same for one folder.
            folder: Option<String>,
            /// What is done on the mail server with what was handled: `keep` (also where never said; it is marked as
            /// read), `move` or `delete`. What was not handled is left as it is.
            after: Option<String>,
            /// The folder that handled messages are moved to, with `after`: `move`.
            move_to: Option<String>,
            /// `new` (where never said): only mail that arrives from now on. `all`: everything that is there. `since`:
            /// what arrived at a time or later. It counts when a folder is seen for the first time.
            take: Option<String>,
            /// The date or time, with `take`: `since`.
            since: Option<String>,
            /// Seconds between two polls, 2 to 86400; 60 where never said. While the server tells of new mail by itself,
            /// it is asked every five minutes at most.
            poll_seconds: Option<u32>,
            /// Whether the connection is kept so that the server tells of new mail (IMAP's IDLE); `true` where never said.
            idle: Option<bool>,
            /// Seconds that one answer of the server may take, 1 to 60; 60 where never said.
            time_limit_seconds: Option<u32>,
            /// The server whose Authentication-Results are believed, by the name that it writes there; `*` for the
            /// topmost header whoever wrote it. Empty: none is believed.
            authserv_id: Option<String>,
        }

        impl $name {
            fn draft(&mut self, before: Option<&MailServer>) -> Result<MailServerDraft, Problem> {
                let after = after(self.after.as_deref(), self.move_to.take(), before)?;
                let take = take(self.take.as_deref(), self.since.as_deref())?;
                let folders = match (self.folders.take(), self.folder.take()) {
                    (Some(_), Some(_)) => return Err(folders_twice()),
                    (Some(folders), None) => Some(folders),
                    (None, folder) => folder.map(|folder| vec![folder]),
                };
                Ok(MailServerDraft {
                    name: self.name.take(),
                    description: self.description.take(),
                    direction: optional_choice("direction", self.direction.as_deref())?,
                    provider: optional_choice("provider", self.provider.as_deref())?,
                    cloud: optional_choice("cloud", self.cloud.as_deref())?,
                    protocol: optional_choice("protocol", self.protocol.as_deref())?,
                    security: optional_choice("security", self.security.as_deref())?,
                    host: self.host.take(),
                    port: self.port,
                    mailbox: self.mailbox.take(),
                    grant: self.grant.take(),
                    password: self.password.take(),
                    folders,
                    after,
                    take,
                    poll_seconds: self.poll_seconds,
                    idle: self.idle,
                    time_limit_seconds: self.time_limit_seconds,
                    authserv_id: self.authserv_id.take(),
                })
            }
        }
    };
}

mail_server_body! {
    /// What a new mail server is made of. It signs in by `grant` or `password`, or by the grant that is asked for under
    /// `link`.
    #[schema(as = NewMailServer)]
    NewMailServerBody {
        /// Id or name of a link, in the place of `grant` and `password`: a consent is asked for, and the grant that
        /// comes of it is attached.
        link: Option<String>,
    }
}

impl NewMailServerBody {
    pub(super) fn read(mut self) -> Result<NewMailServer, Problem> {
        Ok(NewMailServer { draft: self.draft(None)?, link: self.link })
    }
}

mail_server_body! {
    /// What changes about a mail server.
    #[schema(as = MailServerEdit)]
    MailServerEditBody {
        /// Id or name of a link, in the place of `grant` and `password`: a consent is asked for, and the grant that comes
        /// of it is attached. What it signed in with is not used at an address that has moved.
        link: Option<String>,
        /// Whether polling is stopped.
        paused: Option<bool>,
        /// The new `mailbox` is the same mailbox under another address. Without this, a mailbox that was fetched from
        /// already is not changed.
        #[serde(default)]
        mailbox_renamed: bool,
        /// The `updated_at` that was read: the edit is refused where somebody else has changed the mail server since.
        #[schema(value_type = Option<String>)]
        updated_at: Option<Timestamp>,
    }
}

impl MailServerEditBody {
    pub(super) fn read(mut self, before: &MailServer) -> Result<MailServerEdit, Problem> {
        Ok(MailServerEdit {
            draft: self.draft(Some(before))?,
            paused: self.paused,
            link: self.link,
            mailbox_renamed: self.mailbox_renamed,
            seen: self.updated_at,
        })
    }
}

/// Of whom the grant of a mail server is asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AuthorizeMailServer)]
pub(super) struct AuthorizeMailServerBody {
    /// Id or name of the link; where left out, the grant that the mail server has is asked for anew.
    link: Option<String>,
    /// Whose account is suggested at the provider; the mailbox where left out. For a shared mailbox, whoever reads it.
    login_hint: Option<String>,
    /// How long the address works, 1 to 720; 72 where left out. The end of a code is the provider's to say.
    expires_in_hours: Option<u32>,
}

impl AuthorizeMailServerBody {
    pub(super) fn read(self) -> AuthorizeMailServer {
        AuthorizeMailServer {
            link: self.link,
            login_hint: self.login_hint,
            expires_in: hours(self.expires_in_hours),
        }
    }
}

fn after(
    word: Option<&str>,
    move_to: Option<String>,
    before: Option<&MailServer>,
) -> Result<Option<After>, Problem> {
    let word = word.map(str::trim).filter(|word| !word.is_empty());
    let move_to = move_to.filter(|folder| !folder.trim().is_empty());
    match (word, move_to) {
        (None, None) => Ok(None),
        (Some("move") | None, Some(folder)) => Ok(Some(After::Move(folder))),
        (Some("move"), None) => Ok(Some(match before.map(|server| &server.after) {
            Some(After::Move(folder)) => After::Move(folder.clone()),
            _ => After::Move(String::new()),
        })),
        (Some("keep" | "delete"), Some(_)) => Err(Problem::invalid(
            "move_to",
            "field_unused",
            "A folder is named, and messages are not moved.",
            "Leave move_to out, or choose move for `after`.",
        )),
        (Some("keep"), None) => Ok(Some(After::Keep)),
        (Some("delete"), None) => Ok(Some(After::Delete)),
        (Some(other), _) => Err(unknown("after", other, "keep, move, delete")),
    }
}

fn take(word: Option<&str>, since: Option<&str>) -> Result<Option<Take>, Problem> {
    let word = word.map(str::trim).filter(|word| !word.is_empty());
    let (since, _) = period(since, None)?;
    match (word, since) {
        (None, None) => Ok(None),
        (Some("since") | None, Some(since)) => Ok(Some(Take::Since(since))),
        (Some("since"), None) => Err(Problem::invalid(
            "since",
            "missing",
            "The time is missing since which mail is taken.",
            "Write a date like 2027-01-31, or a time like 2027-01-31T12:00:00Z.",
        )),
        (Some("new" | "all"), Some(_)) => Err(Problem::invalid(
            "since",
            "field_unused",
            "A time is named, and mail is not taken by it.",
            "Leave since out, or choose since for `take`.",
        )),
        (Some("new"), None) => Ok(Some(Take::New)),
        (Some("all"), None) => Ok(Some(Take::All)),
        (Some(other), _) => Err(unknown("take", other, "new, all, since")),
    }
}

fn unknown(field: &'static str, given: &str, choices: &str) -> Problem {
    Problem::invalid(
        field,
        "unknown_choice",
        format!("There is no {field} called {given:?}."),
        format!("Choose one of {choices}."),
    )
}

fn folders_twice() -> Problem {
    Problem::invalid(
        "folder",
        "folder_twice",
        "Both `folders` and `folder` were given.",
        "Give `folders` alone.",
    )
}

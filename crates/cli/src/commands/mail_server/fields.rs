//! The flags of a mail server: those of a new one and those of an edit.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use crate::client::Refused;
use crate::input;

/// Where `--help` lists what belongs together.
const PLACE: &str = "Where it is";
const SIGN_IN: &str = "How it is signed in to";
const MAIL: &str = "Which mail is taken, and what is done with it";
const RHYTHM: &str = "When it is asked";

#[derive(Debug, Args, Serialize)]
pub(crate) struct Create {
    /// What people call it; needed unless it is only tested
    #[arg(long, required_unless_present = "test_only")]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Ask for a consent under this link, by name or id, and sign in with the grant that comes of it; prints the address
    /// (or the code) that its giver needs
    #[arg(long, help_heading = SIGN_IN, conflicts_with_all = ["grant", "password_file"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<String>,
    /// Save nothing: try every step, and say what would become of the newest mail
    #[arg(long)]
    #[serde(skip)]
    pub(super) test_only: bool,
    #[command(flatten)]
    #[serde(flatten)]
    fields: Fields,
}

impl Create {
    /// What is sent.
    pub(super) fn body(&self) -> anyhow::Result<Value> {
        let mut body = serde_json::to_value(self)?;
        self.fields.complete(&mut body)?;
        Ok(body)
    }

    /// What it is called, where it has a name yet.
    pub(super) fn called(&self) -> &str {
        self.name.as_deref().unwrap_or("that is tried")
    }
}

#[derive(Debug, Args, Serialize)]
pub(crate) struct Edit {
    /// Its name or id
    #[arg(value_name = "NAME")]
    #[serde(skip)]
    pub(super) server: String,
    /// What people shall call it
    #[arg(long = "name", value_name = "NEW_NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The new --mailbox is the same mailbox under another address: it is read on from where it was left
    #[arg(long, requires = "mailbox", help_heading = PLACE)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    mailbox_renamed: bool,
    /// Ask for a consent under this link, by name or id, and sign in with the grant that comes of it; prints the address
    /// (or the code) that its giver needs. What it signs in with now stays until then, but for a moved endpoint
    #[arg(long, help_heading = SIGN_IN, conflicts_with_all = ["grant", "password_file"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<String>,
    /// Stop fetching, or sending, until it is resumed
    #[arg(long, conflicts_with = "resume")]
    #[serde(skip)]
    pause: bool,
    /// Fetch or send again after a pause
    #[arg(long)]
    #[serde(skip)]
    resume: bool,
    /// Change it only if nobody else has since: its updated_at, as `outlink mail-server show` printed it
    #[arg(long, value_name = "TIME")]
    #[serde(rename = "updated_at", skip_serializing_if = "Option::is_none")]
    if_updated_at: Option<String>,
    /// Change nothing: try every step as it would be after the edit
    #[arg(long)]
    #[serde(skip)]
    pub(super) test_only: bool,
    #[command(flatten)]
    #[serde(flatten)]
    fields: Fields,
}

impl Edit {
    /// What is sent.
    ///
    /// # Errors
    /// A file that cannot be read; or nothing that shall change, which is more likely a slip than a wish.
    pub(super) fn body(&self) -> anyhow::Result<Value> {
        let mut body = serde_json::to_value(self)?;
        if self.pause || self.resume {
            body["paused"] = json!(self.pause);
        }
        self.fields.complete(&mut body)?;
        let changes =
            body.as_object().is_some_and(|fields| fields.keys().any(|name| name != "updated_at"));
        if !changes {
            return Err(nothing_to_change(&self.server).into());
        }
        Ok(body)
    }
}

fn nothing_to_change(server: &str) -> Refused {
    Refused {
        message: format!(
            "There is nothing to change about the mail server {server:?}: no flag says what."
        ),
        hint: "Name at least one: --grant, --password-file, --host, --folder, --poll-seconds, --pause or --resume, for \
               example; `outlink mail-server edit --help` lists them all."
            .into(),
    }
}

/// What can be set and changed alike.
#[derive(Debug, Default, Args, Serialize)]
struct Fields {
    /// What it is for
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Which way mail goes: incoming or outgoing. It follows from --protocol and need not be said
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<String>,
    /// Whose it is: google, microsoft, yahoo, aol, fastmail or yandex; says host, port and security
    #[arg(long, help_heading = PLACE)]
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// Microsoft's cloud, with --provider microsoft: worldwide, gcc, gcc_high, dod or china
    #[arg(long, help_heading = PLACE, requires = "provider")]
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud: Option<String>,
    /// What is spoken: imap (where never said) or pop3, which mail is fetched by; or smtp, which mail is sent by
    #[arg(long, help_heading = PLACE)]
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    /// How the connection is secured: tls (where never said), starttls, or none for hosts that the operator has named
    #[arg(long, help_heading = PLACE)]
    #[serde(skip_serializing_if = "Option::is_none")]
    security: Option<String>,
    /// Host name or address
    #[arg(long, help_heading = PLACE)]
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// TCP port; the usual one of protocol and security where never said
    #[arg(long, help_heading = PLACE)]
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    /// The account's address: whose mail it is, or in whose name mail is sent
    #[arg(long, help_heading = PLACE)]
    #[serde(skip_serializing_if = "Option::is_none")]
    mailbox: Option<String>,
    /// Sign in with this grant, by id or e-mail address
    #[arg(long, help_heading = SIGN_IN, conflicts_with = "password_file")]
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<String>,
    /// Sign in with the password in this file (`-` for standard input)
    #[arg(long, help_heading = SIGN_IN, value_name = "FILE")]
    #[serde(skip)]
    password_file: Option<PathBuf>,
    /// A folder to read, once for each; INBOX where none was ever named
    #[arg(long = "folder", value_name = "FOLDER", help_heading = MAIL)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    folders: Vec<String>,
    /// Which mail is taken of a folder that is new to us: `new` for what arrives from now on (where never said), `all` for
    /// what lies there too
    #[arg(long, help_heading = MAIL)]
    #[serde(skip_serializing_if = "Option::is_none")]
    take: Option<String>,
    /// Take what arrived on this date or at this time, and later
    #[arg(long, value_name = "DATE", help_heading = MAIL, conflicts_with = "take")]
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// Leave handled messages where they are, marked as read (where never said)
    #[arg(long, help_heading = MAIL, group = "handled")]
    #[serde(skip)]
    keep_handled: bool,
    /// Move handled messages to this folder
    #[arg(long, value_name = "FOLDER", help_heading = MAIL, group = "handled")]
    #[serde(skip_serializing_if = "Option::is_none")]
    move_to: Option<String>,
    /// Delete handled messages on the mail server; they are kept here
    #[arg(long, help_heading = MAIL, group = "handled")]
    #[serde(skip)]
    delete_handled: bool,
    /// Believe the Authentication-Results of this server, by the name that it writes there; `*` for the topmost header,
    /// and an empty name for none
    #[arg(long, value_name = "NAME", help_heading = MAIL)]
    #[serde(skip_serializing_if = "Option::is_none")]
    authserv_id: Option<String>,
    /// Seconds between two polls, 2 to 86400; 60 where never said
    #[arg(long, value_name = "SECONDS", help_heading = RHYTHM)]
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_seconds: Option<u32>,
    /// Stay connected so that the server tells of new mail (where never said)
    #[arg(long, help_heading = RHYTHM, conflicts_with = "no_idle")]
    #[serde(skip)]
    idle: bool,
    /// Do not stay connected
    #[arg(long, help_heading = RHYTHM)]
    #[serde(skip)]
    no_idle: bool,
    /// Seconds that one answer of the server may take, 1 to 60; 60 where never said
    #[arg(long = "time-limit", value_name = "SECONDS", help_heading = RHYTHM)]
    #[serde(skip_serializing_if = "Option::is_none")]
    time_limit_seconds: Option<u32>,
}

impl Fields {
    /// Adds what is no plain field.
    fn complete(&self, body: &mut Value) -> anyhow::Result<()> {
        if let Some(path) = &self.password_file {
            body["password"] = json!(input::secret(path, "password")?.expose());
        }
        if self.keep_handled || self.delete_handled {
            body["after"] = json!(if self.delete_handled { "delete" } else { "keep" });
        }
        if self.move_to.is_some() {
            body["after"] = json!("move");
        }
        if self.since.is_some() {
            body["take"] = json!("since");
        }
        if self.idle || self.no_idle {
            body["idle"] = json!(self.idle);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_not_sent() {
        let create =
            |fields| Create { name: Some("Inbox".into()), link: None, test_only: false, fields };
        let bare = create(Fields::default()).body().expect("a body");
        assert_eq!(bare, json!({ "name": "Inbox" }));
        let told = Fields {
            folders: vec!["INBOX".into(), "Sales".into()],
            move_to: Some("Done".into()),
            since: Some("2026-01-01".into()),
            no_idle: true,
            time_limit_seconds: Some(5),
            ..Fields::default()
        };
        let expected = json!({
            "name": "Inbox", "folders": ["INBOX", "Sales"], "after": "move", "move_to": "Done", "take": "since",
            "since": "2026-01-01", "idle": false, "time_limit_seconds": 5,
        });
        assert_eq!(create(told).body().expect("a body"), expected);
    }
}

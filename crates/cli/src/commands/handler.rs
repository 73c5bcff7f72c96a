//! `outlink handler`: what turns the mail of a server into issues and comments.

mod settings;
mod trial;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Value, json};

use crate::args::{Named, Page};
use crate::commands::Context;
use crate::print;
use settings::Settings;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a handler, the last of its mail server; from then on the server is fetched from
    Create(Box<Create>),
    /// List handlers
    List(Page),
    /// Show one handler with all its settings
    Show(Named),
    /// Change a handler; what is not named stays
    Edit(Box<Edit>),
    /// Delete a handler; what it made stays
    Delete(Named),
    /// Put the handlers of a mail server into the order in which they are asked
    Order(Order),
    /// Say what would become of mail, and why; nothing is written and nothing changed on the mail server
    Try(trial::Try),
}

#[derive(Debug, Args, Serialize)]
pub(crate) struct Create {
    /// What people call it
    #[arg(long)]
    name: String,
    /// The mail server whose messages it handles, by name or id
    #[arg(long)]
    mail_server: String,
    /// The project that new issues go to, by key or id
    #[arg(long)]
    project: String,
    /// Do not set it to work yet: it can be tried first
    #[arg(long)]
    #[serde(skip)]
    disabled: bool,
    #[command(flatten)]
    #[serde(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct Edit {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    change: Change,
}

/// What may change.
#[derive(Debug, Default, Args, Serialize)]
pub(crate) struct Change {
    /// What people call it from now on
    #[arg(long = "name", id = "new_name", value_name = "NAME")]
    #[serde(rename = "name", skip_serializing_if = "Option::is_none")]
    new_name: Option<String>,
    /// Another mail server, whose last handler it becomes, by name or id
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    mail_server: Option<String>,
    /// Another project that new issues go to, by key or id
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    /// Set it to work again after it was disabled
    #[arg(long, conflicts_with = "disable")]
    #[serde(skip)]
    enable: bool,
    /// Switch it off
    #[arg(long)]
    #[serde(skip)]
    disable: bool,
    #[command(flatten)]
    #[serde(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct Order {
    /// The mail server, by name or id
    #[arg(long)]
    mail_server: String,
    /// All its handlers, by name or id, the one that is asked first in front
    #[arg(required = true, value_name = "HANDLER")]
    handlers: Vec<String>,
}

impl Create {
    fn body(&self) -> anyhow::Result<Value> {
        let mut body = serde_json::to_value(self)?;
        if self.disabled {
            body["enabled"] = json!(false);
        }
        Ok(body)
    }
}

impl Change {
    fn body(&self) -> anyhow::Result<Value> {
        let mut body = serde_json::to_value(self)?;
        if self.enable || self.disable {
            body["enabled"] = json!(self.enable);
        }
        if body == json!({}) {
            bail!(
                "Nothing was named that shall change. `outlink handler edit --help` lists what can."
            );
        }
        Ok(body)
    }
}

const COLUMNS: [print::Column; 7] = [
    ("NAME", "name"),
    ("MAIL SERVER", "mail_server"),
    ("ORDER", "position"),
    ("PROJECT", "project"),
    ("TYPE", "type"),
    ("ENABLED", "enabled"),
    ("ID", "id"),
];

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(create) => context.send(&["handlers"], &create.body()?).await,
        Command::List(page) => context.list(&["handlers"], &page, &[], &COLUMNS).await,
        Command::Show(named) => context.show(&["handlers", &named.name]).await,
        Command::Edit(edit) => {
            context.change(&["handlers", &edit.named.name], &edit.change.body()?).await
        }
        Command::Delete(named) => {
            let answer = context.client()?.delete(&["handlers", &named.name], &[]).await?;
            let sentence = format!("The handler {:?} is deleted. What it made stays.", named.name);
            context.done(&answer, &sentence);
            Ok(())
        }
        Command::Order(order) => {
            let body = json!({ "mail_server": order.mail_server, "handlers": order.handlers });
            let answer = context.client()?.post(&["handlers", "order"], &body).await?;
            print::list(context.format(), &answer, &COLUMNS);
            Ok(())
        }
        Command::Try(of) => trial::run(context, &of).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: Command,
    }

    fn parsed(line: &[&str]) -> Command {
        let words = ["handler"].iter().chain(line);
        Line::try_parse_from(words).expect("it is understood").command
    }

    #[test]
    fn only_what_was_named_is_sent() {
        let line = ["create", "--name", "A", "--mail-server", "B", "--project", "SUP"];
        let Command::Create(plain) = parsed(&line) else { panic!("it creates") };
        let named = json!({ "name": "A", "mail_server": "B", "project": "SUP" });
        assert_eq!(plain.body().expect("a body"), named);
        let line = [
            "edit",
            "A",
            "--name",
            "B",
            "--disable",
            "--catch",
            "a@b.example",
            "--catch",
            "c@d.example",
            "--reopen",
            "false",
            "--attachments-deny-name",
            "*.exe",
            "--sender-per-hour",
            "0",
            "--outgoing",
            "",
            "--notify",
            "false",
        ];
        let Command::Edit(edit) = parsed(&line) else { panic!("it edits") };
        assert_eq!(edit.named.name, "A");
        let expected = json!({
            "name": "B", "enabled": false, "catch": ["a@b.example", "c@d.example"], "reopen": false,
            "attachments_deny_names": ["*.exe"], "sender_per_hour": 0, "outgoing": "", "notify": false,
        });
        assert_eq!(edit.change.body().expect("a body"), expected);
        assert!(Change::default().body().is_err(), "nothing to change");
    }
}

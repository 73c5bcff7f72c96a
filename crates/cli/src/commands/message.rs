//! `outlink message`: what was received and what became of it.

mod parse;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use outlink_mail::message::{self, ParsedJson};

use crate::args::{Named, Page};
use crate::commands::Context;
use crate::print::{self, Format};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List received messages and what became of them, the newest first
    List(Box<List>),
    /// Show one message
    Show(Named),
    /// Write a message to standard output as it came
    Raw(Named),
    /// Handle a message anew that became nothing, by the handlers as they are now
    Replay(Named),
    /// Say what is read in the mail of a file; needs no server
    Parse {
        /// The mail, as it came from a server (RFC 5322)
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those of this mail server, by name or id
    #[arg(long)]
    mail_server: Option<String>,
    /// Only those that this handler took, by name or id
    #[arg(long)]
    handler: Option<String>,
    /// Only those of which this became: created, commented, rejected, forwarded, quarantined or unhandled
    #[arg(long)]
    outcome: Option<String>,
    /// Only those of this project, by key or id
    #[arg(long)]
    project: Option<String>,
    /// Only those of this address
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// Only those with this in their sender or subject
    #[arg(long)]
    text: Option<String>,
    /// Only those that were taken in on this day or later, or at this time (2027-01-31T12:00:00Z)
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Only those that were taken in until the end of this day, or before this time
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    #[command(flatten)]
    page: Page,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(list) => {
            let columns = [
                ("OUTCOME", "outcome"),
                ("ISSUE", "issue"),
                ("FROM", "from"),
                ("SUBJECT", "subject"),
                ("REASON", "reason"),
                ("ID", "id"),
            ];
            let filter = [
                ("mail_server", list.mail_server.as_deref()),
                ("handler", list.handler.as_deref()),
                ("outcome", list.outcome.as_deref()),
                ("project", list.project.as_deref()),
                ("sender", list.from.as_deref()),
                ("text", list.text.as_deref()),
                ("since", list.since.as_deref()),
                ("until", list.until.as_deref()),
            ];
            context.list(&["messages"], &list.page, &filter, &columns).await
        }
        Command::Show(named) => context.show(&["messages", &named.name]).await,
        Command::Raw(named) => {
            print::bytes(&context.client()?.bytes(&["messages", &named.name, "raw"]).await?);
            Ok(())
        }
        Command::Replay(named) => {
            context.send(&["messages", &named.name, "replay"], &serde_json::json!({})).await
        }
        Command::Parse { file } => {
            let raw = std::fs::read(&file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            let mail = message::parse(&raw)
                .with_context(|| format!("{} cannot be read as a mail", file.display()))?;
            match context.format() {
                Format::Json => print::line(&serde_json::to_string(&ParsedJson::from(&mail))?),
                Format::Text => print::line(&parse::page(&mail)),
            }
            Ok(())
        }
    }
}

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
    /// List received messages, the newest first
    List(List),
    /// Show one message
    Show(Named),
    /// Write a message to standard output as it came
    Raw(Named),
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
    #[command(flatten)]
    page: Page,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(List { mail_server, page }) => {
            let columns = [
                ("OUTCOME", "outcome"),
                ("ISSUE", "issue"),
                ("FROM", "from"),
                ("SUBJECT", "subject"),
                ("REASON", "reason"),
                ("ID", "id"),
            ];
            let filter = [("mail_server", mail_server.as_deref())];
            context.list(&["messages"], &page, &filter, &columns).await
        }
        Command::Show(named) => context.show(&["messages", &named.name]).await,
        Command::Raw(named) => {
            print::bytes(&context.client()?.bytes(&["messages", &named.name, "raw"]).await?);
            Ok(())
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

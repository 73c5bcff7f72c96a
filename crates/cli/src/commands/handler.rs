//! `outlink handler`: what turns the mail of a server into issues and comments.

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::args::{Named, Page};
use crate::commands::Context;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a handler; from then on its mail server is fetched from
    Create(Create),
    /// List handlers
    List(Page),
    /// Show one handler
    Show(Named),
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
    /// What it does with a message: create_or_comment
    #[arg(long = "type", default_value = "create_or_comment")]
    r#type: String,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(create) => {
            context.send(&["handlers"], &serde_json::to_value(&create)?).await
        }
        Command::List(page) => {
            let columns = [
                ("NAME", "name"),
                ("MAIL SERVER", "mail_server"),
                ("PROJECT", "project"),
                ("TYPE", "type"),
                ("ENABLED", "enabled"),
                ("ID", "id"),
            ];
            context.list(&["handlers"], &page, &[], &columns).await
        }
        Command::Show(named) => context.show(&["handlers", &named.name]).await,
    }
}

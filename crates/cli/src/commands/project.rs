//! `outlink project`: where issues live.

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::args::Page;
use crate::commands::Context;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a project
    Create(Create),
    /// List projects
    List(Page),
}

#[derive(Debug, Args, Serialize)]
pub(crate) struct Create {
    /// What issue keys begin with: 2 to 10 upper-case letters or digits, like SUP
    key: String,
    /// What people call it
    #[arg(long)]
    name: String,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(create) => {
            context.send(&["projects"], &serde_json::to_value(&create)?).await
        }
        Command::List(page) => {
            let columns = [("KEY", "key"), ("NAME", "name"), ("ID", "id")];
            context.list(&["projects"], &page, &[], &columns).await
        }
    }
}

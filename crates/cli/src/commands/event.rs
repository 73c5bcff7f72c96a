//! `outlink event`: who did what, what went wrong, and what to do.

use clap::{Args, Subcommand};

use crate::args::Page;
use crate::commands::Context;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List events, the newest first
    List(List),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only audit (who did what) or only health (what went wrong or well again)
    #[arg(long)]
    class: Option<String>,
    #[command(flatten)]
    page: Page,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    let Command::List(List { class, page }) = command;
    let columns = [
        ("AT", "at"),
        ("KIND", "kind"),
        ("SUBJECT", "subject"),
        ("WHO ACTS", "actor"),
        ("MESSAGE", "message"),
        ("HINT", "hint"),
    ];
    context.list(&["events"], &page, &[("class", class.as_deref())], &columns).await
}

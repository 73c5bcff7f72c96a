//! `outlink hand-out`: which program was given access tokens.

use clap::{Args, Subcommand};

use crate::args::Page;
use crate::commands::Context;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List hand-outs of access tokens, minute by minute, the newest first
    List(List),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those of this grant, by id or e-mail address
    #[arg(long)]
    grant: Option<String>,
    #[command(flatten)]
    page: Page,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    let Command::List(List { grant, page }) = command;
    let columns = [
        ("MINUTE", "minute"),
        ("COUNT", "count"),
        ("TOKEN", "token"),
        ("GRANT", "grant"),
        ("FIRST", "first_at"),
        ("LAST", "last_at"),
        ("ADDRESSES", "addresses"),
    ];
    context.list(&["hand-outs"], &page, &[("grant", grant.as_deref())], &columns).await
}

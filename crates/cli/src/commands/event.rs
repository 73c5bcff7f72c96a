//! `outlink event`: who did what, what went wrong, and what to do.

use clap::Subcommand;

use crate::args::Page;
use crate::commands::Context;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List events, the newest first
    List(Page),
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    let Command::List(page) = command;
    let columns = [
        ("AT", "at"),
        ("KIND", "kind"),
        ("SUBJECT", "subject"),
        ("MESSAGE", "message"),
        ("HINT", "hint"),
    ];
    context.list(&["events"], &page, &[], &columns).await
}

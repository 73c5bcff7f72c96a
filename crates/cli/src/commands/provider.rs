//! `outlink provider`: the presets that fill a link in.

use clap::Subcommand;

use crate::args::{Named, Page};
use crate::commands::Context;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the providers that are known
    List(Page),
    /// Show one provider: its endpoints, scopes and mail hosts
    Show(Named),
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(page) => {
            let columns = [
                ("PROVIDER", "id"),
                ("NAME", "name"),
                ("AUTHORIZATION ENDPOINT", "authorization_endpoint"),
            ];
            context.list(&["providers"], &page, &[], &columns).await
        }
        Command::Show(named) => context.show(&["providers", &named.name]).await,
    }
}

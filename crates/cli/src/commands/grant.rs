//! `outlink grant`: consents that stand under a link.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::args::{Named, Page};
use crate::commands::Context;
use crate::commands::link::{self, Wait};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List grants: whose they are, for what, and in which state
    List(Page),
    /// Show one grant, by id or e-mail address
    Show(Named),
    /// Ask the provider for new tokens now
    Refresh(Named),
    /// Ask its owner to consent anew, and print the address to open; the grant stays the same one
    Authorize(Authorize),
}

#[derive(Debug, Args)]
pub(crate) struct Authorize {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    wait: Wait,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(page) => {
            let columns = [
                ("IDENTITY", "identity"),
                ("LINK", "link"),
                ("STATE", "state"),
                ("EXPIRES", "expires_at"),
                ("SCOPES", "scopes"),
                ("ID", "id"),
            ];
            context.list(&["grants"], &page, &[], &columns).await
        }
        Command::Show(named) => context.show(&["grants", &named.name]).await,
        Command::Refresh(named) => {
            context.send(&["grants", &named.name, "refresh"], &json!({})).await
        }
        Command::Authorize(Authorize { named, wait }) => {
            let client = context.client()?;
            let offer = client.post(&["grants", &named.name, "authorize"], &json!({})).await?;
            link::offered(context, &client, &offer, &wait).await
        }
    }
}

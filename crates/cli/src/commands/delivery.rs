//! `outlink delivery`: mail on its way out.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::args::Page;
use crate::commands::Context;
use crate::print;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List what was sent, what waits and what failed, the newest first
    List(List),
    /// Show one delivery, with its text and what was wrong with the last attempt
    Show(One),
    /// Send one now that waits or that was given up; five more days are counted from here
    Retry(One),
    /// Delete one; it is not sent, unless it was sent before
    Delete(One),
}

/// One delivery.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// Its id
    id: String,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those in this state: waiting, sent or failed
    #[arg(long)]
    state: Option<String>,
    /// Only those of this kind: forward (a message sent on) or notice (a new person is told)
    #[arg(long)]
    kind: Option<String>,
    /// Only those through this mail server, by name or id
    #[arg(long)]
    mail_server: Option<String>,
    /// Only those about this issue, by key or id
    #[arg(long, value_name = "KEY")]
    issue: Option<String>,
    /// Only those about this received message, by id
    #[arg(long, value_name = "ID")]
    message: Option<String>,
    #[command(flatten)]
    page: Page,
}

const COLUMNS: [print::Column; 7] = [
    ("STATE", "state"),
    ("KIND", "kind"),
    ("TO", "to"),
    ("SUBJECT", "subject"),
    ("CREATED", "created_at"),
    ("REASON", "reason"),
    ("ID", "id"),
];

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(list) => {
            let filter = [
                ("state", list.state.as_deref()),
                ("kind", list.kind.as_deref()),
                ("mail_server", list.mail_server.as_deref()),
                ("issue", list.issue.as_deref()),
                ("message", list.message.as_deref()),
            ];
            context.list(&["deliveries"], &list.page, &filter, &COLUMNS).await
        }
        Command::Show(One { id }) => context.show(&["deliveries", &id]).await,
        Command::Retry(One { id }) => context.send(&["deliveries", &id, "retry"], &json!({})).await,
        Command::Delete(One { id }) => {
            let answer = context.client()?.delete(&["deliveries", &id], &[]).await?;
            context.done(&answer, &format!("The delivery {id} is deleted."));
            Ok(())
        }
    }
}

//! `outlink sender-rule`: whose mail is trusted or refused, for every handler.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::args::{Named, Page};
use crate::commands::Context;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the rules, the oldest first
    List(List),
    /// Put a sender on a list: an address, a domain with its subdomains, or a pattern with *
    Add {
        /// Which list
        list: Side,
        /// The rule: ann@example.org, example.org or no-reply*@*
        rule: String,
    },
    /// Take a rule off its list, by its id, or by the rule itself where it stands on one list alone
    Delete(Named),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only this list
    #[arg(long)]
    list: Option<Side>,
    #[command(flatten)]
    page: Page,
}

/// One of the two lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// Trusted: filters for machine-made mail and limits do not hold
    Allow,
    /// Refused
    Deny,
}

impl Side {
    fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(List { list, page }) => {
            let columns =
                [("LIST", "list"), ("RULE", "rule"), ("CREATED", "created_at"), ("ID", "id")];
            let filter = [("list", list.map(Side::as_str))];
            context.list(&["sender-rules"], &page, &filter, &columns).await
        }
        Command::Add { list, rule } => {
            let body = json!({ "list": list.as_str(), "rule": rule });
            context.send(&["sender-rules"], &body).await
        }
        Command::Delete(named) => {
            let answer = context.client()?.delete(&["sender-rules", &named.name], &[]).await?;
            context.done(&answer, &format!("The rule {:?} is off its list.", named.name));
            Ok(())
        }
    }
}

//! `outlink webhook`: addresses that are told when something goes wrong or well again.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use crate::args::{Named, Page};
use crate::commands::Context;
use crate::print::Format;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a webhook and print it with the secret that signs what is sent; the secret is shown this once
    Create(Create),
    /// List webhooks, without their secrets
    List(Page),
    /// Show one webhook, without its secret
    Show(Named),
    /// Change a webhook; what is not named stays
    Edit(Edit),
    /// Delete a webhook, and what is on its way to it
    Delete(Named),
    /// Send an event of kind webhook.test now; exits with 1 when the receiver does not take it
    Test(Named),
}

#[derive(Debug, Args, Serialize)]
pub(crate) struct Create {
    /// What people call it
    #[arg(long)]
    name: String,
    /// Where events are posted
    #[arg(long = "to", value_name = "URL")]
    #[serde(rename = "url")]
    to: String,
}

#[derive(Debug, Args)]
pub(crate) struct Edit {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    change: Change,
}

/// What may change.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Change {
    /// Where events are posted from now on
    #[arg(long = "to", value_name = "URL")]
    to: Option<String>,
    /// Send events again after it was disabled
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Send nothing
    #[arg(long)]
    disable: bool,
}

impl Change {
    fn body(&self) -> serde_json::Value {
        let mut body = json!({});
        if let Some(to) = &self.to {
            body["url"] = json!(to);
        }
        if self.enable || self.disable {
            body["enabled"] = json!(self.enable);
        }
        body
    }
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(create) => {
            context.send(&["webhooks"], &serde_json::to_value(&create)?).await?;
            if context.format() == Format::Text {
                eprintln!("Keep the secret: it is not shown again.");
            }
            Ok(())
        }
        Command::List(page) => {
            let columns = [
                ("NAME", "name"),
                ("URL", "url"),
                ("ENABLED", "enabled"),
                ("LAST OK", "ok_at"),
                ("REASON", "reason"),
                ("ID", "id"),
            ];
            context.list(&["webhooks"], &page, &[], &columns).await
        }
        Command::Show(named) => context.show(&["webhooks", &named.name]).await,
        Command::Edit(edit) => {
            context.change(&["webhooks", &edit.named.name], &edit.change.body()).await
        }
        Command::Delete(named) => {
            let answer = context.client()?.delete(&["webhooks", &named.name], &[]).await?;
            context.done(&answer, &format!("The webhook {:?} is deleted.", named.name));
            Ok(())
        }
        Command::Test(named) => {
            let path = ["webhooks", &named.name, "test"];
            let answer = context.client()?.post(&path, &json!({})).await?;
            context.done(&answer, &format!("The webhook {:?} took the test event.", named.name));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_named_is_sent() {
        let change = |to: Option<&str>, enable, disable| {
            Change { to: to.map(str::to_owned), enable, disable }.body()
        };
        assert_eq!(
            change(Some("https://h.example"), false, false),
            json!({ "url": "https://h.example" })
        );
        assert_eq!(change(None, true, false), json!({ "enabled": true }));
        assert_eq!(change(None, false, true), json!({ "enabled": false }));
    }
}

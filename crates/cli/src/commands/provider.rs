//! `outlink provider`: the presets that fill a link in.

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::args::Page;
use crate::commands::Context;
use crate::commands::link::Choice;
use crate::print::{self, Format};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the providers that are known
    List(Page),
    /// Show one provider: what a link to it is filled in with, and how to register there
    Show(Show),
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Which one: google, microsoft, or another one of the list
    provider: String,
    #[command(flatten)]
    choice: Choice,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(page) => {
            let columns = [
                ("PROVIDER", "id"),
                ("NAME", "name"),
                ("GRANT TYPES", "grant_types"),
                ("WHAT IT IS FOR", "text"),
            ];
            context.list(&["providers"], &page, &[], &columns).await
        }
        Command::Show(Show { provider, choice }) => {
            let chosen = choice.query();
            let query: Vec<_> =
                chosen.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = context.client()?.get(&["providers", &provider], &query).await?;
            match context.format() {
                Format::Json => print::line(answer.text.trim_end()),
                Format::Text => print::line(&page(&answer.value)),
            }
            Ok(())
        }
    }
}

/// The parts of an answer that stand below its fields, and how.
const BELOW: [&str; 7] =
    ["name", "text", "asks_tenant", "asks_instance", "steps", "commands", "notes"];

/// A provider as a page of text: what it is, what is filled in, how to register there, and what to know.
fn page(provider: &Value) -> String {
    let text = |field: &str| print::cell(&provider[field]);
    let mut page = format!("{}: {}\n", text("name"), text("text"));
    let mut filled = provider.clone();
    if let Some(filled) = filled.as_object_mut() {
        filled.retain(|name, _| !BELOW.contains(&name.as_str()));
    }
    page.push_str(&format!("\n{}\n", print::fields(&filled)));
    let sentences = |field: &str| -> Vec<String> {
        provider[field].as_array().into_iter().flatten().map(print::cell).collect()
    };
    let numbered =
        (1..).zip(sentences("steps")).map(|(number, step)| format!("{number:2}. {step}"));
    // A command may be copied from here, so nothing stands in front of it.
    for (title, lines) in [
        ("How to register there:", numbered.collect::<Vec<_>>()),
        ("What an Exchange administrator runs once, in PowerShell:", sentences("commands")),
        ("What to know:", sentences("notes").iter().map(|note| format!("  - {note}")).collect()),
    ] {
        if !lines.is_empty() {
            page.push_str(&format!("\n{title}\n{}\n", lines.join("\n")));
        }
    }
    page.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_provider_reads_from_top_to_bottom() {
        let provider = json!({
            "id": "microsoft", "name": "Microsoft", "text": "Work and school accounts.",
            "asks_tenant": true, "asks_instance": false, "grant_types": ["client_credentials"],
            "authorization_endpoint": null, "token_endpoint": "https://login.example/token",
            "authorization_params": {}, "token_params": { "a": "b" }, "scope": "https://o.example/.default",
            "mail_hosts": [{ "service": "imap", "host": "o.example", "port": 993, "security": "tls" }],
            "steps": ["Register an application.", "Copy its id."],
            "commands": ["New-ServicePrincipal -AppId <id>"],
            "notes": ["It is not verified."],
        });
        let lines = [
            "Microsoft: Work and school accounts.",
            "",
            "id              microsoft",
            "grant_types     client_credentials",
            "mail_hosts      host o.example, port 993, security tls, service imap",
            "scope           https://o.example/.default",
            "token_endpoint  https://login.example/token",
            "token_params.a  b",
            "",
            "How to register there:",
            " 1. Register an application.",
            " 2. Copy its id.",
            "",
            "What an Exchange administrator runs once, in PowerShell:",
            "New-ServicePrincipal -AppId <id>",
            "",
            "What to know:",
            "  - It is not verified.",
        ];
        assert_eq!(page(&provider), lines.join("\n"));
        let bare = json!({ "name": "Custom", "text": "Any other.", "id": "custom", "steps": [] });
        assert_eq!(page(&bare), "Custom: Any other.\n\nid  custom");
    }
}

//! `outlink token`: API tokens, for these commands and for programs of your own.

use clap::{Args, Subcommand};
use outlink_model::user::TokenScope;
use serde_json::json;

use crate::args::{ConfigFile, Named, Page};
use crate::commands::Context;
use crate::print::{self, Format};
use crate::serve::local;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a token and print it; it is shown this once
    Create(Create),
    /// List tokens, without their texts
    List(Page),
    /// Take a token back: from then on it opens nothing
    Delete(Named),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What people call it
    #[arg(long)]
    name: String,
    /// What it may do: admin (look and change), read (look) or grant_token (be handed the access tokens of the grants
    /// that it names, which the other two are not); can be given several times, and then it may do all of these
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',')]
    scopes: Vec<String>,
    /// A grant whose access tokens it is handed, by id or e-mail address, for the scope grant_token; can be several
    #[arg(long = "grant", value_name = "GRANT", num_args = 1..)]
    grants: Vec<String>,
    /// Write into the database on this machine instead of asking a server: this makes the first token
    #[arg(long)]
    local: bool,
    #[command(flatten)]
    config: ConfigFile,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(create) if create.local => create_here(context, &create).await,
        Command::Create(create) => {
            let body =
                json!({ "name": create.name, "scopes": create.scopes, "grants": create.grants });
            let answer = context.client()?.post(&["tokens"], &body).await?;
            match context.format() {
                Format::Json => print::line(answer.text.trim_end()),
                Format::Text => print::line(&print::cell(&answer.value["token"])),
            }
            Ok(())
        }
        Command::List(page) => {
            let columns = [
                ("NAME", "name"),
                ("SCOPES", "scopes"),
                ("GRANTS", "grants"),
                ("CREATED", "created_at"),
                ("ID", "id"),
            ];
            context.list(&["tokens"], &page, &[], &columns).await
        }
        Command::Delete(named) => {
            let answer = context.client()?.delete(&["tokens", &named.name], &[]).await?;
            context.done(&answer, &format!("The token {:?} opens nothing any more.", named.name));
            Ok(())
        }
    }
}

/// Makes a token with no token at hand: whoever can read the database and its key may do that anyway.
async fn create_here(context: &Context, create: &Create) -> anyhow::Result<()> {
    let scopes = create
        .scopes
        .iter()
        .map(|scope| scope.parse::<TokenScope>())
        .collect::<Result<Vec<_>, _>>()?;
    let engine = local::open(create.config.config.as_deref()).await?;
    let caller = outlink_engine::Caller::System;
    let made = engine.create_token(&create.name, scopes, &create.grants, &caller).await?;
    let text = made.text.expose();
    match context.format() {
        Format::Text => print::line(text),
        Format::Json => {
            let scopes: Vec<&str> = made.of.scopes.iter().map(|scope| scope.as_str()).collect();
            let shown = json!({
                "id": made.of.id,
                "name": made.of.name,
                "scopes": scopes,
                "grants": made.of.grants,
                "created_at": made.of.created_at,
                "token": text,
            });
            print::line(&shown.to_string());
        }
    }
    Ok(())
}

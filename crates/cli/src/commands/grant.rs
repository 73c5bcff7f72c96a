//! `outlink grant`: consents that stand under a link.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::args::{Named, Page};
use crate::commands::Context;
use crate::commands::link::detached;
use crate::commands::offer::{self, Ask};
use crate::input;
use crate::print::{self, Format};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a grant without anybody's consent: of a refresh token that exists, or under a link that needs no consent
    Create(Create),
    /// List grants: whose they are, for what, and in which state
    List(List),
    /// Show one grant, by id or e-mail address
    Show(Named),
    /// Ask the provider for new tokens now; exits with 1 when none came
    Refresh(Named),
    /// Ask its owner to consent anew, and print the address (or the code) for it; the grant stays the same one
    Authorize(Authorize),
    /// Print an access token of the grant, alone; takes an API token with the scope grant_token that names it
    Token(Token),
    /// Give a grant back at the provider; it stays here, without tokens, until somebody consents anew
    Revoke(Named),
    /// Put back the tokens that stood before the last consent, where the provider still takes them
    Restore(Named),
    /// Delete a grant with its tokens; one that a mail server uses is refused unless it shall be detached
    Delete(Delete),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those in this state: active, degraded, needs_consent, blocked or revoked
    #[arg(long)]
    state: Option<String>,
    /// Only those under this link, by name or id
    #[arg(long)]
    link: Option<String>,
    #[command(flatten)]
    page: Page,
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The link that it stands under, by name or id
    link: String,
    /// File that holds a refresh token of the same client (`-` for standard input), where people consent
    #[arg(long, value_name = "FILE")]
    refresh_token_file: Option<PathBuf>,
    /// The mailbox whose tokens are wanted, for a service account
    #[arg(long, value_name = "MAILBOX")]
    subject: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Authorize {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Debug, Args)]
pub(crate) struct Token {
    /// Its id or e-mail address
    grant: String,
    /// How long it shall live at least, 0 to 3000; 60 where left out
    #[arg(long, value_name = "SECONDS")]
    min_ttl: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    named: Named,
    /// Give its tokens back at the provider first
    #[arg(long)]
    revoke: bool,
    /// Pause the mail servers that use it, and leave them without a grant
    #[arg(long)]
    detach: bool,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(create) => context.send(&["grants"], &body(&create)?).await,
        Command::List(List { state, link, page }) => {
            let columns = [
                ("IDENTITY", "identity"),
                ("LINK", "link"),
                ("STATE", "state"),
                ("EXPIRES", "expires_at"),
                ("SCOPES", "scopes"),
                ("ID", "id"),
            ];
            let filter = [("state", state.as_deref()), ("link", link.as_deref())];
            context.list(&["grants"], &page, &filter, &columns).await
        }
        Command::Show(named) => context.show(&["grants", &named.name]).await,
        Command::Refresh(named) => {
            context.send(&["grants", &named.name, "refresh"], &json!({})).await
        }
        Command::Authorize(Authorize { named, ask }) => {
            let client = context.client()?;
            let offer = client.post(&["grants", &named.name, "authorize"], &ask.body()).await?;
            offer::offered(context, &client, &offer, &ask).await
        }
        Command::Token(wanted) => token(context, &wanted).await,
        Command::Revoke(named) => {
            let client = context.client()?;
            let answer = client.post(&["grants", &named.name, "revoke"], &json!({})).await?;
            print::one(context.format(), &answer);
            warn_of_provider(&answer.value["at_provider"]);
            Ok(())
        }
        Command::Restore(named) => {
            context.send(&["grants", &named.name, "restore"], &json!({})).await
        }
        Command::Delete(how) => delete(context, &how).await,
    }
}

fn body(create: &Create) -> anyhow::Result<Value> {
    let mut body = json!({ "link": create.link });
    if let Some(path) = &create.refresh_token_file {
        body["refresh_token"] = json!(input::secret(path, "refresh token")?.expose());
    }
    if let Some(subject) = &create.subject {
        body["subject"] = json!(subject);
    }
    Ok(body)
}

/// The token alone goes to standard output, so that `$(outlink grant token …)` can be used as it is.
async fn token(context: &Context, wanted: &Token) -> anyhow::Result<()> {
    let min_ttl = wanted.min_ttl.map(|seconds| seconds.to_string());
    let query: Vec<_> = min_ttl.iter().map(|seconds| ("min_ttl", seconds.as_str())).collect();
    let answer = context.client()?.get(&["grants", &wanted.grant, "token"], &query).await?;
    match context.format() {
        Format::Json => print::line(answer.text.trim_end()),
        Format::Text => print::line(&print::cell(&answer.value["access_token"])),
    }
    Ok(())
}

async fn delete(context: &Context, how: &Delete) -> anyhow::Result<()> {
    let query = [("revoke", how.revoke), ("detach", how.detach)];
    let query: Vec<_> =
        query.iter().filter(|(_, wanted)| *wanted).map(|(name, _)| (*name, "true")).collect();
    let answer = context.client()?.delete(&["grants", &how.named.name], &query).await?;
    context.done(&answer, &deleted(&how.named.name, &answer.value));
    warn_of_provider(&answer.value["at_provider"]);
    Ok(())
}

/// What went with a grant.
fn deleted(name: &str, answer: &Value) -> String {
    let revoked = match answer["at_provider"]["status"].as_str() {
        Some("done") => ", and given back at the provider",
        _ => "",
    };
    format!("The grant {name:?} is deleted{revoked}.{}", detached(&answer["mail_servers"]))
}

/// Says so where the provider still honours what is gone here.
fn warn_of_provider(at_provider: &Value) {
    if at_provider.is_object() && at_provider["status"] != "done" {
        print::warning(&print::cell(&at_provider["message"]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_with_a_grant_is_told() {
        let table = [
            (
                json!({ "mail_servers": [], "at_provider": null }),
                "The grant \"a@x.example\" is deleted.",
            ),
            (
                json!({ "mail_servers": ["In"], "at_provider": { "status": "done", "message": "" } }),
                "The grant \"a@x.example\" is deleted, and given back at the provider.\n\
                 Paused, since they have no grant any more: In",
            ),
            (
                json!({ "mail_servers": [], "at_provider": { "status": "not_offered", "message": "" } }),
                "The grant \"a@x.example\" is deleted.",
            ),
        ];
        for (answer, expected) in table {
            assert_eq!(deleted("a@x.example", &answer), expected);
        }
    }
}

//! `outlink link`: registrations of this server at a provider.

mod edit;
mod fields;

use std::time::Duration;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::args::{Named, Page};
use crate::client::{LONG_TIME_LIMIT, TIME_LIMIT};
use crate::commands::Context;
use crate::commands::offer::{self, Ask};
use crate::print::{self, Format};
use edit::Edit;
pub(crate) use fields::Choice;
use fields::Create;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a link
    Create(Box<Create>),
    /// List links
    List(Page),
    /// Show one link
    Show(Named),
    /// Change a link; what is not named stays
    Edit(Box<Edit>),
    /// Delete a link; one that has grants is refused unless they shall go with it
    Delete(Delete),
    /// Try everything that can be tried without a person, step by step; exits with 1 when a step fails
    Test(Named),
    /// Ask for a new consent under a link, and print the address (or the code) that its giver needs
    Authorize(Authorize),
    /// Print the redirect URL to register at the provider, before or after a link is created
    RedirectUrl(RedirectUrl),
    /// Show what the authorization server of an issuer says of itself
    Discover {
        /// Its address as the provider documents it, letter by letter
        #[arg(value_name = "ISSUER")]
        issuer: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    named: Named,
    /// Delete its grants too; mail servers that use them are paused
    #[arg(long)]
    with_grants: bool,
    /// Give the tokens of these grants back at the provider first; with many of them it takes minutes
    #[arg(long)]
    revoke: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Authorize {
    #[command(flatten)]
    named: Named,
    /// Whose consent is wanted; the provider's page is filled in with it
    #[arg(long, value_name = "ADDRESS")]
    login_hint: Option<String>,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Debug, Args)]
pub(crate) struct RedirectUrl {
    /// For this provider's own endpoints
    #[arg(long, required_unless_present = "authorization_endpoint")]
    provider: Option<String>,
    #[command(flatten)]
    choice: Choice,
    /// For this pair of endpoints, exactly as the link will have them
    #[arg(long, value_name = "URL", requires = "token_endpoint")]
    authorization_endpoint: Option<String>,
    /// The other one of the pair
    #[arg(long, value_name = "URL", requires = "authorization_endpoint")]
    token_endpoint: Option<String>,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(create) => context.send(&["links"], &create.body()?).await,
        Command::List(page) => {
            let columns = [
                ("NAME", "name"),
                ("PROVIDER", "provider"),
                ("GRANT TYPE", "grant_type"),
                ("ENABLED", "enabled"),
                ("REDIRECT URL", "redirect_url"),
                ("ID", "id"),
            ];
            context.list(&["links"], &page, &[], &columns).await
        }
        Command::Show(named) => context.show(&["links", &named.name]).await,
        Command::Edit(edit) => context.change(&["links", &edit.link], &edit.body()?).await,
        Command::Delete(how) => delete(context, &how).await,
        Command::Test(named) => test(context, &named.name).await,
        Command::Authorize(Authorize { named, login_hint, ask }) => {
            let client = context.client()?;
            let mut body = ask.body();
            if let Some(hint) = login_hint {
                body["login_hint"] = json!(hint);
            }
            let offer = client.post(&["links", &named.name, "authorize"], &body).await?;
            offer::offered(context, &client, &offer, &ask).await
        }
        Command::RedirectUrl(wanted) => redirect_url(context, &wanted).await,
        Command::Discover { issuer } => {
            context.send(&["links", "discover"], &json!({ "issuer": issuer })).await
        }
    }
}

async fn delete(context: &Context, how: &Delete) -> anyhow::Result<()> {
    let query = [("with_grants", how.with_grants), ("revoke", how.revoke)];
    let query: Vec<_> =
        query.iter().filter(|(_, wanted)| *wanted).map(|(name, _)| (*name, "true")).collect();
    let path = ["links", &how.named.name];
    let answer = context.client()?.delete_within(time_limit(how), &path, &query).await?;
    context.done(&answer, &deleted(&how.named.name, &answer.value));
    print::warnings(&answer.value["not_revoked"]);
    print::warnings(&answer.value["warnings"]);
    Ok(())
}

/// How long the answer is waited for. The provider is told of each grant by itself, and of few at once.
fn time_limit(how: &Delete) -> Duration {
    if how.revoke { LONG_TIME_LIMIT } else { TIME_LIMIT }
}

/// What went with a link.
fn deleted(name: &str, answer: &Value) -> String {
    let grants = match answer["grants"].as_u64() {
        None | Some(0) => String::new(),
        Some(1) => ", and one grant with it".into(),
        Some(count) => format!(", and {count} grants with it"),
    };
    format!("The link {name:?} is deleted{grants}.{}", detached(&answer["mail_servers"]))
}

/// Which mail servers have lost their grant, on a line of its own.
pub(crate) fn detached(mail_servers: &Value) -> String {
    let names = mail_servers.as_array().into_iter().flatten().map(print::cell);
    let names = names.collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        return String::new();
    }
    format!("\nPaused, since they have no grant any more: {names}")
}

async fn test(context: &Context, named: &str) -> anyhow::Result<()> {
    let answer = context.client()?.post(&["links", named, "test"], &json!({})).await?;
    match context.format() {
        Format::Json => print::line(answer.text.trim_end()),
        Format::Text => print::line(&print::steps(&answer.value)),
    }
    if answer.value["ok"] != Value::Bool(true) {
        bail!("The link {named:?} does not work yet: a step of the test failed.");
    }
    Ok(())
}

async fn redirect_url(context: &Context, wanted: &RedirectUrl) -> anyhow::Result<()> {
    let named = [
        ("provider", &wanted.provider),
        ("authorization_endpoint", &wanted.authorization_endpoint),
        ("token_endpoint", &wanted.token_endpoint),
    ];
    let chosen = wanted.choice.query();
    let query: Vec<(&str, &str)> = named
        .iter()
        .filter_map(|(name, value)| Some((*name, value.as_deref()?)))
        .chain(chosen.iter().map(|(name, value)| (*name, value.as_str())))
        .collect();
    let answer = context.client()?.get(&["links", "redirect-url"], &query).await?;
    match context.format() {
        Format::Json => print::line(answer.text.trim_end()),
        Format::Text => print::line(&print::cell(&answer.value["redirect_url"])),
    }
    print::warnings(&answer.value["warnings"]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_that_are_given_back_are_waited_for() {
        let how =
            |revoke| Delete { named: Named { name: "Work".into() }, with_grants: true, revoke };
        // Hundreds of them, each with a few seconds at the provider.
        assert!(time_limit(&how(true)) >= Duration::from_secs(30 * 60));
        assert_eq!(time_limit(&how(false)), TIME_LIMIT);
    }

    #[test]
    fn what_went_with_a_link_is_told() {
        let table = [
            (json!({ "grants": 0, "mail_servers": [] }), "The link \"Work\" is deleted."),
            (
                json!({ "grants": 1, "mail_servers": [] }),
                "The link \"Work\" is deleted, and one grant with it.",
            ),
            (
                json!({ "grants": 2, "mail_servers": ["In", "Out"] }),
                "The link \"Work\" is deleted, and 2 grants with it.\n\
                 Paused, since they have no grant any more: In, Out",
            ),
        ];
        for (answer, expected) in table {
            assert_eq!(deleted("Work", &answer), expected);
        }
    }
}

//! `outlink link`: registrations of this server at a provider.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::args::{Named, Page};
use crate::client::{Answer, Client};
use crate::commands::Context;
use crate::input;
use crate::print::{self, Format};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a link
    Create(Box<Create>),
    /// List links
    List(Page),
    /// Show one link
    Show(Named),
    /// Ask for a new consent under a link, and print the address that its giver must open
    Authorize(Authorize),
    /// Print the redirect URL to register at the provider, before or after a link is created
    RedirectUrl(RedirectUrl),
}

#[derive(Debug, Args, Serialize)]
pub(crate) struct Create {
    /// What people call it
    #[arg(long)]
    name: String,
    /// Free text
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Who it is with: google, microsoft or custom
    #[arg(long)]
    provider: String,
    /// How it comes by tokens: authorization_code (a person consents), where left out
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_type: Option<String>,
    /// The client id that the provider gave out
    // Some providers give out ids that begin with a hyphen.
    #[arg(long, allow_hyphen_values = true)]
    client_id: String,
    /// File that holds the client secret (`-` for standard input); none for a public client
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    client_secret_file: Option<PathBuf>,
    /// How the client authenticates: client_secret_basic, client_secret_post, client_secret_basic_raw or none
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    client_auth: Option<String>,
    /// Where the browser is sent; filled in for Google and Microsoft
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_endpoint: Option<String>,
    /// Where tokens come from; filled in for Google and Microsoft
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_endpoint: Option<String>,
    /// The issuer that callbacks must name; without it, theirs is ignored
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    /// Asked who consented, where no ID token says so
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    userinfo_endpoint: Option<String>,
    /// What is asked for, separated by spaces
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// A further parameter of the authorization request; can be given several times
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    #[serde(skip)]
    params: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(crate) struct Authorize {
    #[command(flatten)]
    named: Named,
    /// Whose consent is wanted; the provider's page is filled in with it
    #[arg(long, value_name = "ADDRESS")]
    login_hint: Option<String>,
    #[command(flatten)]
    wait: Wait,
}

/// Whether to wait for a consent.
#[derive(Debug, Args)]
pub(crate) struct Wait {
    /// Wait until the consent is given, then print the grant
    #[arg(long)]
    wait: bool,
    /// How long to wait
    #[arg(long, default_value_t = 600, value_name = "SECONDS", requires = "wait")]
    timeout: u64,
}

#[derive(Debug, Args)]
pub(crate) struct RedirectUrl {
    /// For this provider's own endpoints: google or microsoft
    #[arg(long, required_unless_present = "authorization_endpoint")]
    provider: Option<String>,
    /// For this pair of endpoints, exactly as the link will have them
    #[arg(long, value_name = "URL", requires = "token_endpoint")]
    authorization_endpoint: Option<String>,
    /// The other one of the pair
    #[arg(long, value_name = "URL", requires = "authorization_endpoint")]
    token_endpoint: Option<String>,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(create) => context.send(&["links"], &body(&create)?).await,
        Command::List(page) => {
            let columns = [
                ("NAME", "name"),
                ("PROVIDER", "provider"),
                ("GRANT TYPE", "grant_type"),
                ("REDIRECT URL", "redirect_url"),
                ("ID", "id"),
            ];
            context.list(&["links"], &page, &[], &columns).await
        }
        Command::Show(named) => context.show(&["links", &named.name]).await,
        Command::Authorize(Authorize { named, login_hint, wait }) => {
            let client = context.client()?;
            let body = login_hint.map_or_else(|| json!({}), |hint| json!({ "login_hint": hint }));
            let offer = client.post(&["links", &named.name, "authorize"], &body).await?;
            offered(context, &client, &offer, &wait).await
        }
        Command::RedirectUrl(pair) => redirect_url(context, &pair).await,
    }
}

fn body(create: &Create) -> anyhow::Result<Value> {
    let mut body = serde_json::to_value(create)?;
    if let Some(path) = &create.client_secret_file {
        body["client_secret"] = json!(input::secret(path, "client secret")?.expose());
    }
    if !create.params.is_empty() {
        let params = create.params.iter().map(|(name, value)| (name.clone(), json!(value)));
        body["authorization_params"] = Value::Object(Map::from_iter(params));
    }
    Ok(body)
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it should look like NAME=VALUE".into()),
    }
}

async fn redirect_url(context: &Context, pair: &RedirectUrl) -> anyhow::Result<()> {
    let query: Vec<(&str, &str)> = [
        ("provider", &pair.provider),
        ("authorization_endpoint", &pair.authorization_endpoint),
        ("token_endpoint", &pair.token_endpoint),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.as_deref().map(|value| (name, value)))
    .collect();
    let answer = context.client()?.get(&["links", "redirect-url"], &query).await?;
    match context.format() {
        Format::Json => print::line(answer.text.trim_end()),
        Format::Text => print::line(&print::cell(&answer.value["redirect_url"])),
    }
    Ok(())
}

/// Shows the address at which a consent is given, and waits for it where that was asked for.
pub(crate) async fn offered(
    context: &Context,
    client: &Client,
    offer: &Answer,
    wait: &Wait,
) -> anyhow::Result<()> {
    let url = print::cell(&offer.value["url"]);
    if !wait.wait {
        match context.format() {
            Format::Json => print::line(offer.text.trim_end()),
            Format::Text => print::line(&url),
        }
        return Ok(());
    }
    // Standard output is for the grant alone, so that a script can read it whole.
    eprintln!("Open this address in a browser, or send it to whoever should consent:\n\n  {url}\n");
    let consent =
        offer.value["consent"].as_str().context("The answer names no consent to wait for")?;
    let answer = until_done(client, consent, Duration::from_secs(wait.timeout)).await?;
    let grant = json!({ "grant": answer.value["grant"] });
    match context.format() {
        Format::Json => print::line(&grant.to_string()),
        Format::Text => print::line(&print::fields(&grant["grant"])),
    }
    Ok(())
}

/// Asks about a consent until it is given, refused, or the time is over.
pub(crate) async fn until_done(
    client: &Client,
    consent: &str,
    limit: Duration,
) -> anyhow::Result<Answer> {
    const PAUSE: Duration = Duration::from_secs(1);
    let end = Instant::now() + limit;
    loop {
        let answer = client.get(&["consents", consent], &[]).await?;
        match answer.value["state"].as_str() {
            Some("done") => return Ok(answer),
            Some("failed") => bail!(
                "The consent was not given: {}",
                Some(print::cell(&answer.value["reason"]))
                    .filter(|reason| !reason.is_empty())
                    .unwrap_or_else(|| "no reason is known".into())
            ),
            _ if Instant::now() >= end => bail!(
                "Nobody has consented within {} seconds. The address still works; `outlink grant list` shows the \
                 grant once it stands.",
                limit.as_secs()
            ),
            _ => tokio::time::sleep(PAUSE.min(end - Instant::now())).await,
        }
    }
}

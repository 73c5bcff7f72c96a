//! `outlink mail-server`: where mail is fetched from.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Value, json};

use crate::args::{Named, Page};
use crate::client::LONG_TIME_LIMIT;
use crate::commands::Context;
use crate::input;
use crate::print::{self, Format};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a mail server; it is fetched from once a handler is attached to it
    Create(Box<Create>),
    /// List mail servers
    List(Page),
    /// Show one mail server
    Show(Named),
    /// Change how a mail server signs in, or how often it is polled; what is not named stays
    Edit(Edit),
    /// Try every step of a sign-in, and say which one fails; exits with 1 when one does
    Test(Named),
    /// Fetch now instead of waiting for the next poll, and say what became of the mail
    Fetch(Named),
    /// Stop fetching until it is resumed
    Pause(Named),
    /// Fetch again after a pause
    Resume(Named),
}

#[derive(Debug, Args, Serialize)]
pub(crate) struct Create {
    /// What people call it
    #[arg(long)]
    name: String,
    /// Which way mail goes: incoming
    #[arg(long, default_value = "incoming")]
    direction: String,
    /// What is spoken: imap
    #[arg(long, default_value = "imap")]
    protocol: String,
    /// How the connection is secured: tls
    #[arg(long, default_value = "tls")]
    security: String,
    /// Host name or address
    #[arg(long)]
    host: String,
    /// TCP port
    #[arg(long, default_value_t = 993)]
    port: u16,
    /// The account's address: whose mail it is
    #[arg(long)]
    mailbox: String,
    /// Sign in with this grant, by id or e-mail address
    #[arg(long, conflicts_with = "password_file", required_unless_present = "password_file")]
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<String>,
    /// Sign in with the password in this file (`-` for standard input)
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    password_file: Option<PathBuf>,
    /// The folder to read; INBOX where it is left out
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    /// Which mail is taken: `new` for what arrives from now on, `all` for what lies there too
    #[arg(long, default_value = "new")]
    take: String,
    /// Seconds between two polls
    #[arg(long, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_seconds: Option<u32>,
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
    /// Sign in with this grant from now on, by id or e-mail address
    #[arg(long, conflicts_with = "password_file")]
    grant: Option<String>,
    /// Sign in with the password in this file (`-` for standard input) from now on
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Seconds between two polls
    #[arg(long, value_name = "SECONDS")]
    poll_seconds: Option<u32>,
    /// Stop fetching until it is resumed
    #[arg(long, conflicts_with = "resume")]
    pause: bool,
    /// Fetch again after a pause
    #[arg(long)]
    resume: bool,
}

impl Change {
    fn body(&self) -> anyhow::Result<Value> {
        let mut body = json!({});
        if let Some(grant) = &self.grant {
            body["grant"] = json!(grant);
        }
        if let Some(path) = &self.password_file {
            body["password"] = json!(input::secret(path, "password")?.expose());
        }
        if let Some(seconds) = self.poll_seconds {
            body["poll_seconds"] = json!(seconds);
        }
        if self.pause || self.resume {
            body["paused"] = json!(self.pause);
        }
        Ok(body)
    }
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(create) => {
            let mut body = serde_json::to_value(&create)?;
            if let Some(path) = &create.password_file {
                body["password"] = json!(input::secret(path, "password")?.expose());
            }
            context.send(&["mail-servers"], &body).await
        }
        Command::List(page) => {
            let columns = [
                ("NAME", "name"),
                ("MAILBOX", "mailbox"),
                ("HOST", "host"),
                ("PORT", "port"),
                ("PAUSED", "paused"),
                ("HEALTH", "health"),
                ("ID", "id"),
            ];
            context.list(&["mail-servers"], &page, &[], &columns).await
        }
        Command::Show(named) => context.show(&["mail-servers", &named.name]).await,
        Command::Edit(edit) => {
            let body = edit.change.body()?;
            context.change(&["mail-servers", &edit.named.name], &body).await
        }
        Command::Test(named) => test(context, &named.name).await,
        Command::Fetch(named) => fetch(context, &named.name).await,
        Command::Pause(named) => act(context, &named.name, "pause").await,
        Command::Resume(named) => act(context, &named.name, "resume").await,
    }
}

async fn act(context: &Context, named: &str, verb: &str) -> anyhow::Result<()> {
    context.send(&["mail-servers", named, verb], &json!({})).await
}

/// A large mailbox takes its time, so the answer is waited for much longer than others.
async fn fetch(context: &Context, named: &str) -> anyhow::Result<()> {
    let path = ["mail-servers", named, "fetch"];
    let answer = context.client()?.post_within(LONG_TIME_LIMIT, &path, &json!({})).await?;
    print::one(context.format(), &answer);
    Ok(())
}

async fn test(context: &Context, named: &str) -> anyhow::Result<()> {
    let answer = context.client()?.post(&["mail-servers", named, "test"], &json!({})).await?;
    match context.format() {
        Format::Json => print::line(answer.text.trim_end()),
        Format::Text => print::line(&print::steps(&answer.value)),
    }
    if answer.value["ok"] != Value::Bool(true) {
        bail!("The mail server {named:?} does not work yet: a step of the test failed.");
    }
    Ok(())
}

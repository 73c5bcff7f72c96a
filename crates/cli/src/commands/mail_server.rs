//! `outlink mail-server`: where mail is fetched from, and through which it is sent.

mod fields;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::args::{Named, Page};
use crate::client::{Answer, Client, LONG_TIME_LIMIT};
use crate::commands::Context;
use crate::commands::offer::{self, Ask};
use crate::print::{self, Format};
use fields::{Create, Edit};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a mail server. It is fetched from once a handler takes its mail; with --protocol smtp, it sends what handlers
    /// send through it
    Create(Box<Create>),
    /// List mail servers
    List(Page),
    /// Show one mail server
    Show(Named),
    /// Change a mail server; what is not named stays. Where host, port or security move, the password or the grant must be
    /// given again
    Edit(Box<Edit>),
    /// Delete a mail server; its messages stay in the ledger, and what waits to be sent through it is given up
    Delete(Delete),
    /// Try every step of a sign-in, say which one fails, and what would become of the newest mail; nothing is sent. Exits
    /// with 1 when a step fails
    Test(Named),
    /// Ask for the grant that it is to sign in with, and print the address (or the code) that its giver needs
    Authorize(Authorize),
    /// Fetch now instead of waiting for the next poll, and say what became of the mail
    Fetch(Named),
    /// Stop fetching, or sending, until it is resumed
    Pause(Named),
    /// Fetch or send again after a pause
    Resume(Named),
    /// Show the connectivity log: how fetching and sending went, the newest first
    Connections(Connections),
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    named: Named,
    /// Delete the handlers that take its mail with it; those that send through it go on without
    #[arg(long)]
    handlers: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Authorize {
    #[command(flatten)]
    named: Named,
    /// The link under which a new grant is asked for, by name or id; without it, the grant that it has is asked for anew
    #[arg(long)]
    link: Option<String>,
    /// Whose account is suggested at the provider; the mailbox where left out. For a shared mailbox, whoever reads it
    #[arg(long, value_name = "ADDRESS")]
    login_hint: Option<String>,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Debug, Args)]
pub(crate) struct Connections {
    /// Of this mail server alone, by name or id
    name: Option<String>,
    /// Only when something was wrong
    #[arg(long)]
    failed: bool,
    #[command(flatten)]
    page: Page,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(create) => {
            let body = create.body()?;
            if create.test_only {
                return test(context, &["mail-servers", "test"], &body, create.called()).await;
            }
            let client = context.client()?;
            let answer = client.post(&["mail-servers"], &body).await?;
            match &create.link {
                Some(_) => authorized(context, &client, &answer, None).await,
                None => {
                    print::one(context.format(), &answer);
                    Ok(())
                }
            }
        }
        Command::List(page) => {
            let columns = [
                ("NAME", "name"),
                ("MAILBOX", "mailbox"),
                ("PROTOCOL", "protocol"),
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
            let body = edit.body()?;
            if edit.test_only {
                let path = ["mail-servers", &edit.server, "test"];
                return test(context, &path, &body, &edit.server).await;
            }
            let path = ["mail-servers", &edit.server];
            if edit.link.is_none() {
                return context.change(&path, &body).await;
            }
            let client = context.client()?;
            let answer = client.patch(&path, &body).await?;
            authorized(context, &client, &answer, None).await
        }
        Command::Delete(how) => delete(context, &how).await,
        Command::Test(named) => {
            test(context, &["mail-servers", &named.name, "test"], &json!({}), &named.name).await
        }
        Command::Authorize(wanted) => authorize(context, &wanted).await,
        Command::Fetch(named) => fetch(context, &named.name).await,
        Command::Pause(named) => act(context, &named.name, "pause").await,
        Command::Resume(named) => act(context, &named.name, "resume").await,
        Command::Connections(wanted) => connections(context, &wanted).await,
    }
}

async fn act(context: &Context, named: &str, verb: &str) -> anyhow::Result<()> {
    context.send(&["mail-servers", named, verb], &json!({})).await
}

async fn delete(context: &Context, how: &Delete) -> anyhow::Result<()> {
    let name = &how.named.name;
    let query: &[(&str, &str)] = if how.handlers { &[("handlers", "true")] } else { &[] };
    let answer = context.client()?.delete(&["mail-servers", name], query).await?;
    context.done(&answer, &deleted(name, &answer.value));
    Ok(())
}

/// What went with a mail server, and what goes on without it.
fn deleted(name: &str, answer: &Value) -> String {
    let named = |field: &str| {
        let names = answer[field].as_array().into_iter().flatten().map(print::cell);
        names.collect::<Vec<_>>().join(", ")
    };
    let with = match named("handlers") {
        names if names.is_empty() => String::new(),
        names => format!(" with its handlers: {names}"),
    };
    let without = match named("senders") {
        names if names.is_empty() => String::new(),
        names => format!(" Without an outgoing mail server are now: {names}."),
    };
    format!("The mail server {name:?} is deleted{with}.{without}")
}

async fn authorize(context: &Context, wanted: &Authorize) -> anyhow::Result<()> {
    let client = context.client()?;
    let mut body = wanted.ask.body();
    if let Some(link) = &wanted.link {
        body["link"] = json!(link);
    }
    if let Some(hint) = &wanted.login_hint {
        body["login_hint"] = json!(hint);
    }
    let path = ["mail-servers", &wanted.named.name, "authorize"];
    let answer = client.post(&path, &body).await?;
    authorized(context, &client, &answer, Some(&wanted.ask)).await
}

/// Shows how a mail server gets its grant, and waits for the consent where that was asked for.
async fn authorized(
    context: &Context,
    client: &Client,
    answer: &Answer,
    ask: Option<&Ask>,
) -> anyhow::Result<()> {
    let authorization = &answer.value["authorization"];
    if let Some(grant) = authorization["at_hand"].as_str() {
        print::warning(&format!(
            "The link has a grant of this mailbox already. To use it without another consent: outlink mail-server edit \
             {} --grant {grant}",
            answer.value["name"]
        ));
    }
    let offer = &authorization["offer"];
    let waits = ask.is_some_and(Ask::waits);
    if offer.is_null() || (context.format() == Format::Json && !waits) {
        print::one(context.format(), answer);
        return Ok(());
    }
    let offer = Answer { text: offer.to_string(), value: offer.clone() };
    offer::offered(context, client, &offer, ask.unwrap_or(&Ask::default())).await
}

async fn connections(context: &Context, wanted: &Connections) -> anyhow::Result<()> {
    let columns = [
        ("MAIL SERVER", "mail_server"),
        ("FROM", "began_at"),
        ("TO", "last_at"),
        ("STATE", "state"),
        ("POLLS", "polls"),
        ("MESSAGES", "messages"),
        ("REASON", "reason"),
    ];
    let filter = [("failed", wanted.failed.then_some("true"))];
    let path: &[&str] = match &wanted.name {
        Some(name) => &["mail-servers", name, "connections"],
        None => &["connections"],
    };
    context.list(path, &wanted.page, &filter, &columns).await
}

/// A large mailbox takes its time, so the answer is waited for much longer than others.
async fn fetch(context: &Context, named: &str) -> anyhow::Result<()> {
    let path = ["mail-servers", named, "fetch"];
    let answer = context.client()?.post_within(LONG_TIME_LIMIT, &path, &json!({})).await?;
    print::one(context.format(), &answer);
    Ok(())
}

/// Each step has a time limit of its own, and the newest mail is read besides: together that may take long.
async fn test(context: &Context, path: &[&str], body: &Value, called: &str) -> anyhow::Result<()> {
    let answer = context.client()?.post_within(LONG_TIME_LIMIT, path, body).await?;
    match context.format() {
        Format::Json => print::line(answer.text.trim_end()),
        Format::Text => print::line(&report(&answer.value)),
    }
    if answer.value["ok"] != Value::Bool(true) {
        bail!("The mail server {called:?} does not work yet: a step of the test failed.");
    }
    Ok(())
}

/// The columns of what would become of the newest mail.
const NEWEST: [print::Column; 7] = [
    ("DATE", "date"),
    ("FROM", "from"),
    ("SUBJECT", "subject"),
    ("OUTCOME", "outcome"),
    ("ISSUE", "issue"),
    ("HANDLER", "handler"),
    ("REASON", "reason"),
];

/// The steps, and below them what would become of the newest mail.
fn report(answer: &Value) -> String {
    let steps = print::steps(answer);
    let newest = answer["newest"].as_array().map_or(&[][..], Vec::as_slice);
    match newest.is_empty() {
        true => steps,
        false => format!(
            "{steps}\n\nThe newest messages, and what would become of them:\n\n{}",
            print::table(newest, &NEWEST)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_says_what_went_along_and_what_goes_on_without() {
        let said = |handlers: &[&str], senders: &[&str]| {
            deleted("A", &json!({ "handlers": handlers, "senders": senders }))
        };
        assert_eq!(said(&[], &[]), "The mail server \"A\" is deleted.");
        assert_eq!(
            said(&["B", "C"], &[]),
            "The mail server \"A\" is deleted with its handlers: B, C."
        );
        let senders =
            "The mail server \"A\" is deleted. Without an outgoing mail server are now: D.";
        assert_eq!(said(&[], &["D"]), senders);
    }

    #[test]
    fn a_test_shows_the_newest_mail_below_its_steps() {
        let step =
            json!({ "id": "connect", "status": "ok", "message": "Fine.", "hint": "", "ms": 1 });
        let none = json!({ "ok": true, "steps": [step], "newest": [] });
        assert_eq!(report(&none), print::steps(&none));
        let one = json!({ "ok": true, "steps": [], "newest": [
            { "date": "2026-01-01T00:00:00Z", "from": "Ada", "subject": "Hi", "outcome": "created", "issue": "SUP-1",
              "handler": "Support", "reason": "" },
        ] });
        let shown = report(&one);
        let last = shown.lines().last().unwrap_or_default();
        assert_eq!(last, "2026-01-01T00:00:00Z  Ada   Hi       created  SUP-1  Support");
    }
}

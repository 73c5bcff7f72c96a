//! The demo by itself: each step as it happens, and an error that names the step where it went wrong.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use url::Url;

use super::browser::Browser;
use super::feed::{self, Feed};
use super::smtp;
use super::stage::{PROJECT, Stage};
use crate::commands::{issue, offer};
use crate::print::{cell, clean, line, table};

/// For the mail that lies there at the start.
const FIRST_MAIL: Duration = Duration::from_secs(60);
/// For one mail that is sent while everything runs.
const NEW_MAIL: Duration = Duration::from_secs(20);

/// Who writes it.
const WRITER: &str = "theo@summit.example";

/// Plays everything through.
pub(crate) async fn run(stage: &Stage) -> anyhow::Result<()> {
    let waiting = outlink_practice::samples().len();
    line(&format!("The console is at {}.", stage.base_url));
    step(1, "The owner of a mailbox consents");
    let grant = consent(stage).await.context("Step 1, the consent, failed")?;
    step(2, "A mail server uses that consent");
    mail_server(stage, &grant).await.context("Step 2, the mail server, failed")?;
    step(3, &format!("The {waiting} messages that lie there are handled"));
    let mut feed = Feed::default();
    let told =
        feed.wait_for(&stage.client, waiting, FIRST_MAIL, |message| say(&feed::line(message)));
    told.await.context("Step 3, fetching the mail, failed")?;
    step(4, "One more mail is sent while everything runs");
    new_mail(stage, &mut feed).await.context("Step 4, the new mail, failed")?;
    step(5, "Whoever wrote it is told");
    notice(stage).await.context("Step 5, the notice, failed")?;
    step(6, "The tokens are refreshed");
    refresh(stage, &grant).await.context("Step 6, the refresh, failed")?;
    step(7, "What stands in the project now");
    issues(stage).await.context("Step 7, listing the issues, failed")?;
    line("\nEverything worked. `outlink demo` without --auto lets you do the same by hand.");
    Ok(())
}

fn step(number: u32, what: &str) {
    line(&format!("\n{number}. {what}"));
}

fn say(what: &str) {
    line(&format!("   {what}"));
}

/// Goes from the start page by way of the provider's pages and back, as a person would.
async fn consent(stage: &Stage) -> anyhow::Result<Value> {
    let owner = stage.owner()?;
    let offered = stage.ask_for_consent().await?;
    let start = offered["url"].as_str().context("The answer has no start page")?;
    let mut browser = Browser::new()?;
    let page = browser.open(Url::parse(start)?).await?;
    say("opened the start page, which says what will happen");
    let page = browser.submit(&page, &[]).await?;
    say(&format!("was sent on to the provider at {}", page.url.origin().ascii_serialization()));
    let sign_in = [("username", owner.address.as_str()), ("password", owner.password.expose())];
    let page = browser.submit(&page, &sign_in).await.context("Signing in at the provider")?;
    say(&format!("signed in there as {}", owner.address));
    let page = browser.submit(&page, &[("decision", "allow")]).await.context("Allowing it")?;
    let back = page.url.as_str().starts_with(&stage.base_url);
    ensure!(back, "The provider did not send the browser back, but to {}.", page.url.path());
    say("allowed it, and came back");
    let consent = offered["consent"].as_str().context("The answer names no consent")?;
    let done = offer::until_done(&stage.client, consent, Duration::from_secs(10)).await?;
    let grant = done.value["grant"].clone();
    say(&format!("the grant of {} is {}", cell(&grant["identity"]), cell(&grant["state"])));
    Ok(grant)
}

async fn mail_server(stage: &Stage, grant: &Value) -> anyhow::Result<()> {
    stage.attach(grant).await?;
    let report = stage.test().await?;
    for step in report["steps"].as_array().map_or(&[][..], Vec::as_slice) {
        let text = |field: &str| cell(&step[field]);
        say(&format!("{:7} {:12} {}", text("status"), text("id"), text("message")));
    }
    ensure!(report["ok"] == Value::Bool(true), "A step of the mail server's test failed.");
    Ok(())
}

async fn new_mail(stage: &Stage, feed: &mut Feed) -> anyhow::Result<()> {
    let sample = outlink_practice::live_samples().into_iter().next();
    let sample = sample.context("There is no mail to send")?;
    let to = &stage.owner()?.address;
    let sent = Instant::now();
    let practice = &stage.practice;
    smtp::send(practice.smtp, &practice.ca_pem_path, WRITER, to, &sample.raw).await?;
    say("handed a mail to the practice SMTP server");
    feed.wait_for(&stage.client, 1, NEW_MAIL, |message| say(&feed::line(message))).await?;
    say(&format!("it took {:.1} s from there to here", sent.elapsed().as_secs_f64()));
    Ok(())
}

/// Waits until a person who was new has been told, and looks whether the practice SMTP server was given that mail.
async fn notice(stage: &Stage) -> anyhow::Result<()> {
    let end = Instant::now() + NEW_MAIL;
    let sent = loop {
        let page =
            stage.client.get(&["deliveries"], &[("state", "sent"), ("limit", "100")]).await?;
        let mut items = page.value["items"].as_array().cloned().unwrap_or_default().into_iter();
        if let Some(sent) = items.find(|sent| sent["to"] == WRITER) {
            break sent;
        }
        ensure!(Instant::now() < end, "Nothing was sent to {WRITER} in {} s.", NEW_MAIL.as_secs());
        tokio::time::sleep(feed::PAUSE).await;
    };
    let taken = stage.practice.outgoing();
    let is_taken = taken.iter().any(|mail| mail.to.iter().any(|to| to == WRITER));
    ensure!(is_taken, "The practice SMTP server has no mail to {WRITER}.");
    say(&format!("\"{}\" went out to {WRITER}", cell(&sent["subject"])));
    Ok(())
}

async fn refresh(stage: &Stage, grant: &Value) -> anyhow::Result<()> {
    let id = grant["id"].as_str().context("The grant has no id")?;
    let before = stage.practice.counters().refreshes;
    let answer = stage.client.post(&["grants", id, "refresh"], &json!({})).await?.value;
    let refreshes = stage.practice.counters().refreshes;
    ensure!(refreshes > before, "The provider has not been asked for new tokens.");
    say(&format!(
        "the provider gave new tokens; the grant is {}, its access token good until {}",
        cell(&answer["state"]),
        cell(&answer["expires_at"])
    ));
    Ok(())
}

/// Prints the issues in the order of their keys, each with its comments.
async fn issues(stage: &Stage) -> anyhow::Result<()> {
    let query = [("project", PROJECT), ("limit", "100")];
    let page = stage.client.get(&["issues"], &query).await?.value;
    let mut items = page["items"].as_array().cloned().unwrap_or_default();
    ensure!(!items.is_empty(), "There is not one issue.");
    items.reverse();
    line("");
    line(&table(&items, &issue::COLUMNS));
    for item in items.iter().filter(|item| item["comments"].as_u64().is_some_and(|count| count > 0))
    {
        let key = cell(&item["key"]);
        let whole = stage.client.get(&["issues", &key], &[]).await?.value;
        line(&format!("\n{key}  {}", cell(&whole["summary"])));
        for comment in whole["comments"].as_array().map_or(&[][..], Vec::as_slice) {
            say(&format!("{}:", cell(&comment["author_name"])));
            let body = comment["body"].as_str().unwrap_or_default();
            for words in body.lines().filter(|line| !line.trim().is_empty()).take(3) {
                say(&format!("  {}", clean(words)));
            }
        }
    }
    Ok(())
}

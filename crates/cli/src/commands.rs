//! The commands: one file for each noun, with its flags and what they do.

pub(crate) mod config;
pub(crate) mod delivery;
pub(crate) mod event;
pub(crate) mod grant;
pub(crate) mod hand_out;
pub(crate) mod handler;
pub(crate) mod issue;
pub(crate) mod link;
pub(crate) mod mail_server;
pub(crate) mod message;
pub(crate) mod offer;
pub(crate) mod project;
pub(crate) mod provider;
pub(crate) mod sender_rule;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod webhook;

use crate::args::{Cli, Command, Page, Shared};
use crate::client::{Answer, Client};
use crate::print::{self, Column, Format};

/// What every command is given: the flags that all of them share.
pub(crate) struct Context {
    shared: Shared,
}

impl Context {
    /// How the command shows what it got.
    pub(crate) fn format(&self) -> Format {
        if self.shared.json { Format::Json } else { Format::Text }
    }

    /// A client for the server that was named.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Client::new(&self.shared)
    }

    /// Shows one page of a list.
    pub(crate) async fn list(
        &self,
        path: &[&str],
        page: &Page,
        filter: &[(&str, Option<&str>)],
        columns: &[Column],
    ) -> anyhow::Result<()> {
        let limit = page.limit.map(|limit| limit.to_string());
        let mut query: Vec<(&str, &str)> =
            filter.iter().filter_map(|(name, value)| value.map(|value| (*name, value))).collect();
        query.extend(limit.as_deref().map(|limit| ("limit", limit)));
        query.extend(page.after.as_deref().map(|after| ("after", after)));
        let answer = self.client()?.get(path, &query).await?;
        print::list(self.format(), &answer, columns);
        Ok(())
    }

    /// Shows one thing.
    pub(crate) async fn show(&self, path: &[&str]) -> anyhow::Result<()> {
        print::one(self.format(), &self.client()?.get(path, &[]).await?);
        Ok(())
    }

    /// Sends `body` and shows what came of it.
    pub(crate) async fn send(&self, path: &[&str], body: &serde_json::Value) -> anyhow::Result<()> {
        print::one(self.format(), &self.client()?.post(path, body).await?);
        Ok(())
    }

    /// Changes one thing and shows it as it is now.
    pub(crate) async fn change(
        &self,
        path: &[&str],
        body: &serde_json::Value,
    ) -> anyhow::Result<()> {
        print::one(self.format(), &self.client()?.patch(path, body).await?);
        Ok(())
    }

    /// Says that something is done. With `--json`, only the server speaks.
    pub(crate) fn done(&self, answer: &Answer, sentence: &str) {
        match self.format() {
            Format::Json if answer.text.is_empty() => {}
            Format::Json => print::line(answer.text.trim_end()),
            Format::Text => print::line(sentence),
        }
    }
}

/// Does what the command line says.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let context = Context { shared: cli.shared };
    match cli.command {
        Command::Serve(args) => crate::serve::run(&args).await,
        Command::Demo(args) => crate::demo::run(&args).await,
        Command::Config(command) => config::run(&context, &command),
        Command::User(command) => user::run(&context, command).await,
        Command::Token(command) => token::run(&context, command).await,
        Command::Provider(command) => provider::run(&context, command).await,
        Command::Link(command) => link::run(&context, command).await,
        Command::Grant(command) => grant::run(&context, command).await,
        Command::HandOut(command) => hand_out::run(&context, command).await,
        Command::MailServer(command) => mail_server::run(&context, command).await,
        Command::Handler(command) => handler::run(&context, command).await,
        Command::SenderRule(command) => sender_rule::run(&context, command).await,
        Command::Message(command) => message::run(&context, command).await,
        Command::Delivery(command) => delivery::run(&context, command).await,
        Command::Project(command) => project::run(&context, command).await,
        Command::Issue(command) => issue::run(&context, command).await,
        Command::Event(command) => event::run(&context, command).await,
        Command::Webhook(command) => webhook::run(&context, command).await,
    }
}

//! The command line as a whole, and the flags that several commands share.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    config, delivery, event, grant, hand_out, handler, issue, link, mail_server, message, project,
    provider, sender_rule, token, user, webhook,
};
use crate::demo::DemoArgs;
use crate::serve::ServeArgs;

/// Connects self-hosted software to Google, Microsoft and other mail by OAuth 2.0, and turns mail into issues.
#[derive(Debug, Parser)]
#[command(
    name = "outlink",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Start with `outlink demo`: it shows the whole of it on this machine and changes nothing."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) shared: Shared,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where `--help` lists what every command takes, apart from the command's own.
const EVERYWHERE: &str = "For every command";

/// Flags that every command takes.
#[derive(Debug, Args)]
pub(crate) struct Shared {
    /// Print JSON instead of a table: what the server answers, as it answers it
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub(crate) json: bool,
    /// Address of the server that the command asks: https, or http on this machine
    #[arg(
        long,
        global = true,
        help_heading = EVERYWHERE,
        env = "OUTLINK_URL",
        default_value = "http://localhost:8080",
        value_name = "URL"
    )]
    pub(crate) url: String,
    /// File that holds an API token; without it, the variable OUTLINK_TOKEN is read
    #[arg(long, global = true, help_heading = EVERYWHERE, env = "OUTLINK_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Certificate authorities (PEM) to trust besides the system's
    #[arg(long, global = true, help_heading = EVERYWHERE, env = "OUTLINK_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(ServeArgs),
    /// Show the whole of it on this machine: a practice provider, a mailbox, and mail that turns into issues
    Demo(DemoArgs),
    /// Check a configuration, or print one to start from
    #[command(subcommand)]
    Config(config::Command),
    /// Administrators: create one, or let one in
    #[command(subcommand)]
    User(user::Command),
    /// API tokens, for these commands and for programs of your own
    #[command(subcommand)]
    Token(token::Command),
    /// Providers: what is known about Google, Microsoft and others
    #[command(subcommand)]
    Provider(provider::Command),
    /// Links: registrations of this server at a provider
    #[command(subcommand)]
    Link(link::Command),
    /// Grants: consents that stand under a link
    #[command(subcommand)]
    Grant(grant::Command),
    /// Hand-outs: which program was given access tokens, and how often
    #[command(subcommand)]
    HandOut(hand_out::Command),
    /// Mail servers: where mail is fetched from, and through which it is sent
    #[command(subcommand)]
    MailServer(mail_server::Command),
    /// Handlers: what turns the mail of a server into issues and comments
    #[command(subcommand)]
    Handler(handler::Command),
    /// Sender rules: whose mail is trusted or refused, for every handler
    #[command(subcommand)]
    SenderRule(sender_rule::Command),
    /// Messages: what was received and what became of it
    #[command(subcommand)]
    Message(message::Command),
    /// Deliveries: mail on its way out, how far it is, and what holds it up
    #[command(subcommand)]
    Delivery(delivery::Command),
    /// Projects: where issues live
    #[command(subcommand)]
    Project(project::Command),
    /// Issues
    #[command(subcommand)]
    Issue(issue::Command),
    /// Events: who did what, what went wrong, and what to do
    #[command(subcommand)]
    Event(event::Command),
    /// Webhooks: addresses that are told when something goes wrong or well again
    #[command(subcommand)]
    Webhook(webhook::Command),
}

/// Which part of a list is wanted.
#[derive(Debug, Args)]
pub(crate) struct Page {
    /// At most so many items
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
    /// Go on after this cursor, which the list before printed as `next`
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,
}

/// One thing, by its name or id.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Its name or id
    pub(crate) name: String,
}

/// Where the server's configuration is, for commands that work on its data themselves.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConfigFile {
    /// Configuration file; without it, /etc/outlink/outlink.toml and the environment count
    #[arg(long, env = "OUTLINK_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[cfg(test)]
mod tests;

//! `outlink demo`: the whole of it on one machine, within one process.
//!
//! A practice provider with a mailbox, and beside it this server itself, set up by the same API calls that anybody would
//! make. Nothing leaves the machine, and nothing is left behind.
//!
//! With `--auto` nobody is needed: [`auto`] gives the consent by driving the very pages that a person would see.

mod auto;
mod browser;
mod feed;
mod form;
mod place;
mod smtp;
mod stage;
mod tour;

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use tracing::Level;

use crate::config::LogFormat;
use crate::serve;
use stage::Stage;

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Give the consent by itself, show each step, and exit: 0 when everything worked
    #[arg(long)]
    auto: bool,
    /// Keep the demo's data in this directory, which must be new, empty or a demo's own; otherwise it goes away at the end
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Port of the console; a free one where it is left out
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Show what the server logs, too
    #[arg(long)]
    log: bool,
}

/// Runs the demo until it is through (`--auto`) or told to stop.
pub(crate) async fn run(args: &DemoArgs) -> anyhow::Result<()> {
    let level = if args.log { Level::INFO } else { Level::ERROR };
    serve::logging::start(LogFormat::Text, level);
    let signal = serve::stop_signal()?;
    let stage = Stage::set(args.data_dir.as_deref(), args.port).await?;
    let outcome = if args.auto {
        tokio::select! {
            outcome = auto::run(&stage) => outcome,
            () = signal => Err(anyhow!("The demo was stopped before it was through.")),
        }
    } else {
        tokio::select! {
            outcome = tour::run(&stage) => outcome,
            () = signal => Ok(()),
        }
    };
    // However it went, everything that was started is stopped before the outcome is told.
    stage.strike().await;
    outcome
}

//! `outlink config`: look at a configuration before a server is started with it.

use clap::Subcommand;

use crate::args::ConfigFile;
use crate::commands::Context;
use crate::print::{self, Format};
use crate::{config, serve};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check the configuration file and the environment, and print the settings that will count
    Check(ConfigFile),
    /// Print a configuration to start from: every key, what it is for, and its default
    Schema,
}

pub(crate) fn run(context: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Check(file) => {
            let config = config::load(file.config.as_deref())?;
            serve::check_files(&config)?;
            match context.format() {
                Format::Json => print::line(&config.to_json().to_string()),
                Format::Text => {
                    print::line(&print::fields(&config.to_json()));
                    print::line("The configuration is good.");
                }
            }
        }
        Command::Schema => match context.format() {
            Format::Json => print::line(&config::keys::to_json().to_string()),
            Format::Text => print::line(config::keys::example().trim_end()),
        },
    }
    Ok(())
}

//! `outlink user`: administrators.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use outlink_engine::Caller;
use outlink_model::user::User;
use serde_json::json;

use crate::args::ConfigFile;
use crate::commands::Context;
use crate::input;
use crate::print::{self, Format};
use crate::serve::local;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create an administrator on this machine, and print a one-time address to sign in by
    ///
    /// For one that exists already, a new address is printed: so a lost password locks nobody out.
    CreateAdmin(CreateAdmin),
}

#[derive(Debug, Args)]
pub(crate) struct CreateAdmin {
    /// What is typed at sign-in
    #[arg(long, default_value = "admin")]
    name: String,
    /// File that holds a password (`-` for standard input); then no one-time address is made
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    let Command::CreateAdmin(create) = command;
    let password = match &create.password_file {
        Some(path) => Some(input::secret(path, "password")?),
        None => None,
    };
    let by_password = password.is_some();
    let engine = local::open(create.config.config.as_deref()).await?;
    let existing = if by_password { None } else { engine.user(&create.name).await.ok() };
    let user = match existing {
        Some(user) => user,
        None => engine.create_user(&create.name, password, &Caller::System).await?,
    };
    if by_password {
        show(context, &user, None);
    } else {
        show(context, &user, Some(&engine.create_sign_in(&user).await?));
    }
    Ok(())
}

fn show(context: &Context, user: &User, url: Option<&str>) {
    match (context.format(), url) {
        (Format::Json, _) => {
            print::line(
                &json!({ "id": user.id, "name": user.name, "sign_in_url": url }).to_string(),
            );
        }
        // The address stands alone on standard output, so that a script can open it.
        (Format::Text, Some(url)) => {
            eprintln!(
                "{} signs in by this address, once and within the hour:",
                print::clean(&user.name)
            );
            print::line(url);
        }
        (Format::Text, None) => {
            print::line(&format!("{} can sign in by password now.", print::clean(&user.name)));
        }
    }
}

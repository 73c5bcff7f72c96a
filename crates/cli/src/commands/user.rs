//! `outlink user`: administrators.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use outlink_engine::{Caller, Engine, Error};
use outlink_model::Secret;
use outlink_model::problem::ProblemKind;
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
    /// For one that exists already, a new address is printed, or with `--password-file` the password is set anew: so a
    /// lost password locks nobody out.
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
    let user = ensure(&engine, create.name.trim(), password).await?;
    if by_password {
        show(context, &user, None);
    } else {
        show(context, &user, Some(&engine.create_sign_in(&user).await?));
    }
    Ok(())
}

/// The administrator of this name, made where there is none. A password becomes theirs either way.
async fn ensure(engine: &Engine, name: &str, password: Option<Secret>) -> Result<User, Error> {
    let user = match engine.user(name).await {
        Ok(user) => user,
        Err(Error::Problem(problem)) if problem.kind == ProblemKind::NotFound => {
            return engine.create_user(name, password, &Caller::System).await;
        }
        Err(error) => return Err(error),
    };
    if let Some(password) = password {
        engine.set_password(&user, password, &Caller::System).await?;
    }
    Ok(user)
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

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    #[tokio::test]
    async fn a_password_that_is_given_again_replaces_the_one_before() {
        let directory = tempfile::tempdir().expect("a directory");
        let config = directory.path().join("outlink.toml");
        std::fs::write(&config, "data_dir = 'data'\nkey_file = 'key'\n").expect("written");
        let engine = local::open(Some(&config)).await.expect("it opens");
        let first = ensure(&engine, "ada", Some(Secret::new("the first password"))).await;
        let first = first.expect("she is made");
        let again = ensure(&engine, "ada", Some(Secret::new("the second password"))).await;
        assert_eq!(again.expect("she is found").id, first.id);
        assert_eq!(ensure(&engine, "ada", None).await.expect("she is found").id, first.id);
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        engine
            .sign_in("ada", Secret::new("the second password"), here)
            .await
            .expect("the new password counts");
        engine
            .sign_in("ada", Secret::new("the first password"), here)
            .await
            .expect_err("the old one does not");
    }
}

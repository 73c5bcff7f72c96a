//! Measures refreshing and handing out, each beside a baseline of the same run. `scripts/bench` calls it; see there.
//!
//! What is not measured runs in processes of its own, so that it is not counted with what is: the provider, and the bare
//! endpoint that hand-outs are compared with.

mod bare;
mod baseline;
mod load;
mod machine;
mod provider;
mod refresh;
mod served;
mod token;

use std::process::ExitCode;

/// Whatever went wrong, in words.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "\
bench refresh GRANTS DIRECTORY sqlite|POSTGRES-URL…   refreshes of so many grants that are due
bench token OUTLINK-BINARY DIRECTORY                  hand-outs of a running server
bench provider DIRECTORY | bare OCTETS                what these two start beside themselves";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let went = match arguments[..] {
        ["refresh", grants, directory, ref on @ ..] => refresh::run(grants, directory, on).await,
        ["token", binary, directory] => token::run(binary, directory).await,
        ["provider", directory] => provider::run(directory).await,
        ["bare", octets] => bare::run(octets).await,
        _ => Err(USAGE.into()),
    };
    match went {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

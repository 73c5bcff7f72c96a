//! The binary `outlink`: wiring and exit codes.
//!
//! Three kinds of commands. `serve` and `demo` run the server ([`serve`], [`demo`]). A few work on this machine
//! alone: `config`, `user`, `token create --local` and `message parse`. All others are clients of the REST API
//! ([`client`]), so that rights and audit have one path, and print its JSON or a table of it ([`print`]). There is one
//! file in [`commands`] for each noun, with its flags and what they do.
//!
//! Exit codes: 0 when it is done, 1 when it was refused or failed (the reason is on stderr), 2 when the command line
//! itself was wrong.

mod args;
mod client;
mod commands;
mod config;
mod demo;
mod input;
mod print;
mod serve;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no runtime could be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(commands::run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print::failure(&error);
            ExitCode::FAILURE
        }
    }
}

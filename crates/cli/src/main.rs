//! The `countersign` command.

mod args;
mod commands;
mod door;
mod print;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = match read() {
        Ok(args) => args,
        Err(e) => e.exit(),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return print::failed(&anyhow::Error::new(e)),
    };
    let code = runtime.block_on(commands::run(args)).unwrap_or_else(|e| print::failed(&e));
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    print::end(code)
}

fn read() -> Result<args::Args, clap::Error> {
    let mut command = args::Args::command();
    let given = command.clone().get_matches();
    let mut args = args::Args::from_arg_matches(&given)?;
    let mut settled = args.reach.settle(&given);
    if args.command.reaches() {
        settled = settled.and_then(|()| args.reach.token_has_a_hub());
    }
    settled.map_err(|why| command.error(ErrorKind::ArgumentConflict, why))?;
    Ok(args)
}

//! The `countersign` command.

mod args;
mod commands;
mod door;
mod print;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return print::failed(&anyhow::Error::new(e)),
    };
    let code = runtime.block_on(commands::run(args)).unwrap_or_else(|e| print::failed(&e));
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    code
}

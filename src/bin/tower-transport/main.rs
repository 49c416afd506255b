//! The `tower-transport` command: a gateway that publishes an MCP server which runs as a child process.
//!
//! The program is a composition of the library's parts: a server at one end, children at the other, and what a program owes its user in
//! between: a command line, signals, health checks, exit codes.

mod args;
mod bridge;
mod children;
mod demo;
mod descriptors;
mod endpoint;
mod failure;
mod gateway;
mod listen;
mod resolve;
mod routes;
mod signals;
mod stall;
mod units;

use args::Args;
use children::Children;
use endpoint::Endpoint;
use failure::{Failure, Kind};
use signals::{Signal, Signals};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower_transport::process::Command;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(Ok(asked_for)) => {
            // Whoever closes the pipe has read enough.
            let _closed = write!(std::io::stdout(), "{asked_for}");
            return ExitCode::SUCCESS;
        }
        Err(Err(failure)) => return fail(&failure),
    };
    let level = EnvFilter::builder().with_default_directive(tracing::Level::WARN.into());
    tracing_subscriber::fmt()
        .with_env_filter(level.from_env_lossy())
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    descriptors::raise_limit();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&Failure::new(Kind::Other, format!("can't start the runtime: {error}"))),
    };
    let outcome = runtime.block_on(until_stopped(args));
    // Whatever task is left is dropped, and what it owns with it: children are killed here.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match outcome {
        Ok(code) => code,
        Err(failure) => fail(&failure),
    }
}

fn fail(failure: &Failure) -> ExitCode {
    say(&format!("tower-transport: {failure}"));
    failure.exit_code()
}

/// Says something to whoever started the program. That nobody listens is no reason to stop.
fn say(line: &str) {
    let _closed = writeln!(std::io::stderr(), "{line}");
}

/// Works until the first signal, then stops gracefully; until the second one, then stops at once.
async fn until_stopped(args: Args) -> Result<ExitCode, Failure> {
    let mut signals = Signals::new().map_err(|error| Failure::new(Kind::Other, error))?;
    let stop = CancellationToken::new();
    let mut work = std::pin::pin!(work(args, stop.clone()));
    tokio::select! {
        outcome = &mut work => return outcome.map(|()| ExitCode::SUCCESS),
        Signal::Interrupt | Signal::Terminate = signals.next() => stop.cancel(),
    }
    tokio::select! {
        outcome = work => outcome.map(|()| ExitCode::SUCCESS),
        signal = signals.next() => Ok(ExitCode::from(signal.exit_code())),
    }
}

async fn work(args: Args, stop: CancellationToken) -> Result<(), Failure> {
    if args.demo_server {
        return tokio::select! {
            served = demo::serve(args.mux()) => served,
            // The gateway that runs it is the one who drains.
            () = stop.cancelled() => Ok(()),
        };
    }
    let is_demo = args.command.is_empty();
    let children = Children::new(command(&args)?, &args);
    match args.from.clone() {
        Endpoint::Stdio => bridge::serve(&children, stop).await,
        Endpoint::Http(endpoint) => gateway::serve(endpoint, children, &args, is_demo, stop).await,
    }
}

/// The command to spawn: the one that was given, or this program as the demo server.
fn command(args: &Args) -> Result<Command, Failure> {
    let unusable = |why: String| Failure::new(Kind::Command, why);
    let (program, arguments) = match args.command.split_first() {
        Some((program, arguments)) => (program.clone(), arguments.to_vec()),
        None => {
            let own = std::env::current_exe();
            let own = own.map_err(|error| unusable(format!("can't find the demo server: {error}")))?;
            (own.into_os_string(), demo::arguments(args))
        }
    };
    resolve::resolve(&program).map_err(unusable)?;
    Ok(Command::new(program).args(arguments))
}
